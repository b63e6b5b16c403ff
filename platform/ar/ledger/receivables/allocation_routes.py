"""Form pages of a document's allocations: allocate, unapply, take the early-payment discount.

Invariant: parse, authorise, one command or one query, render. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ar.ledger.receivables import commands, queries
from ar.ledger.receivables.inputs import AllocateDocument, UnapplyAllocation
from ar.ledger.receivables.routes import NAMES, bp, document_page
from ar.ledger.receivables.settlement import discounts
from ar.ledger.receivables.settlement.inputs import TakeDiscount
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

# Error code → form field; codes that are not listed concern the form as a whole.
FIELDS = {
    "allocation_exceeds_open": "amount",
    "amount_not_positive": "amount",
    "amount_unreadable": "amount",
    "currency_differs": "other_id",
    "wrong_side": "other_id",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
    "discount_none": "take_discount",
    "discount_unpaid": "take_discount",
    "discount_too_late": "take_discount",
    "discount_used_up": "take_discount",
}


@bp.post("/<uuid:item_id>/allocations")
@staff(Permission.POST_LEDGER)
@command_form(AllocateDocument, page=document_page, slot="allocation", fields=FIELDS)
def allocate(data: AllocateDocument, item_id: UUID) -> Page:
    """Allocates between this document and another one of the same customer."""
    commands.allocate_document(db(), actor(), item_id, data)
    return done(_("Allocated."), "ledger.show", item_id=item_id)


def _unapply_page(form: Form[Any], item_id: UUID, allocation_id: UUID) -> str:
    shown = queries.item_page(db(), actor().tenant_id, item_id, actor().today)
    found = next((allocation for allocation in shown.allocations if allocation.id == allocation_id), None)
    if found is None:
        raise NotFound("allocation_not_found")
    template = "ar/ledger/receivables/taking.html"
    return render(template, form=form, item=shown.item, allocation=found, today=actor().today, **NAMES)


@bp.get("/<uuid:item_id>/allocations/<uuid:allocation_id>/reversal", endpoint="taking")
@staff(Permission.POST_LEDGER)
def ask_unapply(item_id: UUID, allocation_id: UUID) -> Page:
    """Shows the form that unapplies an allocation from a day on."""
    return _unapply_page(blank(), item_id, allocation_id)


@bp.post("/<uuid:item_id>/allocations/<uuid:allocation_id>/reversal", endpoint="take_back")
@staff(Permission.POST_LEDGER)
@command_form(UnapplyAllocation, page=_unapply_page, fields=FIELDS)
def unapply(data: UnapplyAllocation, item_id: UUID, allocation_id: UUID) -> Page:
    """Unapplies an allocation of this document."""
    commands.unapply_allocation(db(), actor(), item_id, allocation_id, data)
    return done(_("The allocation is undone."), "ledger.show", item_id=item_id)


@bp.post("/<uuid:item_id>/discount")
@staff(Permission.POST_LEDGER)
@command_form(TakeDiscount, page=document_page, slot="discount", fields=FIELDS)
def take_discount(data: TakeDiscount, item_id: UUID) -> Page:
    """Grants the earned early-payment discount."""
    discounts.take_discount(db(), actor(), item_id, key=data.key)
    return done(_("The discount is posted and allocated."), "ledger.show", item_id=item_id)
