#!/usr/bin/env bash
# python-calamine 0.9.1 and openpyxl 3.1.5: a date cell of 28 Feb 23:59:59.999999 (serial 46081.99999999999) is read as 1 March,
# another day and another month than the sheet was given. Output seen: 2026-03-01 00:00:00 from both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5
"$folder/env/bin/python" - <<'PY'
import io
from datetime import datetime
from importlib.metadata import version

from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

book = Workbook()
book.active.append([datetime(2026, 2, 28, 23, 59, 59, 999999)])
out = io.BytesIO()
book.save(out)
calamine = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue())).get_sheet_by_index(0).to_python()[0][0]
openpyxl = load_workbook(io.BytesIO(out.getvalue())).active["A1"].value
print("python-calamine", version("python-calamine"), calamine, "| openpyxl", version("openpyxl"), openpyxl)
assert calamine == openpyxl == datetime(2026, 3, 1), "the rounding has changed"
PY
