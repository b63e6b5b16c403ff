"""A customer who owes three invoices, and one bill over part of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    """Customer 00001 owes 300,000.00 due 31 March, 250,000.00 due 30 April, 90,000.00 due 31 May."""
    customer, on = world.customer(), date(2026, 3, 1)
    world.invoice(customer, number="INV-1", on=on, due_on=date(2026, 3, 31), minor=300_000_00)
    world.invoice(customer, number="INV-2", on=on, due_on=date(2026, 4, 30), minor=250_000_00)
    world.invoice(customer, number="INV-3", on=on, due_on=date(2026, 5, 31), minor=90_000_00)
    return world


@pytest.fixture
def bill(world: World) -> UUID:
    """The bill of `World.bill`, set against the oldest due first."""
    return world.bill()
