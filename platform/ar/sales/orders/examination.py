"""Checks what sales keeps: amounts against their lines, and what credit was told against the papers.

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
        "sales: the amount of each order and each note that left is the sum of its lines",
        """
        SELECT o.number AS name FROM sales_order o
        LEFT JOIN sales_order_line l ON l.tenant_id = :tenant AND l.order_id = o.id AND NOT l.dropped
        WHERE o.tenant_id = :tenant
        GROUP BY o.id, o.number, o.total_minor HAVING o.total_minor <> coalesce(sum(l.amount_minor), 0)
        UNION ALL
        SELECT d.number FROM delivery d
        LEFT JOIN delivery_line l ON l.tenant_id = :tenant AND l.delivery_id = d.id AND NOT l.dropped
        WHERE d.tenant_id = :tenant AND d.state NOT IN ('planned', 'picked', 'cancelled')
        GROUP BY d.id, d.number, d.amount_minor HAVING d.amount_minor <> coalesce(sum(l.amount_minor), 0)
        """,
    ),
    (
        "sales: nothing is signed for, or came back, that did not leave",
        """
        SELECT d.number AS name FROM delivery_line l
        JOIN delivery d ON d.tenant_id = :tenant AND d.id = l.delivery_id
        LEFT JOIN (
            SELECT s.delivery_id, sl.position, sum(sl.quantity) AS quantity
            FROM sign_off s JOIN sign_off_line sl ON sl.tenant_id = :tenant AND sl.sign_off_id = s.id
            LEFT JOIN sign_off c ON c.tenant_id = :tenant AND c.reverses_id = s.id
            WHERE s.tenant_id = :tenant AND s.reverses_id IS NULL AND c.id IS NULL
            GROUP BY s.delivery_id, sl.position
        ) AS signed ON signed.delivery_id = l.delivery_id AND signed.position = l.position
        LEFT JOIN (
            SELECT delivery_id, position, coalesce(sum(quantity) FILTER (WHERE was_signed), 0) AS signed,
                coalesce(sum(quantity) FILTER (WHERE NOT was_signed), 0) AS unsigned
            FROM delivery_return WHERE tenant_id = :tenant GROUP BY delivery_id, position
        ) AS back ON back.delivery_id = l.delivery_id AND back.position = l.position
        WHERE l.tenant_id = :tenant AND (coalesce(back.signed, 0) > coalesce(signed.quantity, 0)
            OR coalesce(signed.quantity, 0) + coalesce(back.unsigned, 0) > l.quantity)
        """,
    ),
    (
        "sales: credit counts of each order what its papers say",
        """
        WITH shipped AS (
            SELECT d.order_id, sum(l.amount_minor) AS minor
            FROM delivery d JOIN delivery_line l ON l.tenant_id = :tenant AND l.delivery_id = d.id AND NOT l.dropped
            WHERE d.tenant_id = :tenant AND d.state NOT IN ('planned', 'picked', 'cancelled') GROUP BY d.order_id
        ), signed AS (
            SELECT d.order_id, sum(sl.amount_minor) AS minor
            FROM sign_off s JOIN sign_off_line sl ON sl.tenant_id = :tenant AND sl.sign_off_id = s.id
            JOIN delivery d ON d.tenant_id = :tenant AND d.id = s.delivery_id
            LEFT JOIN sign_off c ON c.tenant_id = :tenant AND c.reverses_id = s.id
            WHERE s.tenant_id = :tenant AND s.reverses_id IS NULL AND c.id IS NULL GROUP BY d.order_id
        ), back AS (
            SELECT d.order_id, sum(r.amount_minor) AS minor,
                coalesce(sum(r.amount_minor) FILTER (WHERE r.was_signed), 0) AS signed_minor
            FROM delivery_return r JOIN delivery d ON d.tenant_id = :tenant AND d.id = r.delivery_id
            WHERE r.tenant_id = :tenant AND r.credit_item_id IS NULL GROUP BY d.order_id
        ), invoiced AS (
            SELECT i.order_id, sum(i.amount_minor) AS minor
            FROM order_invoice i LEFT JOIN entry m ON m.tenant_id = :tenant AND m.reverses_id = i.entry_id
            WHERE i.tenant_id = :tenant AND m.id IS NULL GROUP BY i.order_id
        ), papers AS (
            SELECT o.id, o.number,
                CASE WHEN o.state IN ('released', 'completed') THEN o.total_minor ELSE 0 END AS ordered,
                coalesce(shipped.minor, 0) - coalesce(back.minor, 0) AS shipped,
                coalesce(signed.minor, 0) - coalesce(back.signed_minor, 0) AS signed,
                coalesce(invoiced.minor, 0) AS invoiced
            FROM sales_order o
            LEFT JOIN shipped ON shipped.order_id = o.id LEFT JOIN signed ON signed.order_id = o.id
            LEFT JOIN back ON back.order_id = o.id LEFT JOIN invoiced ON invoiced.order_id = o.id
            WHERE o.tenant_id = :tenant
        )
        SELECT p.number AS name FROM papers p
        LEFT JOIN commitment c ON c.tenant_id = :tenant AND c.order_id = p.id
        WHERE coalesce(c.signed_minor, 0) <> greatest(0, p.signed - p.invoiced)
            OR coalesce(c.shipped_minor, 0) <> greatest(0, p.shipped - greatest(p.signed, p.invoiced))
            OR coalesce(c.released_minor, 0) <> greatest(0, p.ordered - greatest(p.shipped, p.signed, p.invoiced))
        """,
    ),
)


def sales_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one company's sales."""
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
