"""Mails the finance people, once a day, the bills that have reached a deadline.

Invariant: one reminder per bill, kind and deadline, however often the job runs (primary key of `bill_reminder`),
recorded in the transaction that queues the mails.
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
from ar.bills.due import IN_HAND, due_condition
from ar.bills.mails import DueBill, queue_reminders
from ar.bills.models import Bill, BillReminder
from ar.customers.models import Customer
from kernel import journal
from kernel.actor import Actor
from kernel.views import select_view, value, views
from tenants.slice import Job, Recurring

REMIND: Final = "bills.remind"


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Queues the reminder of bills newly at a deadline; none when there are no new ones."""
    due = _not_yet_reminded(db, actor, _due_bills(db, actor.tenant_id, actor.today))
    if not due:
        return
    queue_reminders(db, actor, due)
    for each in due:
        facts = {"number": each.number, "reminder": each.kind, "until_on": each.until_on.isoformat()}
        journal.record(db, actor, "bill_reminded", subject_id=each.bill_id, data=facts)


def _due_bills(db: Session, tenant_id: UUID, today: date) -> list[DueBill]:
    """Returns the bills to present (at maturity and again in the last days) and those whose notice is due."""
    bill, customer = Bill, Customer
    last_on = sa.cast(bill.matures_on + rules.PRESENT_DAYS, sa.Date)
    soon = bill.matures_on + rules.PRESENT_DAYS - rules.LAST_CALL_DAYS <= today
    not_over = bill.matures_on >= today - timedelta(days=rules.PRESENT_DAYS)
    of_customer = sa.and_(customer.tenant_id == tenant_id, customer.id == bill.customer_id)

    def reminders(
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
            .join(customer, of_customer)
            .where(bill.tenant_id == tenant_id, *where)
        )

    mature = (bill.state.in_(IN_HAND), due_condition("present", today))
    rows = db.execute(
        sa.union_all(
            reminders("present", last_on, *mature),
            reminders("present_last", last_on, *mature, soon, not_over),
            reminders("notice", bill.notice_by_on.expression, due_condition("notice", today)),
        ).order_by("until_on", "number")
    )
    return views(DueBill, rows)


def _not_yet_reminded(db: Session, actor: Actor, found: list[DueBill]) -> list[DueBill]:
    """Records the reminders and returns those not sent before; `present_last` replaces `present` of the same bill."""
    if not found:
        return []
    reminder = BillReminder
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
    inserted = db.execute(
        insert(reminder)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(reminder.bill_id, reminder.kind, reminder.until_on)
    ).all()
    fresh = {(row.bill_id, row.kind, row.until_on) for row in inserted}
    last_call = {bill_id for bill_id, kind, _until_on in fresh if kind == "present_last"}
    fresh_bills = [each for each in found if (each.bill_id, each.kind, each.until_on) in fresh]
    return [each for each in fresh_bills if each.kind != "present" or each.bill_id not in last_call]


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
