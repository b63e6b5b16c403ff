"""The approval of a quotation: asked for, and withdrawn.

Invariant: parse, authorise, one command, redirect. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from uuid import UUID

from ar.sales.contracts import quotations
from ar.sales.contracts.inputs import EndContract
from ar.sales.contracts.quotation_pages.routes import bp, quotation_page
from kernel.errors import Forbidden
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.responses import Page


@bp.post("/<uuid:quotation_id>/submission")
@staff(Permission.EDIT_CONTRACTS)
def submit(quotation_id: UUID) -> Page:
    """Submits a quotation for approval."""
    quotations.submit_quotation(db(), actor(), quotation_id)
    return done(_("The quotation awaits approval."), "quotations.show", quotation_id=quotation_id)


@bp.post("/<uuid:quotation_id>/withdrawal")
@staff(Permission.EDIT_CONTRACTS)
@command_form(EndContract, page=quotation_page, slot="withdrawal", also=(Forbidden,))
def withdraw(data: EndContract, quotation_id: UUID) -> Page:
    """Withdraws a quotation that waits."""
    quotations.withdraw_quotation(db(), actor(), quotation_id, data.reason)
    return done(_("The quotation is withdrawn."), "quotations.show", quotation_id=quotation_id)
