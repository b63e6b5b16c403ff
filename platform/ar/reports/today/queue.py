"""Loads the lists of the Today page: queued actions, unanswered statements, withheld steps.

Invariant: two statements for all three lists, and those of what the listed letters ask; each list bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.cases.lookups import (
    WAITING,
    Letter,
    explain_step,
    explain_withheld,
    is_work_of_today,
    letter_claims,
    step_name,
    still_claims,
)
from ar.cases.models import Action, LadderState, StepTaken, WithheldStep
from ar.customers.models import Customer
from ar.ledger.lookups import document_label_of
from ar.ledger.models import OpenItem
from ar.statements.models import Confirmation, Statement
from kernel.actor import Actor
from kernel.binds import TENANT, TODAY
from kernel.clock import local_date
from kernel.db import columns
from kernel.views import LATER, DbRow, select_view, value, view

ROWS_MAX: Final = 8
SIDE_ROWS_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queued letter, call or task; `days` overdue and `why` are those of its leading item.

    `in_hand`: the customer has money that is not applied yet, which a letter does not ask for again.
    """

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
    in_hand: bool
    days: int
    why: str

    @property
    def name(self) -> str:
        """Returns the step in words."""
        return step_name(self.code)


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """A statement sent and not answered; `waiting_days` counts from its issue."""

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
class WithheldRow:
    """An overdue item whose step is withheld."""

    item_id: UUID
    document_no: str
    customer_id: UUID
    customer_name: str
    currency: str
    open_minor: int
    why: str


def queue_rows(
    db: Session,
    tenant_id: UUID,
    today: date,
    waiting: Sequence[tuple[str, str]] = WAITING,
    reader: Actor | None = None,
) -> tuple[QueueRow, ...]:
    """Returns the queue, the highest level first; the leading item is that of the highest level, then the oldest.

    `waiting`: (form, state) of the actions asked for; of calls and tasks those that the reader does today. What was
    paid meanwhile is not among them, and a letter's amount is what it asks after money in hand: the one that the review
    queue and the decisions show.
    """
    person_id, roles = (reader.user_id, sorted(reader.roles)) if reader else (None, [])
    values = {"tenant": tenant_id, "person": person_id, "roles": roles, "today": today}
    found = columns(db, _queue(tuple(waiting)), values)
    rows = tuple(_queue_row(row, today) for row in found)
    letters = [
        Letter(each.id, each.customer_id, each.currency) for each in rows if each.form == "letter" and each.in_hand
    ]
    claims = letter_claims(db, tenant_id, today, letters)
    return tuple(replace(row, total_minor=claims.get(row.id, row.total_minor)) for row in rows)


@cache
def _queue(waiting: tuple[tuple[str, str], ...]) -> sa.Select[Any]:
    action, customer, step, item = Action, Customer, StepTaken, OpenItem
    first = (
        sa.select(action)
        .where(
            action.tenant_id == TENANT,
            action.state.in_(("proposed", "approved")),  # as the index says it
            sa.tuple_(action.form, action.state).in_(waiting),
            sa.or_(action.form == "letter", sa.and_(*is_work_of_today())),
            still_claims(),
        )
        .order_by(action.level.desc(), action.total_minor.desc(), action.id)
        .limit(ROWS_MAX)
        .subquery("first")
    )
    leading = (
        sa.select(step.why_code, step.why_params, item.due_on)
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .where(step.tenant_id == TENANT, step.action_id == first.c.id)
        .order_by(step.level.desc(), item.due_on, item.id)
        .limit(1)
        .lateral("leading")
    )
    f = first.c
    return (
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
            total_minor=value(sa.func.coalesce(_open_now(TENANT, first), f.total_minor)),
            in_hand=value(_money_in_hand(TENANT, first)),
            days=LATER,
            why=LATER,
        )
        .add_columns(leading.c.due_on, leading.c.why_code, leading.c.why_params)
        .join(customer, sa.and_(customer.tenant_id == TENANT, customer.id == f.customer_id))
        .outerjoin(leading, sa.true())
        .order_by(f.level.desc(), f.total_minor.desc(), f.id)
    )


def _open_now(tenant_id: Any, actions: sa.Subquery) -> sa.ScalarSelect[Any]:
    """Returns what is open now of an action's items."""
    step, item = StepTaken, OpenItem
    items = (
        sa.select(step.item_id)
        .where(step.tenant_id == tenant_id, step.action_id == actions.c.id, step.state != "suppressed")
        .correlate(actions)
        .distinct()
        .subquery("items")
    )
    return (
        sa.select(sa.cast(sa.func.sum(item.open_minor), sa.BigInteger))
        .join(items, items.c.item_id == item.id)
        .where(item.tenant_id == tenant_id)
        .correlate(actions)
        .scalar_subquery()
    )


