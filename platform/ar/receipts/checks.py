"""Checks bank lines, receipts and refunds against the documents that they are posted as.

Plain SQL, so that it shares no mistake with the code it checks. Invariant: it reads only, with the tenant bound in
every statement.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.ledger.lookups import run_check
from tenants.slice import Check

# Each check selects, as `name`, the lines or documents that break its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "receipts: a matched bank line is posted as it came, for its customer",
        """
        SELECT i.document_no AS name FROM bank_line l
        JOIN open_item i ON i.tenant_id = :tenant AND i.id = l.receipt_item_id
        LEFT JOIN receipt r ON r.tenant_id = :tenant AND r.id = i.id
        WHERE l.tenant_id = :tenant AND (l.side <> 1 OR l.status <> 'booked' OR i.kind <> 'receipt'
            OR i.amount_minor <> l.amount_minor OR i.currency <> l.currency
            OR i.customer_id IS DISTINCT FROM l.customer_id OR i.came_on <> least(l.booked_on, l.value_on)
            OR r.bank_line_id IS DISTINCT FROM l.id OR r.bank_account_id IS DISTINCT FROM l.bank_account_id)
        """,
    ),
    (
        "receipts: no bank line is posted twice",
        """
        SELECT i.document_no AS name FROM receipt r
        JOIN open_item i ON i.tenant_id = :tenant AND i.id = r.id
        JOIN bank_line l ON l.tenant_id = :tenant AND l.id = r.bank_line_id
        WHERE r.tenant_id = :tenant AND l.receipt_item_id IS DISTINCT FROM r.id
            AND NOT EXISTS (SELECT FROM open_item m WHERE m.tenant_id = :tenant AND m.reverses_id = r.id)
        """,
    ),
    (
        "receipts: each refund that was paid is posted as it was decided",
        """
        SELECT i.document_no AS name FROM refund r
        JOIN open_item i ON i.tenant_id = :tenant AND i.id = r.refund_item_id
        WHERE r.tenant_id = :tenant AND (i.kind <> 'refund' OR i.amount_minor <> r.amount_minor
            OR i.currency <> r.currency OR i.customer_id <> r.customer_id)
        """,
    ),
)


def receipts_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one tenant's receipts; the cost grows with all money that came in, so they run nightly."""
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
