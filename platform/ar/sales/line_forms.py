"""Reads lines of orders, quotations and contracts as typed into a form or pasted from a spreadsheet.

Invariant: what was typed is kept, each fault stands at its cell, an empty row is no line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from kernel.field_types import parse_decimal
from kernel.money import exponent

#: Empty rows below those that are filled in, and at least so many rows.
SPARE_ROWS: Final = 3
LEAST_ROWS: Final = 6
_GROUPED: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")

Row = dict[str, str]


@dataclass(frozen=True)
class LineForm:
    """How lines are typed: `cells` name of a cell → field of `model`; each is posted as `line_<cell>`.

    `pasted`: the cells of a copied row in their order; `optional` is the one that a shorter row leaves out first.
    `convert`: cell → what becomes of its text. Beside the cells stand `no`, the line's number, and `offer`, which
    marks a row that the contract offers: without a quantity it is no line.
    """

    model: type[BaseModel]
    cells: Mapping[str, str]
    pasted: tuple[str, ...]
    optional: str
    convert: Mapping[str, Callable[[str], object]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Returns what is posted of a row."""
        return ("no", "offer", *self.cells)


@dataclass
class ReadLines:
    """The rows as typed, the inputs of those that are lines, and pydantic's faults: `line_quantity-3` by position."""

    rows: list[Row] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, Any] = field(default_factory=dict)


def read_lines(form: LineForm, columns: Mapping[str, Sequence[str]], pasted: str) -> ReadLines:
    """Reads rows from the posted columns (name → texts) and from text pasted as rows of a spreadsheet."""
    rows = [row for row in _typed_rows(form, columns) if any(row[name] for name in form.cells)]
    found = ReadLines(rows=rows + _pasted_rows(form, pasted))
    following = max((int(row["no"]) for row in found.rows if row["no"].isdigit()), default=0) + 1
    cell_of = {model_field: name for name, model_field in form.cells.items()}
    for position, row in enumerate(found.rows, start=1):
        if not row["no"].isdigit():
            row["no"], following = str(following), following + 1
        if row["offer"] and not row["quantity"]:
            continue
        given: dict[str, Any] = {"line_no": row["no"]}
        for name, model_field in form.cells.items():
            given[model_field] = form.convert[name](row[name]) if name in form.convert else row[name]
        found.inputs.append(given)
        try:
            form.model.model_validate(given)
        except ValidationError as fault:
            for error in fault.errors():
                name = cell_of.get(str(error["loc"][0]), next(iter(form.cells)))
                found.errors.setdefault(f"line_{name}-{position}", error)
    return found


def with_spare_rows(form: LineForm, rows: Sequence[Row]) -> list[Row]:
    """Returns the rows with empty ones below them, to type into."""
    wanted = max(LEAST_ROWS, len(rows) + SPARE_ROWS)
    return [*rows, *(dict.fromkeys(form.names, "") for _row in range(wanted - len(rows)))]


def row_of(form: LineForm, values: Mapping[str, str]) -> Row:
    """Returns the row of a stored line, from its values as the form shows them."""
    return {"no": values["line_no"], "offer": ""} | {name: values[key] for name, key in form.cells.items()}


def plain(number: Decimal) -> str:
    """Returns a decimal number without zeros at its end: 9, 9.5, 0.000001."""
    return format(number.normalize(), "f")


def price_text(price: Decimal | str, currency: str) -> str:
    """Returns a price in major units with the decimals of its currency, more where it has more: 3,500.00, 0.0125."""
    number = Decimal(price).normalize()
    places = max(exponent(currency), -int(number.as_tuple().exponent))
    return f"{number:,.{places}f} {currency}"


def lines_in_words(lines: Sequence[Mapping[str, str]]) -> str:
    """Returns stored lines as their products and prices, for a form that another person was faster to save."""
    return "; ".join(f"{line['product']} {line.get('quantity', '')} @ {line['unit_price']}" for line in lines)


def bps_of_percent(percent: str) -> object:
    """Returns basis points of a rate typed in per cent; what is none comes back as typed, for the model to refuse."""
    if not percent:
        return None
    try:
        rate: Any = parse_decimal(percent)
    except ValueError:
        return percent
    bps = rate * 100
    return int(bps) if bps == int(bps) else percent


def _typed_rows(form: LineForm, columns: Mapping[str, Sequence[str]]) -> list[Row]:
    length = max((len(columns.get(name, ())) for name in form.names), default=0)
    return [{name: _at(columns.get(name, ()), number) for name in form.names} for number in range(length)]


def _pasted_rows(form: LineForm, pasted: str) -> list[Row]:
    rows = []
    for text in pasted.splitlines():
        cells = [cell.strip() for cell in re.split(r"[\t;；]", text)]
        if not any(cells):
            continue
        if len(cells) == 3:
            cells.insert(form.pasted.index(form.optional), "")
        filled = dict(zip(form.pasted, map(_number, cells), strict=False))
        rows.append(dict.fromkeys(form.names, "") | filled)
    return rows


def _number(text: str) -> str:
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _at(texts: Sequence[str], number: int) -> str:
    return texts[number].strip() if number < len(texts) else ""
