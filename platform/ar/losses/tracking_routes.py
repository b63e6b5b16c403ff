"""What comes after the writing off: the tracking list, recoveries, events; and the cash that is expected to come in.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.losses import queries, recovering
from ar.losses.bad_debt_routes import CASE, case_values
from ar.losses.inputs import AddEvent, RecoverCredit, RecoverMoney, TakeBack
from ar.losses.tabs import losses_tabs
from ar.losses.wording import WORDS, put_error
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import read_form
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("recoveries", __name__, url_prefix="/losses")


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
    return render("ar/losses/tracking.html", rows=rows, wanted=wanted, tabs=losses_tabs("tracking"), **WORDS)


@bp.get("/expected-cash")
@staff(Permission.READ)
def expected_cash() -> Page:
    """What of the open debts is expected to come in."""
    wanted = filters.read(ExpectedFilters, request.args)
    page = queries.expected_cash(db(), actor().tenant_id, wanted.as_of or actor().today)
    return render("ar/losses/expected.html", page=page, tabs=losses_tabs("expected"), **WORDS)


@bp.post("/<uuid:bad_debt_id>/receipts")
@staff(Permission.POST_LEDGER)
def money(bad_debt_id: UUID) -> Page:
    """Books money that arrived for a written-off debt."""
    form = read_form(RecoverMoney)
    if not form.ok:
        return invalid(CASE, **case_values(bad_debt_id, money=form))
    try:
        recovering.recover_money(db(), actor(), bad_debt_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error)
        return invalid(CASE, **case_values(bad_debt_id, money=form))
    flash_ok(_("The recovery is booked."))
    return see_other(url_for("bad_debts.show", bad_debt_id=bad_debt_id))


@bp.post("/<uuid:bad_debt_id>/credits")
@staff(Permission.POST_LEDGER)
def credit(bad_debt_id: UUID) -> Page:
    """Takes an unapplied receipt for a written-off debt."""
    form = read_form(RecoverCredit)
    if not form.ok:
        return invalid(CASE, **case_values(bad_debt_id, credit=form))
    try:
        recovering.recover_credit(db(), actor(), bad_debt_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, period_locked="from_credit")
        return invalid(CASE, **case_values(bad_debt_id, credit=form))
    flash_ok(_("The recovery is booked."))
    return see_other(url_for("bad_debts.show", bad_debt_id=bad_debt_id))


@bp.post("/<uuid:bad_debt_id>/events")
@staff(Permission.PROPOSE_BAD_DEBT)
def event(bad_debt_id: UUID) -> Page:
    """Notes what happened with a written-off debt."""
    form = read_form(AddEvent)
    if not form.ok:
        return invalid(CASE, **case_values(bad_debt_id, event=form))
    try:
        recovering.add_event(db(), actor(), bad_debt_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, amount_unreadable="promised", amount_not_positive="promised")
        return invalid(CASE, **case_values(bad_debt_id, event=form))
    flash_ok(_("It is noted."))
    return see_other(url_for("bad_debts.show", bad_debt_id=bad_debt_id))


@bp.post("/recoveries/<uuid:recovery_id>/reversal")
@staff(Permission.POST_LEDGER)
def undo(recovery_id: UUID) -> Page:
    """Takes a recovery back; its money stays as an unapplied credit."""
    bad_debt_id = queries.case_of_recovery(db(), actor().tenant_id, recovery_id)
    form = read_form(TakeBack)
    if not form.ok:
        return invalid(CASE, **case_values(bad_debt_id, undoing=form))
    try:
        recovering.undo_recovery(db(), actor(), recovery_id, form.data)
    except (RuleBroken, Conflict) as error:
        put_error(form, error, period_locked="effective_on")
        return invalid(CASE, **case_values(bad_debt_id, undoing=form))
    flash_ok(_("The recovery is taken back; the money is an unapplied credit."))
    return see_other(url_for("bad_debts.show", bad_debt_id=bad_debt_id))
