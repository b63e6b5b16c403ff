"""Money that has come but is not applied, money of a later day, and what is too little to ask for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ar.cases.commands import publish_policy, run_day
from ar.cases.models import PolicyVersion
from ar.cases.rules.policy import load_preset
from ar.ledger.books.allocation import NewAllocation, allocate
from tests.support.postbox import Postbox
from tests.support.world import World

DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)
TUESDAY = date(2026, 11, 3)
LATER = date(2026, 11, 16)


def proposed_letter(world: World, on: date = MONDAY) -> sa.Row[Any]:
    """Runs the day; returns its proposed letter."""
    world.run_day(on=on)
    (letter,) = world.actions("proposed")
    return letter


def test_money_that_waits_to_be_applied_stops_an_approved_letter(world: World, postbox: Postbox) -> None:
    """Testcases 33 and 51: an approved letter is not sent when money has come that nobody has applied."""
    item = world.invoice(number="A1", due_on=DUE)
    world.release(proposed_letter(world).id, on=MONDAY)
    world.receipt(number="R1", on=MONDAY, minor=100_000)
    assert world.send_mail(on=MONDAY) == ["suppressed"]
    assert postbox.mails == []
    assert [(action.state, action.reason) for action in world.actions()] == [("suppressed", "apply_first")]
    assert (world.ladder_state(item).level_reached, world.ladder_state(item).waiting) == (0, False)


def test_money_that_waits_to_be_applied_stops_the_approval(world: World, postbox: Postbox) -> None:
    """Given a proposed letter, when money has come before somebody approves it, then she is told and it is dropped."""
    world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world)
    world.receipt(number="R1", on=MONDAY, minor=100_000)
    client = world.client()
    page_after = client.post(world.url(f"/cases/actions/{letter.id}/approval"), data={}, follow_redirects=True)
    assert "unapplied credit to apply first" in page_after.text
    assert world.send_mail(on=MONDAY) == []
    assert postbox.mails == []


def test_money_that_covers_only_a_part_lets_the_letter_go(world: World, postbox: Postbox) -> None:
    """Given less unapplied money than is overdue, or money in another currency, then the letter goes."""
    world.invoice(number="A1", due_on=DUE)
    world.release(proposed_letter(world).id, on=MONDAY)
    world.receipt(number="R1", on=MONDAY, minor=98_000)
    assert world.send_mail(on=MONDAY) == ["sent"]


def test_what_a_part_payment_leaves_below_the_tolerance_is_not_asked_for(world: World, postbox: Postbox) -> None:
    """Given a tolerance of 5.00, when all but 0.01 is paid before sending, then nobody gets a letter about 0.01."""
    with world.transaction() as db:
        kind = load_preset("five-step").model_copy(update={"tolerance_minor": {"CNY": 500}})
        publish_policy(db, world.actor(DUE), kind)
    item = world.invoice(number="A1", due_on=DUE)
    world.release(proposed_letter(world).id, on=MONDAY)
    world.pay(item, on=MONDAY, minor=99_999)
    assert world.send_mail(on=MONDAY) == ["suppressed"]
    assert postbox.mails == []
    assert world.actions()[0].reason == "tolerance"
    with world.reading() as db:
        count = sa.select(sa.func.count()).where(PolicyVersion.tenant_id == world.tenant_id)
        assert db.execute(count).scalar_one() >= 3


def test_a_receipt_of_a_later_day_stops_no_letter_today(world: World, postbox: Postbox) -> None:
    """Testcase 13: beside an applied cheque of in two weeks today's letter goes in full; on its day it is paid."""
    item = world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world)
    world.pay(item, on=LATER)
    assert world.run_day(on=TUESDAY) == []
    assert [action.state for action in world.actions()] == ["proposed"]
    world.release(letter.id, on=TUESDAY)
    assert world.send_mail(on=TUESDAY) == ["sent"]
    assert "1,000.00" in postbox.mails[0].get_body(("plain",)).get_content()
    (line,) = world.run_day(on=date(2026, 11, 6))
    assert (line.step, line.open_minor, line.status) == ("overdue_report", 100_000, "proposed")
    world.run_day(on=LATER)
    assert [(action.state, action.reason) for action in world.actions()][1:] == [("suppressed", "paid")]
    assert world.run_day(on=LATER + timedelta(days=1)) == []
    assert world.ladder_state(item).parked


