"""The lists of the Today page: what waits to go out, statements unanswered, items held and why.

May import the slices below it and kernel. Invariant: two statements for all three lists, each list bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.lookups import step_name, why_held, why_step
from ar.cases.models import Action, LadderState, Step, WithheldStep
from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.statements.models import Confirmation, Statement
from kernel.clock import local_date
from kernel.views import LATER, DbRow, select_view, value, view

ROWS_MAX: Final = 8
SIDE_ROWS_MAX: Final = 6
#: Form and state of an action that somebody has to look at or do.
WAITING: Final = (
    ("letter", "proposed"),
    ("call", "proposed"),
    ("call", "approved"),
    ("task", "proposed"),
    ("task", "approved"),
)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A letter, call or task that waits; `days` overdue and `why` are those of its leading item."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    form: str
    code: str
    level: int
    items: int
    currency: str
    total_minor: int
    days: int
    why: str

    @property
    def name(self) -> str:
        """The step in words."""
        return step_name(self.code)


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """A statement sent and not answered; `waiting_days` since it was issued."""

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    currency: str
    closing_minor: int
    respond_by_on: date | None
    waiting_days: int
    late: bool


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An overdue item whose step waits for something."""

    item_id: UUID
    document_no: str
    customer_id: UUID
    customer_name: str
    currency: str
    open_minor: int
    why: str


def queue_rows(db: Session, tenant_id: UUID, today: date) -> tuple[QueueRow, ...]:
    """What waits, the highest level first, with the leading item's reason: the one highest up, then the oldest."""
    action, customer, step, item = Action, Customer, Step, OpenItem
    first = (
        sa.select(action)
        .where(action.tenant_id == tenant_id, sa.tuple_(action.form, action.state).in_(WAITING))
        .order_by(action.level.desc(), action.total_minor.desc(), action.id)
        .limit(ROWS_MAX)
        .subquery("first")
    )
    leading = (
        sa.select(step.why_code, step.why_params, item.due_on)
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .where(step.tenant_id == tenant_id, step.action_id == first.c.id)
        .order_by(step.level.desc(), item.due_on, item.id)
        .limit(1)
        .lateral("leading")
    )
    f = first.c
    rows = db.execute(
        select_view(
            QueueRow,
            id=value(f.id),
            customer_id=value(f.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            form=value(f.form),
            code=value(f.code),
            level=value(f.level),
            items=value(f["items"]),
            currency=value(f.currency),
            total_minor=value(f.total_minor),
            days=LATER,
            why=LATER,
        )
        .add_columns(leading.c.due_on, leading.c.why_code, leading.c.why_params)
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == f.customer_id))
        .outerjoin(leading, sa.true())
        .order_by(f.level.desc(), f.total_minor.desc(), f.id)
    )
    return tuple(_queue_row(row, today) for row in rows)


def _queue_row(row: DbRow, today: date) -> QueueRow:
    days = (today - row.due_on).days if row.due_on else 0
    why = why_step(row.why_code, row.why_params) if row.why_code else ""
    return view(QueueRow, row, days=days, why=why)


def unanswered(tenant_id: UUID) -> sa.Select[Any]:
    """Ids of the statements that were sent, stand and have no answer."""
    s, k = Statement, Confirmation
    answered = sa.select(k.id).where(k.tenant_id == tenant_id, k.statement_id == s.id).exists()
    return sa.select(s.id).where(s.tenant_id == tenant_id, s.superseded_at.is_(None), s.sent_to.is_not(None), ~answered)


def side_rows(
    db: Session, tenant_id: UUID, today: date, timezone: str
) -> tuple[tuple[UnansweredRow, ...], tuple[HeldRow, ...]]:
    """The two short lists in one statement: same columns, told apart by the first."""
    rows = db.execute(sa.union_all(_asked(tenant_id), _held(tenant_id, today))).all()
    asked = [_unanswered_row(row, today, timezone) for row in rows if row.part == "asked"]
    held = [
        HeldRow(
            item_id=row.id,
            document_no=row.number,
            customer_id=row.customer_id,
            customer_name=row.name,
            currency=row.currency,
            open_minor=row.minor,
            why=why_held(row.code, row.params or {}),
        )
        for row in rows
        if row.part == "held"
    ]
    return tuple(asked), tuple(held)


def _unanswered_row(row: DbRow, today: date, timezone: str) -> UnansweredRow:
    return UnansweredRow(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        customer_name=row.name,
        currency=row.currency,
        closing_minor=row.minor,
        respond_by_on=row.until_on,
        waiting_days=max(0, (today - local_date(row.at, timezone)).days),
        late=row.until_on is not None and row.until_on < today,
    )


def _asked(tenant_id: UUID) -> sa.Select[Any]:
    s, c = Statement, Customer
    oldest = (
        unanswered(tenant_id)
        .add_columns(s.number, s.customer_id, s.currency, s.closing_minor, s.respond_by_on, s.issued_at)
        .order_by(s.issued_at, s.id)
        .limit(SIDE_ROWS_MAX)
        .subquery("oldest")
    )
    o = oldest.c
    columns: list[Any] = [
        sa.literal("asked").label("part"),
        o.id,
        o.number,
        o.customer_id,
        c.name.label("name"),
        o.currency,
        o.closing_minor.label("minor"),
        o.respond_by_on.label("until_on"),
        o.issued_at.label("at"),
        sa.null().cast(sa.Text).label("code"),
        sa.null().cast(WithheldStep.params.type).label("params"),
    ]
    return sa.select(*columns).join(c, sa.and_(c.tenant_id == tenant_id, c.id == o.customer_id))


def _held(tenant_id: UUID, today: date) -> sa.Select[Any]:
    i, c, s, h = OpenItem, Customer, LadderState, WithheldStep
    largest = (
        sa.select(i.id, i.document_no, i.customer_id, i.currency, i.open_minor, s.held_code)
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .where(*on_hold(tenant_id, today))
        .order_by(i.open_minor.desc(), i.id)
        .limit(SIDE_ROWS_MAX)
        .subquery("largest")
    )
    m = largest.c
    said = (
        sa.select(h.params)
        .where(h.tenant_id == tenant_id, h.customer_id == m.customer_id, h.item_id == m.id, h.code == m.held_code)
        .order_by(h.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns: list[Any] = [
        sa.literal("held"),
        m.id,
        m.document_no,
        m.customer_id,
        c.name,
        m.currency,
        m.open_minor,
        sa.null().cast(sa.Date),
        sa.null().cast(sa.DateTime(timezone=True)),
        m.held_code,
        said,
    ]
    return sa.select(*columns).join(c, sa.and_(c.tenant_id == tenant_id, c.id == m.customer_id))


def on_hold(tenant_id: UUID, today: date) -> tuple[sa.ColumnElement[bool], ...]:
    """Items whose step has come and waits: the index of what is due bounds the read."""
    s = LadderState
    return (
        s.tenant_id == tenant_id,
        s.next_on <= today,
        ~s.parked,
        s.held_code.is_not(None),
        OpenItem.open_minor > 0,
    )