def _money_in_hand(tenant_id: Any, actions: sa.Subquery) -> sa.ColumnElement[bool]:
    """Returns whether the customer of an action has an unapplied credit in its currency."""
    credit = aliased(OpenItem)
    return (
        sa.exists()
        .where(
            credit.tenant_id == tenant_id,
            credit.customer_id == actions.c.customer_id,
            credit.currency == actions.c.currency,
            credit.side < 0,
            credit.open_minor > 0,
        )
        .correlate(actions)
    )


def _queue_row(row: DbRow, today: date) -> QueueRow:
    days = (today - row.due_on).days if row.due_on else 0
    why = explain_step(row.why_code, row.why_params) if row.why_code else ""
    return view(QueueRow, row, days=days, why=why)


def unanswered(tenant_id: Any) -> sa.Select[Any]:
    """Selects the ids of statements that were sent, are not superseded and have no answer."""
    statement, confirmation = Statement, Confirmation
    answered = sa.exists().where(confirmation.tenant_id == tenant_id, confirmation.statement_id == statement.id)
    return sa.select(statement.id).where(
        statement.tenant_id == tenant_id,
        statement.superseded_at.is_(None),
        statement.sent_to.is_not(None),
        ~answered,
    )


def side_rows(
    db: Session, tenant_id: UUID, today: date, timezone: str
) -> tuple[tuple[UnansweredRow, ...], tuple[WithheldRow, ...]]:
    """Returns unanswered statements and withheld items from one UNION, distinguished by its column `part`."""
    rows = columns(db, _side(), {"tenant": tenant_id, "today": today}).all()
    unanswered_rows = [_unanswered_row(row, today, timezone) for row in rows if row.part == "asked"]
    withheld_rows = [
        WithheldRow(
            item_id=row.id,
            document_no=row.number,
            customer_id=row.customer_id,
            customer_name=row.name,
            currency=row.currency,
            open_minor=row.minor,
            why=explain_withheld(row.code, row.params or {}),
        )
        for row in rows
        if row.part == "held"
    ]
    return tuple(unanswered_rows), tuple(withheld_rows)


@cache
def _side() -> sa.CompoundSelect[Any]:
    return sa.union_all(_unanswered(TENANT), _withheld(TENANT, TODAY))


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


def _unanswered(tenant_id: Any) -> sa.Select[Any]:
    statement, customer = Statement, Customer
    oldest = (
        unanswered(tenant_id)
        .add_columns(
            statement.number,
            statement.customer_id,
            statement.currency,
            statement.closing_minor,
            statement.respond_by_on,
            statement.issued_at,
        )
        .order_by(statement.issued_at, statement.id)
        .limit(SIDE_ROWS_MAX)
        .subquery("oldest")
    )
    row = oldest.c
    columns: list[Any] = [
        sa.literal("asked").label("part"),
        row.id,
        row.number,
        row.customer_id,
        customer.name.label("name"),
        row.currency,
        row.closing_minor.label("minor"),
        row.respond_by_on.label("until_on"),
        row.issued_at.label("at"),
        sa.null().cast(sa.Text).label("code"),
        sa.null().cast(WithheldStep.params.type).label("params"),
    ]
    return sa.select(*columns).join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == row.customer_id))


def _withheld(tenant_id: Any, today: Any) -> sa.Select[Any]:
    item, customer, state, withheld = OpenItem, Customer, LadderState, WithheldStep
    largest = (
        sa.select(
            item.id,
            document_label_of(tenant_id).label("document_no"),
            item.customer_id,
            item.currency,
            item.open_minor,
            state.held_code,
        )
        .join(item, sa.and_(item.tenant_id == state.tenant_id, item.id == state.item_id))
        .where(*step_withheld(tenant_id, today))
        .order_by(item.open_minor.desc(), item.id)
        .limit(SIDE_ROWS_MAX)
        .subquery("largest")
    )
    row = largest.c
    params = (
        sa.select(withheld.params)
        .where(
            withheld.tenant_id == tenant_id,
            withheld.customer_id == row.customer_id,
            withheld.item_id == row.id,
            withheld.code == row.held_code,
        )
        .order_by(withheld.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns: list[Any] = [
        sa.literal("held"),
        row.id,
        row.document_no,
        row.customer_id,
        customer.name,
        row.currency,
        row.open_minor,
        sa.null().cast(sa.Date),
        sa.null().cast(sa.DateTime(timezone=True)),
        row.held_code,
        params,
    ]
    return sa.select(*columns).join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == row.customer_id))


def step_withheld(tenant_id: Any, today: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions for open items whose due step is withheld; `next_on` uses the index of due steps."""
    state = LadderState
    return (
        state.tenant_id == tenant_id,
        state.next_on <= today,
        ~state.parked,
        state.held_code.is_not(None),
        OpenItem.open_minor > 0,
    )
