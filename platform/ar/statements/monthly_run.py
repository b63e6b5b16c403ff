"""Plans the statements of a month for all customers, promises their numbers, and queues jobs of BATCH statements.

Invariants: a look at the plan changes nothing; the same confirmation twice queues its jobs once; a job carries the
person who asked, so that the evidence names them; numbers are promised in the order of the customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import reachable
from ar.customers.models import Contact
from ar.ledger.lookups import items_with_later_allocations, later_allocations, open_minor_at, possibly_open_at
from ar.ledger.models import OpenItem
from ar.statements import queries
from ar.statements.inputs import Period
from ar.statements.mails import PURPOSE
from ar.statements.models import PlannedStatement
from kernel import outbox
from kernel.actor import Actor
from kernel.counters import lock_counter, take_numbers
from kernel.money import CurrencyTotal

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
