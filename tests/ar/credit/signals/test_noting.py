"""Every danger signal may be noted by whoever saw it, and waits for a decision with a proposal."""

from __future__ import annotations

from ar.credit.rules.signals import GRAVE, NAMES, SignalCode
from tests.support.world import World


def test_each_is_noted_from_the_customers_page_and_waits_with_a_proposal(world: World) -> None:
    customer = world.creditor(1_000_00)
    client = world.client("salesperson")
    world.give_to(client, customer)
    url = world.url(f"/signals/of/{customer}")
    form = client.get(url).text
    for code in SignalCode:
        assert f'value="{code}"' in form, code
        assert NAMES[code] in form, code
        assert client.post(url, data={"code": code.value, "note": f"seen: {code}"}).status_code == 303, code
    rows = {row.code: row for row in world.signals(customer)}
    assert rows.keys() == set(SignalCode)
    for code, row in rows.items():
        assert (row.source, row.note, row.decision) == ("manual", f"seen: {code}", None), code
        proposed = (0, 0) if code in GRAVE else (500_00, 15)
        assert (row.proposed_limit_minor, row.proposed_term_days) == proposed, code
