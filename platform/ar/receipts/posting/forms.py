"""What the forms of this slice share: ticked rows with amounts, and the button that only recalculates.

Invariant: what was typed comes back as typed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar
from uuid import UUID

from pydantic import BaseModel

from ar.receipts.posting.allocation_choice import parts_of
from web.command_form import FormPage
from web.forms import Form, posted, read_form
from web.responses import Page

M = TypeVar("M", bound=BaseModel)
P = ParamSpec("P")

AMOUNT: Final = "amount_"


def read_picked(model: type[M]) -> Form[M]:
    """The form with its ticked rows as `parts`; rows that cannot be ids are left out."""
    picked = [part for part in posted_parts() if _is_id(part["item_id"])]
    return read_form(model, extra={"parts": picked})


def posted_parts() -> list[dict[str, str]]:
    """The ticked rows of the request and those with an amount."""
    amounts = {name.removeprefix(AMOUNT): text for name, text in posted().items() if name.startswith(AMOUNT)}
    return parts_of(posted().getlist("selected"), amounts)


def typed_rows() -> dict[UUID, str]:
    """The same by id, for showing them again."""
    return {UUID(part["item_id"]): part["amount"] for part in posted_parts() if _is_id(part["item_id"])}


def recalculated(
    model: type[M], *, page: FormPage[P], slot: str = ""
) -> Callable[[Callable[P, Page]], Callable[P, Page]]:
    """Decorates a view whose form has a button “recalculate” (`do=show`): the page again, and nothing is booked."""

    def decorate(view: Callable[P, Page]) -> Callable[P, Page]:
        @wraps(view)
        def answer(*args: P.args, **values: P.kwargs) -> Page:
            if posted().get("do") != "show":
                return view(*args, **values)
            form = read_picked(model)
            form.errors.clear()
            form.slot = slot
            return page(form, *args, **values)

        return answer

    return decorate


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
