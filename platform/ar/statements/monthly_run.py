"""A month for everybody: what a person is asked to confirm, and the jobs that are put once they have.

May import this slice's queries, customers' and ledger's reads, and the kernel. Invariants: planning changes nothing;
the same confirmation twice puts its jobs once; a job says for whom it works, so that the evidence names that person.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from kernel import idempotency, outbox
from kernel.actor import Actor

ISSUE_JOB: Final = "statements.issue"
#: Whose word a job may carry on; the machine's own rounds stay the machine's.
_SPEAKING: Final = ("person", "operator")


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """How many statements a currency has, and the sum of their signed closing balances."""

    currency: str
    statements: int
    closing_minor: int


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """What issuing the month would do now; `unreachable` customers have nobody who can be mailed."""

    statements: int
    customers: int
    unreachable: int
    totals: tuple[CurrencyTotal, ...]


def plan_month(db: Session, tenant_id: UUID, period: Period) -> MonthPlan:
    """The statements of the month that are not out yet, counted and summed. Three statements, nothing changed."""
    due = queries.to_be_stated(db, tenant_id, period)
    customers = {customer for customer, _currency in due}
    balances = _balances(db, tenant_id, period)
    totals = []
    for currency in sorted({currency for _customer, currency in due}):
        owed = [balances.get(one, 0) for one in due if one[1] == currency]
        totals.append(CurrencyTotal(currency, len(owed), sum(owed)))
    return MonthPlan(len(due), len(customers), len(customers - _reachable(db, tenant_id)), tuple(totals))


def issue_month(db: Session, actor: Actor, period: Period, customer_id: UUID | None = None) -> int:
    """Puts one job per customer and currency with business or a balance in the month; returns how many.

    Those that have a standing statement of the same month are left out, so asking twice sends nothing twice.
    """
    due = queries.to_be_stated(db, actor.tenant_id, period, customer_id)
    spoken = {"by": _by(actor)} if actor.kind in _SPEAKING else {}
    jobs = [
        (
            f"statement:{customer}:{currency}:{period.to_on.isoformat()}",
            {"customer_id": str(customer), "currency": currency, "period": period.label, **spoken},
        )
        for customer, currency in due
    ]
    return outbox.put_many(db, actor, ISSUE_JOB, jobs)


def issue_month_once(db: Session, actor: Actor, period: Period, key: str) -> int | None:
    """`issue_month` for one confirmation; None when the same `key` was confirmed before.

    Raises Conflict(`idempotency_key_reused`) for another month under the same key.
    """
    first = idempotency.first_time(db, actor, f"statements-month:{key}", {"period": period.label})
    return issue_month(db, actor, period) if first else None


def acting_for(actor: Actor, payload: Mapping[str, Any]) -> Actor:
    """The person whose word the job carries out, at the worker's moment; the machine where nobody spoke."""
    by = payload.get("by")
    if not by:
        return actor
    user_id = UUID(by["user_id"]) if by["user_id"] else None
    return replace(actor, kind=by["kind"], name=by["name"], user_id=user_id)


def _by(actor: Actor) -> dict[str, str | None]:
    return {"kind": actor.kind, "name": actor.name, "user_id": str(actor.user_id) if actor.user_id else None}


def _balances(db: Session, tenant_id: UUID, period: Period) -> dict[tuple[UUID, str], int]:
    """Signed balance per customer and currency at the end of the period."""
    i = OpenItem
    later = later_allocations(tenant_id, period.to_on)
    rows = db.execute(
        sa.select(i.customer_id, i.currency, sa.cast(sa.func.sum(i.side * open_minor_at(later)), sa.BigInteger))
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, period.to_on))
        .group_by(i.customer_id, i.currency)
    )
    return {(customer_id, currency): int(minor) for customer_id, currency, minor in rows}


def _reachable(db: Session, tenant_id: UUID) -> set[UUID]:
    """Customers with a contact that can be mailed, as `customers.lookups.find_contact` judges."""
    c = Contact
    rows = db.execute(sa.select(c.customer_id).where(c.tenant_id == tenant_id, *reachable()).distinct())
    return set(rows.scalars())
