"""Reads lines of quantities from the forms of deliveries.

Fields are named by place: `quantity-2`, `short_reason-2`; what was typed is kept under these names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ar.sales.deliveries.inputs import NoteFields, ReturnGoods
from ar.sales.deliveries.signing.inputs import SignOffDelivery
from web.forms import Form, posted, read_form


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row of the form of a note: the place in the names of its fields, and the order line it is of."""

    place: int
    line_no: int


_PLACE = re.compile(r"quantity-(\d{1,6})")
_LINE = re.compile(r"line-(\d{1,6})")


def _places() -> list[int]:
    return sorted(int(found[1]) for name in posted() if (found := _PLACE.fullmatch(name)))


def _typed(name: str, place: int) -> str:
    return posted().get(f"{name}-{place}", "").strip()


def form_rows(values: Mapping[str, Any], line_nos: Iterable[int]) -> list[FormRow]:
    """Returns the rows of the form: those with values, then one for each order line without any."""
    rows = [
        FormRow(int(found[1]), int(values[name]))
        for name in values
        if (found := _LINE.fullmatch(name)) and str(values[name]).isdecimal()
    ]
    rows.sort(key=lambda row: row.place)
    last, known = max((row.place for row in rows), default=0), {row.line_no for row in rows}
    missing = [line_no for line_no in line_nos if line_no not in known]
    return rows + [FormRow(last + at, line_no) for at, line_no in enumerate(missing, start=1)]


def read_note(model: type[NoteFields]) -> Form[Any]:
    """Reads the form of a note: lines with a quantity are on it."""
    lines = [
        {"order_line_no": _typed("line", place) or place, "quantity": quantity, "batch": _typed("batch", place)}
        for place in _places()
        if (quantity := _typed("quantity", place)) not in ("", "0")
    ]
    return read_form(model, extra={"lines": lines})


def read_signed(model: type[SignOffDelivery]) -> Form[SignOffDelivery]:
    """Reads a signature with its lines; an empty quantity is none."""
    lines = [
        {
            "position": place,
            "quantity": _typed("quantity", place) or "0",
            "short_reason": _typed("short_reason", place),
        }
        for place in _places()
    ]
    return read_form(model, extra={"lines": lines or None})


def read_returned(model: type[ReturnGoods]) -> Form[ReturnGoods]:
    """Reads goods that came back: lines with a quantity."""
    lines = [
        {"position": place, "quantity": quantity}
        for place in _places()
        if (quantity := _typed("quantity", place)) not in ("", "0")
    ]
    return read_form(model, extra={"lines": lines})
