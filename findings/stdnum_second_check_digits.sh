#!/usr/bin/env bash
# python-stdnum 2.2: IBAN, LEI and creditor reference (ISO 13616, 17442, 11649) have check digits "98 minus the remainder", so
# they lie between 02 and 98. The library asks only that the whole leaves 1 when divided by 97, which the digits 00, 01 and 99
# do as well: each number whose right digits are 97, 98 or 02 has a second, wrong one that passes. Output seen: valid for the
# right and for the wrong number of all three kinds; schwifty refuses the wrong IBAN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check python-stdnum==2.2 schwifty==2026.10.1
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import schwifty
from stdnum import iban, iso11649, lei

PAIRS = {
    "IBAN": (iban, "DE98370400440532013032", "DE01370400440532013032"),
    "LEI": (lei, "52990035T8BM49AURS98", "52990035T8BM49AURS01"),
    "reference": (iso11649, "RF02INV20260059", "RF99INV20260059"),
}


def digits(number):
    """The check digits as the standards compute them: over the rest, followed by what stands at the front and 00."""
    body = number[:-2] if number[:2].isdigit() else number[4:] + number[:2]
    return 98 - int("".join(str(int(character, 36)) for character in body + "00")) % 97


for kind, (module, right, wrong) in PAIRS.items():
    computed = digits(right)
    print("python-stdnum", version("python-stdnum"), kind, "computed", f"{computed:02}", right, module.is_valid(right), wrong, module.is_valid(wrong))
    assert f"{computed:02}" == (right[-2:] if right[:2].isdigit() else right[2:4])
    assert module.is_valid(right) and module.is_valid(wrong), "the check has changed"
other = [schwifty.IBAN(number, allow_invalid=True).is_valid for number in PAIRS["IBAN"][1:]]
print("schwifty", version("schwifty"), other)
assert other == [True, False]
PY
