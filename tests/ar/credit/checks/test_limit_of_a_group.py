"""The limit of a group, as a salesperson meets it who sees one member alone."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from ar.customers.commands import edit_customer
from ar.customers.inputs import EditCustomer, SetStanding
from ar.customers.register.standing import set_standing
from tests.support.world import World


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.fixture(name="own")
def member_of_a_group(world: World) -> UUID:
    """The salesperson's member; the payer's 1,000.00 are used up to 900.00 by a colleague's."""
    world.creditor(1_000_00, "PAYER")
    own, colleagues = world.customer("OWN"), world.customer("COLL-7")
    with world.transaction() as db:
        edit_customer(db, world.actor(), colleagues, EditCustomer(name="秘密客户"))
    for member in (own, colleagues):
        world.complete_file(member)
        with world.transaction() as db:
            set_standing(db, world.actor(), member, SetStanding(head_no="PAYER", group_kind="payer"))
    world.invoice(colleagues, number="SECRET-1", minor=900_00)
    return own


def test_the_answer_names_the_limit_of_the_group_and_nothing_of_the_other_member(world: World, own: UUID) -> None:
    client = world.client("salesperson")
    world.give_to(client, own)
    order = world.order(own, ("阀门", "1", "200"))
    answer = client.post(world.url(f"/orders/{order}/confirmation"))
    assert answer.status_code == 303
    assert world.order_state(order) == "held"
    page = text_of(client.get(world.url(f"/orders/{order}")).text)
    assert "Over the limit of the group, 1,000.00 CNY, by 100.00." in page
    for path in (f"/orders/{order}", f"/customers/{own}", f"/credit/customers/{own}", "/orders/", "/credit/limits/"):
        shown = client.get(world.url(path))
        assert shown.status_code == 200, path
        for secret in ("COLL-7", "秘密客户", "SECRET-1"):
            assert secret not in shown.text, (path, secret)


def test_what_fits_beside_the_other_member_passes(world: World, own: UUID) -> None:
    assert world.confirm(world.order(own, ("阀门", "1", "100"))).passes
