"""Loads the timeline of a customer: journal, letters, tasks, withheld steps, mails and receipts in one order.

Invariant: one statement per page; a journal event is left out where a mail or an action has a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from ar.cases.lookups import STATE_TONES, explain_step, explain_withheld, reason_text, state_name, step_name
from ar.cases.models import Action, DayRun, StepTaken, WithheldStep
from ar.ledger.messages import KIND_NAMES
from ar.ledger.models import OpenItem
from ar.reports.journal.texts import event_kinds, event_name, event_text, event_tone, mail_names
from ar.statements.messages import DELIVERY_REASONS, MAIL_STATES
from kernel.db import columns
from kernel.i18n import current_language, mark, ngettext
from kernel.i18n import gettext as _
from kernel.journal import JournalEvent
from kernel.mail import MailMessage
from kernel.money import format_with_symbol
from kernel.views import DbRow

LINES_MAX: Final = 5
_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_CUSTOMER: Final = sa.bindparam("customer", type_=sa.Uuid)
MAIL_REASONS: Final[dict[str, str]] = {
    "superseded": mark("superseded by a newer statement"),
    "answered": mark("it has already been answered"),
    "link_closed": mark("sent again since, with a new link"),
    **DELIVERY_REASONS,
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the timeline. `whole_day`: only the date of `at` is known; `source`, `id`: the row it comes from."""

    source: str
    id: UUID | None
    at: datetime
    whole_day: bool
    title: str
    text: str
    why: str
    tone: str


@dataclass(frozen=True)
class Timeline:
    """One page of `total` entries, newest first."""

    entries: tuple[TimelineEntry, ...]
    total: int


def customer_timeline(
    db: Session, tenant_id: UUID, customer_id: UUID, timezone: str, *, offset: int = 0, limit: int = 25
) -> Timeline:
    """Returns one page of the timeline. `timezone` turns the dates of receipts into moments."""
    values = {"tenant": tenant_id, "customer": customer_id, "zone": timezone, "offset": offset, "limit": limit}
    rows = columns(db, _timeline_statement(), values).all()
    return Timeline(tuple(_ENTRY_BUILDERS[row.source](row) for row in rows), rows[0].total if rows else 0)


@cache
def _timeline_statement() -> sa.Select[Any]:
    """Returns the statement. Cached: building it costs more than running it."""
    sources = sa.union_all(_events(), _mails(), _actions(), _withheld_steps(), _receipts()).subquery("sources")
    page = (
        sa.select(sources, sa.func.count().over().label("total"))
        .order_by(sources.c.at.desc(), sources.c.id.desc())
        .offset(sa.bindparam("offset", type_=sa.Integer))
        .limit(sa.bindparam("limit", type_=sa.Integer))
        .subquery("page")
    )
    return sa.select(page, _steps(page).label("steps")).order_by(page.c.at.desc(), page.c.id.desc())


def _columns(source: str, row_id: Any, subject: Any, at: Any, kind: Any, who: Any, data: Any) -> tuple[Any, ...]:
    return (
        sa.literal_column(f"'{source}'").label("source"),
        sa.cast(row_id, sa.Uuid).label("id"),
        sa.cast(subject, sa.Uuid).label("subject_id"),
        sa.cast(at, sa.DateTime(timezone=True)).label("at"),
        sa.cast(kind, sa.Text).label("kind"),
        sa.cast(who, sa.Text).label("who"),
        sa.cast(data, JSONB).label("data"),
    )


def _json_object(**values: Any) -> Any:
    pairs: list[Any] = []
    for name, value in values.items():
        pairs += [sa.literal_column(f"'{name}'"), value]
    return sa.func.jsonb_build_object(*pairs)


def _literals(*words: str) -> list[sa.ColumnElement[str]]:
    """Returns constants as SQL literals: a list of parameters would be expanded anew for each request."""
    return [sa.literal_column(f"'{word}'", sa.Text) for word in words]


def _events() -> sa.Select[Any]:
    event = JournalEvent
    shown_elsewhere = [kind for kind, entry in event_kinds().items() if entry.row_of_its_own]
    shown_as_receipt = sa.and_(
        event.kind == "documents_posted",
        sa.func.coalesce(event.data["kind"].astext, "").in_(_literals("receipt", "credit_note")),
    )
    return sa.select(
        *_columns("event", event.id, event.subject_id, event.at, event.kind, event.actor_name, event.data)
    ).where(
        event.tenant_id == _TENANT,
        event.customer_id == _CUSTOMER,
        event.kind.not_in(_literals(*shown_elsewhere)),
        ~shown_as_receipt,
    )


def _mails() -> sa.Select[Any]:
    """Mails to the debtor; dunning letters appear as actions."""
    mail = MailMessage
    data = _json_object(subject=mail.subject, to=mail.to_address, reason=mail.reason, purpose=mail.purpose)
    at = sa.func.coalesce(mail.sent_at, mail.created_at)
    return sa.select(*_columns("mail", mail.id, mail.subject_id, at, mail.state, sa.literal(""), data)).where(
        mail.tenant_id == _TENANT, mail.customer_id == _CUSTOMER, mail.purpose.in_(_literals(*mail_names()))
    )


def _actions() -> sa.Select[Any]:
    """Each action once, at the time of its last change, with its mail's address."""
    action, mail = Action, MailMessage
    data = _json_object(
        state=action.state,
        items=action.items,
        minor=action.total_minor,
        currency=action.currency,
        number=action.number,
        reason=action.reason,
        to=mail.to_address,
    )
    at = sa.func.coalesce(action.delivered_at, action.decided_at, action.created_at)
    return (
        sa.select(
            *_columns("action", action.id, action.id, at, action.code, sa.func.coalesce(action.decided_by, ""), data)
        )
        .outerjoin(mail, sa.and_(mail.tenant_id == _TENANT, mail.id == action.mail_id))
        .where(action.tenant_id == _TENANT, action.customer_id == _CUSTOMER)
    )


