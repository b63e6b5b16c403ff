"""Plans the statements of a month with their numbers, and draws planned ones up, BATCH customers in one job.

Invariants: a look at the plan changes nothing; the same confirmation twice queues its jobs once; a job carries the
person who asked, so that the evidence names them; numbers are promised in the order of the customers. Nothing is locked
while a job prints: what was printed is stored only when it is still true under the customers' locks, and is printed
anew when it is not; a planned statement is settled once, and one that cannot be drawn up delays no other of its batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import reachable
from ar.customers.models import Contact
from ar.ledger.commands import freeze_customers
from ar.ledger.lookups import items_with_later_allocations, later_allocations, open_minor_at, possibly_open_at
from ar.ledger.models import OpenItem
from ar.statements import queries
from ar.statements.drawing_up import (
    DrawnStatement,
    LedgerFacts,
    Parties,
    ToStore,
    draw_up,
    ledger_facts,
    parties,
    store_statements,
)
from ar.statements.inputs import IssueStatement, Period
from ar.statements.issuing import supersede
from ar.statements.mails import PURPOSE
from ar.statements.models import PlannedStatement
from kernel import outbox
from kernel.actor import Actor
from kernel.counters import lock_counter, take_numbers
from kernel.errors import HuikuanError
from kernel.money import CurrencyTotal
from kernel.pdf import PrintFailed

ISSUE_JOB: Final = "statements.issue"
#: Statements drawn up by one job: its statements of SQL are shared by so many, and its customers are locked together.
BATCH: Final = 25
#: Kinds of actors for whom a job issues; what a timer starts is issued by the machine.
_ISSUING_KINDS: Final = ("person", "operator")


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """Statements that issuing the month would make now; `totals` sum their signed closing balances.

    `unreachable`: number of customers without a reachable contact.
    """

    statements: int
    customers: int
    unreachable: int
    totals: tuple[CurrencyTotal, ...]


def plan_month(db: Session, tenant_id: UUID, period: Period) -> MonthPlan:
    """Returns counts and sums of the month's statements not yet issued, in three SQL statements."""
    due = queries.statements_to_issue(db, tenant_id, period)
    customers = {customer for customer, _currency in due}
    balances = _balances(db, tenant_id, period)
    totals = []
    for currency in sorted({currency for _customer, currency in due}):
        closing = [balances.get(key, 0) for key in due if key[1] == currency]
        totals.append(CurrencyTotal(currency, count=len(closing), amount_minor=sum(closing)))
    return MonthPlan(len(due), len(customers), len(customers - _reachable(db, tenant_id)), tuple(totals))


def issue_month(db: Session, actor: Actor, period: Period, customer_id: UUID | None = None) -> int:
    """Plans the month's statements with their numbers and queues a job per BATCH of them; returns how many.

    Customers with a standing statement of the same month are left out, and so is what is planned and not drawn up
    yet: asking twice sends nothing twice. Plans wait for each other; the numbers' counter is held for this
    transaction alone and by none of the jobs.
    """
    actor = lock_counter(db, actor, "statement_plan")
    due = queries.statements_to_issue(db, actor.tenant_id, period, customer_id)
    numbers = take_numbers(db, actor.tenant_id, PURPOSE, len(due)) if due else range(0)
    if due:
        db.execute(
            sa.insert(PlannedStatement),
            [
                {
                    "tenant_id": actor.tenant_id,
                    "number": number,
                    "customer_id": customer,
                    "currency": currency,
                    "period_from": period.from_on,
                    "period_to": period.to_on,
                    "planned_at": actor.now,
                    "planned_by": actor.name,
                    "outcome": None,
                    "settled_at": None,
                    "statement_id": None,
                }
                for number, (customer, currency) in zip(numbers, due, strict=True)
            ],
        )
    batches = [list(numbers[start : start + BATCH]) for start in range(0, len(numbers), BATCH)]
    put_batches(db, actor, batches, {"by": _issuer(actor)} if actor.kind in _ISSUING_KINDS else {})
    return len(due)


def put_batches(db: Session, actor: Actor, batches: Sequence[Sequence[int]], issuer: Mapping[str, Any]) -> None:
    """Queues a job for each batch of planned numbers; `issuer` is its part of the payload that names a person."""
    jobs = [(f"statements:{numbers[0]}-{numbers[-1]}", {"numbers": list(numbers), **issuer}) for numbers in batches]
    outbox.put_many(db, actor, ISSUE_JOB, jobs)


def issuing_actor(actor: Actor, payload: Mapping[str, Any]) -> Actor:
    """Returns the person who asked for the job, at the worker's time; the worker's own actor without one."""
    issuer = payload.get("by")
    if not issuer:
        return actor
    user_id = UUID(issuer["user_id"]) if issuer["user_id"] else None
    return replace(actor, kind=issuer["kind"], name=issuer["name"], user_id=user_id)


def _issuer(actor: Actor) -> dict[str, str | None]:
    return {"kind": actor.kind, "name": actor.name, "user_id": str(actor.user_id) if actor.user_id else None}


def _balances(db: Session, tenant_id: UUID, period: Period) -> dict[tuple[UUID, str], int]:
    """Returns the signed balance per customer and currency at the end of the period, in minor units."""
    item = OpenItem
    later = later_allocations(tenant_id, period.to_on)
    rows = db.execute(
        sa.select(
            item.customer_id, item.currency, sa.cast(sa.func.sum(item.side * open_minor_at(later)), sa.BigInteger)
        )
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, period.to_on))
        .group_by(item.customer_id, item.currency)
    )
    return {(customer_id, currency): int(minor) for customer_id, currency, minor in rows}


