"""Writing exports: typed rows to CSV and XLSX that open right in a Chinese or an English spreadsheet.

Invariant: text never becomes a formula, amounts stay exact decimals with their currency's places, and every sheet can
say as of when and by whom it was made.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from kernel.money import Money, decimal_text, exponent

Cell = str | int | Decimal | Money | date | None
Kind = Literal["text", "amount", "date", "int"]
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE: Final = "text/csv; charset=utf-8"

#: Full-width signs too: a spreadsheet in Chinese or Japanese takes them for the plain ones.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹢", "﹣", "﹦", "﹫")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DEFAULT_WIDTHS: Final[dict[Kind, float]] = {"text": 20, "amount": 16, "date": 12, "int": 9}
_INK, _JADE, _WASH, _RULE = "1C2321", "0F5E56", "E4EFEC", "CFCCC1"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an export: its heading, its kind of value, and its width in characters (0: by kind).

    `currency` gives an amount column its number of places when its cells are bare decimals.
    """

    title: str
    kind: Kind = "text"
    width: float = 0
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: columns, rows, rows of totals set off by a line, and a footer (as of, by whom, filters)."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()
    footer: Sequence[str] = field(default_factory=tuple)


def write_csv(rows: Iterable[Sequence[Cell]], columns: Sequence[Column | str]) -> bytes:
    """Writes CSV as UTF-8 with a byte order mark and CRLF, so that spreadsheets read Chinese without asking.

    A text that would start a formula gets an apostrophe in front, unless it is plainly a number.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(c if isinstance(c, str) else c.title) for c in columns])
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Writes a workbook of typed cells: amounts as decimals in their currency's format, dates as dates, ids as text."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        _write_sheet(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _harmless(cell)
    if isinstance(cell, Money):
        return decimal_text(cell.minor, cell.currency)
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return str(cell)


def _harmless(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text) else text


def _write_sheet(book: Workbook, sheet: Sheet) -> None:
    page = book.create_sheet(_sheet_title(sheet.title))
    page.freeze_panes = "A2"
    page.sheet_view.showGridLines = False
    for at, column in enumerate(sheet.columns, start=1):
        width = column.width or _DEFAULT_WIDTHS[column.kind]
        page.column_dimensions[get_column_letter(at)].width = width
    page.append([_heading(page, column) for column in sheet.columns])
    kinds = [(column.kind, _number_format(column)) for column in sheet.columns]
    styles: dict[str, Any] = {}
    for row in sheet.rows:
        page.append([_typed(page, styles, cell, *kind) for cell, kind in zip(row, kinds, strict=True)])
    for total in sheet.totals:
        page.append([_total(page, cell, *kind) for cell, kind in zip(total, kinds, strict=True)])
    if sheet.footer:
        page.append([])
        for line in sheet.footer:
            page.append([_styled(page, line, font=Font(size=9, color="56605C"))])


def _sheet_title(title: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", " ", title)[:31] or "1"


def _number_format(column: Column) -> str:
    return _amount_format(exponent(column.currency)) if column.kind == "amount" else "General"


def _amount_format(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _value(cell: Cell) -> tuple[str | int | Decimal | date | None, str]:
    """Returns (the value to store in a workbook, the number format the cell itself needs)."""
    if isinstance(cell, Money):
        decimals = exponent(cell.currency)
        return Decimal(cell.minor).scaleb(-decimals), _amount_format(decimals)
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None), "yyyy-mm-dd hh:mm"
    if isinstance(cell, date):
        return cell, "yyyy-mm-dd"
    if isinstance(cell, str):
        return _CONTROL.sub("", cell), "@"
    return cell, ""


def _typed(page: Any, styles: dict[str, Any], cell: Cell, kind: Kind, number_format: str) -> Any:
    value, own_format = _value(cell)
    if value is None:
        return None
    if isinstance(value, str):
        # A styled cell costs ten times a bare one; only a text that openpyxl would read otherwise needs it.
        return _styled(page, value) if kind != "text" or value.startswith("=") else value
    wanted = own_format or (number_format if isinstance(value, Decimal) else "General")
    typed: Any = WriteOnlyCell(page, value=cast(Any, value))
    style = styles.get(wanted)
    if style is None:
        typed.number_format = wanted
        style = styles[wanted] = typed._style
    # Sharing one style object per format makes a long sheet several times faster than setting it by name.
    typed._style = style
    return typed


def _total(page: Any, cell: Cell, kind: Kind, number_format: str) -> Any:
    typed = _typed(page, {}, cell, kind, number_format)
    if not hasattr(typed, "border"):
        typed = _styled(page, typed)
    typed.font = Font(bold=True, color=_INK)
    typed.border = Border(top=Side(style="thin", color=_INK))
    return typed


def _heading(page: Any, column: Column) -> Any:
    side = "right" if column.kind in ("amount", "int") else "left"
    return _styled(
        page,
        column.title,
        font=Font(bold=True, color=_JADE),
        fill=PatternFill("solid", fgColor=_WASH),
        alignment=Alignment(horizontal=side, vertical="center", wrap_text=True),
        border=Border(bottom=Side(style="thin", color=_RULE)),
    )


def _styled(page: Any, value: Any, **styles: Any) -> Any:
    cell = WriteOnlyCell(page, value=value)
    if isinstance(value, str):
        cell.data_type = "s"  # never "f": a text that begins with = stays a text
    for name, style in styles.items():
        setattr(cell, name, style)
    return cell
