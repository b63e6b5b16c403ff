"""Reads the lines of an order as typed into a form or pasted from a spreadsheet.

Invariant: what was typed is kept, each fault stands at its cell, an empty row is no line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from ar.sales.orders.inputs import LineInput
from kernel.field_types import parse_decimal

#: Fields of a row, each posted as `line_<field>`; `offer` marks a row that the contract offers.
FIELDS: Final = ("no", "product", "unit", "quantity", "price", "tax", "offer")
_MODEL_FIELDS: Final = {"product": "product", "unit": "unit", "quantity": "quantity", "unit_price": "price"}
#: Empty rows below those that are filled in, and at least so many rows.
SPARE_ROWS: Final = 3
LEAST_ROWS: Final = 6
_GROUPED: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")

Row = dict[str, str]


@dataclass
class ReadLines:
    """The rows as typed, the inputs of those that are lines, and the faults: `line_quantity-3` → position in `rows`."""

    rows: list[Row] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, Any] = field(default_factory=dict)


def read_lines(columns: Mapping[str, Sequence[str]], pasted: str) -> ReadLines:
    """Reads rows from the posted columns (field → texts) and from text pasted as rows of a spreadsheet.

    `errors` hold pydantic's errors of one cell each; the caller words them.
    """
    rows = [row for row in _typed_rows(columns) if not _is_empty(row)] + _pasted_rows(pasted)
    found = ReadLines(rows=rows)
    taken = {int(row["no"]) for row in found.rows if row["no"].isdigit()}
    following = max(taken, default=0) + 1
    for position, row in enumerate(found.rows, start=1):
        if not row["no"].isdigit():
            row["no"], following = str(following), following + 1
        if row["offer"] and not row["quantity"]:
            continue
        given = {
            "line_no": row["no"],
            "product": row["product"],
            "unit": row["unit"],
            "quantity": row["quantity"],
            "unit_price": row["price"],
            "tax_rate_bps": _bps(row["tax"]),
        }
        found.inputs.append(given)
        try:
            LineInput.model_validate(given)
        except ValidationError as fault:
            for error in fault.errors():
                name = _MODEL_FIELDS.get(str(error["loc"][0]), "tax")
                found.errors.setdefault(f"line_{name}-{position}", error)
    return found


def with_spare_rows(rows: Sequence[Row]) -> list[Row]:
    """Returns the rows with empty ones below them, to type into."""
    wanted = max(LEAST_ROWS, len(rows) + SPARE_ROWS)
    return [*rows, *(dict.fromkeys(FIELDS, "") for _row in range(wanted - len(rows)))]


def row_of(values: Mapping[str, str]) -> Row:
    """Returns the row of a stored line, from its values as the form shows them."""
    bps = values["tax_rate_bps"]
    return {
        "no": values["line_no"],
        "product": values["product"],
        "unit": values["unit"],
        "quantity": values["quantity"],
        "price": values["unit_price"],
        "tax": f"{int(bps) / 100:g}" if bps else "",
        "offer": "",
    }


def _typed_rows(columns: Mapping[str, Sequence[str]]) -> list[Row]:
    length = max((len(columns.get(name, ())) for name in FIELDS), default=0)
    return [{name: _at(columns.get(name, ()), number) for name in FIELDS} for number in range(length)]


def _pasted_rows(pasted: str) -> list[Row]:
    """Rows of a spreadsheet: product, quantity, unit, price, tax rate; with three columns the unit is left out."""
    rows = []
    for text in pasted.splitlines():
        cells = [cell.strip() for cell in re.split(r"[\t;；]", text)]
        if not any(cells):
            continue
        if len(cells) == 3:
            cells.insert(2, "")
        product, quantity, unit, price, tax = (*cells, "", "", "", "", "")[:5]
        rows.append(
            {
                "no": "",
                "product": product,
                "unit": unit,
                "quantity": _number(quantity),
                "price": _number(price),
                "tax": tax,
                "offer": "",
            }
        )
    return rows


def _number(text: str) -> str:
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _bps(percent: str) -> object:
    """Basis points of a rate in per cent; what is none comes back as typed, for the model to refuse."""
    if not percent:
        return None
    try:
        rate: Any = parse_decimal(percent)
    except ValueError:
        return percent
    bps = rate * 100
    return int(bps) if bps == int(bps) else percent


def _is_empty(row: Row) -> bool:
    return not any(row[name] for name in ("product", "unit", "quantity", "price"))


def _at(texts: Sequence[str], number: int) -> str:
    return texts[number].strip() if number < len(texts) else ""
