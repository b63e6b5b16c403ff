"""The timeline of one customer: journal, letters and tasks with their reasons, holds, mails and receipts in one order.

May import the slices below it and kernel. Invariant: one statement for a page of it; what the row of a mail or an
action tells is not told again by the journal's events about it.
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

from ar.cases.lookups import STATE_TONES, reason_text, state_name, step_name, why_held, why_step
from ar.cases.models import Action, DayRun, Step, WithheldStep
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
    "superseded": mark("a newer statement has taken its place"),
    "answered": mark("it was answered before"),
    **DELIVERY_REASONS,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened or was left. `whole_day`: only the day of `at` is known; `source`, `id`: of what."""

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
    """One page, newest first, of `total` entries."""

    entries: tuple[Entry, ...]
    total: int


def customer_timeline(
    db: Session, tenant_id: UUID, customer_id: UUID, timezone: str, *, offset: int = 0, limit: int = 25
) -> Timeline:
    """A page of what happened with a customer. `timezone` places receipts, of which the day alone is known."""
    values = {"tenant": tenant_id, "customer": customer_id, "zone": timezone, "offset": offset, "limit": limit}
    rows = columns(db, _reading(), values).all()
    return Timeline(tuple(_MAKERS[row.source](row) for row in rows), rows[0].total if rows else 0)


@cache
def _reading() -> sa.Select[Any]:
    """The statement, built once: building it costs more than running it."""
    sources = sa.union_all(_events(), _mails(), _actions(), _holds(), _receipts()).subquery("sources")
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


def _object(**values: Any) -> Any:
    pairs: list[Any] = []
    for name, value in values.items():
        pairs += [sa.literal_column(f"'{name}'"), value]
    return sa.func.jsonb_build_object(*pairs)


def _texts(*words: str) -> list[sa.ColumnElement[str]]:
    """Words of our own as they stand: a list of parameters would be written out anew for each request."""
    return [sa.literal_column(f"'{word}'", sa.Text) for word in words]


def _events() -> sa.Select[Any]:
    j = JournalEvent
    told_elsewhere = [kind for kind, event in event_kinds().items() if event.row_of_its_own]
    shown_as_receipt = sa.and_(
        j.kind == "documents_posted", sa.func.coalesce(j.data["kind"].astext, "").in_(_texts("receipt", "credit_note"))
    )
    return sa.select(*_columns("event", j.id, j.subject_id, j.at, j.kind, j.actor_name, j.data)).where(
        j.tenant_id == _TENANT,
        j.customer_id == _CUSTOMER,
        j.kind.not_in(_texts(*told_elsewhere)),
        ~shown_as_receipt,
    )


def _mails() -> sa.Select[Any]:
    """Mails to the debtor; letters of demand are told by their actions."""
    m = MailMessage
    data = _object(subject=m.subject, to=m.to_address, reason=m.reason, purpose=m.purpose)
    at = sa.func.coalesce(m.sent_at, m.created_at)
    return sa.select(*_columns("mail", m.id, m.subject_id, at, m.state, sa.literal(""), data)).where(
        m.tenant_id == _TENANT, m.customer_id == _CUSTOMER, m.purpose.in_(_texts(*mail_names()))
    )


def _actions() -> sa.Select[Any]:
    """Each action once, at the moment of the last thing that became of it, with its mail's address."""
    a, m = Action, MailMessage
    data = _object(
        state=a.state,
        items=a.items,
        minor=a.total_minor,
        currency=a.currency,
        number=a.number,
        reason=a.reason,
        to=m.to_address,
    )
    at = sa.func.coalesce(a.delivered_at, a.decided_at, a.created_at)
    return (
        sa.select(*_columns("action", a.id, a.id, at, a.code, sa.func.coalesce(a.decided_by, ""), data))
        .outerjoin(m, sa.and_(m.tenant_id == _TENANT, m.id == a.mail_id))
        .where(a.tenant_id == _TENANT, a.customer_id == _CUSTOMER)
    )


