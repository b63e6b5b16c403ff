"""Serves written-off debts: their list, recoveries, events; and the expected cash.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from ar.losses.bad_debts import queries, recoveries
from ar.losses.bad_debts.case_routes import REVERSAL_FIELDS, case_page
from ar.losses.bad_debts.inputs import AddEvent, RecoverCredit, RecoverMoney
from ar.losses.inputs import ReverseLoss
from ar.losses.tabs import losses_tabs
from ar.losses.texts import WORDS
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form
from web.responses import Page, render

bp = Blueprint("recoveries", __name__, url_prefix="/losses")

MONEY_FIELDS = {
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "recovery_too_much": "amount",
    "allocation_exceeds_open": "amount",
    "recovery_day": "received_on",
    "period_locked": "received_on",
}
CREDIT_FIELDS = {"recovery_credit": "from_credit", "period_locked": "from_credit"}
EVENT_FIELDS = {
    "event_in_future": "happened_on",
    "promise_day_needed": "promised_on",
    "promise_currency_needed": "promised_currency",
    "amount_unreadable": "promised",
    "amount_not_positive": "promised",
}


@dataclass(frozen=True)
class TrackingFilters:
    """Filters of the list. `settled`: with debts recovered in full."""

    settled: bool = filters.flag()


@dataclass(frozen=True)
class ExpectedFilters:
    """As-of date of the expected cash; empty: today."""

    as_of: date | None = filters.day()


@bp.get("/written-off")
@staff(Permission.READ_CLAIMS)
def tracking() -> Page:
    """Lists the written-off debts per customer."""
    wanted = filters.read(TrackingFilters, request.args)
    rows = queries.written_off_debts(db(), actor().tenant_id, settled=wanted.settled)
    return render(
        "ar/losses/bad_debts/tracking.html", rows=rows, wanted=wanted, tabs=losses_tabs("recoveries.tracking"), **WORDS
    )


@bp.get("/expected-cash")
@staff(Permission.READ_CLAIMS)
def expected_cash() -> Page:
    """Shows the cash expected from open debts."""
    wanted = filters.read(ExpectedFilters, request.args)
    page = queries.expected_cash(db(), actor().tenant_id, wanted.as_of or actor().today)
    return render(
        "ar/losses/bad_debts/expected_cash.html", page=page, tabs=losses_tabs("recoveries.expected_cash"), **WORDS
    )


@bp.post("/<uuid:bad_debt_id>/receipts", endpoint="money")
@staff(Permission.POST_LEDGER)
@command_form(RecoverMoney, page=case_page, slot="money", fields=MONEY_FIELDS)
def recover_money(data: RecoverMoney, bad_debt_id: UUID) -> Page:
    """Posts money received for a written-off debt."""
    recoveries.recover_money(db(), actor(), bad_debt_id, data)
    return done(_("The recovery is posted."), "bad_debts.show", bad_debt_id=bad_debt_id)


@bp.post("/<uuid:bad_debt_id>/credits", endpoint="credit")
@staff(Permission.POST_LEDGER)
@command_form(RecoverCredit, page=case_page, slot="credit", fields=CREDIT_FIELDS)
def recover_credit(data: RecoverCredit, bad_debt_id: UUID) -> Page:
    """Applies an unapplied receipt to a written-off debt."""
    recoveries.recover_credit(db(), actor(), bad_debt_id, data)
    return done(_("The recovery is posted."), "bad_debts.show", bad_debt_id=bad_debt_id)


@bp.post("/<uuid:bad_debt_id>/events", endpoint="event")
@staff(Permission.PROPOSE_BAD_DEBT)
@command_form(AddEvent, page=case_page, slot="event", fields=EVENT_FIELDS)
def add_event(data: AddEvent, bad_debt_id: UUID) -> Page:
    """Records an event of a written-off debt."""
    recoveries.add_event(db(), actor(), bad_debt_id, data)
    return done(_("It has been recorded."), "bad_debts.show", bad_debt_id=bad_debt_id)


def _page_of_recovery(form: Form[Any], recovery_id: UUID) -> str:
    return case_page(form, queries.case_of_recovery(db(), actor().tenant_id, recovery_id))


@bp.post("/recoveries/<uuid:recovery_id>/reversal", endpoint="undo")
@staff(Permission.POST_LEDGER)
@command_form(ReverseLoss, page=_page_of_recovery, slot="undoing", fields=REVERSAL_FIELDS)
def reverse(data: ReverseLoss, recovery_id: UUID) -> Page:
    """Reverses a recovery; its money stays as an unapplied credit."""
    bad_debt_id = queries.case_of_recovery(db(), actor().tenant_id, recovery_id)
    recoveries.reverse_recovery(db(), actor(), recovery_id, data)
    text = _("The recovery is reversed; the money is an unapplied credit.")
    return done(text, "bad_debts.show", bad_debt_id=bad_debt_id)
