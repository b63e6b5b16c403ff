"""Mails of unsigned notes: Monday's list to order follow-up and accountants, and the measures that were ordered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.sales.deliveries.messages import MEASURES, MODE_NAMES
from ar.sales.deliveries.unsigned.inputs import ChooseMeasure
from ar.sales.deliveries.unsigned.queries import UnsignedNote
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.mail import MailMessage, queue_copy
from kernel.settings import settings
from tenants.permissions import Role
from tenants.queries import tenant
from tenants.recipients import PERSON_REMOVED, Person, active_people, active_person_at
from tenants.slice import Mail
from web.mailtexts import queue_rendered

LIST: Final = "unsigned_deliveries"
MEASURE: Final = "unsigned_measure"
#: Lines shown in the mail itself; the page has them all.
LINES_MAX: Final = 30
_READERS: Final = frozenset({Role.ORDER_FOLLOW_UP, Role.ACCOUNTANT})


def list_readers(db: Session, actor: Actor, notes: Sequence[UnsignedNote]) -> list[Person]:
    """Returns who gets Monday's list, each once: follow-up and accountants; sales managers while a measure waits."""
    roles = _READERS | ({Role.SALES_MANAGER} if any(note.waits_for == "measure" for note in notes) else frozenset())
    return [person for person in active_people(db, actor.tenant_id) if person.roles & roles]


def queue_list(db: Session, actor: Actor, reader: Person, notes: Sequence[UnsignedNote]) -> None:
    """Queues one reader's list."""
    company = tenant(db, actor.tenant_id)
    with use_language(reader.language):
        lines = [_line(note) for note in notes[:LINES_MAX]]
    values = {
        "name": reader.name,
        "company": company.name,
        "day": actor.today,
        "count": len(notes),
        "late": sum(note.needs_reason for note in notes),
        "to_decide": sum(note.waits_for == "measure" for note in notes),
        "lines": lines,
        "more": len(notes) - len(lines),
        "url": f"{settings().base_url}/c/{company.slug}/unsigned/",
    }
    queue_rendered(db, actor, LIST, reader, values, from_name=company.name, subject_id=reader.id)


def queue_measure(db: Session, actor: Actor, delivery_id: UUID, number: str, reason: str, data: ChooseMeasure) -> None:
    """Tells the accountants which measure the sales manager ordered for a note (R102)."""
    company = tenant(db, actor.tenant_id)
    for reader in active_people(db, actor.tenant_id):
        if Role.ACCOUNTANT not in reader.roles:
            continue
        with use_language(reader.language):
            measure = _(MEASURES[data.measure])
        values = {
            "name": reader.name,
            "number": number,
            "reason": reason,
            "measure": measure,
            "by": actor.name,
            "day": data.due_on,
            "url": f"{settings().base_url}/c/{company.slug}/deliveries/{delivery_id}",
        }
        queue_rendered(db, actor, MEASURE, reader, values, from_name=company.name, subject_id=delivery_id)


def still_reads(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Checks before sending that the reader still belongs to the company and has one of the roles."""
    reader = active_person_at(db, actor.tenant_id, message.to_address)
    still = reader is not None and bool(reader.roles & (_READERS | {Role.SALES_MANAGER}))
    return None if still else PERSON_REMOVED


def _line(note: UnsignedNote) -> dict[str, Any]:
    return {
        "number": note.number,
        "day": note.shipped_on,
        "customer": f"{note.customer_name} {note.customer_no}",
        "mode": _(MODE_NAMES[note.mode][0]),
        "carrier": note.carrier or note.driver,
        "salesperson": note.salesperson,
        "days": note.days_out,
        "reason": note.reason or note.short_reason,
        "waits_for": note.waits_for,
    }


MAILS: Final = (
    Mail(LIST, recheck=still_reads, name=mark("List of unsigned delivery notes"), send_again=queue_copy),
    Mail(MEASURE, recheck=still_reads, name=mark("Measure for an unsigned note"), send_again=queue_copy),
)
