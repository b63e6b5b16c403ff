#!/usr/bin/env bash
# QuantLib 1.44: the calendar of China ends in 2026 and does not say so. For 2027 it calls the Chinese New Year's Eve (5 February),
# the third day of the New Year (8 February), Qingming (5 April) and the Dragon Boat Festival (9 June) business days, although
# the State Council's regulation on holidays fixes them by the lunar calendar and the sun, whatever the yearly notice adds. A
# due date that rolls over holidays falls on a day when no bank pays; chinesecalendar 1.11.0 raises for 2027 instead.
# Output seen: business days all four in 2027; the same feasts of 2026 are holidays; NotImplementedError from chinesecalendar.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check QuantLib==1.44 chinesecalendar==1.11.0 lunardate==0.3.0
"$folder/env/bin/python" - <<'PY'
from datetime import date
from importlib.metadata import version

import chinese_calendar
import QuantLib
from lunardate import LunarDate

#: Feast → (month, day) by the lunar calendar of the year; Qingming goes by the sun.
FEASTS = {
    2026: {"eve": date(2026, 2, 16), "third day": date(2026, 2, 19), "Qingming": date(2026, 4, 5), "Dragon Boat": date(2026, 6, 19)},
    2027: {"eve": date(2027, 2, 5), "third day": date(2027, 2, 8), "Qingming": date(2027, 4, 5), "Dragon Boat": date(2027, 6, 9)},
}
for year, feasts in FEASTS.items():
    to_solar = {feast: LunarDate(year, month, day).to_solar_date() for feast, month, day in (("third day", 1, 3), ("Dragon Boat", 5, 5))}
    assert all(feasts[feast] == day for feast, day in to_solar.items()), "the feasts are wrong"
calendar = QuantLib.China(QuantLib.China.IB)
seen = {
    year: {feast: calendar.isBusinessDay(QuantLib.Date(day.day, day.month, day.year)) for feast, day in feasts.items()}
    for year, feasts in FEASTS.items()
}
try:
    other = chinese_calendar.is_workday(FEASTS[2027]["eve"])
except NotImplementedError as error:
    other = type(error).__name__
print("QuantLib", version("QuantLib"), "business days:", seen, "| chinesecalendar", version("chinesecalendar"), other)
assert not any(seen[2026].values()) and all(seen[2027].values()), "the calendar has changed"
assert other == "NotImplementedError"
PY
