"""Inputs of the commands of sales, for other slices."""

from __future__ import annotations

from ar.sales.orders.inputs import BillOrder, CloseOrder, EditOrder, EnterOrder, LineInput

__all__ = ["BillOrder", "CloseOrder", "EditOrder", "EnterOrder", "LineInput"]
