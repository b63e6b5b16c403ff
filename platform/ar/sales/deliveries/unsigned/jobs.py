"""Sends the list of unsigned notes: Mondays at 09:30 in the company's zone, or on the next working day (R101, A22).

Invariant: at most once per week (by an idempotency key), however often the job runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from ar.sales.deliveries.unsigned.mails import list_readers, queue_list
from ar.sales.deliveries.unsigned.queries import unsigned_notes
from ar.sales.rules.unsigned import LIST_AT, list_day
from kernel import idempotency, journal, outbox
from kernel.actor import Actor
from kernel.clock import moment_on
from tenants.queries import work_calendar
from tenants.slice import Job, Recurring

SEND_LIST: Final = "sales.unsigned_deliveries"


def send_list(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Queues the list of the week `payload["period"]` (2026-W47), or itself for the day and hour at which it goes."""
    week, on = str(payload["period"]), list_day(actor.today, work_calendar(db, actor.tenant_id).is_working_day)
    if on is None or f"{actor.today:%G-W%V}" != week:
        return
    at = moment_on(on, actor.timezone, LIST_AT)
    if actor.now < at:
        outbox.put(db, actor, SEND_LIST, {"period": week}, key=f"{SEND_LIST}:{week}:{on.isoformat()}", due_at=at)
        return
    notes = unsigned_notes(db, actor.tenant_id, actor.today, today=actor.today)
    if not notes or not idempotency.first_time(db, actor, f"{SEND_LIST}:{week}", {"week": week}):
        return
    readers = list_readers(db, actor, notes)
    for reader in readers:
        queue_list(db, actor, reader, notes)
    if readers:
        facts = {"week": week, "count": len(notes), "people": len(readers)}
        journal.record(db, actor, "unsigned_deliveries_sent", data=facts)


JOBS: Final = (Job(SEND_LIST, send_list),)
RECURRING: Final = (Recurring(SEND_LIST, period="week", when="day_start"),)
