"""A process killed between any two statements leaves nothing half-done; the next one does the work once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ar.credit.checks.holds.commands import lift_stop
from ar.credit.checks.holds.inputs import LiftStop
from ar.ledger.books.posting import NewItem
from kernel.ids import new_id
from tests.scenarios.killed_deeds import figures, goods, goods_as_before, whole
from tests.support.clock import NOW
from tests.support.killed import killed_everywhere
from tests.support.world import World

MAY = date(2026, 5, 4)
DEEDS = "tests.scenarios.killed_deeds"


@pytest.mark.parametrize(
    ("deed", "documents", "allocations"), [("receive", 1, 1), ("reverse", 3, 3), ("dishonour", 1, 2)]
)
def test_a_killed_deed_leaves_nothing_and_the_next_one_does_it_once(
    world: World, deed: str, documents: int, allocations: int
) -> None:
    world = world.on(MAY)
    customer = world.customer()
    parts = [
        NewItem(
            customer, "invoice", "INV-1", MAY, MAY + timedelta(days=30 * n), MAY + timedelta(days=30 * n), "CNY",
            500_00, tax_minor=50_00, instalment_no=n,
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    invoice = world.book(parts)[0]
    bill = None
    if deed == "dishonour":
        bill = world.bill("B-1", kind="commercial", issued_on=MAY, tenor_months=2, amount="400.00", received_on=MAY)
    before = figures(world.tenant_id)
    kills = killed_everywhere(
        f"{DEEDS}:{deed}", world.tenant_id, f"{DEEDS}:as_before", customer=str(customer), invoice=str(invoice),
        bill=str(bill), key=str(new_id()), before=before,
    )  # fmt: skip
    assert kills >= 8, "every statement of the deed was a place to die"
    after = figures(world.tenant_id)
    assert (after[0] - before[0], after[3] - before[3]) == (documents, allocations)
    assert whole(world.tenant_id) is None


@pytest.mark.parametrize("deed", ["ship", "sign", "give_back", "open_half_year"])
def test_goods_are_not_half_shipped_signed_or_returned_by_a_kill(world: World, deed: str) -> None:
    world = world.on(NOW.date())
    customer = world.buyer(1_000_00)
    stop = world.stop_shipments(customer)
    order = world.order(customer, ("valve", "4", "60"))
    world.confirm(order)
    note = world.note(order)
    with world.transaction() as db:
        lift_stop(db, world.actor(), stop, LiftStop(reason="settled"))
    world.invoice_with_goods(note, "0440-7")
    if deed != "ship":
        assert world.ship(note).passes
    if deed == "give_back":
        world.sign(note)
    before = goods(world.tenant_id)
    kills = killed_everywhere(
        f"{DEEDS}:{deed}", world.tenant_id, f"{DEEDS}:goods_as_before", note=str(note), before=before
    )
    assert kills >= 8
    done = goods(world.tenant_id)
    assert done != before
    assert goods_as_before(world.tenant_id, done) is None, "and the examination finds nothing"
    exposure = world.credit_account(customer).exposure_minor
    assert exposure == (180_00 if deed == "give_back" else 240_00), "each amount once"
