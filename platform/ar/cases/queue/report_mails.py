"""Tells those whose role decides on a task that it waits for them (R178, W7): one mail a run and person.

Invariant: the mail is rechecked before sending, so that nobody is asked about what is decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.step_texts import step_name
from ar.cases.models import Action
from ar.cases.queue.waiting import waits_for_role
from ar.cases.rules.policy import ADDRESSED_TO
from ar.cases.runs.recording import REPORT_TO_ROLES
from ar.customers.models import Customer
from kernel.actor import Actor
from kernel.i18n import use_language
from kernel.mail import MailMessage
from kernel.money import format_with_symbol
from kernel.settings import settings
from kernel.views import DbRow
from tenants.permissions import Role
from tenants.queries import tenant
from tenants.recipients import PERSON_REMOVED, Person, active_people, active_person_at
from tenants.slice import Job, Mail
from web.mailtexts import queue_rendered

PURPOSE: Final = "report_to_decide"
#: Lines shown in the mail; the page has them all.
LINES_MAX: Final = 30


def report_to_roles(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Queues a mail to each holder of a role that a task of the run waits for; without one, to finance directors."""
    run_id = UUID(str(payload["run"]))
    people, told = active_people(db, actor.tenant_id), set[UUID]()
    for role in _roles_asked(db, actor.tenant_id, run_id):
        holders = [each for each in people if role in each.roles]
        for reader in holders or [each for each in people if Role.FINANCE_DIRECTOR in each.roles]:
            if reader.id not in told:
                told.add(reader.id)
                asked = reader.roles if holders else frozenset({role})
                _queue(db, actor, run_id, reader, _tasks(db, actor.tenant_id, run_id, asked))


def recheck_report(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Rechecks a report before sending, by the roles that its reader has now. Returns why not to send it, or None.

    Finance directors are asked in place of a role that nobody has, so any task keeps theirs.
    """
    reader = active_person_at(db, actor.tenant_id, message.to_address)
    if reader is None:
        return PERSON_REMOVED
    every_role = frozenset(role.value for role in Role)
    roles = every_role if Role.FINANCE_DIRECTOR in reader.roles else reader.roles
    asked = message.subject_id is not None and _tasks(db, actor.tenant_id, message.subject_id, roles)
    return None if asked else "withdrawn"


def _roles_asked(db: Session, tenant_id: UUID, run_id: UUID) -> list[str]:
    action = Action
    rows = db.execute(
        sa.select(action.release_role, action.code)
        .where(action.tenant_id == tenant_id, action.run_id == run_id, action.form != "letter")
        .distinct()
    )
    asked = {row.release_role or ADDRESSED_TO.get(row.code) for row in rows}
    return sorted(role for role in asked if role)


def _tasks(db: Session, tenant_id: UUID, run_id: UUID, roles: frozenset[str]) -> Sequence[DbRow]:
    """Returns the run's open tasks that wait for one of the roles, the largest first."""
    action, customer = Action, Customer
    asked = sa.bindparam(None, sorted(roles), type_=sa.ARRAY(sa.Text))
    return db.execute(
        sa.select(action.code, action.currency, action.total_minor, customer.name, customer.number)
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == action.customer_id))
        .where(action.tenant_id == tenant_id, action.run_id == run_id, *waits_for_role(tenant_id, asked))
        .order_by(action.total_minor.desc(), action.id)
    ).all()


def _queue(db: Session, actor: Actor, run_id: UUID, reader: Person, tasks: Sequence[DbRow]) -> None:
    if not tasks:
        return
    company = tenant(db, actor.tenant_id)
    with use_language(reader.language):
        lines = [
            {
                "customer": f"{row.name} {row.number}",
                "step": step_name(row.code),
                "amount": format_with_symbol(row.total_minor, row.currency, reader.language),
            }
            for row in tasks[:LINES_MAX]
        ]
    values = {
        "name": reader.name,
        "company": company.name,
        "count": len(tasks),
        "lines": lines,
        "more": len(tasks) - len(lines),
        "url": f"{settings().base_url}/c/{company.slug}/decisions/?kind=task",
    }
    queue_rendered(db, actor, PURPOSE, reader, values, from_name=company.name, subject_id=run_id)


JOBS: Final = (Job(REPORT_TO_ROLES, report_to_roles),)
MAILS: Final = (Mail(PURPOSE, recheck=recheck_report),)
