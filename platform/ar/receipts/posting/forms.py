"""Reads ticked rows with amounts from a form, and answers its "recalculate" button.

Invariant: amounts are shown again as typed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar
from uuid import UUID

from pydantic import BaseModel

from ar.receipts.posting.allocation_choice import ticked_parts
from web.command_form import FormPage
from web.forms import Form, posted, read_form
from web.responses import Page

M = TypeVar("M", bound=BaseModel)
P = ParamSpec("P")

AMOUNT: Final = "amount_"


def read_with_parts(model: type[M]) -> Form[M]:
    """Reads the form with its ticked rows as `parts`; rows without a valid id are left out."""
    picked = [part for part in posted_parts() if _is_id(part["item_id"])]
    return read_form(model, extra={"parts": picked})


def posted_parts() -> list[dict[str, str]]:
    """Returns the rows of the request that are ticked or have an amount."""
    amounts = {name.removeprefix(AMOUNT): text for name, text in posted().items() if name.startswith(AMOUNT)}
    return ticked_parts(posted().getlist("selected"), amounts)


def typed_amounts() -> dict[UUID, str]:
    """Returns the posted rows by item id, with the amounts as typed."""
    return {UUID(part["item_id"]): part["amount"] for part in posted_parts() if _is_id(part["item_id"])}


def with_recalculation(
    model: type[M], *, page: FormPage[P], slot: str = ""
) -> Callable[[Callable[P, Page]], Callable[P, Page]]:
    """Decorates a view whose form has a button “recalculate” (`do=show`): shows the page again, posts nothing."""

    def decorate(view: Callable[P, Page]) -> Callable[P, Page]:
        @wraps(view)
        def answer(*args: P.args, **values: P.kwargs) -> Page:
            if posted().get("do") != "show":
                return view(*args, **values)
            form = read_with_parts(model)
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
