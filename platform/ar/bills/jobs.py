"""Reminders of bills: once a day the finance people are told by mail which bills have come to a deadline.

May import this slice, tenants' people and the kernel. Invariant: a bill is spoken of once per reminder and deadline,
however often the handler runs (the key of `bill_reminder` holds it), in the transaction that queues the mails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.bills import rules
from ar.bills.models import Bill, BillReminder
from ar.bills.queries import IN_HAND, due_where
from ar.customers.models import Customer
from kernel import journal
from kernel.actor import Actor
from kernel.mail import Letter, queue_mail
from kernel.money import format_with_symbol
from tenants.models import Membership, User
from tenants.permissions import GRANTS, Permission
from tenants.queries import tenant
from tenants.slice import Job, Mail, Recurring
from web.mailtexts import render_mail

REMIND: Final = "bills.remind"
PURPOSE: Final = "bill_reminder"


@dataclass(frozen=True, slots=True)
class _Due:
    """A bill at a deadline."""

    bill_id: UUID
    kind: str
    until_on: date
    number: str
    customer_name: str
    currency: str
    amount_minor: int


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Mails what has come to a deadline since the last time; nothing when there is nothing new."""
    due = _new(db, actor, _found(db, actor.tenant_id, actor.today))
    if not due:
        return
    company = tenant(db, actor.tenant_id).name
    for name, address, language in _finance(db, actor.tenant_id):
        lines = [
            {
                "kind": each.kind,
                "number": each.number,
                "customer": each.customer_name,
                "amount": format_with_symbol(each.amount_minor, each.currency, language),
                "until": each.until_on.isoformat(),
            }
            for each in due
        ]
        texts = render_mail("bill_reminder", language, name=name, company=company, lines=lines)
        letter = Letter(address, name, texts.subject, texts.text, texts.html, from_name=company)
        queue_mail(db, actor, letter, purpose=PURPOSE)
    for each in due:
        facts = {"number": each.number, "reminder": each.kind, "until_on": each.until_on.isoformat()}
        journal.record(db, actor, "bill_reminded", subject_id=each.bill_id, data=facts)


def _found(db: Session, tenant_id: UUID, today: date) -> list[_Due]:
    """The bills to present (twice: at maturity, and when the last days come) and those whose notice is due."""
    b, c = Bill, Customer
    columns: list[Any] = [b.number, c.name, b.currency, b.amount_minor]
    last_on = sa.cast(b.matures_on + rules.PRESENT_DAYS, sa.Date)
    soon = b.matures_on + rules.PRESENT_DAYS - rules.LAST_CALL_DAYS <= today
    not_over = b.matures_on >= today - timedelta(days=rules.PRESENT_DAYS)
    joined = sa.and_(c.tenant_id == tenant_id, c.id == b.customer_id)

    def those(kind: str, until_on: Any, *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return (
            sa.select(b.id, sa.literal(kind).label("kind"), until_on.label("until_on"), *columns)
            .join(c, joined)
            .where(b.tenant_id == tenant_id, *where)
        )

    mature = (b.state.in_(IN_HAND), due_where("present", today))
    rows: Any = db.execute(
        sa.union_all(
            those("present", last_on, *mature),
            those("present_last", last_on, *mature, soon, not_over),
            those("notice", b.notice_by_on, due_where("notice", today)),
        ).order_by("until_on", "number")
    )
    return [_Due(*row) for row in rows]


def _new(db: Session, actor: Actor, found: list[_Due]) -> list[_Due]:
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


def _finance(db: Session, tenant_id: UUID) -> list[tuple[str, str, str]]:
    """(name, address, language) of the people who keep the books."""
    u, m = User, Membership
    roles = sa.cast([role.value for role in GRANTS[Permission.POST_LEDGER]], sa.ARRAY(sa.Text))
    rows: Any = db.execute(
        sa.select(u.name, u.email, u.language)
        .join(m, m.user_id == u.id)
        .where(m.tenant_id == tenant_id, m.active.is_(True), m.roles.overlap(roles))
        .order_by(u.email)
    )
    return [(row.name, row.email, row.language) for row in rows]


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
MAILS: Final = (Mail(PURPOSE),)
