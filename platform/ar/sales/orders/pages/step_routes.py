"""What is done with an order: confirmed, closed short, cancelled, opened again, billed by an invoice.

Invariant: parse, authorise, one command, redirect. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from uuid import UUID

from ar.sales.orders import commands
from ar.sales.orders.billing import bill_order
from ar.sales.orders.inputs import BillOrder, CloseOrder, LinkInvoice
from ar.sales.orders.pages.routes import bp, order_page, told
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.responses import Page


@bp.post("/<uuid:order_id>/confirmation")
@staff(Permission.EDIT_ORDERS)
def confirm(order_id: UUID) -> Page:
    """Asks the checks; the order is released or held."""
    decision = commands.confirm_order(db(), actor(), order_id)
    return told(decision, order_id, _("The order is released."), _("The order is held."))


@bp.post("/<uuid:order_id>/closing")
@staff(Permission.EDIT_ORDERS)
@command_form(CloseOrder, page=order_page, slot="short")
def close_short(data: CloseOrder, order_id: UUID) -> Page:
    """Gives up what was not delivered."""
    commands.close_order_short(db(), actor(), order_id, data)
    return done(_("The order is closed short."), "orders.show", order_id=order_id)


@bp.post("/<uuid:order_id>/cancellation")
@staff(Permission.EDIT_ORDERS)
@command_form(CloseOrder, page=order_page, slot="cancelling")
def cancel(data: CloseOrder, order_id: UUID) -> Page:
    """Cancels an order of which nothing was shipped."""
    commands.cancel_order(db(), actor(), order_id, data)
    return done(_("The order is cancelled."), "orders.show", order_id=order_id)


@bp.post("/<uuid:order_id>/reopening")
@staff(Permission.EDIT_ORDERS)
@command_form(CloseOrder, page=order_page, slot="reopening")
def reopen(data: CloseOrder, order_id: UUID) -> Page:
    """Opens a closed order again; it is asked as a new one."""
    decision = commands.reopen_order(db(), actor(), order_id, data)
    return told(decision, order_id, _("The order is open and released."), _("The order is open and held."))


@bp.post("/<uuid:order_id>/invoices")
@staff(Permission.POST_LEDGER)
@command_form(LinkInvoice, page=order_page, slot="billing", otherwise="entry_id")
def bill(data: LinkInvoice, order_id: UUID) -> Page:
    """Links a posted invoice to the order that it bills."""
    bill_order(db(), actor(), BillOrder(order_id=order_id, entry_id=data.entry_id))
    return done(_("The invoice is linked."), "orders.show", order_id=order_id)
