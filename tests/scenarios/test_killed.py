"""A process killed between any two statements leaves nothing half-done; the next one does the work once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ar.ledger.books.posting import NewItem
from kernel.errors import Conflict
from kernel.ids import new_id
from tests.scenarios.killed_deeds import figures, goods, whole
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


@pytest.mark.parametrize("deed", ["ship", "sign"])
def test_a_note_killed_on_its_way_out_stays_and_leaves_once(world: World, deed: str) -> None:
    customer = world.buyer(1_000_00)
    note = world.note(world.released_order(customer, ("阀门", "10", "100.00")))
    if deed == "sign":
        world.invoice_with_goods(note, "INV-K")
        world.ship(note)
    before = goods(world.tenant_id)
    kills = killed_everywhere(
        f"{DEEDS}:{deed}", world.tenant_id, f"{DEEDS}:goods_as_before", note=str(note), on=str(world.today),
        before=before,
    )  # fmt: skip
    assert kills >= 8, "every statement of the deed was a place to die"
    planned, shipped, decisions, signatures, documents, *commits = goods(world.tenant_id)
    if deed == "ship":
        assert (planned, shipped, decisions - before[2], commits) == (0, 1, 1, [0, 1_000_00, 0])
    else:
        assert (shipped, signatures, documents, commits) == (0, 1, 1, [0, 0, 0])
    assert whole(world.tenant_id) is None
    with pytest.raises(Conflict, match="delivery_moved_on"):
        world.ship(note)
