"""The list of deliveries to invoice: signed for and not invoiced.

Invariant: parse, authorise, one query, render; the invoice is posted in `step_routes`.
"""

from __future__ import annotations

from flask import Blueprint

from ar.sales.deliveries.pages import queries
from ar.sales.deliveries.pages.words import WORDS
from tenants.access import may, staff
from tenants.permissions import Permission
from web.context import actor, db
from web.responses import Page, render

bp = Blueprint("billing", __name__, url_prefix="/to-invoice")


@bp.get("/")
@staff(Permission.READ)
def to_invoice() -> Page:
    """Lists what is signed for and not invoiced, the longest signed first, with totals by currency."""
    rows = queries.notes_to_invoice(db(), actor().tenant_id)
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.note.currency] = totals.get(row.note.currency, 0) + row.left_minor
    return render(
        "ar/sales/deliveries/pages/to_invoice.html",
        rows=rows,
        totals=sorted(totals.items()),
        today=actor().today,
        may_post=may(Permission.POST_LEDGER),
        **WORDS,
    )
