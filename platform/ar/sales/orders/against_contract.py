"""Finds where an order departs from its contract: prices, products, quantities.

Source: R094, R099. Invariant: what a contract does not say, it does not forbid: without lines no price, without a
quantity no end of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.contracts.basis import ContractBasis, is_same_product
from ar.sales.line_forms import plain
from kernel.views import DbRow


def prices_off(basis: ContractBasis | None, currency: str, lines: Iterable[DbRow]) -> list[dict[str, Any]]:
    """Returns the order lines whose price is not the contract's, or whose product it does not know (R094, R099).

    Each with `line_no`, `product`, `price` and `contract_price` (None: not in the contract), as text in major units.
    """
    if basis is None or not basis.prices or basis.currency != currency:
        return []
    found: list[dict[str, Any]] = []
    for line in lines:
        agreed = [each.unit_price for each in basis.prices if is_same_product(each, line.product, line.unit)]
        if line.unit_price in agreed:
            continue
        found.append(
            {
                "line_no": line.line_no,
                "product": line.product,
                "price": plain(line.unit_price),
                "contract_price": plain(agreed[0]) if agreed else None,
                "currency": currency,
            }
        )
    return found


# Orders given up or never released take nothing of the contract; of one closed short, what was shipped.
_ORDERED: Final = sa.text("""
    SELECT l.product, l.line_no, o.id = :order AS of_this_order, CASE WHEN o.state = 'closed_short' THEN coalesce((
        SELECT sum(d.quantity) FROM delivery_line AS d
        JOIN delivery AS n ON n.tenant_id = d.tenant_id AND n.id = d.delivery_id
        WHERE d.tenant_id = :tenant AND d.order_id = o.id AND d.order_line_no = l.line_no AND NOT d.dropped
            AND n.state NOT IN ('planned', 'picked', 'cancelled')
    ), 0) ELSE l.quantity END AS quantity
    FROM sales_order AS o
    JOIN sales_order_line AS l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    WHERE o.tenant_id = :tenant AND o.contract_id = :contract AND NOT l.dropped
        AND (o.id = :order OR o.state NOT IN ('draft', 'held', 'cancelled'))
""")


def quantities_over(db: Session, tenant_id: UUID, basis: ContractBasis | None, order_id: UUID) -> list[dict[str, Any]]:
    """Returns the products of which all orders on a contract, this one included, ask more than it has (R099).

    Each with `line_no`, `product`, `contract` (its number), `quantity` (ordered) and `allowed` (contracted), as text.
    """
    if basis is None or all(each.quantity is None for each in basis.prices):
        return []
    values = {"tenant": tenant_id, "contract": basis.id, "order": order_id}
    ordered = db.connection().execute(_ORDERED, values).all()
    found: list[dict[str, Any]] = []
    for name in sorted({_name(each.product) for each in basis.prices}):
        agreed = [each for each in basis.prices if _name(each.product) == name]
        asked = [row for row in ordered if _name(row.product) == name]
        if any(each.quantity is None for each in agreed) or not any(row.of_this_order for row in asked):
            continue
        allowed = sum((each.quantity or Decimal(0) for each in agreed), Decimal(0))
        total = sum((row.quantity for row in asked), Decimal(0))
        if total > allowed:
            line_no = min(row.line_no for row in asked if row.of_this_order)
            found.append(
                {
                    "line_no": line_no,
                    "product": agreed[0].product,
                    "contract": basis.number,
                    "quantity": plain(total),
                    "allowed": plain(allowed),
                }
            )
    return found


def _name(product: str) -> str:
    return product.strip().casefold()
