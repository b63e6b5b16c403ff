"""Sums what each order has come to: ordered, shipped, signed and invoiced, with tax, in minor units.

Source: A07, R099, R104. Invariants: one statement, whatever the number of orders; dropped lines count in nothing; a
sign-off that was countered, and an invoice that was reversed, count in nothing; what a person may see filters nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.rules.commitment import OrderAmounts
from kernel.arrays import array_text
from kernel.errors import NotFound
from kernel.views import DbRow

#: States in which an order commits all that was ordered; in the others what was shipped of it.
COMMITTING: Final = ("released", "completed")

# Goods that came back are neither shipped nor signed for, unless a document of the ledger gives them back: then the
# invoice stays an invoice, and the document takes off what is owed.
_AMOUNTS: Final = sa.text("""
    SELECT o.id, o.state, o.total_minor,
        CAST(coalesce(shipped.minor, 0) - coalesce(returned.minor, 0) AS bigint) AS shipped_minor,
        CAST(coalesce(signed.minor, 0) - coalesce(returned.signed_minor, 0) AS bigint) AS signed_minor,
        CAST(coalesce(invoiced.minor, 0) AS bigint) AS invoiced_minor
    FROM sales_order AS o
    LEFT JOIN LATERAL (
        SELECT sum(l.amount_minor) AS minor
        FROM delivery AS d JOIN delivery_line AS l ON l.tenant_id = d.tenant_id AND l.delivery_id = d.id
        WHERE d.tenant_id = :tenant AND d.order_id = o.id AND d.state NOT IN ('planned', 'picked', 'cancelled')
            AND NOT l.dropped
    ) AS shipped ON true
    LEFT JOIN LATERAL (
        SELECT sum(r.amount_minor) AS minor, sum(r.amount_minor) FILTER (WHERE r.was_signed) AS signed_minor
        FROM delivery AS d JOIN delivery_return AS r ON r.tenant_id = d.tenant_id AND r.delivery_id = d.id
        WHERE d.tenant_id = :tenant AND d.order_id = o.id AND r.credit_item_id IS NULL
    ) AS returned ON true
    LEFT JOIN LATERAL (
        SELECT sum(s.amount_minor) AS minor
        FROM delivery AS d JOIN sign_off AS s ON s.tenant_id = d.tenant_id AND s.delivery_id = d.id
        WHERE d.tenant_id = :tenant AND d.order_id = o.id AND s.reverses_id IS NULL AND NOT EXISTS (
            SELECT FROM sign_off AS counter WHERE counter.tenant_id = :tenant AND counter.reverses_id = s.id
        )
    ) AS signed ON true
    LEFT JOIN LATERAL (
        SELECT sum(i.amount_minor) AS minor FROM order_invoice AS i
        WHERE i.tenant_id = :tenant AND i.order_id = o.id AND NOT EXISTS (
            SELECT FROM entry AS mirror WHERE mirror.tenant_id = :tenant AND mirror.reverses_id = i.entry_id
        )
    ) AS invoiced ON true
    WHERE o.tenant_id = :tenant AND o.id = ANY(CAST(:orders AS uuid[]))
""")

# An invoice of several orders is open for the prepaid ones up to what it bills of them.
_PREPAID_OPEN: Final = sa.text("""
    SELECT CAST(coalesce(sum(least(owed.minor, linked.minor)), 0) AS bigint)
    FROM (
        SELECT item.entry_id, sum(item.open_minor) AS minor FROM open_item AS item
        WHERE item.tenant_id = :tenant AND item.customer_id = :customer AND item.currency = :currency
            AND item.side = 1 AND item.open_minor > 0
        GROUP BY item.entry_id
    ) AS owed
    JOIN (
        SELECT i.entry_id, sum(i.amount_minor) AS minor
        FROM sales_order AS o JOIN order_invoice AS i ON i.tenant_id = o.tenant_id AND i.order_id = o.id
        WHERE o.tenant_id = :tenant AND o.customer_id = :customer AND o.currency = :currency AND o.prepaid
        GROUP BY i.entry_id
    ) AS linked ON linked.entry_id = owed.entry_id
