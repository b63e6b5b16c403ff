"""What is left to invoice of the deliveries of orders: signed for, less invoices and down payments.

Invariant: what a person may see filters the list and never a sum: the parts of an order are read whole.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.rules.shipping import Billable, left_to_invoice
from kernel.arrays import array_text

# Signatures and returns that stand, and the invoices that were not reversed, of every delivery of the orders; and what
# the order's invoices bill of no delivery.
_SQL: Final = sa.text("""
    SELECT d.order_id, d.id AS delivery_id, signed.last_on AS signed_on,
        CAST(coalesce(signed.minor, 0) - coalesce(back.minor, 0) AS bigint) AS signed_minor,
        CAST(coalesce(invoiced.minor, 0) AS bigint) AS invoiced_minor,
        CAST(coalesce(down.minor, 0) AS bigint) AS down_minor
    FROM delivery AS d
    LEFT JOIN LATERAL (
        SELECT sum(s.amount_minor) AS minor, max(s.signed_on) AS last_on FROM sign_off AS s
        WHERE s.tenant_id = :tenant AND s.delivery_id = d.id AND s.reverses_id IS NULL AND NOT EXISTS (
            SELECT FROM sign_off AS c WHERE c.tenant_id = :tenant AND c.reverses_id = s.id)
    ) AS signed ON true
    LEFT JOIN LATERAL (
        SELECT sum(r.amount_minor) AS minor FROM delivery_return AS r
        WHERE r.tenant_id = :tenant AND r.delivery_id = d.id AND r.was_signed AND r.credit_item_id IS NULL
    ) AS back ON true
    LEFT JOIN LATERAL (
        SELECT sum(i.amount_minor) AS minor FROM order_invoice AS i
        WHERE i.tenant_id = :tenant AND i.delivery_id = d.id AND NOT EXISTS (
            SELECT FROM entry AS m WHERE m.tenant_id = :tenant AND m.reverses_id = i.entry_id)
    ) AS invoiced ON true
    LEFT JOIN LATERAL (
        SELECT sum(i.amount_minor) AS minor FROM order_invoice AS i
        WHERE i.tenant_id = :tenant AND i.order_id = d.order_id AND i.delivery_id IS NULL AND NOT EXISTS (
            SELECT FROM entry AS m WHERE m.tenant_id = :tenant AND m.reverses_id = i.entry_id)
    ) AS down ON true
    WHERE d.tenant_id = :tenant AND d.order_id = ANY(CAST(:orders AS uuid[]))
        AND d.state NOT IN ('planned', 'picked', 'cancelled')
    ORDER BY d.order_id, signed.last_on NULLS LAST, d.number
""")


@dataclass(frozen=True, slots=True)
class DeliveryToInvoice:
    """A delivery as the invoices see it (minor units); `signed_on`: the day of its last signature."""

    delivery_id: UUID
    signed_on: date | None
    signed_minor: int
    invoiced_minor: int
    left_minor: int


def deliveries_to_invoice(db: Session, tenant_id: UUID, order_ids: Collection[UUID]) -> dict[UUID, DeliveryToInvoice]:
    """Returns what is left to invoice of each shipped delivery of the orders, by delivery."""
    if not order_ids:
        return {}
    db.flush()
    rows = db.connection().execute(_SQL, {"tenant": tenant_id, "orders": array_text(sorted(order_ids))}).all()
    found = {}
    for _order_id, group in groupby(rows, key=lambda row: row.order_id):
        deliveries = list(group)
        billable = [Billable(each.signed_minor, each.invoiced_minor) for each in deliveries]
        for each, left in zip(deliveries, left_to_invoice(billable, deliveries[0].down_minor), strict=True):
            found[each.delivery_id] = DeliveryToInvoice(
                each.delivery_id, each.signed_on, each.signed_minor, each.invoiced_minor, left
            )
    return found
