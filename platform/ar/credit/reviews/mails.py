"""Tells those whom a review of limits waits for: on its opening, and every seven days while it is open (R069, R071).

Owners explain what was flagged at their customers (the sales managers where there is none), finance decides. Once it
is submitted the approval asks the general manager (or a substitute), who is reminded every seven days from then on.
Invariants: one mail a person, review and week, rechecked before sending, so that nobody is asked for what is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.reviews.models import ReviewCampaign, ReviewLine
from ar.customers.models import Customer
from kernel import idempotency
from kernel.actor import Actor
from kernel.clock import local_date
from kernel.i18n import mark
from kernel.mail import MailMessage, queue_copy
from kernel.settings import settings
from kernel.visibility import everything
from tenants.approvals.engine import ask_again
from tenants.approvals.models import Approval
from tenants.permissions import Permission, Role, allows
from tenants.queries import tenant
from tenants.recipients import PERSON_REMOVED, Person, active_people, active_person_at
from tenants.slice import Job, Mail, Recurring
from web.mailtexts import queue_rendered

PURPOSE: Final = "review_waiting"
REMIND: Final = "credit.remind_reviews"
REMIND_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Asked:
    """What a review waits for from one person: lines to explain, and lines to decide."""

    reader: Person
    explain: int
    decide: int


def tell_those_asked(db: Session, actor: Actor, campaign_id: UUID) -> None:
    """Queues a mail to everybody whom the review waits for."""
    number, company = _campaign(db, actor.tenant_id, campaign_id)[0], tenant(db, actor.tenant_id)
    for each in asked_of(db, actor.tenant_id, campaign_id):
        values = {
            "name": each.reader.name,
            "company": company.name,
            "number": number,
            "explain": each.explain,
            "decide": each.decide,
            "url": f"{settings().base_url}/c/{company.slug}/reviews/{campaign_id}",
        }
        queue_rendered(db, actor, PURPOSE, each.reader, values, from_name=company.name, subject_id=campaign_id)


def asked_of(db: Session, tenant_id: UUID, campaign_id: UUID) -> list[Asked]:
    """Returns what an open review waits for, by person; nothing of one that is submitted, signed or cancelled."""
    if _campaign(db, tenant_id, campaign_id)[1] != "open":
        return []
    people = active_people(db, tenant_id)
    explain, undecided = _waiting(db, tenant_id, campaign_id)
    owners = {each.id for each in people}
    nobodys = sum(count for owner_id, count in explain.items() if owner_id not in owners)
    found = []
    for each in people:
        own = explain.get(each.id, 0) + (nobodys if Role.SALES_MANAGER in each.roles else 0)
        # The general manager signs, when all is decided.
        decides = allows(each.roles - {Role.GENERAL_MANAGER}, Permission.MANAGE_CREDIT)
        if own or (decides and undecided):
            found.append(Asked(each, own, undecided if decides else 0))
    return found


def recheck_review(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Rechecks before sending that the review still waits for its reader."""
    reader = active_person_at(db, actor.tenant_id, message.to_address)
    if reader is None:
        return PERSON_REMOVED
    campaign_id = message.subject_id
    asked = [] if campaign_id is None else asked_of(db, actor.tenant_id, campaign_id)
    return None if any(each.reader.id == reader.id for each in asked) else "withdrawn"


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Queues the mails again, once for every seven days: of an open review since its figures were taken, of a submitted
    one since it waits for the signature.
    """
    c = ReviewCampaign
    rows = db.execute(sa.select(c.id, c.review_on).where(c.tenant_id == actor.tenant_id, c.state == "open")).all()
    for row in rows:
        if _is_due(db, actor, row.id, row.review_on):
            tell_those_asked(db, actor, row.id)
    for row in _unsigned(db, actor.tenant_id):
        if _is_due(db, actor, row.id, local_date(row.requested_at, actor.timezone)):
            ask_again(db, actor, row.id)


def _is_due(db: Session, actor: Actor, waiting_id: UUID, since: date) -> bool:
    """Whether another seven days have passed since `since`, and nobody was reminded for them yet."""
    weeks = (actor.today - since).days // REMIND_DAYS
    return weeks > 0 and idempotency.first_time(db, actor, f"{PURPOSE}:{waiting_id}:{weeks}", {})


def _unsigned(db: Session, tenant_id: UUID) -> Sequence[Any]:
    """Returns id and moment of the approvals that submitted reviews wait for."""
    c, a = ReviewCampaign, Approval
    return db.execute(
        sa.select(a.id, a.requested_at)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.approval_id == a.id))
        .where(a.tenant_id == tenant_id, c.state == "submitted")
        .order_by(a.id)
    ).all()


def _campaign(db: Session, tenant_id: UUID, campaign_id: UUID) -> tuple[str, str]:
    """Returns number and state of a review."""
    c = ReviewCampaign
    row = db.execute(sa.select(c.number, c.state).where(c.tenant_id == tenant_id, c.id == campaign_id)).one()
    return row.number, row.state


def _waiting(db: Session, tenant_id: UUID, campaign_id: UUID) -> tuple[dict[UUID | None, int], int]:
    """Returns how many flagged lines wait for an explanation, by the customer's owner, and how many for a decision."""
    line, customer = ReviewLine, Customer
    flagged = sa.and_(sa.func.cardinality(line.flags) > 0, line.explanation == "")
    with everything(db):
        rows = db.execute(
            sa.select(
                customer.owner_id,
                sa.func.count().filter(flagged).label("explain"),
                sa.func.count().filter(line.decision.is_(None)).label("undecided"),
            )
            .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == line.customer_id))
            .where(line.tenant_id == tenant_id, line.campaign_id == campaign_id)
            .group_by(customer.owner_id)
        ).all()
    return {row.owner_id: row.explain for row in rows}, sum(row.undecided for row in rows)


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
MAILS: Final = (Mail(PURPOSE, recheck=recheck_review, name=mark("Review of limits that waits"), send_again=queue_copy),)
