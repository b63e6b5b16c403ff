"""Checks every bill against its history, its ledger item and the postings of its steps.

Plain SQL on purpose, so that it shares no mistake with the code it checks. Invariant: read-only, with the tenant bound
in every statement.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.ledger.lookups import run_check
from tenants.slice import Check

# All entries of a bill: its own, those of its steps, the reversal of its credit.
_ENTRIES: Final = """
    SELECT b.id AS bill_id, i.entry_id FROM bill b
    JOIN open_item i ON i.tenant_id = :tenant AND i.id = b.item_id WHERE b.tenant_id = :tenant
    UNION ALL
    SELECT e.bill_id, e.entry_id FROM bill_event e WHERE e.tenant_id = :tenant AND e.entry_id IS NOT NULL
    UNION ALL
    SELECT e.bill_id, m.entry_id FROM bill_event e
    JOIN open_item m ON m.tenant_id = :tenant AND m.id = e.mirror_id WHERE e.tenant_id = :tenant
"""
# Each check selects, as `name`, the bills (or entries) that break its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "bills: the notes receivable are the bills in hand, presented or lent against",
        """
        SELECT coalesce(p.currency, b.currency) || ' ' || coalesce(p.minor, 0) || ' <> ' || coalesce(b.minor, 0) AS name
        FROM (
            SELECT currency, sum(debit_minor - credit_minor) AS minor FROM posting
            WHERE tenant_id = :tenant AND account_code = 'notes_receivable' GROUP BY currency
        ) AS p
        FULL JOIN (
            SELECT currency, sum(amount_minor) AS minor FROM bill WHERE tenant_id = :tenant
                AND state IN ('held', 'pledged', 'presented', 'discounted_recourse') GROUP BY currency
        ) AS b ON b.currency = p.currency
        WHERE coalesce(p.minor, 0) <> coalesce(b.minor, 0)
        """,
    ),
    (
        "bills: what the steps of each booked follows from where it stands",
        f"""
        SELECT b.number AS name FROM bill b
        LEFT JOIN (
            SELECT n.bill_id,
                sum(p.debit_minor - p.credit_minor) FILTER (WHERE p.account_code = 'notes_receivable') AS notes,
                sum(p.credit_minor - p.debit_minor) FILTER (WHERE p.account_code = 'short_term_loans') AS loans,
                sum(p.credit_minor - p.debit_minor) FILTER (WHERE p.account_code = 'receivables') AS owed
            FROM ({_ENTRIES}) AS n JOIN posting p ON p.tenant_id = :tenant AND p.entry_id = n.entry_id
            GROUP BY n.bill_id
        ) AS s ON s.bill_id = b.id
        WHERE b.tenant_id = :tenant AND (
            coalesce(s.notes, 0) <> CASE WHEN b.state IN ('held', 'pledged', 'presented', 'discounted_recourse')
                THEN b.amount_minor ELSE 0 END
            OR coalesce(s.loans, 0) <> CASE WHEN b.state = 'discounted_recourse' THEN b.amount_minor ELSE 0 END
            OR coalesce(s.owed, 0) <> CASE WHEN EXISTS (SELECT FROM bill_event e WHERE e.tenant_id = :tenant
                AND e.bill_id = b.id AND e.mirror_id IS NOT NULL) THEN 0 ELSE b.amount_minor END)
        """,  # noqa: S608 - a text of our own, from above
    ),
    (
        "bills: each is a credit of its customer, taken back exactly when it was refused or cancelled",
        """
        SELECT b.number AS name FROM bill b
        LEFT JOIN open_item i ON i.tenant_id = :tenant AND i.id = b.item_id
        LEFT JOIN open_item m ON m.tenant_id = :tenant AND m.reverses_id = b.item_id
        LEFT JOIN bill_event e ON e.tenant_id = :tenant AND e.bill_id = b.id AND e.mirror_id IS NOT NULL
        WHERE b.tenant_id = :tenant AND (i.kind IS DISTINCT FROM 'bill' OR i.customer_id <> b.customer_id
            OR i.currency <> b.currency OR i.amount_minor <> b.amount_minor OR m.id IS DISTINCT FROM e.mirror_id
            OR (m.id IS NOT NULL AND b.state NOT IN ('dishonoured', 'cancelled')))
        """,
    ),
    (
        "bills: each is money from the day it was paid or sold for good, and a promise before",
        """
        SELECT b.number AS name FROM bill b
        JOIN open_item i ON i.tenant_id = :tenant AND i.id = b.item_id
        LEFT JOIN LATERAL (
            SELECT e.happened_on FROM bill_event e WHERE e.tenant_id = :tenant AND e.bill_id = b.id
                AND e.to_state IN ('honoured', 'discounted') AND e.from_state <> 'discounted' AND e.kind <> 'undone'
                AND (b.state IN ('honoured', 'discounted') OR (b.state = 'dishonoured' AND NOT EXISTS (
                    SELECT FROM bill_event m WHERE m.tenant_id = :tenant AND m.bill_id = b.id
                        AND m.mirror_id IS NOT NULL)))
            ORDER BY e.position DESC LIMIT 1
        ) AS came ON true
        WHERE b.tenant_id = :tenant AND (i.conditional <> (came.happened_on IS NULL)
            OR i.came_on <> coalesce(came.happened_on, b.received_on))
        """,
    ),
    (
        "bills: every bill booked in the ledger is among them",
        """
        SELECT i.document_no AS name FROM open_item i
        WHERE i.tenant_id = :tenant AND i.kind = 'bill'
            AND NOT EXISTS (SELECT FROM bill b WHERE b.tenant_id = :tenant AND b.item_id = i.id)
        """,
    ),
    (
        "bills: the history leads without a gap to where each stands",
        """
        SELECT b.number AS name FROM bill b
        LEFT JOIN LATERAL (
            SELECT to_state FROM bill_event e WHERE e.tenant_id = :tenant AND e.bill_id = b.id
            ORDER BY position DESC LIMIT 1
        ) AS last ON true
        WHERE b.tenant_id = :tenant AND (last.to_state IS DISTINCT FROM b.state OR EXISTS (
            SELECT FROM (
                SELECT from_state, position, row_number() OVER (ORDER BY position) AS counted,
                    lag(to_state, 1, '') OVER (ORDER BY position) AS before,
                    effective_on, lag(effective_on) OVER (ORDER BY position) AS before_on
                FROM bill_event e WHERE e.tenant_id = :tenant AND e.bill_id = b.id
            ) AS steps
            WHERE from_state <> before OR position <> counted OR effective_on < before_on))
        """,
    ),
)


def bills_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one tenant's bills; the cost grows with their whole history, so they run nightly."""
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
