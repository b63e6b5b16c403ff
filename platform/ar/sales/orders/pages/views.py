"""Views of orders, for their pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ar.credit.rules.commitment import OrderAmounts


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list; `codes` are the reasons that hold it, as they were answered last."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    their_number: str
    ordered_on: date
    currency: str
    total_minor: int
    state: str
    prepaid: bool
    recorded_by: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """A line of an order; `shipped` and `noted` are what was shipped of it, and what stands on open notes."""

    line_no: int
    product: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate_bps: int | None
    amount_minor: int
    shipped: Decimal
    noted: Decimal


@dataclass(frozen=True, slots=True)
class PastDecision:
    """An answer of the checks, as it was kept; `reasons` by code and parameters."""

    checkpoint: str
    decision: str
    reasons: list[dict[str, Any]]
    decided_at: datetime
    decided_by: str


@dataclass(frozen=True, slots=True)
class LinkedInvoice:
    """An invoice that bills the order; `is_reversed`: it was taken back and counts no more."""

    document_no: str
    invoiced_on: date
    amount_minor: int
    item_id: UUID | None
    is_reversed: bool
    delivery_no: str | None


@dataclass(frozen=True, slots=True)
class OfferedInvoice:
    """An invoice of the customer that bills no order yet."""

    entry_id: UUID
    document_no: str
    document_on: date
    amount_minor: int
    names_order: bool


@dataclass(frozen=True, slots=True)
class DeliveryLink:
    """A delivery note of the order."""

    id: UUID
    number: str
    state: str
    planned_on: date
    shipped_on: date | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OverLimitLink:
    """A request to let the order pass over the limit."""

    id: UUID
    number: str
    state: str
    order_minor: int
    currency: str
    valid_until_on: date


@dataclass(frozen=True, slots=True)
class ProofLink:
    """A proof of payment for the order."""

    id: UUID
    kind: str
    state: str
    currency: str
    amount_minor: int
    file_name: str


@dataclass(frozen=True, slots=True)
class ContractChoice:
    """A contract that an order of the customer can stand on."""

    id: UUID
    number: str
    title: str
    currency: str
    term_days: int | None
    ends_on: date | None


@dataclass(frozen=True)
class OrderPage:
    """One order with all that belongs to it. `large_by_days`: how many days of sales it is, when that is too many."""

    row: OrderRow
    contract_id: UUID | None
    contract_no: str | None
    term_days: int | None
    note: str
    is_history: bool
    recorded_at: datetime
    closed_reason: str | None
    lines: tuple[OrderLineView, ...]
    amounts: OrderAmounts
    decisions: tuple[PastDecision, ...]
    invoices: tuple[LinkedInvoice, ...]
    offered: tuple[OfferedInvoice, ...]
    deliveries: tuple[DeliveryLink, ...]
    requests: tuple[OverLimitLink, ...]
    proofs: tuple[ProofLink, ...]
    large_by_days: int | None
