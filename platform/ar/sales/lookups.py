"""Lookups of sales for other slices: the facts and amounts of orders, what the checks answer to one.

Invariant: read-only; the modules behind them are private to sales.
"""

from __future__ import annotations

from ar.sales.orders.amounts import amounts_of_orders, order_amounts
from ar.sales.orders.facts import order_facts, preview_check

__all__ = ["amounts_of_orders", "order_amounts", "order_facts", "preview_check"]