""")
# Goods of any worth, so that samples and gifts are known to have left too.
_LEFT: Final = sa.text("""
    SELECT EXISTS (
        SELECT FROM delivery AS d JOIN delivery_line AS l ON l.tenant_id = d.tenant_id AND l.delivery_id = d.id
        WHERE d.tenant_id = :tenant AND d.order_id = :order AND d.state NOT IN ('planned', 'picked', 'cancelled')
            AND NOT l.dropped AND l.quantity > (
                SELECT coalesce(sum(r.quantity), 0) FROM delivery_return AS r
                WHERE r.tenant_id = :tenant AND r.delivery_id = d.id AND r.position = l.position
                    AND r.credit_item_id IS NULL
            )
    )
""")
# Quantities, since gifts and samples are worth nothing: an order of none but these is done when all are signed for.
_SIGNED_FOR: Final = sa.text("""
    SELECT o.id FROM sales_order AS o
    WHERE o.tenant_id = :tenant AND o.id = ANY(CAST(:orders AS uuid[])) AND NOT EXISTS (
        SELECT FROM sales_order_line AS ol
        WHERE ol.tenant_id = :tenant AND ol.order_id = o.id AND NOT ol.dropped AND ol.quantity > (
            SELECT coalesce(sum(signed.quantity - back.quantity), 0)
            FROM delivery_line AS l JOIN delivery AS d ON d.tenant_id = l.tenant_id AND d.id = l.delivery_id
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(sl.quantity), 0) AS quantity
                FROM sign_off AS s JOIN sign_off_line AS sl ON sl.tenant_id = s.tenant_id AND sl.sign_off_id = s.id
                WHERE s.tenant_id = :tenant AND s.delivery_id = d.id AND sl.position = l.position
                    AND s.reverses_id IS NULL AND NOT EXISTS (
                        SELECT FROM sign_off AS c WHERE c.tenant_id = :tenant AND c.reverses_id = s.id)
            ) AS signed
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(r.quantity), 0) AS quantity FROM delivery_return AS r
                WHERE r.tenant_id = :tenant AND r.delivery_id = d.id AND r.position = l.position
                    AND r.was_signed AND r.credit_item_id IS NULL
            ) AS back
            WHERE l.tenant_id = :tenant AND l.order_id = ol.order_id AND l.order_line_no = ol.line_no
                AND NOT l.dropped AND d.state NOT IN ('planned', 'picked', 'cancelled')
        )
    )
""")


def prepaid_open_minor(db: Session, tenant_id: UUID, order: DbRow) -> int:
    """Returns what is open on invoices of the prepaid orders of an order's customer, in its currency (minor units)."""
    db.flush()
    values = {"tenant": tenant_id, "customer": order.customer_id, "currency": order.currency}
    return int(db.connection().execute(_PREPAID_OPEN, values).scalar_one())


def has_left(db: Session, tenant_id: UUID, order_id: UUID) -> bool:
    """Whether goods of an order are with the customer or on their way, whatever they are worth."""
    db.flush()
    return bool(db.connection().execute(_LEFT, {"tenant": tenant_id, "order": order_id}).scalar_one())


def orders_signed_for(db: Session, tenant_id: UUID, order_ids: Collection[UUID]) -> set[UUID]:
    """Returns those of which every quantity is signed for, whatever it is worth; goods that came back are not."""
    db.flush()
    asked = {"tenant": tenant_id, "orders": array_text(sorted(order_ids))}
    return set(db.connection().execute(_SIGNED_FOR, asked).scalars())


def amounts_of_orders(db: Session, tenant_id: UUID, order_ids: Collection[UUID]) -> dict[UUID, OrderAmounts]:
    """Returns what each order has come to, by id; `ordered_minor` of one not released: what was shipped."""
    db.flush()
    rows = db.connection().execute(_AMOUNTS, {"tenant": tenant_id, "orders": array_text(sorted(order_ids))})
    return {
        row.id: OrderAmounts(
            ordered_minor=ordered_minor(row.state, row.total_minor, row.shipped_minor),
            shipped_minor=row.shipped_minor,
            signed_minor=row.signed_minor,
            invoiced_minor=row.invoiced_minor,
        )
        for row in rows
    }


def ordered_minor(state: str, total_minor: int, shipped_minor: int) -> int:
    """Returns what counts as ordered in a state: all of the order, or what was shipped of one not released."""
    return total_minor if state in COMMITTING else shipped_minor


def order_amounts(db: Session, tenant_id: UUID, order_id: UUID) -> OrderAmounts:
    """Returns what one order has come to. Raises NotFound(`order_not_found`)."""
    found = amounts_of_orders(db, tenant_id, [order_id]).get(order_id)
    if found is None:
        raise NotFound("order_not_found")
    return found
