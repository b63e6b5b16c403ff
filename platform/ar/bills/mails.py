"""Mails of bills: the reminder of deadlines to the people who keep the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.i18n import mark
from kernel.mail import queue_copy
from kernel.money import format_with_symbol
from tenants.permissions import Permission
from tenants.queries import tenant
from tenants.recipients import people_who_may, still_may
from tenants.slice import Mail
from web.mailtexts import queue_rendered

PURPOSE: Final = "bill_reminder"
MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=still_may(Permission.POST_LEDGER),
        name=mark("Reminder of a bill's deadline"),
        send_again=queue_copy,
    ),
)


@dataclass(frozen=True, slots=True)
class DueBill:
    """A bill at a deadline. `kind`: present, present_last or notice."""

    bill_id: UUID
    kind: str
    until_on: date
    number: str
    customer_name: str
    currency: str
    amount_minor: int


def queue_reminders(db: Session, actor: Actor, due: Sequence[DueBill]) -> None:
    """Queues one mail to each person who keeps the books, with all bills that are due."""
    company = tenant(db, actor.tenant_id).name
    for reader in people_who_may(db, actor.tenant_id, Permission.POST_LEDGER):
        lines = [
            {
                "kind": each.kind,
                "number": each.number,
                "customer": each.customer_name,
                "amount": format_with_symbol(each.amount_minor, each.currency, reader.language),
                "until": each.until_on.isoformat(),
            }
            for each in due
        ]
        values = {"name": reader.name, "company": company, "lines": lines}
        queue_rendered(db, actor, PURPOSE, reader, values, from_name=company)
