"""What stands in the books of an order or a delivery note, as a file that names it again is compared with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class OrderLineTerms:
    """What a line of an order in the books says; prices in major units, with tax."""

    product: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    tax_rate_bps: int | None


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order in the books, with its lines by number."""

    customer_no: str
    ordered_on: date
    currency: str
    term_days: int | None
    lines: Mapping[int, OrderLineTerms]


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A delivery note in the books, with the quantity of each order line over all its positions."""

    order_no: str
    shipped_on: date | None
    mode: str
    quantities: Mapping[int, Decimal]
