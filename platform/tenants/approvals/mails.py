"""Queues the mails of approvals: to the deciders of the next step, and of the outcome to the requester.

Invariant: a mail is written in its reader's language and rechecked before sending, so that nobody is asked to decide
what is decided.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.clock import local_date
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.mail import MailMessage, queue_copy
from kernel.settings import settings
from kernel.views import DbRow
from tenants.approvals import rows
from tenants.approvals.holders import deciders, people_of
from tenants.approvals.kinds import customer_names, find_kind
from tenants.permissions import Permission
from tenants.queries import tenant
from tenants.recipients import Person, active_person, active_person_at, still_may
from tenants.slice import Mail
from web.mailtexts import queue_rendered

REQUEST: Final = "approval_request"
DECIDED: Final = "approval_decided"


def mail_next_deciders(db: Session, actor: Actor, row: DbRow) -> None:
    """Queues a mail to each person who can decide the open step, substitutes of today included."""
    people = people_of(db, actor.tenant_id, actor.today)
    able = deciders(people, row.waits_for, row.requested_by_id, rows.used_by(rows.decisions(db, row.tenant_id, row.id)))
    for person_id, represented in able.items():
        behalf = people.members[represented].name if represented else ""
        _queue(db, actor, row, people.members[person_id], REQUEST, on_behalf_of=behalf)


def mail_requester(db: Session, actor: Actor, row: DbRow) -> None:
    """Queues the outcome to the requester, unless they closed it themselves or have left."""
    requester = active_person(db, actor.tenant_id, row.requested_by_id)
    if requester is None or requester.id == actor.user_id:
        return
    _queue(db, actor, row, requester, DECIDED, outcome=row.state, by=row.closed_by, why=row.closed_reason or "")


def still_to_decide(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Rechecks a request for a decision before sending. Returns the reason code not to send it, or None."""
    if message.subject_id is None:
        return "approval_gone"
    row = rows.load_approval(db, actor.tenant_id, message.subject_id)
    if row.state != "pending":
        return "approval_closed"
    people = people_of(db, actor.tenant_id, actor.today)
    reader = active_person_at(db, actor.tenant_id, message.to_address)
    used = rows.used_by(rows.decisions(db, actor.tenant_id, row.id))
    if reader is None or reader.id not in deciders(people, row.waits_for, row.requested_by_id, used):
        return "approval_not_theirs"
    return None


MAILS: Final = (
    Mail(REQUEST, recheck=still_to_decide, name=mark("Request for approval"), send_again=queue_copy),
    # It names customer and amount: who sees no customer any more does not get it.
    Mail(DECIDED, recheck=still_may(Permission.READ), name=mark("Outcome of an approval"), send_again=queue_copy),
)


def _queue(db: Session, actor: Actor, row: Any, reader: Person, purpose: str, **more: str) -> UUID:
    company, kind = tenant(db, actor.tenant_id), find_kind(row.kind)
    customer = customer_names(db, actor.tenant_id, [row.customer_id]).get(row.customer_id)
    with use_language(reader.language):
        named = _(kind.name) if kind else row.kind
    values = {
        "name": reader.name,
        "company": company.name,
        "kind": named,
        "number": row.number,
        "customer": customer,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "requester": row.requested_by,
        "requested_on": local_date(row.requested_at, company.timezone),
        "reason": row.reason,
        "url": f"{settings().base_url}/c/{company.slug}/approvals/{row.id}",
        **more,
    }
    return queue_rendered(db, actor, purpose, reader, values, from_name=company.name, subject_id=row.id)
