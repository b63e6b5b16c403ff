"""The text of a workbook's cell: numbers as a person typed them, dates as ISO, nothing interpreted.

Invariant: a number says no more than the fifteen digits a spreadsheet keeps; one that had more is damaged and is given
in a form that nothing reads as a number (`is_damaged_number`).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from kernel.texts import one_line

#: A spreadsheet keeps fifteen significant digits; what stands behind them is noise of the binary number.
DIGITS: Final = 15
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
_SCIENTIFIC = re.compile(r"-?[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{2,3}")


def cell_text(value: object) -> str:
    """Returns a cell as text: 1200.0 → "1200", 0.30000000000000004 → "0.3", a date → "2026-11-21".

    A whole number of more than fifteen digits becomes "2.49520000000109E+19": its last digits are lost.
    """
    if type(value) is str:
        return clean_cell(value)
    if type(value) is float:
        return _number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, int) and abs(value) >= 10**DIGITS:
        return _number(float(value))
    if isinstance(value, date | time | timedelta | int):
        return str(value)
    return ""


def _number(value: float) -> str:
    if value.is_integer():
        if abs(value) < 10**DIGITS:
            return str(int(value))
        return f"{value:.{DIGITS - 1}E}"
    return format(Decimal(f"{value:.{DIGITS}g}").normalize(), "f")


def is_damaged_number(text: str) -> bool:
    """Tells that a text is a number which a spreadsheet has shortened: "1.23E+11", "2.49520000000109E+19"."""
    return ("E" in text or "e" in text) and _SCIENTIFIC.fullmatch(text) is not None


def clean_cell(cell: str) -> str:
    """Returns a text cell on one line, out of the wrapping `="00017"` that keeps an id's noughts in a CSV."""
    cell = one_line(cell)
    if cell[:2] == '="' and (wrapped := _EXCEL_TEXT.fullmatch(cell)):
        return wrapped[1].strip(" ")
    return cell
