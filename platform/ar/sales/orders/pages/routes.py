"""Pages of orders: the list, one order, its print.

Invariant: parse, authorise, one command or one query, render. The form is in `form_routes`, what is done with an order
in `step_routes`, what it asks of credit in `credit_routes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.lookups import (
    CHECK_NAMES,
    PART_LABELS,
    PROOF_NAMES,
    PROOF_STATES,
    credit_strip,
    decision_text,
)
from ar.credit.rules.commitment import stages_of
from ar.credit.rules.decision import Decision
from ar.sales.line_forms import plain, price_text
from ar.sales.orders.facts import ENDED, preview_check
from ar.sales.orders.messages import CHECKPOINT_NAMES, DELIVERY_STATE_NAMES, REQUEST_STATE_NAMES, STATE_NAMES
from ar.sales.orders.pages import queries
from ar.sales.orders.pages.history import history_entry
from kernel.i18n import gettext as _
from kernel.uploads import ACCEPT_PICTURES
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, flash_error, flash_ok, render, see_other

bp = Blueprint("orders", __name__, url_prefix="/orders")

WORDS: dict[str, Any] = {
    "states": STATE_NAMES,
    "checks": CHECK_NAMES,
    "checkpoints": CHECKPOINT_NAMES,
    "proof_names": PROOF_NAMES,
    "proof_states": PROOF_STATES,
    "request_states": REQUEST_STATE_NAMES,
    "delivery_states": DELIVERY_STATE_NAMES,
    "plain": plain,
    "price_text": price_text,
}
#: How long an over-limit request is proposed to hold.
REQUEST_DAYS = 30


@dataclass(frozen=True)
class OrderFilters:
    """Filters of the list in the URL."""

    q: str = filters.text()
    state: str = filters.choice("all", *STATE_NAMES)
    mine: bool = filters.flag()


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists orders, the newest first, with the reasons that hold them."""
    wanted, asked, path = filters.read(OrderFilters, request.args), read_page(request.args), url_for("orders.index")
    rows, counts = queries.order_list(
        db(), actor(), q=wanted.q, state=wanted.state, mine=wanted.mine, offset=asked.offset, limit=asked.limit
    )
    every = sum(counts.values())
    total = every if wanted.state == "all" else counts.get(wanted.state, 0)
    options = [("all", _("All"), every), *_state_options(counts)]
    return render(
        "ar/sales/orders/pages/index.html",
        rows=rows,
        total=total,
        wanted=wanted,
        chips=filters.chips(wanted, "state", options, path),
        owners=filters.chips(wanted, "mine", [(False, _("All customers")), (True, _("My customers"))], path),
        pager=asked.page(total, path, request.args),
        may_edit=may(Permission.EDIT_ORDERS),
        **WORDS,
    )


def _state_options(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    return [(code, _(name), counts.get(code, 0)) for code, (name, _tone) in STATE_NAMES.items()]


def order_page(form: Form[Any], order_id: UUID) -> str:
    """Renders an order; `form` fills its slot: short, cancelling, reopening, billing, request or proof."""
    page = queries.order_page(db(), actor(), order_id)
    decision = None if page.row.state in ENDED else preview_check(db(), actor(), order_id)
    invoices = [(str(each.entry_id), f"{each.document_no} · {each.document_on}") for each in page.offered]
    until_on = actor().today + timedelta(days=REQUEST_DAYS)
    return render(
        "ar/sales/orders/pages/show.html",
        page=page,
        order=page.row,
        found=decision_text(decision) if decision is not None else None,
        strip=credit_strip(db(), actor().tenant_id, page.row.customer_id, actor().today),
        part_labels=PART_LABELS,
        short=form.at("short"),
        cancelling=form.at("cancelling"),
        reopening=form.at("reopening"),
        billing=form.at("billing"),
        asking=form.at("request", valid_until_on=until_on.isoformat()),
        proving=form.at("proof"),
        may_edit=may(Permission.EDIT_ORDERS),
        may_bill=may(Permission.POST_LEDGER),
        committed_minor=stages_of(page.amounts).total_minor,
        history=[history_entry(each) for each in page.decisions],
        invoice_choices=invoices,
        proof_choices=[(code, _(name), "") for code, name in PROOF_NAMES.items()],
        proof_accept=ACCEPT_PICTURES,
        **WORDS,
    )


def told(decision: Decision, order_id: UUID, released: str, held: str) -> Page:
    """Says what the checks answered, and shows the order."""
    (flash_ok if decision.passes else flash_error)(released if decision.passes else held)
    return see_other(url_for("orders.show", order_id=order_id))


@bp.get("/<uuid:order_id>")
@staff(Permission.READ)
def show(order_id: UUID) -> Page:
    """Shows one order with what the checks answer to it now."""
    return order_page(blank(), order_id)


@bp.get("/<uuid:order_id>/print")
@staff(Permission.READ)
def sheet(order_id: UUID) -> Page:
    """Shows an order as a sheet of paper."""
    return render("ar/sales/orders/pages/sheet.html", page=queries.order_page(db(), actor(), order_id), **WORDS)
