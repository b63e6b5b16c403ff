"""Checks the interest charged, corrected and waived against the ledger, and that no day of a debt is charged twice.

Plain SQL on purpose, so that it shares no mistake with the code it checks. Invariant: read-only, with the tenant bound
in every statement.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.ledger.lookups import run_check
from tenants.slice import Check

# Each check selects, as `name`, the documents that break its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "interest: each charge is the sum of its lines and of its document",
        """
        SELECT c.document_no AS name FROM interest_charge c
        LEFT JOIN open_item i ON i.tenant_id = :tenant AND i.id = c.item_id
        LEFT JOIN (
            SELECT charge_id, sum(amount_minor) AS minor FROM interest_line WHERE tenant_id = :tenant GROUP BY charge_id
        ) AS l ON l.charge_id = c.id
        WHERE c.tenant_id = :tenant AND (l.minor IS DISTINCT FROM c.amount_minor OR i.kind IS DISTINCT FROM 'interest'
            OR i.amount_minor <> c.amount_minor OR i.customer_id <> c.customer_id OR i.currency <> c.currency)
        """,
    ),
    (
        "interest: what each charge is for adds up to it",
        """
        SELECT c.document_no AS name FROM interest_charge c
        LEFT JOIN (
            SELECT item_id, sum(amount_minor) AS minor FROM accessory_part WHERE tenant_id = :tenant GROUP BY item_id
        ) AS p ON p.item_id = c.item_id
        WHERE c.tenant_id = :tenant AND p.minor IS DISTINCT FROM c.amount_minor
        """,
    ),
    (
        "interest: each waiver is the amount of its credit and of what it was applied to",
        """
        SELECT w.document_no AS name FROM interest_waiver w
        JOIN open_item i ON i.tenant_id = :tenant AND i.id = w.item_id
        JOIN allocation a ON a.tenant_id = :tenant AND a.id = w.allocation_id
        JOIN interest_charge c ON c.tenant_id = :tenant AND c.id = w.charge_id
        WHERE w.tenant_id = :tenant AND (i.amount_minor <> w.amount_minor OR a.amount_minor <> w.amount_minor
            OR a.credit_item_id <> w.item_id OR a.debit_item_id <> c.item_id)
        """,
    ),
    (
        "interest: no day of a debt is charged twice",
        """
        SELECT i.document_no AS name FROM (
            SELECT l.item_id, l.from_on,
                lag(l.to_on) OVER (PARTITION BY l.item_id ORDER BY l.from_on, l.to_on) AS last_on
            FROM interest_line l JOIN interest_charge c ON c.tenant_id = :tenant AND c.id = l.charge_id
            WHERE l.tenant_id = :tenant AND l.part = 'interest' AND NOT EXISTS (
                SELECT FROM open_item m WHERE m.tenant_id = :tenant AND m.reverses_id = c.item_id)
        ) AS days
        JOIN open_item i ON i.tenant_id = :tenant AND i.id = days.item_id
        WHERE days.from_on <= days.last_on
        """,
    ),
    (
        "interest: each correction is the sum of its lines and of its document",
        """
        SELECT c.document_no AS name FROM interest_correction c
        LEFT JOIN open_item i ON i.tenant_id = :tenant AND i.id = c.item_id
        LEFT JOIN (
            SELECT correction_id, sum(amount_minor) AS minor FROM interest_correction_line
            WHERE tenant_id = :tenant GROUP BY correction_id
        ) AS l ON l.correction_id = c.id
        WHERE c.tenant_id = :tenant AND (l.minor IS DISTINCT FROM c.amount_minor
            OR i.side * i.amount_minor IS DISTINCT FROM c.amount_minor OR i.customer_id <> c.customer_id
            OR i.currency <> c.currency OR i.kind <> CASE WHEN c.amount_minor > 0 THEN 'interest'
                ELSE 'interest_credit' END)
        """,
    ),
    (
        "interest: with its corrections no charged line is below nothing",
        """
        SELECT d.document_no AS name FROM interest_line l
        JOIN interest_charge d ON d.tenant_id = :tenant AND d.id = l.charge_id
        JOIN interest_correction_line p ON p.tenant_id = :tenant AND p.line_id = l.id
        JOIN interest_correction c ON c.tenant_id = :tenant AND c.id = p.correction_id
        WHERE l.tenant_id = :tenant
            AND NOT EXISTS (SELECT FROM open_item m WHERE m.tenant_id = :tenant AND m.reverses_id = c.item_id)
            AND NOT EXISTS (SELECT FROM open_item m WHERE m.tenant_id = :tenant AND m.reverses_id = d.item_id)
        GROUP BY d.document_no, l.id, l.amount_minor HAVING l.amount_minor + sum(p.amount_minor) < 0
        """,
    ),
    (
        "interest: every credit of charged interest is a correction",
        """
        SELECT i.document_no AS name FROM open_item i
        WHERE i.tenant_id = :tenant AND i.kind = 'interest_credit'
            AND NOT EXISTS (SELECT FROM interest_correction c WHERE c.tenant_id = :tenant AND c.item_id = i.id)
        """,
    ),
)


def interest_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one tenant's interest; the cost grows with all that was charged, so they run nightly."""
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
