"""Lookups of sales for other slices: the facts and amounts of orders, what the checks answer to one.

Invariant: read-only; the modules behind them are private to sales.
"""

from __future__ import annotations

from ar.sales.deliveries.history import (
    NoteToSign,
    TakenOverNote,
    notes_to_sign,
    signed_amounts,
    stored_notes,
    taken_over_notes,
)
from ar.sales.deliveries.pages.of_customer import notes_of_customer, orders_of_customer
from ar.sales.deliveries.unsigned.queries import UnsignedNote, unsigned_notes
from ar.sales.deliveries.unsigned.queries import as_json as unsigned_json
from ar.sales.orders.amounts import amounts_of_orders, order_amounts
from ar.sales.orders.facts import order_facts, preview_check
from ar.sales.orders.history import KnownOrder, known_orders, stored_orders

__all__ = [
    "KnownOrder",
    "NoteToSign",
    "TakenOverNote",
    "UnsignedNote",
    "amounts_of_orders",
    "known_orders",
    "notes_of_customer",
    "notes_to_sign",
    "order_amounts",
    "order_facts",
    "orders_of_customer",
    "preview_check",
    "signed_amounts",
    "stored_notes",
    "stored_orders",
    "taken_over_notes",
    "unsigned_json",
    "unsigned_notes",
]
