"""Routes of collection holds: place a hold on a customer or one document, lift it.

Invariant: parse, authorise, one command, answer. The views are registered on the blueprint of `queue.routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from ar.cases.holds import commands
from ar.cases.holds.inputs import PlaceHold
from ar.cases.holds.queries import currencies_of
from ar.cases.queue.routes import back_to_page, bp, next_url
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.ids import parse_uuid
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form
from web.context import actor, db
from web.forms import Form
from web.responses import Page, render

FIELDS = {
    "promise_needs_day": "until_on",
    "block_until_past": "until_on",
    "item_not_of_customer": "item_id",
    "promise_not_chosen": "kind",
    "promise_needs_currency": "currency",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "currency_unknown": "currency",
}


def _hold_page(form: Form[Any]) -> str:
    customer_id = parse_uuid(str(form.value("customer_id")))
    if customer_id is None:
        raise NotFound("customer_not_found")
    return render(
        "ar/cases/queue/place_block.html",
        form=form,
        next=next_url(),
        today=actor().today,
        currencies=currencies_of(db(), actor().tenant_id, customer_id) or [g.company.currency],
    )


@bp.post("/blocks")
@staff(Permission.PLACE_BLOCK)
@command_form(PlaceHold, page=_hold_page, fields=FIELDS)
def place_block(data: PlaceHold) -> Page:
    """Places a hold on a customer or one document."""
    commands.place_hold(db(), actor(), data)
    return back_to_page(_("Held. Nothing is proposed until it ends."))


@bp.post("/blocks/<uuid:block_id>/lifting")
@staff(Permission.PLACE_BLOCK)
def lift_block(block_id: UUID) -> Page:
    """Lifts a hold."""
    commands.lift_hold(db(), actor(), block_id)
    return back_to_page(_("Lifted. The next run continues from the level reached."))
