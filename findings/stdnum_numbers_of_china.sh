#!/usr/bin/env bash
# python-stdnum 2.2, numbers of China. (1) cn.uscc refuses unified social credit codes of the authorities N (agriculture: rural
# collectives), Y (others) and A, which GB 32100-2015 with its amendments provides: the first two places must be digits there.
# (2) cn.ric refuses identity numbers of people who are older than the code of their district: the number was assigned with the
# first identity card (from 1984 on, usually at 16), not at birth, but the library looks for a district that existed in the year
# of birth. Output seen: InvalidFormat for the three codes, whose check character is right; InvalidComponent for somebody born
# in 1985 with the code of Bao'an, Shenzhen (a district since 1993), while the same number born in 2022 is valid.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check python-stdnum==2.2
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError


def answer(module, start):
    number = start + module.calc_check_digit(start + "0")
    try:
        module.validate(number)
    except ValidationError as error:
        return type(error).__name__
    return "valid"


codes = {start[0]: answer(uscc, start) for start in ("N2330110MF1234567", "Y1110000MB1234567", "A1110000MB1234567", "92330110MF1234567")}
people = {start[6:10]: answer(ric, start) for start in ("44030619850101001", "44030620220101001")}
print("python-stdnum", version("python-stdnum"), codes, people)
assert codes == {"N": "InvalidFormat", "Y": "InvalidFormat", "A": "InvalidFormat", "9": "valid"}, "the codes have changed"
assert people == {"1985": "InvalidComponent", "2022": "valid"}, "the identity numbers have changed"
PY
