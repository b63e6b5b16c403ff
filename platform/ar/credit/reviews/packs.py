"""Puts together what the deciders of a review are shown of each customer with a limit (R071).

Invariants: a constant number of statements whatever the number of customers; the figures are those of one day, in the
currency of the limit, and are kept as they were shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills import rules as bills
from ar.credit.exposure.accounts import CustomerAccount, customer_accounts
from ar.credit.exposure.parts import NO_PARTS
from ar.credit.limits.models import CreditLimit
from ar.credit.rules.exposure import DatedLimit
from ar.credit.rules.policy import CreditPolicy
from ar.credit.rules.review import SALES_MONTHS, USE_DAYS, flags_of, high_use_days
from ar.customers.models import Customer
from ar.ledger.rules.due_dates import add_months
from kernel.visibility import everything

_SALES: Final = sa.text("""
    SELECT customer_id, currency, CAST(date_trunc('month', CAST(document_on AS timestamp)) AS date) AS month,
        CAST(sum(side * amount_minor) AS bigint) AS minor
    FROM open_item
    WHERE tenant_id = :tenant AND kind IN ('invoice', 'debit_note', 'credit_note', 'goods_return')
        AND document_on >= :from AND document_on < :until
    GROUP BY customer_id, currency, month
""")
_OVERDUE: Final = sa.text("""
    SELECT customer_id, currency, CAST(sum(open_minor) AS bigint) AS minor
    FROM open_item WHERE tenant_id = :tenant AND side = 1 AND open_minor > 0 AND due_on < :today
    GROUP BY customer_id, currency
""")
_DAYS_TO_PAY: Final = sa.text("""
    SELECT a.customer_id, a.currency,
        round(sum(a.amount_minor * CAST(c.came_on - d.document_on AS numeric)) / sum(a.amount_minor), 1) AS days
    FROM allocation AS a
    JOIN open_item AS c ON c.tenant_id = :tenant AND c.id = a.credit_item_id
    JOIN open_item AS d ON d.tenant_id = :tenant AND d.id = a.debit_item_id
    WHERE a.tenant_id = :tenant AND c.came_on >= :from AND c.came_on <= :today
        AND c.kind IN ('receipt', 'bill') AND NOT c.conditional AND d.kind IN ('invoice', 'debit_note')
    GROUP BY a.customer_id, a.currency
    HAVING sum(a.amount_minor) > 0
""")
#: By how much a customer's exposure changed on each day: documents, orders, and bills that came in or were settled.
_CHANGES: Final = sa.text("""
    SELECT customer_id, currency, day, CAST(sum(minor) AS bigint) AS minor
    FROM (
        SELECT customer_id, currency, document_on AS day, side * amount_minor AS minor
        FROM open_item WHERE tenant_id = :tenant AND document_on > :since AND document_on <= :today
        UNION ALL
        SELECT customer_id, currency, effective_on, released_minor + shipped_minor + signed_minor
        FROM commitment_change WHERE tenant_id = :tenant AND effective_on > :since AND effective_on <= :today
        UNION ALL
        SELECT b.customer_id, b.currency, e.effective_on,
            b.amount_minor * (CAST(e.to_state = ANY(:outstanding) AS integer)
                - CAST(e.from_state = ANY(:outstanding) AS integer))
        FROM bill_event AS e JOIN bill AS b ON b.tenant_id = :tenant AND b.id = e.bill_id
        WHERE e.tenant_id = :tenant AND e.effective_on > :since AND e.effective_on <= :today
            AND (b.kind <> 'bank' OR :bank_bills)
    ) AS changed
    GROUP BY customer_id, currency, day
    HAVING sum(minor) <> 0