def _reachable(db: Session, tenant_id: UUID) -> set[UUID]:
    """Returns customers with a reachable contact, as `customers.lookups.find_contact` defines it."""
    c = Contact
    rows = db.execute(sa.select(c.customer_id).where(c.tenant_id == tenant_id, *reachable()).distinct())
    return set(rows.scalars())


def issue_planned(db: Session, actor: Actor, numbers: Collection[int]) -> list[int]:
    """Issues the statements planned under these numbers of one run, and settles them.

    Those settled already are passed over, so a second run does nothing. Returns the numbers that could not be drawn
    up, for a job of their own; a single one raises what kept it: HuikuanError or PrintFailed.
    """
    plans = _waiting(db, actor.tenant_id, numbers)
    if not plans:
        return []
    customers = {plan.customer_id for plan in plans}
    period = (plans[0].period_from, plans[0].period_to)
    batch = _Batch(actor, period, may_raise=len(plans) == 1)
    batch.draw(plans, _read(db, actor.tenant_id, customers, period))
    actor = freeze_customers(db, actor, customers)
    plans = _waiting(db, actor.tenant_id, numbers)
    batch.draw(plans, _read(db, actor.tenant_id, customers, period))
    _store(db, actor, [plan for plan in plans if plan.number in batch.drawn], batch)
    return sorted(batch.failed)


@dataclass(frozen=True, slots=True)
class _Truth:
    """What the statements of a batch state, as read at one moment."""

    parties: Parties
    facts: dict[tuple[UUID, str], LedgerFacts]

    def of(self, plan: PlannedStatement) -> tuple[object, ...]:
        """Returns everything that one statement's print depends on."""
        key = (plan.customer_id, plan.currency)
        return (self.facts.get(key), *self.parties.of(plan.customer_id))


class _Batch:
    """The statements of one job while they are drawn up; `drawn` has None where there is nothing to state."""

    def __init__(self, actor: Actor, period: tuple[date, date], *, may_raise: bool) -> None:
        self.actor, self.period, self.may_raise = actor, period, may_raise
        self.drawn: dict[int, DrawnStatement | None] = {}
        self.failed: set[int] = set()
        self._printed_from: dict[int, tuple[object, ...]] = {}

    def draw(self, plans: Iterable[PlannedStatement], truth: _Truth) -> None:
        """Prints what is not printed yet, or was printed from other facts."""
        for plan in plans:
            try:
                facts = truth.of(plan)
                if self._printed_from.get(plan.number) != facts:
                    self.drawn[plan.number] = self._print(plan, truth)
                    self._printed_from[plan.number] = facts
                    self.failed.discard(plan.number)
            except (HuikuanError, PrintFailed):
                if self.may_raise:
                    raise
                self.drawn.pop(plan.number, None)
                self.failed.add(plan.number)

    def _print(self, plan: PlannedStatement, truth: _Truth) -> DrawnStatement | None:
        facts = truth.facts.get((plan.customer_id, plan.currency), LedgerFacts())
        figures = facts.figures(plan.period_to, plan.currency)
        if figures.is_empty:
            return None
        return draw_up(
            self.actor,
            plan.customer_id,
            plan.currency,
            self.period,
            plan.number,
            parties=truth.parties,
            figures=figures,
        )


def _read(db: Session, tenant_id: UUID, customers: Collection[UUID], period: tuple[date, date]) -> _Truth:
    return _Truth(parties(db, tenant_id, customers), ledger_facts(db, tenant_id, customers, *period))


def _waiting(db: Session, tenant_id: UUID, numbers: Collection[int]) -> list[PlannedStatement]:
    p = PlannedStatement
    found = sa.select(p).where(p.tenant_id == tenant_id, p.number.in_(numbers), p.outcome.is_(None))
    return list(db.execute(found.order_by(p.number).execution_options(populate_existing=True)).scalars())


def _store(db: Session, actor: Actor, plans: Collection[PlannedStatement], batch: _Batch) -> None:
    """Stores what was drawn up and settles every plan; a month that a person stated meanwhile is not stated again."""
    from_on, to_on = batch.period
    standing = queries.standing_since(db, actor.tenant_id, {plan.customer_id for plan in plans}, from_on)
    wanted: list[tuple[PlannedStatement, ToStore]] = []
    settled: list[dict[str, object]] = []
    for plan in plans:
        drawn, stated_to = batch.drawn[plan.number], standing.get((plan.customer_id, plan.currency), [])
        if to_on in stated_to:
            settled.append(_settled(actor, plan, "stated_meanwhile"))
        elif drawn is None:
            settled.append(_settled(actor, plan, "nothing_to_state"))
        else:
            superseded_id = supersede(db, actor, _input(plan)) if stated_to else None
            wanted.append((plan, ToStore(drawn, superseded_id)))
    issued = store_statements(db, actor, [to_store for _plan, to_store in wanted])
    for (plan, _to_store), statement in zip(wanted, issued, strict=True):
        settled.append(_settled(actor, plan, "issued", statement.statement_id))
    if settled:
        db.execute(sa.update(PlannedStatement), settled)


def _settled(actor: Actor, plan: PlannedStatement, outcome: str, statement_id: UUID | None = None) -> dict[str, object]:
    return {
        "tenant_id": actor.tenant_id,
        "number": plan.number,
        "outcome": outcome,
        "settled_at": actor.now,
        "statement_id": statement_id,
    }


def _input(plan: PlannedStatement) -> IssueStatement:
    return IssueStatement(
        customer_id=plan.customer_id, currency=plan.currency, period_from=plan.period_from, period_to=plan.period_to
    )
