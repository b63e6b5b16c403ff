"""What would happen: the ladder played day by day over open items, nothing stored, nothing sent.

May import this slice's pure rules, blocks and publishing. Invariant: it asks the same `ladder` as the daily run; items
stay open, every step counts as done on its day, holds and tolerances are honoured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases import ladder
from ar.cases.blocks import active_holds
from ar.cases.holds_rule import ActiveHold
from ar.cases.ladder import DueStep, ItemFacts
from ar.cases.policy import Policy
from ar.cases.publishing import PolicyBook, policy_book
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


def simulate(
    db: Session, actor: Actor, from_on: date, to_on: date, *, policy_code: str | None = None
) -> list[SimulatedStep]:
    """The steps of `from_on` to `to_on` inclusive, by day, customer and document.

    Open are the items as of `from_on`, and those dated later that are open now. From today on an item goes on from
    where it stands; a simulation of the past, or of another policy, begins at the bottom. Raises NotFound
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
    played: dict[Any, list[DueStep]] = {}
    found: list[SimulatedStep] = []
    for row in _items(db, actor.tenant_id, from_on, to_on):
        policy = _policy(book, row, policy_code or settings.policy_code, fixed=policy_code is not None)
        start = _start(holds.on(row.id, row.customer_id), from_on)
        if start is None or policy.is_within_tolerance(row.currency, row.open_minor):
            continue
        facts = _facts(row, resumed)
        key = (facts, policy.code, policy.version, start)
        if key not in played:
            played[key] = ladder.simulate(facts, policy, start, to_on, calendar)
        found.extend(
            SimulatedStep(row.customer_no, row.document_no, policy.code, step, row.open_minor, row.currency)
            for step in played[key]
        )
    found.sort(key=lambda each: (each.step.runs_on, each.customer_no, each.document_no, each.step.level))
    return found


def _policy(book: PolicyBook, row: Any, code: str, *, fixed: bool) -> Policy:
    """The asked policy, else the version the item is on, else the one it would get."""
    if fixed:
        return book.by_id[book.newest[code]]
    return book.by_id[row.policy_version_id or book.pick(row.policy_code, code)]


def _start(hold: ActiveHold | None, from_on: date) -> date | None:
    """Returns the first day after the hold on an item; None when it is held without end."""
    if hold is None:
        return from_on
    return None if hold.ends_on is None else max(from_on, hold.ends_on + timedelta(days=1))


def _facts(row: Any, resumed: bool) -> ItemFacts:
    if not resumed or row.policy_version_id is None:
        return ItemFacts(row.due_on, row.collection_end_on)
    return ItemFacts(
        row.due_on,
        row.collection_end_on,
        row.level_reached,
        row.waiting,
        row.last_delivered_on,
        row.deadline_on,
        frozenset(row.fired),
    )


_ITEMS: Final = sa.text("""
    SELECT i.id, i.customer_id, c.number AS customer_no, i.document_no, i.currency, i.due_on, i.collection_end_on,
        c.policy_code, s.policy_version_id, s.level_reached, s.waiting, s.last_delivered_on, s.deadline_on, s.fired,
        CAST(
            CASE WHEN i.document_on > :from_on THEN i.open_minor ELSE i.open_minor + coalesce(later.minor, 0) END
        AS bigint) AS open_minor
    FROM open_item AS i
    JOIN customer AS c ON c.tenant_id = :tenant AND c.id = i.customer_id
    LEFT JOIN (
        SELECT debit_item_id, sum(amount_minor) AS minor FROM allocation
        WHERE tenant_id = :tenant AND effective_on > :from_on GROUP BY debit_item_id
    ) AS later ON later.debit_item_id = i.id
    LEFT JOIN ladder_state AS s ON s.tenant_id = :tenant AND s.item_id = i.id
    WHERE i.tenant_id = :tenant AND i.side = 1 AND i.due_on <= :to_on AND i.kind <> 'reversal'
        AND (i.open_minor > 0 OR (i.document_on <= :from_on AND i.cleared_on > :from_on))
""")


def _items(db: Session, tenant_id: UUID, from_on: date, to_on: date) -> Sequence[Any]:
    rows = db.execute(_ITEMS, {"tenant": tenant_id, "from_on": from_on, "to_on": to_on}).all()
    return [row for row in rows if row.open_minor > 0]