def _withheld_steps() -> sa.Select[Any]:
    """One entry per run and reason, however many items were withheld."""
    withheld, run, item = WithheldStep, DayRun, OpenItem
    first = sa.func.min(sa.cast(withheld.id, sa.Text))
    data = _json_object(
        documents=sa.func.jsonb_agg(item.document_no), params=sa.cast(sa.func.jsonb_agg(withheld.params), JSONB)[0]
    )
    return (
        sa.select(*_columns("held", first, sa.null(), run.started_at, withheld.code, sa.literal(""), data))
        .join(run, sa.and_(run.tenant_id == withheld.tenant_id, run.id == withheld.run_id))
        .join(item, sa.and_(item.tenant_id == withheld.tenant_id, item.id == withheld.item_id))
        .where(withheld.tenant_id == _TENANT, withheld.customer_id == _CUSTOMER)
        .group_by(withheld.run_id, run.started_at, withheld.code)
    )


def _receipts() -> sa.Select[Any]:
    item = OpenItem
    data = _json_object(
        document_no=item.document_no, minor=item.amount_minor, currency=item.currency, open=item.open_minor
    )
    at = sa.func.timezone(sa.bindparam("zone", type_=sa.Text), sa.cast(item.document_on, sa.DateTime(timezone=False)))
    return sa.select(*_columns("receipt", item.id, item.id, at, item.kind, sa.literal(""), data)).where(
        item.tenant_id == _TENANT, item.customer_id == _CUSTOMER, item.side < 0, item.kind != "reversal"
    )


def _steps(page: sa.Subquery) -> sa.ScalarSelect[Any]:
    """Returns [[document, code, why_code, why_params], …] of an action, the highest level first, as JSON."""
    step, item = StepTaken, OpenItem
    first = (
        sa.select(item.document_no, step.code, step.why_code, step.why_params)
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .where(step.tenant_id == _TENANT, page.c.source == "action", step.action_id == page.c.id)
        .correlate(page)
        .order_by(step.level.desc(), item.due_on, item.document_no)
        .limit(LINES_MAX)
        .subquery("first_steps")
    )
    line = sa.func.jsonb_build_array(*first.c)
    return sa.select(sa.func.jsonb_agg(line)).scalar_subquery()


def _money(data: dict[str, Any]) -> str:
    return format_with_symbol(int(data["minor"]), data["currency"], current_language())


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


def _event_entry(row: DbRow) -> TimelineEntry:
    text = _joined(event_text(row.kind, row.data), row.who)
    return TimelineEntry(
        source="event",
        id=row.subject_id,
        at=row.at,
        whole_day=False,
        title=event_name(row.kind),
        text=text,
        why="",
        tone=event_tone(row.kind),
    )


def _mail_entry(row: DbRow) -> TimelineEntry:
    reason = row.data["reason"]
    why = (_(MAIL_REASONS[reason]) if reason in MAIL_REASONS else reason_text(reason)) if reason else ""
    tone = {"sent": "ok", "failed": "late", "unknown": "late"}.get(row.kind, "")
    text = _joined(row.data["subject"], row.data["to"], _(MAIL_STATES[row.kind]))
    return TimelineEntry(
        source="mail",
        id=row.subject_id,
        at=row.at,
        whole_day=False,
        title=_(mail_names()[row.data["purpose"]]),
        text=text,
        why=why,
        tone=tone,
    )


def _action_entry(row: DbRow) -> TimelineEntry:
    data = row.data
    items = ngettext("%(num)s document", "%(num)s documents", data["items"])
    text = _joined(
        state_name(data["state"]),
        data["number"],
        f"{items}, {_money(data)}",
        data["to"],
        row.who,
        reason_text(data["reason"]),
    )
    steps = row.steps or []
    whys = dict.fromkeys(explain_step(code, params) for _number, _code, code, params in steps)
    return TimelineEntry(
        source="action",
        id=row.id,
        at=row.at,
        whole_day=False,
        title=step_name(row.kind),
        text=text,
        why=" ".join(list(whys)[:2]),
        tone=STATE_TONES.get(data["state"], ""),
    )


def _withheld_entry(row: DbRow) -> TimelineEntry:
    documents = sorted(row.data["documents"])
    text = ", ".join(documents[:LINES_MAX])
    if len(documents) > LINES_MAX:
        text = _("%(documents)s and %(count)s more", documents=text, count=len(documents) - LINES_MAX)
    why = explain_withheld(row.kind, row.data["params"])
    return TimelineEntry(
        source="held",
        id=None,
        at=row.at,
        whole_day=False,
        title=_("Step withheld"),
        text=text,
        why=why,
        tone=STATE_TONES["held"],
    )


def _receipt_entry(row: DbRow) -> TimelineEntry:
    data = row.data
    kind = _(KIND_NAMES[row.kind]) if row.kind in KIND_NAMES else row.kind
    unapplied = {"minor": data["open"], "currency": data["currency"]}
    why = _("%(amount)s of it is not applied.", amount=_money(unapplied)) if data["open"] else ""
    return TimelineEntry(
        source="receipt",
        id=row.id,
        at=row.at,
        whole_day=True,
        title=f"{kind} {data['document_no']}",
        text=_money(data),
        why=why,
        tone="ok",
    )


_ENTRY_BUILDERS: Final = {
    "event": _event_entry,
    "mail": _mail_entry,
    "action": _action_entry,
    "held": _withheld_entry,
    "receipt": _receipt_entry,
}
