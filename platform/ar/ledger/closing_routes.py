"""The pages of closing: lock and unlock periods, and what the nightly examination found.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, request, url_for

from ar.ledger import closing, examining
from ar.ledger.books_tabs import books_tabs
from ar.ledger.inputs import AskUnlock, LockBooks
from ar.ledger.messages import MESSAGES
from ar.ledger.periods import locked_through
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.approvals.messages import MESSAGES as APPROVAL_MESSAGES
from tenants.approvals.queries import of_subject
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("closing", __name__, url_prefix="/books")

SENTENCES = MESSAGES | APPROVAL_MESSAGES


@dataclass(frozen=True)
class _Through:
    """The day whose checklist is shown."""

    through: date | None = filters.day()


@bp.get("/periods")
@staff(Permission.READ)
def periods() -> Page:
    """Through which day the books are locked, what happened before, and the next step."""
    return render("ar/ledger/periods.html", **_periods())


@bp.post("/periods")
@staff(Permission.LOCK_PERIOD)
def lock() -> Page:
    """Locks the books through a day."""
    form = read_form(LockBooks)
    if not form.ok:
        return invalid("ar/ledger/periods.html", **_periods(locking=form))
    try:
        closing.lock_books(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        form.errors["through_on"] = _sentence(error)
        return invalid("ar/ledger/periods.html", **_periods(locking=form))
    flash_ok(_("The books are locked through %(day)s.", day=form.data.through_on.isoformat()))
    return see_other(url_for("closing.periods"))


@bp.post("/periods/unlocking")
@staff(Permission.LOCK_PERIOD)
def ask_unlock() -> Page:
    """Asks for a period to be opened again."""
    form = read_form(AskUnlock)
    if form.error("form"):
        form.errors["back_to"] = form.errors.pop("form")
    if not form.ok:
        return invalid("ar/ledger/periods.html", **_periods(unlocking=form))
    try:
        closing.ask_unlock(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        form.errors["back_to"] = _sentence(error)
        return invalid("ar/ledger/periods.html", **_periods(unlocking=form))
    flash_ok(_("Asked. The period is open once it is approved."))
    return see_other(url_for("closing.periods"))


@bp.get("/examination")
@staff(Permission.READ_JOURNAL)
def examination() -> Page:
    """What the nightly examinations found."""
    runs = examining.runs(db(), actor().tenant_id)
    return render(
        "ar/ledger/examination.html",
        runs=runs,
        may_ask=may(Permission.LOCK_PERIOD),
        key=str(new_id()),
        tabs=books_tabs("examination"),
    )


@bp.post("/examination")
@staff(Permission.LOCK_PERIOD)
def examine() -> Page:
    """Has the books examined now, outside this request."""
    examining.ask(db(), actor(), request.form.get("key", ""))
    flash_ok(_("The books are being examined. The result stands here in a moment."))
    return see_other(url_for("closing.examination"))


def _sentence(error: RuleBroken | Conflict) -> str:
    """The refusal in words; raises it again when it has none here."""
    if error.code not in SENTENCES:
        raise error
    return _(SENTENCES[error.code], **error.params) if error.params else _(SENTENCES[error.code])


def _periods(*, locking: Form[Any] | None = None, unlocking: Form[Any] | None = None) -> dict[str, Any]:
    tenant_id = actor().tenant_id
    locked = locked_through(db(), tenant_id)
    asked = filters.read(_Through, request.args).through
    through = asked or closing.suggested_day(locked, actor().today)
    return {
        "tabs": books_tabs("periods"),
        "locked": locked,
        "through": through,
        "unread": filters.unread_days(_Through, request.args),
        "checklist": closing.checklist(db(), tenant_id, through),
        "history": closing.lock_history(db(), tenant_id),
        # A lock belongs to the whole company, so the company is the subject of the request to unlock.
        "waiting": [asked for asked in of_subject(db(), tenant_id, tenant_id) if asked.state == "pending"],
        "may_lock": may(Permission.LOCK_PERIOD),
        "locking": locking or blank(through_on=through.isoformat(), key=str(new_id())),
        "unlocking": unlocking or blank(),
    }
