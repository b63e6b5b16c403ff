"""Pages of refunds: the list, one refund with its approval, and the request for one.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.receipts.bank.queries import account_options
from ar.receipts.messages import REFUND_STATES
from ar.receipts.posting import queries
from ar.receipts.refunds import commands as refunds
from ar.receipts.refunds import queries as refund_queries
from ar.receipts.refunds.inputs import RequestRefund, WithdrawRefund
from kernel.i18n import gettext as _
from kernel.money import decimal_text
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("refunds", __name__, url_prefix="/refunds")

FIELDS = {
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "refund_too_much": "amount",
    "receipt_account_unknown": "bank_account_id",
    "receipt_account_currency": "bank_account_id",
}


@dataclass(frozen=True)
class RefundFilters:
    """Filters of the list in the URL."""

    state: str = filters.choice("all", *REFUND_STATES)


@bp.get("/")
@staff(Permission.READ_TOTALS)
def index() -> Page:
    """Lists refunds, the newest first."""
    wanted, asked, path = filters.read(RefundFilters, request.args), read_page(request.args), url_for("refunds.index")
    page = refund_queries.refund_list(
        db(), actor().tenant_id, state=wanted.state, offset=asked.offset, limit=asked.limit
    )
    options = [("all", _("All"), sum(page.counts.values()))]
    options += [(state, _(name), page.counts.get(state, 0)) for state, (name, _tone) in REFUND_STATES.items()]
    return render(
        "ar/receipts/refunds/index.html",
        page=page,
        states=REFUND_STATES,
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(page.total, path, request.args),
    )


def _refund_page(form: Form[Any], refund_id: UUID) -> str:
    page = refund_queries.refund_page(db(), actor().tenant_id, refund_id)
    may_post = may(Permission.POST_LEDGER)
    return render("ar/receipts/refunds/show.html", refund=page, form=form, states=REFUND_STATES, may_post=may_post)


@bp.get("/<uuid:refund_id>")
@staff(Permission.READ)
def show(refund_id: UUID) -> Page:
    """Shows a refund: payee, reason, and its approval."""
    return _refund_page(blank(), refund_id)


def _new_page(form: Form[Any], credit_id: UUID) -> str:
    """Renders the form for a refund out of a credit, filled in with all that is unapplied."""
    credit = queries.credit_page(db(), actor().tenant_id, credit_id)
    left = max(credit.open_minor - credit.asked_minor, 0)
    return render(
        "ar/receipts/refunds/new.html",
        credit=credit,
        form=form.at(
            "refund",
            amount=decimal_text(left, credit.currency) if left else "",
            payee_name=credit.payer_name or credit.customer_name,
            payee_account=credit.payer_account or "",
        ),
        left_minor=left,
        accounts=[("", _("Not specified")), *account_options(db(), actor().tenant_id, credit.currency)],
    )


@bp.get("/of/<uuid:credit_id>")
@staff(Permission.POST_LEDGER)
def new(credit_id: UUID) -> Page:
    """Shows the form for a refund out of this credit."""
    return _new_page(blank(), credit_id)


@bp.post("/of/<uuid:credit_id>")
@staff(Permission.POST_LEDGER)
@command_form(RequestRefund, page=_new_page, slot="refund", fields=FIELDS)
def create(data: RequestRefund, credit_id: UUID) -> Page:
    """Requests the refund."""
    refund_id = refunds.request_refund(db(), actor(), credit_id, data)
    return done(_("The refund awaits approval. Nothing is posted yet."), "refunds.show", refund_id=refund_id)


@bp.post("/<uuid:refund_id>/withdrawal")
@staff(Permission.POST_LEDGER)
@command_form(WithdrawRefund, page=_refund_page)
def withdraw(data: WithdrawRefund, refund_id: UUID) -> Page:
    """Withdraws the request."""
    refunds.withdraw_refund(db(), actor(), refund_id, data.reason)
    return done(_("The request is withdrawn."), "refunds.show", refund_id=refund_id)
