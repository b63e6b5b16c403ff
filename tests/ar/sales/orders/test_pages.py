"""The pages of orders over HTTP: entered, pasted, refused at the cell, held and told why, closed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.world import World


def _order_url(location: str) -> str:
    return re.sub(r"^https?://[^/]+", "", location)


def _head(**more: str) -> dict[str, Any]:
    return {
        "customer_no": "00001",
        "ordered_on": "2026-11-20",
        "currency": "CNY",
        "term_days": "30",
        "action": "confirm",
        **more,
    }


def _lines(*rows: tuple[str, str, str]) -> dict[str, list[str]]:
    return {
        "line_no": [""] * len(rows),
        "line_offer": [""] * len(rows),
        "line_product": [row[0] for row in rows],
        "line_quantity": [row[1] for row in rows],
        "line_unit": [""] * len(rows),
        "line_price": [row[2] for row in rows],
        "line_tax": [""] * len(rows),
    }


def test_an_order_is_entered_confirmed_and_told_why_it_is_held(world: World) -> None:
    customer = world.buyer(100_00)
    contract = world.contract(customer)
    client = world.client("order_follow_up")
    page = client.get(f"/c/{world.slug}/orders/new?customer=00001")
    assert page.status_code == 200
    answer = client.post(
        f"/c/{world.slug}/orders/", data=_head(contract_id=str(contract)) | _lines(("valve", "2", "60"), ("", "", ""))
    )
    assert answer.status_code == 303, answer.text
    shown = client.get(answer.location).text
    assert "Over the credit limit of 100.00 CNY by 20.00." in shown
    assert "Ask to let it pass over limit or term" in shown
    listed = client.get(f"/c/{world.slug}/orders/?state=held").text
    assert "Over the limit" in listed
    assert client.get(answer.location + "/print").status_code == 200


def test_faults_stand_at_their_cells_and_nothing_typed_is_lost(world: World) -> None:
    world.buyer(100_00)
    client = world.client("salesperson")
    rows = _lines(("valve", "two", "60"), ("", "3", "9.99"), ("seal", "1", "-1"))
    answer = client.post(f"/c/{world.slug}/orders/", data=_head(customer_no="99999") | rows)
    assert answer.status_code == 422
    for text in (
        "There is no customer with this number.",
        'id="e-line_quantity-1"',
        'id="e-line_product-2"',
        'id="e-line_price-3"',
        'value="two"',
        'value="9.99"',
        'value="-1"',
    ):
        assert text in answer.text
    none = client.post(f"/c/{world.slug}/orders/", data=_head())
    assert none.status_code == 422
    assert "Enter at least one line." in none.text


def test_rows_of_a_spreadsheet_are_read_below_those_typed(world: World) -> None:
    customer = world.buyer(None)
    contract = world.contract(customer)
    client = world.client("order_follow_up")
    pasted = "泵\t1,200\t台\t3.50\t13\r\n阀;2;9.99\r\n"
    data = _head(contract_id=str(contract), pasted=pasted) | _lines(("seal", "1", "5"))
    shown = client.post(f"/c/{world.slug}/orders/", data=data | {"action": "read"})
    assert shown.status_code == 200
    assert 'value="1200"' in shown.text
    assert 'value="9.99"' in shown.text
    answer = client.post(f"/c/{world.slug}/orders/", data=data)
    assert answer.status_code == 303, answer.text
    page = client.get(answer.location).text
    assert "4,224.98" in page


def test_who_comes_second_sees_what_the_first_saved(world: World) -> None:
    customer = world.buyer(None)
    order = world.order(customer, ("valve", "2", "60"))
    client = world.client("order_follow_up")
    url = f"/c/{world.slug}/orders/{order}/edit"
    form = client.get(url).text
    version = re.search(r'name="version" value="([^"]+)"', form)
    assert version is not None
    world.change_order(order, ("valve", "3", "60"))
    rows = _lines(("valve", "5", "60")) | {"line_no": ["1"]}
    answer = client.post(url, data=_head(version=version[1], action="save") | rows)
    assert answer.status_code == 422
    assert "valve 3 @ 60" in answer.text
    assert 'value="5"' in answer.text


@pytest.mark.parametrize("role", ["auditor", "collector", "cost_accountant"])
def test_who_does_not_sell_reads_orders_and_changes_none(world: World, role: str) -> None:
    customer = world.buyer(None)
    order = world.order(customer, ("valve", "2", "60"))
    client = world.client(role)
    page = client.get(f"/c/{world.slug}/orders/{order}").text
    assert "Confirm" not in page
    assert client.post(f"/c/{world.slug}/orders/{order}/confirmation").status_code == 403


def test_a_salesperson_sees_orders_of_their_own_customers_only(world: World) -> None:
    order = world.order(world.buyer(None), ("valve", "2", "60"), number="SO-SECRET")
    client = world.client("salesperson")
    assert client.get(f"/c/{world.slug}/orders/{order}").status_code == 404
    assert "SO-SECRET" not in client.get(f"/c/{world.slug}/orders/").text


def test_an_order_is_closed_opened_and_billed_on_its_page(world: World) -> None:
    customer = world.buyer(1_000_00)
    order = world.released_order(customer, ("valve", "2", "60"))
    invoice = world.invoice(customer, number="PG-1", minor=50_00)
    client = world.client("finance")
    url = f"/c/{world.slug}/orders/{order}"
    entry = world.open_item(invoice).entry_id
    assert client.post(f"{url}/invoices", data={"entry_id": str(entry)}).status_code == 303
    assert world.commits(order) == (70_00, 0, 0)
    refused = client.post(f"{url}/closing", data={"reason": ""})
    assert refused.status_code == 422
    assert client.post(f"{url}/closing", data={"reason": "given up"}).status_code == 303
    assert world.order_state(order) == "closed_short"
    assert client.post(f"{url}/reopening", data={"reason": "wanted"}).status_code == 303
    assert world.order_state(order) == "released"


def test_a_held_order_asks_to_pass_and_approval_lets_it(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.order(customer, ("valve", "2", "60"))
    assert not world.confirm(order).passes
    client = world.client("order_follow_up")
    for role in ("sales_manager", "finance_director", "general_manager"):
        world.client(role)
    asked = {"reason": "old customer", "valid_until_on": "2026-12-20"}
    url = f"/c/{world.slug}/orders/{order}"
    assert client.post(f"{url}/over-limit", data=asked).status_code == 303
    assert "Awaits a decision" in client.get(url).text
