"""Reads the forms of sales: a customer by number, and lines as rows.

Invariant: what was typed is kept; each fault stands at its field or its cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from ar.customers.lookups import find_numbers
from ar.sales.line_forms import LineForm, ReadLines, lines_in_words, read_lines
from kernel.i18n import gettext as _
from web.context import actor, db
from web.forms import Form, posted, read_form, sentence_of
from web.refusals import str_of

M = TypeVar("M", bound=BaseModel)


def posted_lines(lines: LineForm) -> ReadLines:
    """Reads the rows of the request's form, typed and pasted."""
    columns = {name: posted().getlist(f"line_{name}") for name in lines.names}
    return read_lines(lines, columns, posted().get("pasted", ""))


def read_with_lines(
    model: type[M], lines: LineForm, most: int, *, least: int = 1, extra: Mapping[str, Any] | None = None
) -> Form[M]:
    """Reads the request's form into a model with `lines`, of which there are `least` to `most`."""
    read = posted_lines(lines)
    form = read_form(model, {"lines": read.inputs, **(extra or {})})
    if read.errors or not least <= len(read.inputs) <= most:
        form.errors.pop("lines", None)
    if len(read.inputs) < least:
        form.errors["lines"] = _("Enter at least one line.")
    elif len(read.inputs) > most:
        form.errors["lines"] = _("At most %(most)s lines.", most=most)
    form.errors.update({name: sentence_of(error) for name, error in read.errors.items()})
    return form


def read_for_customer(model: type[M], lines: LineForm, most: int, *, least: int = 1) -> Form[M]:
    """Reads the same with the customer whose number was typed into `customer_no`."""
    number = posted().get("customer_no", "").replace("\x00", "").strip()
    known = find_numbers(db(), actor().tenant_id, [number]).get(number)
    form = read_with_lines(model, lines, most, least=least, extra={"customer_id": known.id} if known else {})
    if form.errors.pop("customer_id", ""):
        form.errors["customer_no"] = _("There is no customer with this number.")
    return form


def typed_form(*lists: str) -> Form[Any]:
    """Returns the fields as typed, without the pasted text, which is in the rows now; `lists` hold several values."""
    values: dict[str, Any] = dict(posted().items()) | {"pasted": ""}
    return Form(values=values | {name: posted().getlist(name) for name in lists})


def words(name: str, value: Any) -> str:
    """Returns a stored value in words, the lines as products and prices."""
    return lines_in_words(value) if name == "lines" else str_of(name, value)
