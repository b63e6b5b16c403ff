"""Mails the owners of customers whose assessment lapses soon, once each (R072): no new one, no limit.

Invariant: one reminder per assessment, however often the job runs, recorded in the transaction that queues the mail;
of a customer without an owner the sales managers are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.assessments.models import Assessment
from ar.credit.assessments.queries import LAPSING_DAYS
from ar.customers.models import Customer
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.i18n import mark
from kernel.mail import queue_copy
from kernel.views import select_view, value, views
from tenants.permissions import Permission, Role
from tenants.queries import tenant
from tenants.recipients import Person, active_people, still_may
from tenants.slice import Job, Mail, Recurring
from web.mailtexts import queue_rendered

REMIND: Final = "assessments.remind"
PURPOSE: Final = "assessment_lapsing"


@dataclass(frozen=True, slots=True)
class LapsingAssessment:
    """An assessment in force that lapses soon, and the customer's owner."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    owner_id: UUID | None
    grade: str
    valid_through_on: date


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Queues one mail per owner with the assessments of their customers that newly lapse soon."""
    found = [each for each in _lapsing(db, actor) if idempotency.first_time(db, actor, f"{PURPOSE}:{each.id}", {})]
    if not found:
        return
    people = {person.id: person for person in active_people(db, actor.tenant_id)}
    managers = [person for person in people.values() if Role.SALES_MANAGER in person.roles]
    lines: dict[UUID, list[LapsingAssessment]] = defaultdict(list)
    for each in found:
        owner = people.get(each.owner_id) if each.owner_id else None
        for reader in [owner] if owner else managers:
            lines[reader.id].append(each)
        facts = {"number": each.number, "valid_through_on": each.valid_through_on.isoformat()}
        journal.record(db, actor, "assessment_lapsing", customer_id=each.customer_id, subject_id=each.id, data=facts)
    for reader_id, shown in lines.items():
        _queue(db, actor, people[reader_id], shown)


def _queue(db: Session, actor: Actor, reader: Person, shown: list[LapsingAssessment]) -> None:
    company = tenant(db, actor.tenant_id).name
    lines = [
        {
            "number": each.number,
            "customer": f"{each.customer_name} {each.customer_no}",
            "grade": each.grade,
            "through": each.valid_through_on.isoformat(),
        }
        for each in shown
    ]
    values = {"name": reader.name, "company": company, "lines": lines}
    queue_rendered(db, actor, PURPOSE, reader, values, from_name=company)


def _lapsing(db: Session, actor: Actor) -> list[LapsingAssessment]:
    """Returns the assessments that lapse within LAPSING_DAYS, the soonest first."""
    assessment, customer = Assessment, Customer
    rows = db.execute(
        select_view(
            LapsingAssessment,
            id=value(assessment.id),
            number=value(assessment.number),
            customer_id=value(assessment.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            owner_id=value(customer.owner_id),
            grade=value(assessment.grade),
            valid_through_on=value(sa.type_coerce(assessment.valid_through_on, sa.Date)),
        )
        .join(customer, sa.and_(customer.tenant_id == actor.tenant_id, customer.id == assessment.customer_id))
        .where(
            assessment.tenant_id == actor.tenant_id,
            assessment.state == "approved",
            assessment.valid_through_on.between(actor.today, actor.today + timedelta(days=LAPSING_DAYS)),
        )
        .order_by(assessment.valid_through_on, assessment.number)
    )
    return views(LapsingAssessment, rows)


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=still_may(Permission.ASSESS),
        name=mark("Reminder of an assessment that lapses"),
        send_again=queue_copy,
    ),
)
