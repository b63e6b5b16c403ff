#!/usr/bin/env bash
# openpyxl 3.1.5 reads a cell with one of the built-in date formats 27-36 and 50-58 as a number. Excel set to Chinese writes
# them without a format code of their own, as ECMA-376 part 1, 18.8.30 lists them (31 is yyyy"年"m"月"d"日", 57 yyyy"年"m"月").
# A due date is 46091 then, in the same sheet in which format 14 gives a date; pandas, which reads by openpyxl, says so too.
# Output seen: 46091 for 27, 31, 36, 50, 57 and 2026-03-10 for 14 from openpyxl and pandas; python-calamine reads six dates.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check openpyxl==3.1.5 xlsxwriter==3.3.1 python-calamine==0.9.1 pandas==3.1.1
"$folder/env/bin/python" - <<'PY'
import io
from datetime import date, datetime
from importlib.metadata import version

import pandas
import xlsxwriter
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

FORMATS = (14, 27, 31, 36, 50, 57)
out = io.BytesIO()
with xlsxwriter.Workbook(out) as book:
    sheet = book.add_worksheet()
    for row, number_format in enumerate(FORMATS):
        sheet.write_number(row, 0, 46091, book.add_format({"num_format": number_format}))
data = out.getvalue()
by_openpyxl = [cell.value for cell in load_workbook(io.BytesIO(data)).active["A"]]
by_pandas = pandas.read_excel(io.BytesIO(data), header=None, dtype=object, engine="openpyxl")[0].tolist()
by_calamine = [row[0] for row in CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()]
for name, read in (("openpyxl", by_openpyxl), ("pandas", by_pandas), ("python-calamine", by_calamine)):
    print(name, version(name), dict(zip(FORMATS, map(str, read))))
assert by_openpyxl == by_pandas == [datetime(2026, 3, 10)] + [46091] * 5, "the reading has changed"
assert by_calamine == [date(2026, 3, 10)] * 6
PY
