"""Draws up planned statements, a batch of customers in one job.

Invariants: nothing is locked while it prints: what was printed is stored only when it is still true under the
customers' locks, and is printed anew when it is not; a planned statement is settled once, by its number; one that
cannot be drawn up delays no other of its batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import freeze_customers
from ar.statements import queries
from ar.statements.drawing_up import DrawnStatement, LedgerFacts, Parties, draw_up, ledger_facts, parties
from ar.statements.inputs import IssueStatement
from ar.statements.issuing import supersede
from ar.statements.models import PlannedStatement
from ar.statements.storing import ToStore, store_statements
from kernel.actor import Actor
from kernel.errors import HuikuanError
from kernel.pdf import PrintFailed


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
