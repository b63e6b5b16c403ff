"""Spreadsheets in and out: reads uploaded CSV and XLSX files, writes exports, and parses dates as people write them.

Other packages import from here; the modules behind it are private.
"""

from __future__ import annotations

from kernel.sheets.dates import BadDate, DateOrder, parse_date
from kernel.sheets.parsing import (
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_UPLOAD_BYTES,
    Row,
    Table,
    TableRefused,
    header_key,
    open_table,
)
from kernel.sheets.writing import Cell, Column, Sheet, write_csv, write_xlsx

__all__ = [
    "MAX_COLUMNS",
    "MAX_ROWS",
    "MAX_UPLOAD_BYTES",
    "BadDate",
    "Cell",
    "Column",
    "DateOrder",
    "Row",
    "Sheet",
    "Table",
    "TableRefused",
    "header_key",
    "open_table",
    "parse_date",
    "write_csv",
    "write_xlsx",
]
