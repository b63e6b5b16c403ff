"""Reminders of bills: once a day the finance people are told by mail which bills have come to a deadline.

Invariant: a bill is spoken of once per reminder and deadline,
however often the handler runs (the key of `bill_reminder` holds it), in the transaction that queues the mails.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.bills import rules
from ar.bills.mails import DueBill, queue_reminders
from ar.bills.models import Bill, BillReminder
from ar.bills.queries import IN_HAND, due_where
from ar.customers.models import Customer
from kernel import journal
from kernel.actor import Actor
from kernel.views import select_view, value, views
from tenants.slice import Job, Recurring

REMIND: Final = "bills.remind"


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Mails what has come to a deadline since the last time; nothing when there is nothing new."""
    due = _new(db, actor, _found(db, actor.tenant_id, actor.today))
    if not due:
        return
    queue_reminders(db, actor, due)
    for each in due:
        facts = {"number": each.number, "reminder": each.kind, "until_on": each.until_on.isoformat()}
        journal.record(db, actor, "bill_reminded", subject_id=each.bill_id, data=facts)


def _found(db: Session, tenant_id: UUID, today: date) -> list[DueBill]:
    """The bills to present (twice: at maturity, and when the last days come) and those whose notice is due."""
    bill, customer = Bill, Customer
    last_on = sa.cast(bill.matures_on + rules.PRESENT_DAYS, sa.Date)
    soon = bill.matures_on + rules.PRESENT_DAYS - rules.LAST_CALL_DAYS <= today
    not_over = bill.matures_on >= today - timedelta(days=rules.PRESENT_DAYS)
    joined = sa.and_(customer.tenant_id == tenant_id, customer.id == bill.customer_id)

    def those(
        kind: str, until_on: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]
    ) -> sa.Select[*tuple[Any, ...]]:
        return (
            select_view(
                DueBill,
                bill_id=value(bill.id),
                kind=value(sa.literal(kind)),
                until_on=value(until_on),
                number=value(bill.number),
                customer_name=value(customer.name),
                currency=value(bill.currency),
                amount_minor=value(bill.amount_minor),
            )
            .join(customer, joined)
            .where(bill.tenant_id == tenant_id, *where)
        )

    mature = (bill.state.in_(IN_HAND), due_where("present", today))
    rows = db.execute(
        sa.union_all(
            those("present", last_on, *mature),
            those("present_last", last_on, *mature, soon, not_over),
            those("notice", bill.notice_by_on.expression, due_where("notice", today)),
        ).order_by("until_on", "number")
    )
    return views(DueBill, rows)


def _new(db: Session, actor: Actor, found: list[DueBill]) -> list[DueBill]:
    """Those nobody was reminded of yet, noted as reminded now."""
    if not found:
        return []
    r = BillReminder
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "bill_id": each.bill_id,
            "kind": each.kind,
            "until_on": each.until_on,
            "reminded_at": actor.now,
        }
        for each in found
    ]
    noted = db.execute(insert(r).values(rows).on_conflict_do_nothing().returning(r.bill_id, r.kind, r.until_on)).all()
    fresh = {(row.bill_id, row.kind, row.until_on) for row in noted}
    # In the last days one line says both.
    last_call = {bill_id for bill_id, kind, _until_on in fresh if kind == "present_last"}
    told = [each for each in found if (each.bill_id, each.kind, each.until_on) in fresh]
    return [each for each in told if each.kind != "present" or each.bill_id not in last_call]


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
