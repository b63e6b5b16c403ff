"""Queues the mail of the weekly debt list, with the whole list as a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from ar.ledger.messages import STAGE_NAMES
from ar.reports.debt_list.queries import DebtRow, debts_xlsx
from kernel import storage
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.mail import Attachment, MailMessage, queue_copy
from kernel.money import format_with_symbol
from kernel.settings import settings
from kernel.sheets import XLSX_TYPE
from tenants.permissions import GRANTS, Permission, Role, allows
from tenants.queries import TenantFacts
from tenants.recipients import PERSON_REMOVED, Person, active_person_at
from tenants.slice import Mail
from web.mailtexts import queue_rendered

PURPOSE: Final = "debt_list"
#: Roles whose list names every customer: bookkeeping and the sales manager (R138).
_SEE_ALL_CUSTOMERS: Final = GRANTS[Permission.POST_LEDGER] | {Role.SALES_MANAGER}
#: Lines shown in the mail itself; the workbook has them all.
LINES_MAX: Final = 30


def sees_all_customers(roles: frozenset[str]) -> bool:
    """Returns True for roles whose list names every customer."""
    return bool(roles & _SEE_ALL_CUSTOMERS)


def still_sees_list(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Checks before sending that the reader still belongs to the company, and may still read the whole list."""
    reader = active_person_at(db, actor.tenant_id, message.to_address)
    is_whole = message.subject_id == actor.tenant_id
    may_read = reader is not None and allows(reader.roles, Permission.READ)
    return None if reader and may_read and (sees_all_customers(reader.roles) or not is_whole) else PERSON_REMOVED


def queue_debt_list(
    db: Session, actor: Actor, company: TenantFacts, reader: Person, rows: Sequence[DebtRow], *, whole: bool
) -> None:
    """Queues one reader's list with its workbook. `whole`: every customer of the company, not only their own.

    The subject of a whole list is the company, that of another its reader; the check before sending asks for it.
    """
    with use_language(reader.language):
        lines = [_line(row, reader.language) for row in rows[:LINES_MAX]]
        sheet = debts_xlsx(rows, actor.today)
        file_name = f"{_('Debts')}-{actor.today.isoformat()}.xlsx"
    values = {
        "name": reader.name,
        "company": company.name,
        "day": actor.today,
        "whole": whole,
        "customers": customers_in(rows),
        "lines": lines,
        "more": len(rows) - len(lines),
        "url": f"{settings().base_url}/c/{company.slug}/aging/",
    }
    attachment = Attachment(file_name, storage.store(db, actor, sheet, XLSX_TYPE))
    about = actor.tenant_id if whole else reader.id
    queue_rendered(
        db, actor, PURPOSE, reader, values, from_name=company.name, attachments=[attachment], subject_id=about
    )


def customers_in(rows: Sequence[DebtRow]) -> int:
    """Returns how many customers the list names."""
    return len({row.customer_no for row in rows})


def _line(row: DebtRow, language: str) -> dict[str, Any]:
    return {
        "customer": f"{row.customer_name} {row.customer_no}",
        "balance": format_with_symbol(row.balance_minor, row.currency, language),
        "overdue": format_with_symbol(row.overdue_minor, row.currency, language) if row.overdue_minor else "",
        "days": row.days,
        "stage": _(STAGE_NAMES[row.stage]),
        "doubtful": row.doubtful_minor > 0,
    }


MAILS: Final = (Mail(PURPOSE, recheck=still_sees_list, name=mark("Weekly list of debts"), send_again=queue_copy),)
