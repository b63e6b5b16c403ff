"""What comes after the writing off: the tracking list, recoveries, events; and the cash that is expected to come in.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from ar.losses.bad_debts import queries
from ar.losses.bad_debts import recoveries as recovering
from ar.losses.bad_debts.case_routes import TAKE_BACK_FIELDS, case_page
from ar.losses.bad_debts.inputs import AddEvent, RecoverCredit, RecoverMoney, UnapplyAllocation
from ar.losses.forms import WORDS
from ar.losses.tabs import losses_tabs
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
    """Whether debts that came back wholly are listed too."""

    settled: bool = filters.flag()


@dataclass(frozen=True)
class ExpectedFilters:
    """As of which day."""

    as_of: date | None = filters.day()


@bp.get("/written-off")
@staff(Permission.READ)
def tracking() -> Page:
    """Written-off debts per customer: they are pursued still."""
    wanted = filters.read(TrackingFilters, request.args)
    rows = queries.tracked(db(), actor().tenant_id, settled=wanted.settled)
    return render(
        "ar/losses/bad_debts/tracking.html", rows=rows, wanted=wanted, tabs=losses_tabs("recoveries.tracking"), **WORDS
    )


@bp.get("/expected-cash")
@staff(Permission.READ)
def expected_cash() -> Page:
    """What of the open debts is expected to come in."""
    wanted = filters.read(ExpectedFilters, request.args)
    page = queries.expected_cash(db(), actor().tenant_id, wanted.as_of or actor().today)
    return render(
        "ar/losses/bad_debts/expected_cash.html", page=page, tabs=losses_tabs("recoveries.expected_cash"), **WORDS
    )


@bp.post("/<uuid:bad_debt_id>/receipts")
@staff(Permission.POST_LEDGER)
@command_form(RecoverMoney, page=case_page, slot="money", fields=MONEY_FIELDS)
def money(data: RecoverMoney, bad_debt_id: UUID) -> Page:
    """Books money that arrived for a written-off debt."""
    recovering.recover_money(db(), actor(), bad_debt_id, data)
    return done(_("The recovery is booked."), "bad_debts.show", bad_debt_id=bad_debt_id)


@bp.post("/<uuid:bad_debt_id>/credits")
@staff(Permission.POST_LEDGER)
@command_form(RecoverCredit, page=case_page, slot="credit", fields=CREDIT_FIELDS)
def credit(data: RecoverCredit, bad_debt_id: UUID) -> Page:
    """Takes an unapplied receipt for a written-off debt."""
    recovering.recover_credit(db(), actor(), bad_debt_id, data)
    return done(_("The recovery is booked."), "bad_debts.show", bad_debt_id=bad_debt_id)


@bp.post("/<uuid:bad_debt_id>/events")
@staff(Permission.PROPOSE_BAD_DEBT)
@command_form(AddEvent, page=case_page, slot="event", fields=EVENT_FIELDS)
def event(data: AddEvent, bad_debt_id: UUID) -> Page:
    """Notes what happened with a written-off debt."""
    recovering.add_event(db(), actor(), bad_debt_id, data)
    return done(_("It is noted."), "bad_debts.show", bad_debt_id=bad_debt_id)


def _page_of_recovery(form: Form[Any], recovery_id: UUID) -> str:
    return case_page(form, queries.case_of_recovery(db(), actor().tenant_id, recovery_id))


@bp.post("/recoveries/<uuid:recovery_id>/reversal")
@staff(Permission.POST_LEDGER)
@command_form(UnapplyAllocation, page=_page_of_recovery, slot="undoing", fields=TAKE_BACK_FIELDS)
def undo(data: UnapplyAllocation, recovery_id: UUID) -> Page:
    """Takes a recovery back; its money stays as an unapplied credit."""
    bad_debt_id = queries.case_of_recovery(db(), actor().tenant_id, recovery_id)
    recovering.undo_recovery(db(), actor(), recovery_id, data)
    text = _("The recovery is taken back; the money is an unapplied credit.")
    return done(text, "bad_debts.show", bad_debt_id=bad_debt_id)
