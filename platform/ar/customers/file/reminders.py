"""Reminds owners, once a day, of documents to be renewed or lapsed: once per document and deadline (R024).

Invariant: one reminder per customer, kind and day, however often the job runs (primary key of `file_reminder`),
recorded in the transaction that queues the mails. Files that never had the document are on the list of gaps alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.customers.file.gap_list import GapLine, gap_lines
from ar.customers.file.messages import gap_sentence
from ar.customers.file.models import FileReminder
from kernel.actor import Actor
from kernel.i18n import mark, use_language
from kernel.mail import queue_copy
from tenants.permissions import Permission
from tenants.queries import tenant
from tenants.recipients import active_person, still_may
from tenants.slice import Job, Mail, Recurring
from web.mailtexts import queue_rendered

REMIND: Final = "customer_file.remind"
PURPOSE: Final = "file_reminder"


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Queues one mail to each owner with what is newly due of their customers; none where nothing is."""
    by_owner: dict[Any, list[GapLine]] = {}
    for line in _not_yet_reminded(db, actor, gap_lines(db, actor.tenant_id, actor.today)):
        by_owner.setdefault(line.owner_id, []).append(line)
    company = tenant(db, actor.tenant_id).name
    for owner_id, lines in sorted(by_owner.items(), key=lambda each: str(each[0])):
        owner = active_person(db, actor.tenant_id, owner_id)
        if owner is None:
            continue
        with use_language(owner.language):
            rows = [
                {
                    "number": line.number,
                    "customer": line.name,
                    "gap": gap_sentence(gap, gap.due_on.isoformat() if gap.due_on else ""),
                }
                for line in lines
                for gap in line.gaps
            ]
        values = {"name": owner.name, "company": company, "lines": rows}
        queue_rendered(db, actor, PURPOSE, owner, values, from_name=company)


def _not_yet_reminded(db: Session, actor: Actor, lines: Sequence[GapLine]) -> list[GapLine]:
    """Records the reminders of dated gaps whose owner can be written to; returns the lines with the new ones alone."""
    reminder = FileReminder
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "customer_id": line.customer_id,
            "kind": gap.kind,
            "due_on": gap.due_on,
            "reminded_at": actor.now,
        }
        for line in lines
        if line.owner_id is not None
        for gap in line.gaps
        if gap.due_on is not None
    ]
    if not rows:
        return []
    inserted = db.execute(
        insert(reminder)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(reminder.customer_id, reminder.kind, reminder.due_on)
    )
    fresh = {(row.customer_id, row.kind, row.due_on) for row in inserted}
    found = []
    for line in lines:
        gaps = [gap for gap in line.gaps if (line.customer_id, gap.kind, gap.due_on) in fresh]
        if gaps:
            found.append(replace(line, gaps=gaps))
    return found


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=still_may(Permission.KEEP_FILE),
        name=mark("Reminder of documents to renew"),
        send_again=queue_copy,
    ),
)
