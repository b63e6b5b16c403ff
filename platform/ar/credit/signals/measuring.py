"""Measures the danger signals that ledger, receipts and bills tell: slower payment, new bank accounts, drafts, returns.

Source: R240, R242, R255, R256. Invariants: one statement a signal whatever the number of customers, read as a stream;
written as text, so it carries no limit of who sees what: it is read for the company, not for a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.rules.signals import SignalCode
from ar.ledger.rules.due_dates import add_months
from tenants.slice import SignalMeasure, SignalSource

ROWS_AT_ONCE: Final = 1_000
RECENT_MONTHS: Final = 3
MONTHS: Final = 12
#: Drafts and returns of so many days count together.
DAYS: Final = 90

#: Of the currency in which a customer has become slowest; days from the document to the day its money came, by amount.
#: Who pays ahead of the document all the same, on average, is no danger.
_SLOWER: Final = sa.text("""
    SELECT DISTINCT ON (customer_id) customer_id, floor(recent_days / recent - earlier_days / earlier) AS slower,
        currency, round(recent_days / recent, 1) AS days_now, round(earlier_days / earlier, 1) AS days_before
    FROM (
        SELECT a.customer_id, a.currency,
            sum(a.amount_minor) FILTER (WHERE c.came_on > :recent_from) AS recent,
            sum(a.amount_minor * CAST(c.came_on - d.document_on AS numeric))
                FILTER (WHERE c.came_on > :recent_from) AS recent_days,
            sum(a.amount_minor) FILTER (WHERE c.came_on <= :recent_from) AS earlier,
            sum(a.amount_minor * CAST(c.came_on - d.document_on AS numeric))
                FILTER (WHERE c.came_on <= :recent_from) AS earlier_days
        FROM allocation AS a
        JOIN open_item AS c ON c.tenant_id = :tenant AND c.id = a.credit_item_id
        JOIN open_item AS d ON d.tenant_id = :tenant AND d.id = a.debit_item_id
        WHERE a.tenant_id = :tenant AND a.effective_on <= :on AND c.came_on > :from AND c.came_on <= :on
            AND c.kind IN ('receipt', 'bill') AND NOT c.conditional AND d.kind IN ('invoice', 'debit_note')
        GROUP BY a.customer_id, a.currency
    ) AS paid
    WHERE recent > 0 AND earlier > 0 AND recent_days > 0 AND recent_days / recent - earlier_days / earlier >= 1
    ORDER BY customer_id, slower DESC, currency
""")
#: Accounts that money newly came from: the first one of a customer is no change.
_CHANGES: Final = sa.text("""
    SELECT customer_id, count(*) AS changes, max(first_seen_on) AS last_on
    FROM (
        SELECT customer_id, first_seen_on, min(first_seen_on) OVER (PARTITION BY customer_id) AS known_since
        FROM payer_account WHERE tenant_id = :tenant AND first_seen_on <= :on
    ) AS seen
    WHERE first_seen_on > known_since AND first_seen_on > :from
    GROUP BY customer_id
""")
#: Drafts of the customer or another firm; a bank's acceptance is as good as the bank.
_DRAFTS: Final = sa.text("""
    SELECT customer_id, count(*) AS drafts, max(received_on) AS last_on, max(matures_on) AS longest_on
    FROM bill
    WHERE tenant_id = :tenant AND kind <> 'bank' AND state <> 'cancelled' AND received_on > :from AND received_on <= :on
    GROUP BY customer_id
""")
#: Bills dishonoured, and money that the bank took back.
_RETURNS: Final = sa.text("""
    SELECT customer_id, count(*) AS returns, max(happened_on) AS last_on, min(reference) AS reference
    FROM (
        SELECT b.customer_id, e.happened_on, b.number AS reference
        FROM bill_event AS e JOIN bill AS b ON b.tenant_id = :tenant AND b.id = e.bill_id AND b.state = 'dishonoured'
        WHERE e.tenant_id = :tenant AND e.kind = 'dishonoured' AND e.happened_on > :from AND e.happened_on <= :on
        UNION ALL
        SELECT i.customer_id, l.booked_on, i.document_no
        FROM bank_line AS l JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = l.returned_item_id
        WHERE l.tenant_id = :tenant AND l.return_state = 'booked' AND l.booked_on > :from AND l.booked_on <= :on
    ) AS returned
    GROUP BY customer_id
""")


def stream(db: Session, statement: sa.TextClause, values: dict[str, Any]) -> Iterator[Any]:
    """Reads the rows of a statement a thousand at a time, so that memory does not grow with the company."""
    db.flush()
    yield from db.connection().execute(statement, values, execution_options={"yield_per": ROWS_AT_ONCE})


def measure(db: Session, tenant_id: UUID, on: date) -> Iterator[SignalMeasure]:
    """Measures the four signals at the end of a day."""
    year = {"tenant": tenant_id, "on": on, "from": add_months(on, -MONTHS)}
    days = {"tenant": tenant_id, "on": on, "from": on - timedelta(days=DAYS)}
    for row in stream(db, _SLOWER, year | {"recent_from": add_months(on, -RECENT_MONTHS)}):
        figures = {"days_now": str(row.days_now), "days_before": str(row.days_before), "currency": row.currency}
        yield SignalMeasure(row.customer_id, SignalCode.SLOWER_PAYMENT, value=int(row.slower), figures=figures)
    for row in stream(db, _CHANGES, year):
        figures = {"last_on": row.last_on.isoformat()}
        yield SignalMeasure(row.customer_id, SignalCode.BANK_CHANGES, value=row.changes, figures=figures)
    for row in stream(db, _DRAFTS, days):
        figures = {"last_on": row.last_on.isoformat(), "longest_on": row.longest_on.isoformat()}
        yield SignalMeasure(row.customer_id, SignalCode.POST_DATED_DRAFTS, value=row.drafts, figures=figures)
    for row in stream(db, _RETURNS, days):
        figures = {"last_on": row.last_on.isoformat(), "document_no": row.reference}
        yield SignalMeasure(row.customer_id, SignalCode.BANK_RETURN, value=row.returns, figures=figures)


SOURCE: Final = SignalSource(
    (
        SignalCode.SLOWER_PAYMENT,
        SignalCode.BANK_CHANGES,
        SignalCode.POST_DATED_DRAFTS,
        SignalCode.BANK_RETURN,
    ),
    measure,
)
