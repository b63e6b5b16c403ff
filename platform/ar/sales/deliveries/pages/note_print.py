"""Prints a delivery note: goods and quantities without prices, a code to scan, boxes for signature and seal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.sales.deliveries.messages import MODE_NAMES
from ar.sales.deliveries.pages import queries
from ar.sales.deliveries.pages.views import NoteLineView, NoteRow
from ar.sales.rules.shipping import plain
from kernel import pdf
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from tenants.models import Company


def print_note(db: Session, tenant_id: UUID, delivery_id: UUID) -> tuple[pdf.Rendered, str]:
    """Returns the PDF in the customer's language, and the note's number; equal notes give equal bytes."""
    note = queries.note_row(db, tenant_id, delivery_id)
    lines = queries.note_lines(db, tenant_id, note)
    customer, company = Customer, Company
    language = db.execute(
        sa.select(customer.language).where(customer.tenant_id == tenant_id, customer.id == note.customer_id)
    ).scalar_one()
    issuer = db.execute(
        sa.select(company.legal_name, company.address, company.phone).where(company.tenant_id == tenant_id)
    ).one()
    with use_language(language):
        values = paper_values(note, lines, language)
        values["issuer"] = {"name": issuer.legal_name, "lines": [issuer.address, issuer.phone]}
        return pdf.render("delivery_note", values), note.number


def code_rows(text: str) -> list[str]:
    """Returns the rows of a QR code of a text, one character per module: 1 is dark."""
    return ["".join(map(str, row)) for row in segno.make(text, micro=False, error="m").matrix]


def paper_values(note: NoteRow, lines: list[NoteLineView], language: str) -> dict[str, Any]:
    """Returns what the paper says, but for who issues it: no price and no amount."""
    on = note.shipped_on or note.planned_on
    carrier = " ".join(part for part in (note.carrier, note.tracking_no) if part) or note.driver or note.picker_up
    facts = [[_("Number"), note.number], [_("Order"), note.order_no], [_("Date"), on.isoformat()]]
    facts.append([_("Way"), _(MODE_NAMES[note.mode][0])])
    return {
        "language": language,
        "number": note.number,
        "date": on.isoformat(),
        "footer": "",
        "customer": {"name": note.customer_name, "lines": [note.customer_no]},
        "facts": facts,
        "carrier": carrier,
        "code": code_rows(note.number),
        "rows": [
            [str(place), line.product, line.batch, plain(line.quantity), line.unit]
            for place, line in enumerate(lines, start=1)
        ],
        "labels": {
            "title": _("Delivery note"),
            # Typst fills the braces itself.
            "page": _("Page {page} of {pages}"),
            "customer": _("Delivered to"),
            "issuer": _("Delivered by"),
            "goods": _("Goods"),
            "place": _("No."),
            "product": _("Product"),
            "batch": _("Batch"),
            "quantity": _("Quantity"),
            "unit": _("Unit"),
            "carrier": _("Carrier or driver"),
            "received": _("Received complete and in good order, unless noted here:"),
            "name": _("Name in block letters"),
            "signature": _("Signature"),
            "signed_on": _("Date"),
            "seal": _("Seal of the receiving company"),
        },
    }
