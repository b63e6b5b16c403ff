"""Queues the weekly debt list: to each salesperson their own customers, to finance and sales management all (R123).

Invariant: at most once per week (by an idempotency key), on the week's first working day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from ar.reports.debt_list.mails import customers_in, queue_debt_list, sees_all_customers
from ar.reports.debt_list.queries import debt_list
from kernel import idempotency, journal, outbox
from kernel.actor import Actor
from kernel.clock import moment_on
from tenants.permissions import Permission
from tenants.queries import tenant, work_calendar
from tenants.recipients import people_who_may
from tenants.slice import Job, Recurring

DEBT_LIST: Final = "reports.debt_list"


def send_debt_lists(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Queues the lists of the week `payload["period"]` (2026-W47), or reschedules to its first working day."""
    week, working = str(payload["period"]), work_calendar(db, actor.tenant_id)
    if not working.is_working_day(actor.today):
        day = working.next_working_day(actor.today)
        if week_of(day) == week:
            at = moment_on(day, actor.timezone)
            outbox.put(db, actor, DEBT_LIST, {"period": week}, key=f"{DEBT_LIST}:{week}:{day.isoformat()}", due_at=at)
        return
    if not idempotency.first_time(db, actor, f"{DEBT_LIST}:{week}", {"week": week}):
        return
    rows, company = debt_list(db, actor.tenant_id, actor.today), tenant(db, actor.tenant_id)
    mailed = 0
    for reader in people_who_may(db, actor.tenant_id, Permission.READ):
        whole = sees_all_customers(reader.roles)
        shown = rows if whole else [row for row in rows if row.owner_id == reader.id]
        if shown:
            queue_debt_list(db, actor, company, reader, shown, whole=whole)
            mailed += 1
    if mailed:
        facts = {"week": week, "people": mailed, "customers": customers_in(rows)}
        journal.record(db, actor, "debt_list_sent", data=facts)


def week_of(day: date) -> str:
    """Returns the ISO week of a day, like 2026-W47."""
    return f"{day:%G-W%V}"


JOBS: Final = (Job(DEBT_LIST, send_debt_lists),)
RECURRING: Final = (Recurring(DEBT_LIST, period="week"),)
