"""Form page of a bill received, with the documents that it can be allocated to.

Invariant: parse, authorise, one command or one query, render. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any

from flask import g, request

from ar.bills import queries, receiving
from ar.bills.inputs import ReceiveBill
from ar.bills.routes import NAMES, bp
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

# Error code → form field; codes that are not listed concern the form as a whole.
FIELDS = {
    "bill_exists": "number",
    "document_exists": "number",
    "bill_customer_unknown": "customer_no",
    "bill_amount_unreadable": "amount",
    "bill_amount_not_positive": "amount",
    "amount_not_positive": "amount",
    "bill_words_unreadable": "amount_words",
    "bill_words_differ": "amount_words",
    "currency_unknown": "currency",
    "bill_maturity_missing": "matures_on",
    "bill_maturity_differs": "matures_on",
    "bill_matures_too_early": "matures_on",
    "bill_tenor_twice": "tenor_days",
    "bill_tenor_long": "long_tenor_known",
    "bill_received_ahead": "received_on",
    "bill_received_before_issue": "received_on",
    "bill_received_after_maturity": "received_on",
    "bill_nothing_chosen": "pays",
    "bill_chosen_gone": "pays",
    "bill_booked_ahead": "booked_on",
    "bill_booked_before": "booked_on",
    "period_locked": "booked_on",
    "effective_too_early": "booked_on",
    "effective_in_future": "booked_on",
}


def _new_page(form: Form[Any]) -> str:
    customer_no = str(form.value("customer_no"))
    documents = queries.open_documents(db(), actor().tenant_id, customer_no, actor().today) if customer_no else []
    ticked = form.value("item_ids") or []
    return render("ar/bills/new.html", form=form, documents=documents, ticked=ticked, today=actor().today, **NAMES)


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """Shows the form; with a customer's number in the URL, also the documents that the bill can be allocated to."""
    return _new_page(
        blank(
            customer_no=request.args.get("customer", "").replace("\x00", "").strip()[:80],
            kind="bank",
            currency=g.company.currency,
            received_on=actor().today.isoformat(),
            pays="oldest",
        )
    )


@bp.post("/")
@staff(Permission.POST_LEDGER)
@command_form(ReceiveBill, page=_new_page, fields=FIELDS)
def create(data: ReceiveBill) -> Page:
    """Posts a bill received."""
    bill_id = receiving.receive_bill(db(), actor(), data)
    return done(_("The bill is posted."), "bills.show", bill_id=bill_id)
