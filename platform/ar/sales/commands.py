"""Commands of sales for other slices and rooms: enter, ask, close and bill orders, and tell credit what they commit.

Invariant: other slices call these; the modules behind them are private to sales.
"""

from __future__ import annotations

from ar.sales.orders.billing import bill_named_orders, bill_order
from ar.sales.orders.commands import (
    cancel_order,
    check,
    close_order_short,
    confirm_order,
    edit_order,
    recommit,
    reopen_order,
    take_over_order,
)
from ar.sales.orders.entering import enter_order

__all__ = [
    "bill_named_orders",
    "bill_order",
    "cancel_order",
    "check",
    "close_order_short",
    "confirm_order",
    "edit_order",
    "enter_order",
    "recommit",
    "reopen_order",
    "take_over_order",
]
