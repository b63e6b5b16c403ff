"""Spreadsheets in and out: reads uploaded CSV, XLSX and XLS files, maps their columns, writes exports, parses dates.

Other packages import from here, and from `mapping`, `binding` and `samples` where columns are mapped; the modules
behind are private.
"""

from __future__ import annotations

from kernel.sheets.cells import is_damaged_number
from kernel.sheets.dates import BadDate, DateOrder, parse_date
from kernel.sheets.error_cells import is_error_word
from kernel.sheets.parsing import (
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_UPLOAD_BYTES,
    Row,
    Table,
    header_key,
    open_table,
)
from kernel.sheets.text_files import TableRefused
from kernel.sheets.writing import CSV_TYPE, XLSX_TYPE, Cell, Column, Sheet, write_csv, write_xlsx

__all__ = [
    "CSV_TYPE",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "MAX_UPLOAD_BYTES",
    "XLSX_TYPE",
    "BadDate",
    "Cell",
    "Column",
    "DateOrder",
    "Row",
    "Sheet",
    "Table",
    "TableRefused",
    "header_key",
    "is_damaged_number",
    "is_error_word",
    "open_table",
    "parse_date",
    "write_csv",
    "write_xlsx",
]
