"""What follows a shipment: goods that come back, and invoices.

Invariant: parse, authorise, one command, redirect. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from uuid import UUID

from flask import request

from ar.sales.deliveries import returns
from ar.sales.deliveries.billing import commands as billing
from ar.sales.deliveries.billing.inputs import InvoiceDelivery, RegisterInvoice
from ar.sales.deliveries.inputs import ReturnGoods
from ar.sales.deliveries.pages.forms import read_returned
from ar.sales.deliveries.pages.routes import bp, delivery_page
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.responses import Page

RETURN_FIELDS = {"return_day": "returned_on", "return_too_much": "lines"}
INVOICE_FIELDS = {
    "delivery_invoice_day": "invoiced_on",
    "delivery_invoice_number": "number",
    "delivery_invoice_taken": "number",
    "document_exists": "number",
}


@bp.post("/<uuid:delivery_id>/return")
@staff(Permission.SIGN_OFF)
@command_form(ReturnGoods, page=delivery_page, slot="returning", fields=RETURN_FIELDS, read=read_returned)
def return_goods(data: ReturnGoods, delivery_id: UUID) -> Page:
    """Takes goods back."""
    given_back = returns.return_goods(db(), actor(), delivery_id, data)
    text = _("The goods are back, and the invoice is credited.") if given_back else _("The goods are back.")
    if len(given_back) > 1:
        text = _("The goods are back, and their %(count)s invoices are credited.", count=len(given_back))
    return done(text, "deliveries.show", delivery_id=delivery_id)


@bp.post("/<uuid:delivery_id>/invoice")
@staff(Permission.POST_LEDGER)
@command_form(InvoiceDelivery, page=delivery_page, slot="posting", fields=INVOICE_FIELDS)
def invoice(data: InvoiceDelivery, delivery_id: UUID) -> Page:
    """Posts the invoice of what was signed for."""
    item_id = billing.invoice_delivery(db(), actor(), delivery_id, data)
    if request.form.get("from") == "list":
        return done(_("The invoice is posted."), "billing.to_invoice")
    return done(_("The invoice is posted."), "ledger.show", item_id=item_id)


@bp.post("/<uuid:delivery_id>/invoice-with-goods")
@staff(Permission.POST_LEDGER)
@command_form(RegisterInvoice, page=delivery_page, slot="invoice", fields=INVOICE_FIELDS)
def register(data: RegisterInvoice, delivery_id: UUID) -> Page:
    """Notes the invoice that goes with the goods."""
    billing.register_invoice(db(), actor(), delivery_id, data)
    return done(_("The invoice is noted. It is posted with the signature."), "deliveries.show", delivery_id=delivery_id)
