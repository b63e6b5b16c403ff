"""Tables of sales: quotations, contracts, orders, deliveries, sign-offs, and which invoices bill an order.

Design overview:
- A *contract* or purchase order is the basis of credit; sealed, it never changes: supplements and new contracts do.
- An *order* is of one customer and currency; its prices are with tax, so what is ordered, shipped, signed and invoiced
  counts the same gross amount.
- A *delivery* ships quantities of order lines; a *sign-off* recognises the receivable (R104) and is never changed: a
  mistake is a counter-entry (`reverses_id`).
- An *order invoice* links a document of the ledger to the order that it bills.

Invariants: what was shipped of an order line over all notes never exceeds what was ordered; sign-offs and links are
inserted and never changed; every decision to hold or pass is kept with its reasons.
"""

from __future__ import annotations

from ar.sales.contracts.models import (
    CONTRACT_FORMS,
    CONTRACT_STATES,
    CUSTODY_PLACES,
    QUOTATION_STATES,
    Contract,
    ContractCopy,
    ContractLine,
    Price,
    Quantity,
    Quotation,
)
from ar.sales.deliveries.models import (
    DELIVERY_MODES,
    DELIVERY_STATES,
    SIGN_OFF_CHANNELS,
    Delivery,
    DeliveryLine,
    DeliveryReturn,
    SignOff,
    SignOffLine,
    UnsignedReason,
)
from ar.sales.orders.models import CHECKPOINTS, ORDER_STATES, Order, OrderDecision, OrderInvoice, OrderLine

__all__ = [
    "CHECKPOINTS",
    "CONTRACT_FORMS",
    "CONTRACT_STATES",
    "CUSTODY_PLACES",
    "DELIVERY_MODES",
    "DELIVERY_STATES",
    "ORDER_STATES",
    "QUOTATION_STATES",
    "SIGN_OFF_CHANNELS",
    "Contract",
    "ContractCopy",
    "ContractLine",
    "Delivery",
    "DeliveryLine",
    "DeliveryReturn",
    "Order",
    "OrderDecision",
    "OrderInvoice",
    "OrderLine",
    "Price",
    "Quantity",
    "Quotation",
    "SignOff",
    "SignOffLine",
    "UnsignedReason",
]
