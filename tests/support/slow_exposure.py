"""Exposure as a slow reader of the papers adds it up: every row of the books, in loops, with none of the projections.

Nothing here reads what the product keeps for speed (`open_item.open_minor`, `commitment`, `delivery.amount_minor`):
what is owed is amounts less applications; what an order commits is quantities times prices. Quantities are whole, and
prices whole minor units, so that no part of a line is rounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills.models import Bill
from ar.customers.models import Customer
from ar.ledger.models import Allocation, Entry, OpenItem
from ar.sales.models import Delivery, DeliveryLine, DeliveryReturn, Order, OrderInvoice, OrderLine, SignOff, SignOffLine

EXPONENTS = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3}
#: receivables, signed, shipped, released, bills, unapplied
Six = tuple[int, int, int, int, int, int]
NOTHING: Six = (0, 0, 0, 0, 0, 0)
#: A commercial bill counts while it is neither paid, given back, nor sold for good.
RISKY = {"held", "pledged", "presented", "discounted_recourse", "endorsed"}


@dataclass
class Papers:
    """Every row of a company's books and sales, by table."""

    rows: dict[Any, list[Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, db: Session, tenant_id: UUID) -> Papers:
        tables = (
            Allocation,
            Bill,
            Customer,
            Delivery,
            DeliveryLine,
            DeliveryReturn,
            Entry,
            OpenItem,
            Order,
            OrderInvoice,
            OrderLine,
            SignOff,
            SignOffLine,
        )
        return cls(
            {each: list(db.execute(sa.select(each).where(each.tenant_id == tenant_id)).scalars()) for each in tables}
        )

    def parts(self) -> dict[tuple[UUID, str], Six]:
        """Returns by customer and currency what is owed and committed now."""
        found: dict[tuple[UUID, str], list[int]] = defaultdict(lambda: [0] * 6)
        applied: dict[UUID, int] = defaultdict(int)
        for each in self.rows[Allocation]:
            applied[each.debit_item_id] += each.amount_minor
            applied[each.credit_item_id] += each.amount_minor
        for item in self.rows[OpenItem]:
            left = item.amount_minor - applied[item.id]
            assert left >= 0, item.document_no
            found[item.customer_id, item.currency][0 if item.side == 1 else 5] += left
        for bill in self.rows[Bill]:
            if bill.kind != "bank" and bill.state in RISKY:
                found[bill.customer_id, bill.currency][4] += bill.amount_minor
        for order in self.rows[Order]:
            for at, minor in enumerate(self.committed(order), start=1):
                found[order.customer_id, order.currency][at] += minor
        return {key: (six[0], six[1], six[2], six[3], six[4], six[5]) for key, six in found.items() if any(six)}

    def committed(self, order: Any) -> tuple[int, int, int]:
        """Returns what an order commits: signed, shipped, released. An amount is where it came furthest."""
        prices = {
            line.line_no: int(line.unit_price.scaleb(EXPONENTS[order.currency]))
            for line in self.rows[OrderLine]
            if line.order_id == order.id and not line.dropped
        }
        ordered = sum(
            int(line.quantity) * prices[line.line_no]
            for line in self.rows[OrderLine]
            if line.order_id == order.id and not line.dropped
        )
        shipped = signed = 0
        for note in self.rows[Delivery]:
            if note.order_id != order.id or note.state in ("planned", "picked", "cancelled"):
                continue
            at = {line.position: prices[line.order_line_no] for line in self._lines(note)}
            out = sum(int(line.quantity) * at[line.position] for line in self._lines(note))
            back = [
                each for each in self.rows[DeliveryReturn] if each.delivery_id == note.id and not each.credit_item_id
            ]
            shipped += out - sum(int(each.quantity) * at[each.position] for each in back)
            signed += sum(int(each.quantity) * at[each.position] for each in self._signatures(note))
            signed -= sum(int(each.quantity) * at[each.position] for each in back if each.was_signed)
        invoiced = self._invoiced(order)
        if order.state not in ("released", "completed"):
            ordered = 0
        reached = max(ordered, shipped, signed, invoiced)
        return (
            max(0, signed - invoiced),
            max(0, shipped - max(signed, invoiced)),
            reached - max(shipped, signed, invoiced),
        )

    def _lines(self, note: Any) -> list[Any]:
        return [line for line in self.rows[DeliveryLine] if line.delivery_id == note.id and not line.dropped]

    def _signatures(self, note: Any) -> list[Any]:
        countered = {each.reverses_id for each in self.rows[SignOff]}
        standing = {
            each.id
            for each in self.rows[SignOff]
            if each.delivery_id == note.id and each.reverses_id is None and each.id not in countered
        }
        return [line for line in self.rows[SignOffLine] if line.sign_off_id in standing]

    def _invoiced(self, order: Any) -> int:
        reversed_ = {entry.reverses_id for entry in self.rows[Entry]}
        return sum(
            link.amount_minor
            for link in self.rows[OrderInvoice]
            if link.order_id == order.id and link.entry_id not in reversed_
        )


@dataclass
class Rates:
    """Rates into yuan by day; none before the first."""

    known: dict[str, dict[date, str]]

    def of(self, currency: str, on: date) -> Fraction | None:
        """Returns the newest rate of a day."""
        if currency == "CNY":
            return Fraction(1)
        days = [day for day in self.known[currency] if day <= on]
        return Fraction(self.known[currency][max(days)]) if days else None

    def into(self, minor: int, currency: str, wanted: str, on: date) -> int | None:
        """Returns an amount in another currency, half up; None without both rates."""
        if currency == wanted:
            return minor
        ours, theirs = self.of(currency, on), self.of(wanted, on)
        if ours is None or theirs is None:
            return None
        rate = Fraction(_rounded(ours / theirs, 10, ROUND_HALF_EVEN)) if theirs != 1 else ours
        exact = minor * rate * Fraction(10) ** (EXPONENTS[wanted] - EXPONENTS[currency])
        return int(_rounded(exact, 0, ROUND_HALF_UP))


def _rounded(value: Fraction, places: int, how: str) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(1).scaleb(-places), how)


def exposure_of(
    parts: Mapping[tuple[UUID, str], Six], customers: Iterable[UUID], wanted: str, rates: Rates, on: date
) -> int | None:
    """Returns what these customers owe and commit together, each part converted by itself; None without a rate."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
    for customer in customers:
        for (owner, currency), six in parts.items():
            if owner == customer:
                sums[currency] = [a + b for a, b in zip(sums[currency], six, strict=True)]
    total = 0
    for currency, six in sums.items():
        for at, minor in enumerate(six):
            if minor:
                worth = rates.into(minor, currency, wanted, on)
                if worth is None:
                    return None
                total += -worth if at == 5 else worth
    return total
