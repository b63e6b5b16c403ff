#!/usr/bin/env bash
# Packages that answer whether a day is a working day in China. cnholidays 0.1.0 has make-up days of 2025 only, one of them
# misprinted (28 February for 8 February 2025): of the six make-up days of 2026 it knows none, so a reminder or a due date waits
# over a day on which everybody works. chinese-days 0.0.2 calls National Day 2027 a working day, as its table ends in 2026.
# Neither raises or warns. Output seen: False for all six days of 2026 and for 8 February 2025; True for 1 October 2027. The
# days are those of the notices of the State Council, as chinesecalendar 1.11.0 has them; that one raises for 2027.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check cnholidays==0.1.0 chinese-days==0.0.2 chinesecalendar==1.11.0 holidays==0.109
"$folder/env/bin/python" - <<'PY'
from datetime import date
from importlib.metadata import version

import chinese_calendar
import chinesedays
import cnholidays

MADE_UP = ("2025-02-08", "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")
assert all(chinese_calendar.is_workday(date.fromisoformat(day)) for day in MADE_UP)
worked = {day: cnholidays.ChineseCalendar(years=int(day[:4])).is_workday(day) for day in MADE_UP}
national_day = chinesedays.is_workday("2027-10-01")
print("cnholidays", version("cnholidays"), worked, "| chinese-days", version("chinese-days"), "2027-10-01:", national_day)
assert not any(worked.values()), "the make-up days have changed"
assert national_day is True, "the table has changed"
PY
