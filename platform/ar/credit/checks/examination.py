"""Checks what credit keeps: commitments against their changes, limits against each other and their approvals.

Plain SQL on purpose, so that it shares no mistake with the code it checks. Invariant: read-only, with the tenant bound
in every statement.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.ledger.lookups import run_check
from tenants.slice import Check

# Each check selects, as `name`, what breaks its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "credit: what each order commits is the sum of its changes",
        """
        SELECT c.order_id::text AS name FROM commitment c
        LEFT JOIN (
            SELECT order_id, sum(released_minor) AS released, sum(shipped_minor) AS shipped, sum(signed_minor) AS signed
            FROM commitment_change WHERE tenant_id = :tenant GROUP BY order_id
        ) AS s ON s.order_id = c.order_id
        WHERE c.tenant_id = :tenant AND (c.released_minor <> coalesce(s.released, 0)
            OR c.shipped_minor <> coalesce(s.shipped, 0) OR c.signed_minor <> coalesce(s.signed, 0))
        """,
    ),
    (
        "credit: no two regular limits of a customer overlap",
        """
        SELECT a.customer_id::text AS name FROM credit_limit a
        JOIN credit_limit b ON b.tenant_id = :tenant AND b.customer_id = a.customer_id AND b.id > a.id
            AND b.kind = 'regular' AND (b.valid_to IS NULL OR b.valid_to >= b.valid_from)
            AND b.valid_from <= coalesce(a.valid_to, 'infinity') AND coalesce(b.valid_to, 'infinity') >= a.valid_from
        WHERE a.tenant_id = :tenant AND a.kind = 'regular' AND (a.valid_to IS NULL OR a.valid_to >= a.valid_from)
        """,
    ),
    (
        "credit: every limit that was asked for and granted has its approval, or was a cut",
        """
        SELECT l.id::text AS name FROM credit_limit l
        LEFT JOIN limit_change r ON r.tenant_id = :tenant AND r.limit_id = l.id
        LEFT JOIN approval p ON p.tenant_id = :tenant AND p.id = l.approval_id
        WHERE l.tenant_id = :tenant AND r.id IS NOT NULL AND l.approval_id IS NOT NULL
            AND (p.state IS DISTINCT FROM 'approved' OR r.approval_id IS DISTINCT FROM l.approval_id)
        """,
    ),
    (
        "credit: a request over the limit stands as its approval does",
        """
        SELECT r.number AS name FROM over_limit_request r
        LEFT JOIN approval p ON p.tenant_id = :tenant AND p.id = r.approval_id
        WHERE r.tenant_id = :tenant AND ((r.state = 'approved' AND p.state IS DISTINCT FROM 'approved')
            OR (r.state = 'requested' AND p.state IS DISTINCT FROM 'pending'))
        """,
    ),
)


def credit_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one company's credit."""
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
