"""Pages of closing: locking and unlocking periods, findings of the nightly examinations.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, request

from ar.ledger.books.period_lock import locked_through
from ar.ledger.closing import commands, queries
from ar.ledger.closing.audit.runs import examination_runs, request_examination
from ar.ledger.closing.inputs import LockBooks, RequestUnlock
from ar.ledger.closing.tabs import books_tabs
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.approvals.queries import of_subject
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

bp = Blueprint("closing", __name__, url_prefix="/books")


@dataclass(frozen=True)
class _Through:
    """The day whose checklist the address requests; None: the suggested day."""

    through: date | None = filters.day()


def _periods_page(form: Form[Any]) -> str:
    """Renders the periods; `form` comes back in its slot: locking or unlocking."""
    tenant_id = actor().tenant_id
    locked = locked_through(db(), tenant_id)
    through = filters.read(_Through, request.args).through or queries.suggested_lock_day(locked, actor().today)
    return render(
        "ar/ledger/closing/periods.html",
        tabs=books_tabs("closing.periods"),
        locked=locked,
        through=through,
        unread=filters.unread_days(_Through, request.args),
        checklist=queries.checklist(db(), tenant_id, through),
        history=queries.lock_history(db(), tenant_id),
        # A lock belongs to the whole company, so the company is the subject of the request to unlock.
        waiting=[unlock for unlock in of_subject(db(), tenant_id, tenant_id) if unlock.state == "pending"],
        may_lock=may(Permission.LOCK_PERIOD),
        locking=form.at("locking", through_on=through.isoformat(), key=str(new_id())),
        unlocking=form.at("unlocking"),
    )


@bp.get("/periods")
@staff(Permission.READ_BOOKS)
def periods() -> Page:
    """Shows the locked period, the history of locks and the checklist for the next one."""
    return _periods_page(blank())


@bp.post("/periods")
@staff(Permission.LOCK_PERIOD)
@command_form(LockBooks, page=_periods_page, slot="locking", otherwise="through_on")
def lock(data: LockBooks) -> Page:
    """Locks the books through a day."""
    commands.lock_books(db(), actor(), data)
    return done(_("The books are locked through %(day)s.", day=data.through_on.isoformat()), "closing.periods")


@bp.post("/periods/unlocking")
@staff(Permission.LOCK_PERIOD)
@command_form(RequestUnlock, page=_periods_page, slot="unlocking", otherwise="back_to")
def ask_unlock(data: RequestUnlock) -> Page:
    """Requests to unlock a period."""
    commands.request_unlock(db(), actor(), data)
    return done(_("Requested. The period opens once approved."), "closing.periods")


@bp.get("/examination")
@staff(Permission.READ_JOURNAL)
def examination() -> Page:
    """Shows the findings of the latest examinations."""
    return render(
        "ar/ledger/closing/examination.html",
        runs=examination_runs(db(), actor().tenant_id),
        may_ask=may(Permission.LOCK_PERIOD),
        key=str(new_id()),
        tabs=books_tabs("closing.examination"),
    )


@bp.post("/examination")
@staff(Permission.LOCK_PERIOD)
def examine() -> Page:
    """Queues an examination of the books."""
    request_examination(db(), actor(), request.form.get("key", ""))
    return done(_("The books are being examined. The result will appear here shortly."), "closing.examination")
