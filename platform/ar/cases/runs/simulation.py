"""Simulates the ladder day by day over open items; stores and sends nothing.

Invariant: it uses the same `ladder` as the daily run; items stay open, every step counts as done on its day, holds and
tolerances are honoured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.holds.queries import active_holds
from ar.cases.ladder.policy_versions import PolicyBook, policy_book
from ar.cases.models import LadderState
from ar.cases.rules import ladder
from ar.cases.rules.holds import ActiveHold
from ar.cases.rules.ladder import DueStep, ItemFacts
from ar.cases.rules.policy import Policy
from ar.customers.models import Customer
from ar.ledger.lookups import items_with_later_allocations, later_allocations, open_minor_at
from ar.ledger.models import OpenItem
from kernel.actor import Actor
from kernel.errors import NotFound, RuleBroken
from tenants.queries import company, work_calendar

DAYS_MAX: Final = 1100


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """A step that would come, for one item."""

    customer_no: str
    document_no: str
    policy: str
    step: DueStep
    open_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class _SimulatedItem:
    """An open item with its ladder state, whose fields are None for an item on no ladder."""

    id: UUID
    customer_id: UUID
    customer_no: str
    document_no: str
    currency: str
    open_minor: int
    kind: str
    due_on: date
    collection_end_on: date
    policy_code: str | None
    policy_version_id: UUID | None
    level_reached: int | None
    waiting: bool | None
    last_delivered_on: date | None
    deadline_on: date | None
    fired: list[str] | None

    def step(self, policy: str, step: DueStep) -> SimulatedStep:
        """Returns a step of this item, under the policy of that code."""
        return SimulatedStep(
            customer_no=self.customer_no,
            document_no=self.document_no,
            policy=policy,
            step=step,
            open_minor=self.open_minor,
            currency=self.currency,
        )


def simulate(
    db: Session, actor: Actor, from_on: date, to_on: date, *, policy_code: str | None = None
) -> list[SimulatedStep]:
    """Returns the steps of `from_on` to `to_on` inclusive, by day, customer and document.

    Open are the items as of `from_on`, and those dated later that are open now. From today on an item resumes at its
    level; a simulation of the past, or of another policy, starts before level 1. Raises NotFound
    (`policy_not_found`), RuleBroken(`simulation_too_long`, `simulation_ends_before`, `policy_not_published`).
    """
    if to_on < from_on:
        raise RuleBroken("simulation_ends_before")
    if (to_on - from_on).days > DAYS_MAX:
        raise RuleBroken("simulation_too_long", days=DAYS_MAX)
    book, calendar = policy_book(db, actor.tenant_id), work_calendar(db, actor.tenant_id)
    if policy_code is not None and policy_code not in book.newest:
        raise NotFound("policy_not_found", policy=policy_code)
    settings = company(db, actor.tenant_id)
    holds = active_holds(db, actor.tenant_id, from_on)
    resumed = policy_code is None and from_on >= actor.today
    by_facts: dict[tuple[ItemFacts, str, int, date], list[DueStep]] = {}
    steps: list[SimulatedStep] = []
    items = _items(db, actor.tenant_id, from_on, to_on)
    small: dict[tuple[UUID, str], int] = {}
    for item in items:
        policy = _policy(book, item, policy_code or settings.policy_code, fixed=policy_code is not None)
        if policy.is_within_tolerance(item.currency, item.open_minor):
            small[item.customer_id, item.currency] = small.get((item.customer_id, item.currency), 0) + item.open_minor
    for item in items:
        policy = _policy(book, item, policy_code or settings.policy_code, fixed=policy_code is not None)
        start = _first_day(holds.on(item.id, item.customer_id), from_on)
        asked_minor = max(item.open_minor, small.get((item.customer_id, item.currency), 0))
        if start is None or policy.is_within_tolerance(item.currency, asked_minor):
            continue
        if item.kind == "interest" and not policy.chases_interest:
            continue
        facts = _facts(item, resumed)
        key = (facts, policy.code, policy.version, start)
        if key not in by_facts:
            by_facts[key] = ladder.simulate(facts, policy, start, to_on, calendar)
        steps.extend(item.step(policy.code, step) for step in by_facts[key])
    steps.sort(key=lambda one: (one.step.runs_on, one.customer_no, one.document_no, one.step.level))
    return steps


def _policy(book: PolicyBook, item: _SimulatedItem, code: str, *, fixed: bool) -> Policy:
    """Returns the policy asked for, else the version the item is on, else the one it would get."""
    if fixed:
        return book.by_id[book.newest[code]]
    return book.by_id[item.policy_version_id or book.pick(item.policy_code, code)]


def _first_day(hold: ActiveHold | None, from_on: date) -> date | None:
    """Returns the first day after the hold on an item; None when it is held without end."""
    if hold is None:
        return from_on
    return None if hold.ends_on is None else max(from_on, hold.ends_on + timedelta(days=1))


def _facts(item: _SimulatedItem, resumed: bool) -> ItemFacts:
    facts = ItemFacts(item.due_on, item.collection_end_on)
    if not resumed or item.policy_version_id is None:
        return facts
    return facts._replace(
        level_reached=item.level_reached or 0,
        waiting=bool(item.waiting),
        last_delivered_on=item.last_delivered_on,
        deadline_on=item.deadline_on,
        fired=frozenset(item.fired or ()),
    )


def _items(db: Session, tenant_id: UUID, from_on: date, to_on: date) -> list[_SimulatedItem]:
    """Returns the debits due by `to_on` that were open on `from_on`, and those dated later that are open now."""
    item, customer, state = OpenItem, Customer, LadderState
    later = later_allocations(tenant_id, from_on)
    open_minor = sa.case((item.document_on > from_on, item.open_minor), else_=open_minor_at(later))
    rows = db.execute(
        sa.select(
            item.id,
            item.customer_id,
            customer.number.label("customer_no"),
            item.document_no,
            item.currency,
            open_minor.label("open_minor"),
            item.kind,
            item.due_on,
            item.collection_end_on,
            customer.policy_code,
            state.policy_version_id,
            state.level_reached,
            state.waiting,
            state.last_delivered_on,
            state.deadline_on,
            state.fired,
        )
        .select_from(items_with_later_allocations(later))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .outerjoin(state, sa.and_(state.tenant_id == tenant_id, state.item_id == item.id))
        .where(
            item.tenant_id == tenant_id,
            item.side == 1,
            item.due_on <= to_on,
            item.kind != "reversal",
            sa.or_(item.open_minor > 0, sa.and_(item.document_on <= from_on, item.cleared_on > from_on)),
            open_minor > 0,
        )
    )
    return [_SimulatedItem(**row._mapping) for row in rows]
