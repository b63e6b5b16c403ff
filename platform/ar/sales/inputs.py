"""Inputs of the commands of sales, for other slices."""

from __future__ import annotations

from ar.sales.deliveries.billing.inputs import InvoiceDelivery, RegisterInvoice
from ar.sales.deliveries.inputs import (
    CancelDelivery,
    Mode,
    NoteLine,
    PlanDelivery,
    ReturnedLine,
    ReturnGoods,
    ShipDelivery,
    TakeOverDelivery,
)
from ar.sales.deliveries.signing.inputs import CounterSignOff, SignedLine, SignOffDelivery
from ar.sales.deliveries.unsigned.inputs import ChooseMeasure, ExplainUnsigned
from ar.sales.orders.inputs import LINES_MAX, BillOrder, CloseOrder, EditOrder, EnterOrder, LineInput, TakeOverOrder

__all__ = [
    "LINES_MAX",
    "BillOrder",
    "CancelDelivery",
    "ChooseMeasure",
    "CloseOrder",
    "CounterSignOff",
    "EditOrder",
    "EnterOrder",
    "ExplainUnsigned",
    "InvoiceDelivery",
    "LineInput",
    "Mode",
    "NoteLine",
    "PlanDelivery",
    "RegisterInvoice",
    "ReturnGoods",
    "ReturnedLine",
    "ShipDelivery",
    "SignOffDelivery",
    "SignedLine",
    "TakeOverDelivery",
    "TakeOverOrder",
]
