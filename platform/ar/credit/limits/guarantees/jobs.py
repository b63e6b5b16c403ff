"""Reminds people, once a day, of guarantees that run out or must be claimed within 30 or 7 days (R047).

Invariant: one reminder per guarantee, deadline and number of days, however often the job runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.guarantees.mails import EndingGuarantee, queue_reminders
from ar.credit.limits.models import Guarantee
from ar.credit.rules.guarantees import REMIND_DAYS, reminder_due
from ar.customers.models import Customer
from kernel import idempotency
from kernel.actor import Actor
from tenants.slice import Job, Recurring

REMIND: Final = "credit.remind_guarantees"


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Queues the reminder of guarantees newly at a deadline; none when there are no new ones."""
    fresh = [each for each in ending_guarantees(db, actor) if _is_new(db, actor, each)]
    if fresh:
        queue_reminders(db, actor, fresh)


def ending_guarantees(db: Session, actor: Actor) -> list[EndingGuarantee]:
    """Returns the guarantees in force whose end or whose time to claim is near, the nearest first."""
    g, c = Guarantee, Customer
    through = actor.today + timedelta(days=max(REMIND_DAYS))
    rows = db.execute(
        sa.select(g.id, g.kind, g.provider, g.currency, g.amount_minor, g.valid_to, g.claim_by_on, c.name)
        .join(c, sa.and_(c.tenant_id == actor.tenant_id, c.id == g.customer_id))
        .where(
            g.tenant_id == actor.tenant_id,
            g.ended_at.is_(None),
            sa.or_(g.valid_to.between(actor.today, through), g.claim_by_on.between(actor.today, through)),
        )
    )
    found = []
    for row in rows:
        for what, until_on in (("end", row.valid_to), ("claim", row.claim_by_on)):
            days = None if until_on is None else reminder_due(until_on, actor.today)
            if days is not None:
                found.append(
                    EndingGuarantee(
                        guarantee_id=row.id,
                        what=what,
                        days=days,
                        until_on=until_on,
                        kind=row.kind,
                        provider=row.provider,
                        customer_name=row.name,
                        currency=row.currency,
                        amount_minor=row.amount_minor,
                    )
                )
    return sorted(found, key=lambda each: (each.until_on, each.guarantee_id))


def _is_new(db: Session, actor: Actor, each: EndingGuarantee) -> bool:
    key = f"guarantee_reminder:{each.guarantee_id}:{each.what}:{each.days}"
    return idempotency.first_time(db, actor, key, {"until_on": each.until_on})


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
