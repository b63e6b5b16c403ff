"""Pages of danger signals: what waits, one signal with its decision, noting one, the trend.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.exposure.accounts import customer_accounts
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.signals import OF_CUSTOMERS, RETAIL
from ar.credit.signals import commands, queries, texts
from ar.credit.signals.inputs import DecideSignal, NoteSignal
from kernel.i18n import gettext as _
from kernel.money import format_minor
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters, formatters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("signals", __name__, url_prefix="/signals")

DECISIONS = ("keep", "cut", "freeze")
FIELDS = {
    "signal_cut_to": "limit",
    "signal_not_lower": "limit",
    "amount_unreadable": "limit",
    "signal_no_limit": "decision",
}


@dataclass(frozen=True)
class SignalFilters:
    """Filters of the list."""

    state: str = filters.choice(*queries.STATES)
    code: str = filters.text(max_length=40)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the signals that wait for a decision, or those decided."""
    wanted, asked, path = filters.read(SignalFilters, request.args), read_page(request.args), url_for("signals.index")
    rows, total = queries.signals(
        db(), actor().tenant_id, state=wanted.state, code=wanted.code, offset=asked.offset, limit=asked.limit
    )
    options = [("waiting", _("Waiting for a decision")), ("decided", _("Decided")), ("all", _("All"))]
    return render(
        "ar/credit/signals/index.html",
        rows=rows,
        total=total,
        today=actor().today,
        state=wanted.state,
        code_name=texts.signal_name(wanted.code) if wanted.code else "",
        chips=filters.chips(wanted, "state", options, path),
        pager=asked.page(total, path, request.args),
        decisions=texts.DECISION_NAMES,
    )


@bp.get("/trend")
@staff(Permission.READ)
def trend() -> Page:
    """Shows how many signals came month by month, by kind."""
    found = queries.trend(db(), actor().tenant_id, actor().today)
    points = [
        {"label": month.strftime("%Y-%m"), "value": count, "text": formatters.number(count)}
        for month, count in zip(found.months, found.by_month, strict=True)
    ]
    return render("ar/credit/signals/trend.html", trend=found, points=points, signal_name=texts.signal_name)


def _show(form: Form[Any], signal_id: UUID) -> str:
    signal = queries.signal(db(), actor().tenant_id, signal_id)
    policy = credit_policy(db(), actor().tenant_id)
    accounts = customer_accounts(db(), actor().tenant_id, [signal.customer_id], policy, today=actor().today)
    account = accounts.own[signal.customer_id]
    if not form.values and signal.decision is None and signal.proposed_limit_minor is not None:
        proposed = format_minor(signal.proposed_limit_minor, account.currency)
        form = blank(limit=proposed, term_days=signal.proposed_term_days)
    return render(
        "ar/credit/signals/show.html",
        signal=signal,
        account=account,
        limit=account.limit,
        form=form,
        today=actor().today,
        decisions=texts.DECISION_NAMES,
        choices=[(code, _(texts.DECISION_NAMES[code][0]), _(texts.DECISION_HINTS[code])) for code in DECISIONS],
        approval_id=commands.waiting_cut(db(), actor().tenant_id, signal_id),
        may_decide=may(Permission.DECIDE_SIGNAL),
    )


@bp.get("/<uuid:signal_id>")
@staff(Permission.READ)
def show(signal_id: UUID) -> Page:
    """Shows a signal: what fired it, what is proposed, what was decided."""
    return _show(blank(), signal_id)


@bp.post("/<uuid:signal_id>/decision")
@staff(Permission.DECIDE_SIGNAL)
@command_form(DecideSignal, page=_show, fields=FIELDS)
def decide(data: DecideSignal, signal_id: UUID) -> Page:
    """Decides on a signal."""
    if commands.decide_signal(db(), actor(), signal_id, data):
        return done(_("The decision is recorded."), "signals.show", signal_id=signal_id)
    return done(_("The cut waits for the general manager."), "signals.show", signal_id=signal_id)


def _note_page(form: Form[Any], customer_id: UUID) -> str:
    return render(
        "ar/credit/signals/note.html",
        customer=queries.customer_label(db(), actor().tenant_id, customer_id),
        form=form,
        groups=[
            (_("Signals of a customer"), [(code, texts.signal_name(code)) for code in OF_CUSTOMERS]),
            (_("Signals of a retail outlet"), [(code, texts.signal_name(code)) for code in RETAIL]),
        ],
    )


@bp.get("/of/<uuid:customer_id>")
@staff(Permission.NOTE_SIGNAL)
def note(customer_id: UUID) -> Page:
    """Shows the signals of which one tap notes one."""
    return _note_page(blank(), customer_id)


@bp.post("/of/<uuid:customer_id>")
@staff(Permission.NOTE_SIGNAL)
@command_form(NoteSignal, page=_note_page)
def create(data: NoteSignal, customer_id: UUID) -> Page:
    """Notes a signal."""
    commands.note_signal(db(), actor(), customer_id, data)
    text = _("Noted: %(signal)s. Sales and finance decide on it within a working day.", signal=texts.signal_name(data.code))
    return done(text, "overview.customer", customer_id=customer_id)


