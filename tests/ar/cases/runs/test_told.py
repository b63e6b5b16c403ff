"""What a run says it did, and what the examination says of documents that were booked while it read (W8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from ar.cases.commands import run_day
from ar.cases.ladder.checks import cases_checks
from ar.ledger.commands import NewItem, post_items
from tests.support.world import World

DUE, MONDAY, TUESDAY = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)


def faults(world: World) -> list[str]:
    with world.reading() as db:
        return [check.detail for check in cases_checks(db, world.tenant_id) if not check.ok]


def test_a_second_run_of_the_day_did_nothing_and_says_so(world: World) -> None:
    """What was held and is held for the same reason is no deed of the second run; the next day's first one says it."""
    held = world.invoice(number="HELD", due_on=DUE)
    world.invoice("00002", number="SENT", due_on=DUE)
    world.hold(item=held, on=DUE, kind="dispute")
    assert [(line.document_no, line.status) for line in world.run_day(on=MONDAY)] == [
        ("HELD", "held"),
        ("SENT", "proposed"),
    ]
    assert world.run_day(on=MONDAY) == []
    assert [(line.document_no, line.status) for line in world.run_day(on=TUESDAY)] == [("HELD", "held")]
    assert world.run_day(on=TUESDAY) == []


def test_what_is_held_for_another_reason_than_before_is_told(world: World) -> None:
    held = world.invoice(number="HELD", due_on=DUE)
    world.hold(item=held, on=DUE, kind="promise", until_on=MONDAY)
    assert [line.status for line in world.run_day(on=MONDAY)] == ["held"]
    world.hold(item=held, on=MONDAY, kind="dispute", reason="数量不符")
    (line,) = world.run_day(on=MONDAY)
    assert (line.status, "数量不符" in line.why) == ("held", True)
    assert world.run_day(on=MONDAY) == []


def test_an_invoice_that_is_booked_while_the_run_reads_waits_for_the_next_one(world: World) -> None:
    """Given an invoice not yet committed when the run reads, then nothing is at fault and the next run finds it."""
    customer = world.debtor("00001")
    actor = world.actor(MONDAY)
    with world.transaction() as booking:
        post_items(booking, actor, [NewItem(customer, "invoice", "LATE", DUE, DUE, DUE, "CNY", 100_00)])
        with world.transaction() as running:
            assert run_day(running, replace(actor, now=actor.now + timedelta(seconds=1))).steps == 0
        assert faults(world) == []
    assert faults(world) == []
    assert [line.document_no for line in world.run_day(on=TUESDAY)] == ["LATE"]
    assert faults(world) == []
