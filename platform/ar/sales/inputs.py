"""Inputs of the commands of sales, for other slices."""

from __future__ import annotations

from ar.sales.deliveries.inputs import Mode, NoteLine, TakeOverDelivery
from ar.sales.deliveries.signing.inputs import CounterSignOff, SignOffDelivery
from ar.sales.orders.inputs import LINES_MAX, BillOrder, CloseOrder, EditOrder, EnterOrder, LineInput

__all__ = [
    "LINES_MAX",
    "BillOrder",
    "CloseOrder",
    "CounterSignOff",
    "EditOrder",
    "EnterOrder",
    "LineInput",
    "Mode",
    "NoteLine",
    "SignOffDelivery",
    "TakeOverDelivery",
]
