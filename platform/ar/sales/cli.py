"""`huikuan order`: checks an order and ships it."""

from __future__ import annotations

from ar.sales.deliveries.cli import ship
from ar.sales.orders.cli import group

__all__ = ["group"]

group.add_command(ship)
