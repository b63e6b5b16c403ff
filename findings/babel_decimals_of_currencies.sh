#!/usr/bin/env bash
# Babel 2.19.0 takes over a new table of CLDR, in which forint, rupiah and Colombian peso, which have two decimals by ISO 4217,
# have none: format_currency() rounds an invoice of 1,234.56 to whole units, where Babel 2.18.0 printed all of it. The lines of
# a statement, each rounded, no longer add up to its total. Iraqi dinars (three decimals by ISO 4217) are whole in both.
# Output seen: 1,235 for HUF, IDR, COP by 2.19.0 and 1,234.56 by 2.18.0; ISO 4217 (the package iso4217 with the table of
# 2026-01-01) says 2, 2, 2, and 3 for IQD.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for babel in 2.18.0 2.19.0; do
  python3 -m venv "$folder/$babel"
  "$folder/$babel/bin/pip" install -q --disable-pip-version-check "babel==$babel" iso4217==1.16.20260101
  "$folder/$babel/bin/python" - <<'PY'
from decimal import Decimal
from importlib.metadata import version

from babel.numbers import format_currency
from iso4217 import Currency

CODES = ("HUF", "IDR", "COP", "IQD")
printed = {code: format_currency(Decimal("1234.56"), code, "#,##0.00", locale="en") for code in CODES}
decimals = {code: Currency(code).exponent for code in CODES}
print("babel", version("babel"), printed, "| ISO 4217", decimals)
whole = dict.fromkeys(CODES, "1,235")
expected = {"2.18.0": {**dict.fromkeys(CODES, "1,234.56"), "IQD": "1,235"}, "2.19.0": whole}
assert printed == expected[version("babel")], "the table has changed"
assert decimals == {"HUF": 2, "IDR": 2, "COP": 2, "IQD": 3}
PY
done
