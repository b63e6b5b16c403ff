"""The pages of receipts: the list, entering one, a receipt or credit with what it pays, applying and taking off.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render; "show what is
open" and "recalculate" are the same form and change nothing.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.customers.queries import find_numbers
from ar.ledger.messages import KIND_NAMES
from ar.receipts import queries, receipts
from ar.receipts.bank_queries import account_options
from ar.receipts.messages import METHODS, RECEIPT_STATES, WHY
from ar.receipts.pick_forms import put_error, read_picked, sentence, typed_rows
from ar.receipts.picking import Picking, picking
from ar.receipts.receipt_inputs import ApplyCredit, PostReceipt, Unapply
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import read_amount
from tenants.access import may, staff
from tenants.permissions import Permission
from tenants.queries import tenant
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_error, flash_ok, invalid, render, see_other

bp = Blueprint("receipts", __name__, url_prefix="/receipts")

NAMES: dict[str, Any] = {"methods": METHODS, "kinds": KIND_NAMES, "why": WHY}


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """All receipts, the newest first; filters stand in the address."""
    wanted, asked = filters.read(queries.ReceiptFilters, request.args), read_page(request.args)
    path = url_for("receipts.index")
    page = queries.receipt_list(db(), actor().tenant_id, wanted, offset=asked.offset, limit=asked.limit)
    options = [(state, _(name)) for state, name in RECEIPT_STATES.items()]
    return render(
        "ar/receipts/receipts.html",
        page=page,
        wanted=wanted,
        cash=queries.cash_state(db(), actor().tenant_id),
        chips=filters.chips(wanted, "state", options, path),
        active=filters.active(wanted, ignore=()),
        pager=asked.page(page.total, path, request.args),
        may_post=may(Permission.POST_LEDGER),
        **NAMES,
    )


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """The form for one receipt; `customer` in the address fills the number."""
    own = tenant(db(), actor().tenant_id).currency
    form = blank(
        key=str(new_id()),
        customer_no=request.args.get("customer", "")[:80],
        received_on=actor().today.isoformat(),
        currency=own,
        method="transfer",
        how="order",
    )
    return render("ar/receipts/receipt_new.html", **_entering(form))


@bp.post("/")
@staff(Permission.POST_LEDGER)
def create() -> Page:
    """Books it; with `do=show` shows what is open and what would be paid, and books nothing."""
    form = read_picked(PostReceipt)
    if request.form.get("do") == "show":
        form.errors.clear()
        return render("ar/receipts/receipt_new.html", **_entering(form))
    if form.value("how") == "order" and typed_rows():
        form.errors["how"] = _("Documents are ticked: choose “What is ticked”, or untick them.")
    if not form.ok:
        return invalid("ar/receipts/receipt_new.html", **_entering(form))
    try:
        item_id = receipts.post_receipt(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error)
        return invalid("ar/receipts/receipt_new.html", **_entering(form))
    flash_ok(_("The receipt is booked."))
    return see_other(url_for("receipts.show", credit_id=item_id))


@bp.get("/<uuid:credit_id>")
@staff(Permission.READ)
def show(credit_id: UUID) -> Page:
    """A receipt or another credit: where it came from, what it pays, what is unapplied."""
    return render("ar/receipts/receipt.html", **_shown(credit_id, blank(key=str(new_id()), how="ticked")))


@bp.post("/<uuid:credit_id>/allocations")
@staff(Permission.POST_LEDGER)
def apply(credit_id: UUID) -> Page:
    """Applies what is unapplied to the ticked items, or by the order; `do=show` only recalculates."""
    form = read_picked(ApplyCredit)
    if request.form.get("do") == "show":
        form.errors.clear()
        return render("ar/receipts/receipt.html", **_shown(credit_id, form, typed=typed_rows()))
    if not form.ok:
        return invalid("ar/receipts/receipt.html", **_shown(credit_id, form, typed=typed_rows()))
    try:
        receipts.apply_credit(db(), actor(), credit_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, {})
        return invalid("ar/receipts/receipt.html", **_shown(credit_id, form, typed=typed_rows()))
    flash_ok(_("Applied."))
    return see_other(url_for("receipts.show", credit_id=credit_id))


@bp.post("/<uuid:credit_id>/allocations/<uuid:allocation_id>/reversal")
@staff(Permission.POST_LEDGER)
def unapply(credit_id: UUID, allocation_id: UUID) -> Page:
    """Takes one allocation back; it is remembered and not proposed by itself again."""
    form = read_form(Unapply)
    if not form.ok:
        flash_error(_("Write a date like 2026-11-21."))
        return see_other(url_for("receipts.show", credit_id=credit_id))
    try:
        receipts.unapply(db(), actor(), credit_id, allocation_id, form.data)
    except (RuleBroken, Conflict) as error:
        flash_error(sentence(error))
    else:
        flash_ok(_("The allocation is taken back. It will not be proposed by itself again."))
    return see_other(url_for("receipts.show", credit_id=credit_id))


def _entering(form: Form[Any]) -> dict[str, Any]:
    """The form's page: accounts of the currency, and the customer's items once customer and currency are known."""
    number, currency = str(form.value("customer_no")).strip(), str(form.value("currency")).strip().upper()
    customer = find_numbers(db(), actor().tenant_id, [number]).get(number) if number else None
    return {
        "form": form,
        "customer": customer,
        "picking": _picked(form, customer.id, currency) if customer and len(currency) == 3 else None,
        "accounts": [("", _("Not said")), *account_options(db(), actor().tenant_id)],
        **NAMES,
    }


def _picked(form: Form[Any], customer_id: UUID, currency: str) -> Picking | None:
    try:
        amount: int | None = read_amount(str(form.value("amount")), currency) if form.value("amount") else None
    except RuleBroken:
        amount = None
    return picking(
        db(),
        actor(),
        customer_id,
        currency,
        amount,
        parts=typed_rows(),
        designation=str(form.value("designation")),
        costs_first=bool(form.value("costs_first", False)),
    )


def _shown(credit_id: UUID, form: Form[Any], typed: dict[UUID, str] | None = None) -> dict[str, Any]:
    page = queries.credit_page(db(), actor().tenant_id, credit_id)
    if page.side > 0:
        raise NotFound("item_not_found")
    may_post = may(Permission.POST_LEDGER)
    shown = None
    if may_post and page.applicable:
        shown = picking(
            db(),
            actor(),
            page.customer_id,
            page.currency,
            page.open_minor,
            parts=typed or {},
            refused=receipts.refused_items(db(), actor().tenant_id, credit_id=credit_id),
            designation=page.designation or "",
            costs_first=bool(form.value("costs_first", False)),
        )
    return {"page": page, "form": form, "picking": shown, "may_post": may_post, **NAMES}
