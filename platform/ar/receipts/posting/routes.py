"""Pages of receipts: the list, and the form for a new one.

Invariant: parse, authorise, one command or one query, render; "show what is open" and "recalculate" are the same form
and change nothing.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.customers.lookups import find_numbers
from ar.ledger.lookups import locked_through
from ar.ledger.messages import KIND_NAMES
from ar.receipts.bank.queries import account_options
from ar.receipts.messages import METHODS, RECEIPT_STATES, WHY
from ar.receipts.posting import commands as receipts
from ar.receipts.posting import queries
from ar.receipts.posting.allocation_choice import AllocationChoice, allocation_choice
from ar.receipts.posting.cash_state import cash_state
from ar.receipts.posting.forms import read_with_parts, typed_amounts, with_recalculation
from ar.receipts.posting.inputs import PostReceipt
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.money import parse_positive_amount
from tenants.access import may, staff
from tenants.permissions import Permission
from tenants.queries import tenant
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("receipts", __name__, url_prefix="/receipts")

FIELDS = {
    "receipt_customer_unknown": "customer_no",
    "receipt_in_future": "received_on",
    "period_locked": "received_on",
    "document_too_far_ahead": "received_on",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "currency_unknown": "currency",
    "receipt_account_unknown": "bank_account_id",
    "receipt_account_currency": "bank_account_id",
}
NAMES: dict[str, Any] = {"methods": METHODS, "kinds": KIND_NAMES, "why": WHY}


@bp.get("/")
@staff(Permission.READ_TOTALS)
def index() -> Page:
    """Lists receipts, the newest first; the filters are in the URL."""
    wanted, asked = filters.read(queries.ReceiptFilters, request.args), read_page(request.args)
    path = url_for("receipts.index")
    page = queries.receipt_list(db(), actor().tenant_id, wanted, offset=asked.offset, limit=asked.limit)
    options = [(state, _(name)) for state, name in RECEIPT_STATES.items()]
    return render(
        "ar/receipts/posting/index.html",
        page=page,
        wanted=wanted,
        cash=cash_state(db(), actor().tenant_id),
        chips=filters.chips(wanted, "state", options, path),
        active=filters.active(wanted, ignore=()),
        pager=asked.page(page.total, path, request.args),
        may_post=may(Permission.POST_LEDGER),
        **NAMES,
    )


def _new_page(form: Form[Any]) -> str:
    """Renders the form: accounts of the currency, and the customer's items once customer and currency are known."""
    number, currency = str(form.value("customer_no")).strip(), str(form.value("currency")).strip().upper()
    customer = find_numbers(db(), actor().tenant_id, [number]).get(number) if number else None
    return render(
        "ar/receipts/posting/new.html",
        form=form,
        customer=customer,
        picking=_choice_of(form, customer.id, currency) if customer and len(currency) == 3 else None,
        accounts=[("", _("Not specified")), *account_options(db(), actor().tenant_id)],
        locked_on=locked_through(db(), actor().tenant_id),
        **NAMES,
    )


def _choice_of(form: Form[Any], customer_id: UUID, currency: str) -> AllocationChoice | None:
    try:
        amount: int | None = (
            parse_positive_amount(str(form.value("amount")), currency) if form.value("amount") else None
        )
    except RuleBroken:
        amount = None
    return allocation_choice(
        db(),
        actor(),
        customer_id,
        currency,
        amount,
        parts=typed_amounts(),
        designation=str(form.value("designation")),
        costs_first=bool(form.value("costs_first", False)),
    )


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """Shows the form for a receipt; `customer` in the URL fills in the number."""
    own = tenant(db(), actor().tenant_id).currency
    customer_no, today = request.args.get("customer", "")[:80], actor().today.isoformat()
    first = {"customer_no": customer_no, "received_on": today, "currency": own, "method": "transfer", "how": "order"}
    return _new_page(blank(**first))


def _read_receipt(model: type[PostReceipt]) -> Form[PostReceipt]:
    form = read_with_parts(model)
    if form.value("how") == "order" and typed_amounts():
        form.errors["how"] = _("Documents are ticked: choose “Ticked documents”, or untick them.")
    return form


@bp.post("/")
@staff(Permission.POST_LEDGER)
@with_recalculation(PostReceipt, page=_new_page)
@command_form(PostReceipt, page=_new_page, fields=FIELDS, read=_read_receipt)
def create(data: PostReceipt) -> Page:
    """Posts the receipt; `do=show` shows the open items and the suggested split, and posts nothing."""
    item_id = receipts.post_receipt(db(), actor(), data)
    posted = queries.credit_page(db(), actor().tenant_id, item_id)
    text = _("The receipt is posted.")
    if posted.document_on != data.received_on:
        text = _(
            "%(came)s is locked: the receipt is posted on %(day)s. Interest and discount count the day it came.",
            came=data.received_on.isoformat(),
            day=posted.document_on.isoformat(),
        )
    return done(text, "receipts.show", credit_id=item_id)
