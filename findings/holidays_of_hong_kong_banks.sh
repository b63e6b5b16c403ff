#!/usr/bin/env bash
# holidays 0.109: country_holidays("HK") are the statutory holidays of the Employment Ordinance ("public"), not the general
# holidays (cap. 149), on which banks are closed; those are the category "optional". By the former Good Friday 2026 and the day
# after it are working days, and the Sundays of Qingming and of the Buddha's Birthday are holidays; a due date or a value date
# counted in bank days is up to five days early. Output seen: 3 and 4 April 2026 only in "optional"; the first working day
# after 2 April is 3 April by the one and 8 April by the other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check holidays==0.109
"$folder/env/bin/python" - <<'PY'
from datetime import date
from importlib.metadata import version

from holidays import country_holidays

named = {
    "as it comes": country_holidays("HK", years=2026),
    "optional": country_holidays("HK", years=2026, categories=("optional",)),
}
first, *_, last = (date(2026, 4, day) for day in range(3, 8))
april = {name: [str(day) for day in sorted(days) if first <= day <= last] for name, days in named.items()}
after = {name: str(days.get_nth_working_day(date(2026, 4, 2), 1)) for name, days in named.items()}
print("holidays", version("holidays"), april, "| working day after 2 April:", after)
assert april["as it comes"] == ["2026-04-05", "2026-04-06", "2026-04-07"], "the calendar has changed"
assert april["optional"] == ["2026-04-03", "2026-04-04", "2026-04-06", "2026-04-07"]
assert after == {"as it comes": "2026-04-03", "optional": "2026-04-08"}
PY
