"""An order made from a contract keeps its price, whatever is quoted since and however much is ordered."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.ar.sales.contracts.test_contracts import VALVE, Office
from tests.support.world import World
from tests.support.world.sales import held_by


@pytest.fixture(name="contract")
def contract_at_nine(world: World) -> UUID:
    """A sealed contract at 9.00 a valve; a quotation of 12.00 was approved after it."""
    office, customer = Office(world), world.buyer(100_000_00)
    contract = office.sealed(customer, lines=[VALVE], quotation_id=office.quotation(customer))
    office.quotation(customer, price="12.00")
    return contract


def test_the_form_fills_in_the_price_of_the_contract(world: World, contract: UUID) -> None:
    page = world.client("order_follow_up").get(world.url(f"/orders/new?contract={contract}")).text
    prices = page.split('name="line_price"')[1:]
    assert 'value="9"' in prices[0][:80]
    assert "12" not in prices[0][:80]


@pytest.mark.parametrize("quantity", ["1", "10", "5000"])
def test_a_quotation_since_or_a_large_quantity_never_reaches_it(world: World, contract: UUID, quantity: str) -> None:
    customer = world.customer_id()
    order = world.released_order(customer, ("valve", "2", "9.00"), contract_id=contract)
    edited = world.change_order(order, ("valve", quantity, "9.00"))
    assert edited is None or edited.passes
    quoted = world.change_order(order, ("valve", quantity, "12.00"))
    assert quoted is not None
    assert held_by(quoted) == ["price"]
    assert quoted.reasons[0].params["contract_price"] == "9"
