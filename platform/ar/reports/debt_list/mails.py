"""Queues the mail of the weekly debt list, with the whole list as a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from ar.ledger.messages import STAGE_NAMES
from ar.reports.aging.exports import XLSX_TYPE
from ar.reports.debt_list.queries import DebtRow, debts_xlsx
from kernel import storage
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.mail import Attachment, queue_copy
from kernel.money import format_with_symbol
from kernel.settings import settings
from tenants.permissions import Permission
from tenants.queries import TenantFacts
from tenants.recipients import Person, still_may
from tenants.slice import Mail
from web.mailtexts import queue_rendered

PURPOSE: Final = "debt_list"
MAILS: Final = (
    Mail(PURPOSE, recheck=still_may(Permission.READ), name=mark("Weekly list of debts"), send_again=queue_copy),
)
#: Lines shown in the mail itself; the workbook has them all.
LINES_MAX: Final = 30


def queue_debt_list(
    db: Session, actor: Actor, company: TenantFacts, reader: Person, rows: Sequence[DebtRow], *, whole: bool
) -> None:
    """Queues one reader's list with its workbook. `whole`: every customer of the company, not only their own."""
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
    queue_rendered(db, actor, PURPOSE, reader, values, from_name=company.name, attachments=[attachment])


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
