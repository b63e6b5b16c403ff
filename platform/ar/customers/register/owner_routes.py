"""Serves the hand-over of customers, many at once: filter, tick, to whom, from which day, why (R003, R004).

Invariant: parse, authorise, one command or one query, render. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from ar.customers.inputs import MAX_HAND_OVER, HandOver
from ar.customers.queries import owner_choices
from ar.customers.register import owners
from ar.customers.register.owner_queries import owned_customers, owned_ids
from ar.customers.register.routes import bp
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, render

FIELDS = {
    "hand_over_nobody_ticked": "customer_ids",
    "hand_over_later": "changed_on",
    "owner_unknown": "to_id",
}


@dataclass(frozen=True)
class OwnerFilters:
    """Filters of the list."""

    owner: str = filters.text(max_length=36)
    q: str = filters.text()


def _wanted() -> tuple[OwnerFilters, str]:
    """Returns the filters, and the owner that they ask for: all, nobody, or the id of a person."""
    wanted = filters.read(OwnerFilters, request.args)
    known = {str(user_id) for user_id, _name in owner_choices(db(), actor().tenant_id)}
    return wanted, wanted.owner if wanted.owner in known | {"all"} else "nobody"


def _hand_over_page(form: Form[Any]) -> str:
    wanted, owner = _wanted()
    asked, path = read_page(request.args), url_for("customers.hand_over")
    rows, total = owned_customers(
        db(), actor().tenant_id, owner=owner, q=wanted.q, offset=asked.offset, limit=asked.limit
    )
    people = [(str(user_id), name) for user_id, name in owner_choices(db(), actor().tenant_id)]
    posted = request.method == "POST"
    return render(
        "ar/customers/register/hand_over.html",
        form=form,
        rows=rows,
        total=total,
        owner=owner,
        wanted=wanted,
        owners=[("nobody", _("Nobody, or somebody who left")), ("all", _("Everyone's")), *people],
        people=people,
        ticked=set(request.form.getlist("selected")) if posted else set(),
        address=filters.url(wanted, url_for("customers.give")),
        pager=asked.page(total, path, request.args),
    )


@bp.get("/hand-over")
@staff(Permission.ASSIGN_OWNER)
def hand_over() -> Page:
    """Lists customers by owner, those without one first of all, and the form to hand them over."""
    return _hand_over_page(blank(changed_on=actor().today.isoformat()))


def _read(model: type[HandOver]) -> Form[HandOver]:
    if request.form.get("all_matching"):
        wanted, owner = _wanted()
        found = owned_ids(db(), actor().tenant_id, owner=owner, q=wanted.q, most=MAX_HAND_OVER)
        return read_form(model, extra={"customer_ids": found})
    return read_form(model, extra={"customer_ids": request.form.getlist("selected")})


@bp.post("/hand-over")
@staff(Permission.ASSIGN_OWNER)
@command_form(HandOver, page=_hand_over_page, fields=FIELDS, read=_read)
def give(data: HandOver) -> Page:
    """Hands the ticked customers over."""
    number = owners.hand_over(db(), actor(), data)
    said = ngettext("%(num)s customer is handed over.", "%(num)s customers are handed over.", number)
    return done(said, "customers.hand_over")