""")

_OUTSTANDING: Final = sorted(state.value for state in bills.OUTSTANDING)
#: (customer, currency) → a value.
ByCurrency = Mapping[tuple[UUID, str], Any]


@dataclass(frozen=True)
class Pack:
    """What is shown of one customer in a review: JSON-able figures, and the flags to be explained."""

    customer_id: UUID
    figures: dict[str, Any]
    flags: list[str]


def packs(db: Session, tenant_id: UUID, policy: CreditPolicy, today: date) -> list[Pack]:
    """Returns the pack of every customer who has a regular limit today, in the order of customer numbers."""
    first = add_months(today.replace(day=1), -SALES_MONTHS)
    since = today - timedelta(days=USE_DAYS)
    with everything(db):
        accounts = customer_accounts(db, tenant_id, None, policy, today=today).own
        limits = _limits_since(db, tenant_id, since)
        sales = _sales(db, tenant_id, first, today)
        overdue = _by_currency(db, _OVERDUE, {"tenant": tenant_id, "today": today}, "minor")
        days = _by_currency(db, _DAYS_TO_PAY, {"tenant": tenant_id, "today": today, "from": first}, "days")
        changes = _changes(db, tenant_id, policy, since, today)
        in_order = _customers(db, tenant_id)
    found = []
    for customer_id in in_order:
        account = accounts.get(customer_id)
        if account is None or account.limit.currency is None:
            continue
        key = (customer_id, account.limit.currency)
        months, of_customer = sales.get(key, {}), limits.get(customer_id, [])
        used_days = _used_days(account, changes.get(key, {}), of_customer, policy, today)
        found.append(_pack(account, months, of_customer, policy, today, first, used_days, overdue.get(key, 0), days.get(key)))
    return found


def _pack(
    account: CustomerAccount,
    months: Mapping[date, int],
    limits: list[DatedLimit],
    policy: CreditPolicy,
    today: date,
    first: date,
    used_days: int,
    overdue_minor: int,
    days_to_pay: Any,
) -> Pack:
    limit = account.limit
    regular = next((each for each in limits if each.kind == "regular" and each.is_in_force(today)), None)
    sales = {add_months(first, at): months.get(add_months(first, at), 0) for at in range(SALES_MONTHS)}
    total = sum(sales.values())
    figures = {
        "currency": limit.currency,
        "limit_minor": limit.regular_minor,
        "unlimited": limit.unlimited,
        "temporary_minor": limit.temporary_minor,
        "term_days": limit.term_days,
        "grade": limit.grade,
        "valid_to": regular.valid_to.isoformat() if regular and regular.valid_to else None,
        "sales": [[month.isoformat(), minor] for month, minor in sales.items()],
        "average_minor": total // SALES_MONTHS,
        "exposure_minor": account.exposure_minor,
        "available_minor": account.available_minor,
        "used_days": used_days,
        "overdue_minor": overdue_minor,
        "past_due_items": account.past_due_items,
        "days_to_pay": None if days_to_pay is None else str(days_to_pay),
    }
    flags = flags_of(
        sales_minor=total,
        limit_minor=limit.regular_minor,
        term_days=limit.term_days,
        used_days=used_days,
        most_days=policy.long_use_days,
    )
    return Pack(account.customer_id, figures, flags)


def _used_days(
    account: CustomerAccount,
    changes: Mapping[date, int],
    limits: list[DatedLimit],
    policy: CreditPolicy,
    today: date,
) -> int:
    """Counts the days of high use; what is owed in other currencies stands as it is today, or is left out unconverted."""
    own = account.by_currency.get(account.currency, NO_PARTS).parts.exposure_minor
    now = own if account.exposure_minor is None else account.exposure_minor
    return high_use_days(now, changes, limits, today, use_bps=policy.long_use_bps)


def _customers(db: Session, tenant_id: UUID) -> list[UUID]:
    customer = Customer
    rows = db.execute(
        sa.select(customer.id)
        .where(customer.tenant_id == tenant_id, customer.retired_at.is_(None))
        .order_by(customer.number, customer.id)
    )
    return list(rows.scalars())


def _limits_since(db: Session, tenant_id: UUID, since: date) -> dict[UUID, list[DatedLimit]]:
    """Returns every limit that was in force on one of the days, by customer."""
    limit = CreditLimit
    rows = db.execute(
        sa.select(
            limit.customer_id,
            limit.kind,
            limit.currency,
            limit.amount_minor,
            limit.valid_from,
            limit.valid_to,
            limit.term_days,
            limit.grade,
        ).where(limit.tenant_id == tenant_id, sa.or_(limit.valid_to.is_(None), limit.valid_to >= since))
    )
    found: dict[UUID, list[DatedLimit]] = {}
    for row in rows:
        found.setdefault(row.customer_id, []).append(DatedLimit(*row[1:]))
    return found


def _sales(db: Session, tenant_id: UUID, first: date, today: date) -> dict[tuple[UUID, str], dict[date, int]]:
    values = {"tenant": tenant_id, "from": first, "until": today.replace(day=1)}
    found: dict[tuple[UUID, str], dict[date, int]] = {}
    for row in db.connection().execute(_SALES, values):
        found.setdefault((row.customer_id, row.currency), {})[row.month] = row.minor
    return found


def _by_currency(db: Session, statement: sa.TextClause, values: dict[str, Any], column: str) -> ByCurrency:
    rows = db.connection().execute(statement, values)
    return {(row.customer_id, row.currency): getattr(row, column) for row in rows}


def _changes(
    db: Session, tenant_id: UUID, policy: CreditPolicy, since: date, today: date
) -> dict[tuple[UUID, str], dict[date, int]]:
    values = {
        "tenant": tenant_id,
        "since": since,
        "today": today,
        "outstanding": _OUTSTANDING,
        "bank_bills": policy.bank_bills_count,
    }
    found: dict[tuple[UUID, str], dict[date, int]] = {}
    for row in db.connection().execute(_CHANGES, values):
        found.setdefault((row.customer_id, row.currency), {})[row.day] = row.minor
    return found
