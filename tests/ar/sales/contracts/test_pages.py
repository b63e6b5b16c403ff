"""The pages of quotations and contracts over HTTP, from the first price to the three copies."""

from __future__ import annotations

import io
import re
from typing import Any

from ar.sales.rules.checklist import BEFORE_REVIEW, BEFORE_SEALING
from tests.support.world import World


def _prices(price: str) -> dict[str, list[str]]:
    empty = [""]
    return {
        "line_no": empty,
        "line_offer": empty,
        "line_product": ["valve"],
        "line_specification": ["DN50"],
        "line_quantity": empty,
        "line_unit": ["pc"],
        "line_price": [price],
    }


def test_from_the_quotation_to_the_sealed_contract_and_its_copies(world: World) -> None:
    world.customer()
    sales, base = world.client("order_follow_up"), f"/c/{world.slug}"
    seller = world.client("sales_manager")
    accountant, director = world.client("cost_accountant"), world.client("finance_director")
    head = {"customer_no": "00001", "quoted_on": "2026-11-20", "currency": "CNY", "action": "save"}
    assert sales.get(f"{base}/quotations/new").status_code == 403, "who follows up orders makes no prices"
    office = world.client("gm_office")
    made = office.post(f"{base}/quotations/", data=head | _prices("9.00"))
    assert made.status_code == 303, made.text
    assert office.post(f"{made.location}/submission").status_code == 303
    for who in (accountant, director):
        _approve(who, base)
    assert "Approved" in office.get(made.location).text
    quotation_id = made.location.rstrip("/").rsplit("/", 1)[1]
    data: dict[str, Any] = {
        "customer_no": "00001",
        "form": "own",
        "currency": "CNY",
        "term_days": "30",
        "starts_on": "2026-11-01",
        "ends_on": "2026-12-31",
        "quotation_id": quotation_id,
        "checklist": list(BEFORE_REVIEW),
        "action": "save",
        "file": (io.BytesIO(b"%PDF-1.4 paper"), "paper.pdf"),
    }
    contract = office.post(f"{base}/contracts/", data=data | _prices("9.00"))
    assert contract.status_code == 303, contract.text
    url = contract.location
    assert office.post(f"{url}/submission").status_code == 303
    early = office.post(f"{url}/sealing", data={"checklist": list(BEFORE_SEALING)})
    assert early.status_code == 422
    assert "not reviewed yet" in early.text
    _approve(seller, base)
    lacking = office.post(f"{url}/sealing", data={"checklist": ["date"]})
    assert "Signature of the handler" in lacking.text
    assert office.post(f"{url}/sealing", data={"checklist": list(BEFORE_SEALING)}).status_code == 303
    copy = {"place": "finance", "holder": "Li", "received_on": "2026-11-20"}
    assert office.post(f"{url}/copies", data=copy).status_code == 303
    shown = office.get(url).text
    assert "Sealed" in shown
    assert "Li" in shown
    assert office.get(f"{url}/file").data == b"%PDF-1.4 paper"
    assert office.get(f"{url}/edit").status_code == 200
    listed = office.get(f"{base}/contracts/?state=expiring").text
    assert "Expires" in listed
    order_form = seller.get(f"{base}/orders/new?contract={url.rstrip('/').rsplit('/', 1)[1]}").text
    assert 'value="9"' in order_form


def _approve(client: Any, base: str) -> None:
    """Opens what waits for this person, and approves it."""
    listed = client.get(f"{base}/decisions/").text
    found = re.search(r"/approvals/([0-9a-f-]{36})", listed)
    assert found is not None, listed
    step = re.search(r'name="step" value="(\d)"', client.get(f"{base}/approvals/{found[1]}").text)
    assert step is not None
    data = {"outcome": "approve", "step": step[1], "reason": ""}
    answer = client.post(f"{base}/approvals/{found[1]}/decision", data=data)
    assert answer.status_code == 303, answer.text


def test_a_refused_contract_keeps_what_was_typed(world: World) -> None:
    world.customer()
    office = world.client("gm_office")
    data = {
        "customer_no": "00001",
        "form": "own",
        "currency": "CNY",
        "starts_on": "2026-11-20",
        "ends_on": "2026-11-19",
        "title": "Spring deal",
        "checklist": ["product", "price"],
        "action": "save",
    }
    answer = office.post(f"/c/{world.slug}/contracts/", data=data | _prices("cheap"))
    assert answer.status_code == 422
    for text in ('value="cheap"', 'value="Spring deal"', 'id="e-line_price-1"', 'value="product" checked'):
        assert text in answer.text
    dated = office.post(f"/c/{world.slug}/contracts/", data=data | _prices("9"))
    assert "The contract ends before it starts." in dated.text
