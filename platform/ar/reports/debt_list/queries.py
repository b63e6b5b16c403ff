"""The customer debt list: what each customer owes per currency, how late, in which stage; on paper as a workbook.

May import the ledger and the tables of customers. Invariants: one statement whatever the size; currencies are never
added up; balances are those of the aging report of the same day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.lookups import (
    is_doubtful,
    items_with_later_allocations,
    later_allocations,
    open_minor_at,
    possibly_open_at,
)
from ar.ledger.messages import STAGE_NAMES
from ar.ledger.models import OpenItem
from ar.ledger.rules.due_dates import overdue_days
from ar.ledger.rules.stages import Stage, stage_of
from kernel.i18n import gettext as _
from kernel.money import Money
from kernel.sheets import Cell, Column, Sheet, write_xlsx
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class DebtRow:
    """A customer's debts in one currency at `as_of`, minor units; `balance_minor` is after credits not applied.

    `oldest_due_on`: of what is open, so that it tells the most days late and the worst stage. `owner_id`: the
    salesperson, None where nobody has the customer.
    """

    customer_no: str
    customer_name: str
    owner_id: UUID | None
    currency: str
    balance_minor: int
    overdue_minor: int
    doubtful_minor: int
    oldest_due_on: date
    as_of: date

    @property
    def days(self) -> int:
        """Days late of the oldest document; 0 when nothing is late."""
        return max(overdue_days(self.oldest_due_on, self.as_of), 0)

    @property
    def stage(self) -> Stage:
        """The worst stage: the one of the oldest document."""
        return stage_of(self.oldest_due_on, self.as_of)


def debt_list(db: Session, tenant_id: UUID, as_of: date) -> list[DebtRow]:
    """Everybody who owes anything at the end of `as_of`, the oldest debt first (R123)."""
    item, customer = OpenItem, Customer
    later = later_allocations(tenant_id, as_of)
    minor = open_minor_at(later)

    def total(*only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(*only), 0), sa.BigInteger)

    sums = (
        sa.select(
            item.customer_id,
            item.currency,
            sa.cast(sa.func.sum(item.side * minor), sa.BigInteger).label("balance"),
            total(item.side > 0, item.due_on < as_of).label("overdue"),
            total(*is_doubtful(as_of)).label("doubtful"),
            sa.func.min(item.due_on).filter(item.side > 0, minor > 0).label("oldest"),
        )
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of))
        .group_by(item.customer_id, item.currency)
        .subquery("sums")
    )
    s = sums.c
    rows = db.execute(
        select_view(
            DebtRow,
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            owner_id=value(customer.owner_id),
            currency=value(s.currency),
            balance_minor=value(s.balance),
            overdue_minor=value(s.overdue),
            doubtful_minor=value(s.doubtful),
            oldest_due_on=value(s.oldest),
            as_of=value(sa.literal(as_of)),
        )
        .join(sums, s.customer_id == customer.id)
        .where(customer.tenant_id == tenant_id, s.oldest.is_not(None))
        .order_by(s.oldest, sa.collate(customer.number, "C"), s.currency)
    )
    return views(DebtRow, rows)


def debts_xlsx(rows: Sequence[DebtRow], as_of: date) -> bytes:
    """The list as a workbook, in the current language."""
    columns = [
        Column(_("Customer number"), width=14),
        Column(_("Customer"), width=36),
        Column(_("Currency"), width=9),
        Column(_("Balance"), "amount"),
        Column(_("Overdue"), "amount"),
        Column(_("Doubtful"), "amount"),
        Column(_("Days overdue"), "int"),
        Column(_("Stage"), width=18),
    ]
    cells: list[Sequence[Cell]] = [
        [
            row.customer_no,
            row.customer_name,
            row.currency,
            Money(minor=row.balance_minor, currency=row.currency),
            Money(minor=row.overdue_minor, currency=row.currency),
            Money(minor=row.doubtful_minor, currency=row.currency),
            row.days,
            _(STAGE_NAMES[row.stage]),
        ]
        for row in rows
    ]
    day = as_of.isoformat()
    footer = [_("As of %(day)s, %(by)s", day=day, by=_("by due date"))]
    return write_xlsx([Sheet(f"{_('Debts')} {day}", columns, cells, (), footer)])
