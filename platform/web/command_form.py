"""Decorates views that run one command with one form.

    @bp.post("/<uuid:item_id>/reversal")
    @staff(Permission.POST_LEDGER)
    @command_form(ReverseDocument, page=document_page, slot="reversal", fields=FIELDS)
    def reverse(data: ReverseDocument, item_id: UUID) -> Page:
        mirror_id = commands.reverse_document(db(), actor(), item_id, data)
        return done(_("The document is reversed."), "ledger.show", item_id=mirror_id)

Invariant: bad input and a refused command answer alike: 422, the same page, what was typed, the sentence at its field,
and nothing of the command left behind.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask import url_for
from pydantic import BaseModel

from kernel.errors import Conflict, HuikuanError, RuleBroken
from web.forms import Form, read_form
from web.refusals import CHANGED, NO_FIELDS, Fields, Words, put_difference, put_refusal, str_of
from web.responses import Page, flash_ok, see_other, way_back

M = TypeVar("M", bound=BaseModel)
P = ParamSpec("P")

#: Renders the page that holds the form; takes the form and what the view takes from the address.
FormPage = Callable[Concatenate[Form[Any], P], str]


def command_form(
    model: type[M],
    *,
    page: FormPage[P],
    slot: str = "",
    fields: Fields = NO_FIELDS,
    otherwise: str = "",
    read: Callable[[type[M]], Form[M]] = read_form,
    also: tuple[type[HuikuanError], ...] = (),
    words: Words = str_of,
) -> Callable[[Callable[Concatenate[M, P], Page]], Callable[P, Page]]:
    """Decorates a view that takes a command's input first, then what stands in the address.

    `page` shows the form again; `slot` names it where the page holds several (`form.at(slot)`). `fields` maps the code
    of a refusal to its field, `otherwise` is the field of all others ("" is the top of the form). `read` reads the
    request, `also` names errors that are refusals of this form beside RuleBroken and Conflict. `words` puts a stored
    value into words, for a form that another person was faster to save. Raises all others, and what has no sentence.
    """

    caught: tuple[type[HuikuanError], ...] = (RuleBroken, Conflict, *also)

    def decorate(view: Callable[Concatenate[M, P], Page]) -> Callable[P, Page]:
        @wraps(view)
        def answer(*args: P.args, **values: P.kwargs) -> Page:
            form = read(model)
            form.slot = slot
            if "form" in form.errors:  # the model's own word on all fields together
                form.errors[otherwise] = form.errors.pop("form")
            if form.ok:
                try:
                    return view(form.data, *args, **values)
                except caught as error:
                    put_refusal(form, error, fields, otherwise="" if error.code == CHANGED else otherwise)
                    if error.code == CHANGED:
                        put_difference(form, error, words)
            return page(form, *args, **values), 422

        return answer

    return decorate


def done(text: str, endpoint: str, **values: Any) -> Page:
    """Flashes `text` and redirects to `endpoint`, or to the page that the form was asked to lead back to (`next`)."""
    flash_ok(text)
    return see_other(way_back(url_for(endpoint, **values)))
