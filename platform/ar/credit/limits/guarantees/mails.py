"""Mail of guarantees: which run out soon, and which must be claimed soon, to the people who manage credit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.credit.limits.messages import GUARANTEE_NAMES
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.mail import queue_copy
from kernel.money import format_with_symbol
from tenants.permissions import Permission
from tenants.queries import tenant
from tenants.recipients import people_who_may, still_may
from tenants.slice import Mail
from web.mailtexts import queue_rendered

PURPOSE: Final = "guarantee_reminder"
MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=still_may(Permission.MANAGE_CREDIT),
        name=mark("Reminder of a guarantee that runs out"),
        send_again=queue_copy,
    ),
)


@dataclass(frozen=True, slots=True)
class EndingGuarantee:
    """A guarantee at a deadline: `what` is end or claim; `days` of the reminder."""

    guarantee_id: UUID
    what: str
    days: int
    until_on: date
    kind: str
    provider: str
    customer_name: str
    currency: str
    amount_minor: int


def queue_reminders(db: Session, actor: Actor, ending: Sequence[EndingGuarantee]) -> None:
    """Queues one mail to each person who manages credit, with all guarantees at a deadline."""
    company = tenant(db, actor.tenant_id).name
    for reader in people_who_may(db, actor.tenant_id, Permission.MANAGE_CREDIT):
        with use_language(reader.language):
            lines = [
                {
                    "what": each.what,
                    "kind": _(GUARANTEE_NAMES[each.kind]),
                    "provider": each.provider,
                    "customer": each.customer_name,
                    "amount": format_with_symbol(each.amount_minor, each.currency, reader.language),
                    "until": each.until_on.isoformat(),
                }
                for each in ending
            ]
        values = {"name": reader.name, "company": company, "lines": lines}
        queue_rendered(db, actor, PURPOSE, reader, values, from_name=company)
