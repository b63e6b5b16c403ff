"""Measures the danger signal that orders tell: one that is suddenly much larger than what a customer buys.

Source: R243. Invariants: an order is compared with what was invoiced in its own currency before its day; a customer
without a month of history has nothing to compare with; it is read for the company, not for a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.rules.signals import BPS, SignalCode
from ar.ledger.rules.due_dates import add_months
from tenants.slice import SignalMeasure, SignalSource

ROWS_AT_ONCE: Final = 1_000
#: An order is news for so many days.
DAYS: Final = 7
MONTHS: Final = 12

#: The average month: sales of the twelve months before the order's day, or of as many as there are since the first.
_ORDERS: Final = sa.text("""
    SELECT DISTINCT ON (customer_id) customer_id, ceil(total_minor * :bps / average) AS ratio, number, currency,
        total_minor, CAST(round(average) AS bigint) AS average_minor
    FROM (
        SELECT o.customer_id, o.number, o.currency, o.total_minor, before.sold / greatest(1, least(:months,
            ceil((o.ordered_on - before.first_on) / 30.4375))) AS average
        FROM sales_order AS o
        JOIN LATERAL (
            SELECT CAST(sum(i.side * i.amount_minor) AS numeric) AS sold, min(i.document_on) AS first_on
            FROM open_item AS i
            WHERE i.tenant_id = :tenant AND i.customer_id = o.customer_id AND i.currency = o.currency
                AND i.kind IN ('invoice', 'debit_note', 'credit_note', 'goods_return')
                AND i.document_on < o.ordered_on AND i.document_on >= :from
        ) AS before ON before.sold > 0 AND before.first_on <= o.ordered_on - 30
        WHERE o.tenant_id = :tenant AND o.state <> 'cancelled' AND NOT o.is_history
            AND o.ordered_on > :since AND o.ordered_on <= :on
    ) AS compared
    ORDER BY customer_id, ratio DESC, number
""")


def measure(db: Session, tenant_id: UUID, on: date) -> Iterator[SignalMeasure]:
    """Measures each customer's largest order of the last days, in basis points of an average month, rounded up."""
    values = {
        "tenant": tenant_id,
        "on": on,
        "since": on - timedelta(days=DAYS),
        "from": add_months(on, -MONTHS),
        "bps": BPS,
        "months": MONTHS,
    }
    db.flush()
    for row in db.connection().execute(_ORDERS, values, execution_options={"yield_per": ROWS_AT_ONCE}):
        figures = {
            "number": row.number,
            "currency": row.currency,
            "total_minor": row.total_minor,
            "average_minor": row.average_minor,
        }
        yield SignalMeasure(row.customer_id, SignalCode.LARGE_ORDER, value=int(row.ratio), figures=figures)


SOURCE: Final = SignalSource((SignalCode.LARGE_ORDER,), measure)
