"""The weekly debt list by mail: each salesperson their own customers, finance and the sales manager everybody (R123).

May import this slice, tenants' people and the kernel. Invariants: once per week however often it is asked for (an
idempotency key holds it); on the week's first working day; whoever has left meanwhile is not written to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.messages import STAGE_NAMES
from ar.reports.debt_list import DebtRow, debt_list, debts_xlsx
from ar.reports.exports import XLSX_TYPE
from kernel import idempotency, journal, outbox, storage
from kernel.actor import Actor
from kernel.clock import moment_on
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.mail import Attachment, Letter, MailMessage, queue_mail
from kernel.money import format_with_symbol
from kernel.settings import settings
from tenants.models import Membership, User
from tenants.permissions import GRANTS, Permission, Role, allows
from tenants.queries import TenantFacts, tenant, work_calendar
from tenants.slice import Job, Mail, Recurring
from web.mailtexts import render_mail

DEBT_LIST: Final = "reports.debt_list"
PURPOSE: Final = "debt_list"
#: How many lines stand in the mail itself; the workbook has them all.
LINES_MAX: Final = 30
#: Who is told about every customer: those who keep the books, and the head of sales (R138).
_EVERYTHING: Final = GRANTS[Permission.POST_LEDGER] | {Role.SALES_MANAGER}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Somebody who may get a list."""

    id: UUID
    name: str
    address: str
    language: str
    roles: frozenset[str]


def send_debt_lists(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Mails the lists of the week `payload["period"]` (2026-W47), or waits for its first working day."""
    week, working = str(payload["period"]), work_calendar(db, actor.tenant_id)
    if not working.is_working_day(actor.today):
        day = working.next_working_day(actor.today)
        if week_of(day) == week:
            at = moment_on(day, actor.timezone)
            outbox.put(db, actor, DEBT_LIST, {"period": week}, key=f"{DEBT_LIST}:{week}:{day.isoformat()}", due_at=at)
        return
    if not idempotency.first_time(db, actor, f"{DEBT_LIST}:{week}", {"week": week})[0]:
        return
    rows, company = debt_list(db, actor.tenant_id, actor.today), tenant(db, actor.tenant_id)
    told = 0
    for reader in _readers(db, actor.tenant_id):
        whole = bool(reader.roles & _EVERYTHING)
        theirs = rows if whole else [row for row in rows if row.owner_id == reader.id]
        if theirs:
            _queue(db, actor, company, reader, theirs, whole=whole)
            told += 1
    if told:
        journal.record(db, actor, "debt_list_sent", data={"week": week, "people": told, "customers": _customers(rows)})


def _customers(rows: Sequence[DebtRow]) -> int:
    return len({row.customer_no for row in rows})


def _readers(db: Session, tenant_id: UUID) -> list[_Reader]:
    """The people of the company who may read its books, by address."""
    u, m = User, Membership
    rows: Any = db.execute(
        sa.select(u.id, u.name, u.email, u.language, m.roles)
        .join(m, m.user_id == u.id)
        .where(m.tenant_id == tenant_id, m.active.is_(True))
        .order_by(u.email)
    )
    people = [_Reader(row.id, row.name, row.email, row.language, frozenset(row.roles)) for row in rows]
    return [person for person in people if allows(person.roles, Permission.READ)]


def _queue(
    db: Session, actor: Actor, company: TenantFacts, reader: _Reader, rows: Sequence[DebtRow], *, whole: bool
) -> None:
    with use_language(reader.language):
        lines = [_line(row, reader.language) for row in rows[:LINES_MAX]]
        sheet = debts_xlsx(rows, actor.today)
        file_name = f"{_('Debts')}-{actor.today.isoformat()}.xlsx"
    texts = render_mail(
        "debt_list",
        reader.language,
        name=reader.name,
        company=company.name,
        day=actor.today,
        whole=whole,
        customers=_customers(rows),
        lines=lines,
        more=len(rows) - len(lines),
        url=f"{settings().base_url}/c/{company.slug}/aging/",
    )
    letter = Letter(
        reader.address,
        reader.name,
        texts.subject,
        texts.text,
        texts.html,
        from_name=company.name,
        attachments=[Attachment(file_name, storage.store(db, actor, sheet, XLSX_TYPE))],
    )
    queue_mail(db, actor, letter, purpose=PURPOSE)


def _line(row: DebtRow, language: str) -> dict[str, Any]:
    return {
        "customer": f"{row.customer_name} {row.customer_no}",
        "balance": format_with_symbol(row.balance_minor, row.currency, language),
        "overdue": format_with_symbol(row.overdue_minor, row.currency, language) if row.overdue_minor else "",
        "days": row.days,
        "stage": _(STAGE_NAMES[row.stage]),
        "doubtful": row.doubtful_minor > 0,
    }


def still_reads(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Whoever left the company, or may not read its books any more, gets no list."""
    readers = _readers(db, actor.tenant_id)
    return None if any(each.address == message.to_address for each in readers) else "person_removed"


def week_of(day: date) -> str:
    """The week that a day lies in, as the clock names it: 2026-W47."""
    return f"{day:%G-W%V}"


JOBS: Final = (Job(DEBT_LIST, send_debt_lists),)
RECURRING: Final = (Recurring(DEBT_LIST, period="week"),)
MAILS: Final = (Mail(PURPOSE, recheck=still_reads),)
