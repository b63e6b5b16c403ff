"""Commands of sales for other slices and rooms: enter, ask, close and bill orders, and tell credit what they commit.

Invariant: other slices call these; the modules behind them are private to sales.
"""

from __future__ import annotations

from ar.sales.deliveries.billing.commands import invoice_delivery, register_invoice
from ar.sales.deliveries.planning import cancel_delivery, plan_delivery
from ar.sales.deliveries.returns import return_goods
from ar.sales.deliveries.shipping import pick_delivery, ship_delivery, ship_order
from ar.sales.deliveries.signing.commands import counter_sign_off, sign_off
from ar.sales.deliveries.signing.taking_over import sign_off_many
from ar.sales.deliveries.taking_over import take_back_delivery, take_over_deliveries
from ar.sales.deliveries.unsigned.commands import choose_measure, explain_unsigned
from ar.sales.orders.billing import bill_named_orders, bill_order
from ar.sales.orders.commands import (
    cancel_order,
    check,
    close_order_short,
    confirm_order,
    edit_order,
    recommit,
    reopen_order,
)
from ar.sales.orders.entering import enter_order
from ar.sales.orders.taking_over import take_back_order, take_over_orders

__all__ = [
    "bill_named_orders",
    "bill_order",
    "cancel_delivery",
    "cancel_order",
    "check",
    "choose_measure",
    "close_order_short",
    "confirm_order",
    "counter_sign_off",
    "edit_order",
    "enter_order",
    "explain_unsigned",
    "invoice_delivery",
    "pick_delivery",
    "plan_delivery",
    "recommit",
    "register_invoice",
    "reopen_order",
    "return_goods",
    "ship_delivery",
    "ship_order",
    "sign_off",
    "sign_off_many",
    "take_back_delivery",
    "take_back_order",
    "take_over_deliveries",
    "take_over_orders",
]
