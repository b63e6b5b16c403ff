"""Registers sales with the application: quotations, contracts, orders, deliveries, sign-offs."""

from __future__ import annotations

from typing import Final

from ar.sales import signals
from tenants.slice import Slice

SLICE: Final = Slice(name="sales", signal_sources=(signals.SOURCE,))
