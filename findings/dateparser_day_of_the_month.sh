#!/usr/bin/env bash
# dateparser 1.5.0, Chinese: "10日" is the 10th of a month (票据 "每月10日付款"), 10天 would be ten days. The library reads both as
# "ten days ago", so the pay day of a debtor moves with the day on which it is read; "5月10日" it does not read at all, "2026年"
# with future dates preferred is the year 4052. Output seen on 31 March 2026: 21 March for 10日 and for 10天, 26 March for 5日.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check dateparser==1.5.0
"$folder/env/bin/python" - <<'PY'
from datetime import date, datetime
from importlib.metadata import version

from dateparser import parse

NOW = datetime(2026, 3, 31, 12)


def read(text, **settings):
    found = parse(text, languages=["zh"], settings={"RELATIVE_BASE": NOW, **settings})
    return found and found.date()


seen = {text: read(text) for text in ("10日", "10天", "5日", "5月10日", "2026年5月10日")}
year = read("2026年", PREFER_DATES_FROM="future")
print("dateparser", version("dateparser"), {text: str(day) for text, day in seen.items()}, "2026年:", year)
assert seen["10日"] == seen["10天"] == date(2026, 3, 21), "the reading has changed"
assert seen["5日"] == date(2026, 3, 26) and seen["5月10日"] is None and seen["2026年5月10日"] == date(2026, 5, 10)
assert year == date(4052, 3, 31)
PY
