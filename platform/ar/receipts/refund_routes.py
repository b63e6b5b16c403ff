"""The pages of refunds: the list, one with its approval, and asking for one out of an unapplied credit.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.receipts import queries, refund_queries, refunds
from ar.receipts.bank_queries import account_options
from ar.receipts.messages import REFUND_STATES
from ar.receipts.pick_forms import put_error, sentence
from ar.receipts.receipt_inputs import AskRefund, WithdrawRefund
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.money import decimal_text
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_error, flash_ok, invalid, render, see_other

bp = Blueprint("refunds", __name__, url_prefix="/refunds")


@dataclass(frozen=True)
class RefundFilters:
    """What the list's address may ask for."""

    state: str = filters.choice("all", *REFUND_STATES)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """All refunds, the newest first."""
    wanted, asked, path = filters.read(RefundFilters, request.args), read_page(request.args), url_for("refunds.index")
    page = refund_queries.refund_list(
        db(), actor().tenant_id, state=wanted.state, offset=asked.offset, limit=asked.limit
    )
    options = [("all", _("All"), sum(page.counts.values()))]
    options += [(state, _(name), page.counts.get(state, 0)) for state, (name, _tone) in REFUND_STATES.items()]
    return render(
        "ar/receipts/refunds.html",
        page=page,
        states=REFUND_STATES,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(page.total, path, request.args),
    )


@bp.get("/<uuid:refund_id>")
@staff(Permission.READ)
def show(refund_id: UUID) -> Page:
    """One refund: to whom, why, and who decided."""
    return render("ar/receipts/refund.html", **_shown(refund_id, blank()))


@bp.get("/of/<uuid:credit_id>")
@staff(Permission.POST_LEDGER)
def new(credit_id: UUID) -> Page:
    """The form for a refund out of this credit, with all that is unapplied."""
    credit = queries.credit_page(db(), actor().tenant_id, credit_id)
    left = max(credit.open_minor - credit.asked_minor, 0)
    form = blank(
        key=str(new_id()),
        amount=decimal_text(left, credit.currency) if left else "",
        payee_name=credit.payer_name or credit.customer_name,
        payee_account=credit.payer_account or "",
    )
    return render("ar/receipts/refund_new.html", **_asked(credit, form))


@bp.post("/of/<uuid:credit_id>")
@staff(Permission.POST_LEDGER)
def create(credit_id: UUID) -> Page:
    """Asks for it."""
    credit = queries.credit_page(db(), actor().tenant_id, credit_id)
    form = read_form(AskRefund)
    if not form.ok:
        return invalid("ar/receipts/refund_new.html", **_asked(credit, form))
    try:
        refund_id = refunds.ask_refund(db(), actor(), credit_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error)
        return invalid("ar/receipts/refund_new.html", **_asked(credit, form))
    flash_ok(_("The refund waits for approval. Nothing is booked yet."))
    return see_other(url_for("refunds.show", refund_id=refund_id))


@bp.post("/<uuid:refund_id>/withdrawal")
@staff(Permission.POST_LEDGER)
def withdraw(refund_id: UUID) -> Page:
    """Takes the request back."""
    form = read_form(WithdrawRefund)
    if not form.ok:
        return invalid("ar/receipts/refund.html", **_shown(refund_id, form))
    try:
        refunds.withdraw_refund(db(), actor(), refund_id, form.data.reason)
    except Conflict as error:
        flash_error(sentence(error))
    else:
        flash_ok(_("The request is withdrawn."))
    return see_other(url_for("refunds.show", refund_id=refund_id))


def _asked(credit: queries.CreditPage, form: Form[Any]) -> dict[str, Any]:
    return {
        "credit": credit,
        "form": form,
        "left_minor": max(credit.open_minor - credit.asked_minor, 0),
        "accounts": [("", _("Not said")), *account_options(db(), actor().tenant_id, credit.currency)],
    }


def _shown(refund_id: UUID, form: Form[Any]) -> dict[str, Any]:
    page = refund_queries.refund_page(db(), actor().tenant_id, refund_id)
    return {"refund": page, "form": form, "states": REFUND_STATES, "may_post": may(Permission.POST_LEDGER)}