def _holds() -> sa.Select[Any]:
    """One entry for a run and reason, however many items it held."""
    h, r, i = WithheldStep, DayRun, OpenItem
    first = sa.func.min(sa.cast(h.id, sa.Text))
    data = _object(documents=sa.func.jsonb_agg(i.document_no), params=sa.cast(sa.func.jsonb_agg(h.params), JSONB)[0])
    return (
        sa.select(*_columns("held", first, sa.null(), r.started_at, h.code, sa.literal(""), data))
        .join(r, sa.and_(r.tenant_id == h.tenant_id, r.id == h.run_id))
        .join(i, sa.and_(i.tenant_id == h.tenant_id, i.id == h.item_id))
        .where(h.tenant_id == _TENANT, h.customer_id == _CUSTOMER)
        .group_by(h.run_id, r.started_at, h.code)
    )


def _receipts() -> sa.Select[Any]:
    i = OpenItem
    data = _object(document_no=i.document_no, minor=i.amount_minor, currency=i.currency, open=i.open_minor)
    at = sa.func.timezone(sa.bindparam("zone", type_=sa.Text), sa.cast(i.document_on, sa.DateTime(timezone=False)))
    return sa.select(*_columns("receipt", i.id, i.id, at, i.kind, sa.literal(""), data)).where(
        i.tenant_id == _TENANT, i.customer_id == _CUSTOMER, i.side < 0, i.kind != "reversal"
    )


def _steps(page: sa.Subquery) -> sa.ScalarSelect[Any]:
    """[[document, code, why_code, why_params], …] of an action, the highest level first, as JSON."""
    s, i = Step, OpenItem
    some = (
        sa.select(i.document_no, s.code, s.why_code, s.why_params)
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .where(s.tenant_id == _TENANT, page.c.source == "action", s.action_id == page.c.id)
        .correlate(page)
        .order_by(s.level.desc(), i.due_on, i.document_no)
        .limit(LINES_MAX)
        .subquery("some")
    )
    line = sa.func.jsonb_build_array(*some.c)
    return sa.select(sa.func.jsonb_agg(line)).scalar_subquery()


def _money(data: dict[str, Any]) -> str:
    return format_with_symbol(int(data["minor"]), data["currency"], current_language())


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


def _event(row: DbRow) -> Entry:
    text = _joined(event_text(row.kind, row.data), row.who)
    return Entry(
        source="event",
        id=row.subject_id,
        at=row.at,
        whole_day=False,
        title=event_name(row.kind),
        text=text,
        why="",
        tone=event_tone(row.kind),
    )


def _mail(row: DbRow) -> Entry:
    reason = row.data["reason"]
    why = (_(MAIL_REASONS[reason]) if reason in MAIL_REASONS else reason_text(reason)) if reason else ""
    tone = {"sent": "ok", "failed": "late", "unknown": "late"}.get(row.kind, "")
    text = _joined(row.data["subject"], row.data["to"], _(MAIL_STATES[row.kind]))
    return Entry(
        source="mail",
        id=row.subject_id,
        at=row.at,
        whole_day=False,
        title=_(mail_names()[row.data["purpose"]]),
        text=text,
        why=why,
        tone=tone,
    )


def _action(row: DbRow) -> Entry:
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
    whys = dict.fromkeys(why_step(code, params) for _number, _code, code, params in steps)
    return Entry(
        source="action",
        id=row.id,
        at=row.at,
        whole_day=False,
        title=step_name(row.kind),
        text=text,
        why=" ".join(list(whys)[:2]),
        tone=STATE_TONES.get(data["state"], ""),
    )


def _held(row: DbRow) -> Entry:
    documents = sorted(row.data["documents"])
    text = ", ".join(documents[:LINES_MAX])
    if len(documents) > LINES_MAX:
        text = _("%(documents)s and %(count)s more", documents=text, count=len(documents) - LINES_MAX)
    why = why_held(row.kind, row.data["params"])
    return Entry("held", None, row.at, False, _("Step held"), text, why, STATE_TONES["held"])


def _receipt(row: DbRow) -> Entry:
    data = row.data
    kind = _(KIND_NAMES[row.kind]) if row.kind in KIND_NAMES else row.kind
    left = {"minor": data["open"], "currency": data["currency"]}
    why = _("%(amount)s of it is not applied.", amount=_money(left)) if data["open"] else ""
    return Entry(
        source="receipt",
        id=row.id,
        at=row.at,
        whole_day=True,
        title=f"{kind} {data['document_no']}",
        text=_money(data),
        why=why,
        tone="ok",
    )


_MAKERS: Final = {"event": _event, "mail": _mail, "action": _action, "held": _held, "receipt": _receipt}
