#!/usr/bin/env bash
# python-calamine 0.9.1: a cell that shows an error (#N/A of a VLOOKUP, #REF!, #DIV/0!) is read as an empty text, like a cell in
# which nothing stands. In a list of open items the column of what was already paid is often looked up: where the lookup failed,
# the invoice seems unpaid. openpyxl 3.1.5 says the error; pandas reads NaN by either. Output seen: '' for the three errors and
# for the empty cell by python-calamine; #N/A, #REF!, #DIV/0! and None by openpyxl.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5 xlsxwriter==3.3.1
"$folder/env/bin/python" - <<'PY'
import io
from importlib.metadata import version

import xlsxwriter
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

out = io.BytesIO()
with xlsxwriter.Workbook(out) as book:
    sheet = book.add_worksheet()
    sheet.write_row("A1", ["invoice", "paid"])
    for row, (formula, shown) in enumerate((("=VLOOKUP(A2,D:E,2,0)", "#N/A"), ("=#REF!", "#REF!"), ("=1/0", "#DIV/0!")), 1):
        sheet.write(row, 0, f"I{row}")
        sheet.write_formula(row, 1, formula, None, shown)
    sheet.write(4, 0, "I4")
data = out.getvalue()
by_calamine = [row[1] for row in CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()[1:]]
by_openpyxl = [cell.value for cell in load_workbook(io.BytesIO(data), data_only=True).active["B"][1:]]
print("python-calamine", version("python-calamine"), by_calamine, "| openpyxl", version("openpyxl"), by_openpyxl)
assert by_calamine == ["", "", "", ""], "the reading has changed"
assert by_openpyxl == ["#N/A", "#REF!", "#DIV/0!", None]
PY