def test_an_item_applied_before_it_is_due_with_later_money_is_found_when_due(world: World) -> None:
    """Testcase 13: an invoice that later money clears is chased when it is overdue before that money comes."""
    item = world.invoice(number="A1", due_on=DUE)
    world.run_day(on=date(2026, 10, 1))
    world.pay(item, on=LATER)
    (line,) = world.run_day(on=MONDAY)
    assert (line.document_no, line.open_minor, line.status) == ("A1", 100_000, "proposed")


def test_a_credit_of_a_later_day_holds_nothing_back(world: World) -> None:
    """Testcases 13 and 51: given unapplied money dated in two weeks, then today it is not there to be applied first."""
    world.invoice(number="A1", due_on=DUE)
    world.receipt(number="R1", on=LATER, minor=100_000)
    assert [line.status for line in world.run_day(on=MONDAY)] == ["proposed"]


def test_todays_money_promised_to_a_later_day_is_money_at_hand(world: World) -> None:
    """Given a receipt of today applied as of a later day, then as of today it waits: apply first, no letter.

    The later day is one that a receipt dated ahead has put on the invoice; no other later day is taken.
    """
    item = world.invoice(number="A1", due_on=DUE)
    world.pay(item, on=LATER, minor=1, number="R0")
    receipt = world.receipt(number="R1", on=DUE, minor=100_000)
    world.on(DUE).allocate(item, receipt, minor=99_999, on=LATER)
    (line,) = world.run_day(on=MONDAY)
    assert (line.status, "apply it first" in line.why) == ("held", True)


def test_money_taken_back_on_a_later_day_wakes_the_item_on_that_day(world: World) -> None:
    """Given a payment whose reversal is dated ahead, then the item rests until that day and goes on from it.

    The receipt also pays an invoice of that day, so that nothing of it can be taken back before.
    """
    item = world.invoice(number="A1", due_on=DUE)
    ahead = world.invoice(number="B1", due_on=LATER + timedelta(days=30))
    receipt = world.receipt(number="R1", on=DUE, minor=200_000)
    with world.transaction() as db:
        both = [NewAllocation(item, receipt, 100_000), NewAllocation(ahead, receipt, 100_000)]
        allocation = allocate(db, world.actor(DUE), both)[0]
    world.run_day(on=MONDAY)
    world.on(MONDAY).unapply(allocation, on=LATER)
    assert world.run_day(on=TUESDAY) == []
    lines = world.run_day(on=LATER)
    # The money taken back stands open as a credit, so the item is flagged rather than chased.
    assert [(line.document_no, line.status) for line in lines] == [("A1", "held"), ("A1", "held")][: len(lines)]
    assert lines


@pytest.mark.parametrize("paid_on", [MONDAY, LATER])
def test_a_run_beside_an_approved_letter_that_was_paid(world: World, postbox: Postbox, paid_on: date) -> None:
    """Given an approved letter, when its item is paid and the day runs again, then the run gets through."""
    item = world.invoice(number="A1", due_on=DUE)
    world.release(proposed_letter(world).id, on=MONDAY)
    world.pay(item, on=paid_on)
    world.invoice("00002", number="B1", due_on=DUE)
    with world.transaction() as db:
        assert run_day(db, world.actor(MONDAY)).steps == 1
    assert world.send_mail(on=MONDAY) == ["suppressed" if paid_on == MONDAY else "sent"]
