"""Money that has come but is not applied, money of a later day, and what is too little to ask for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ar.cases.commands import publish_policy, run_day
from ar.cases.models import PolicyVersion
from ar.cases.policy import load_preset
from ar.ledger.allocation import NewAllocation, allocate, reverse_allocation
from tests.ar.cases.desk import Desk, Postbox

DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)
TUESDAY = date(2026, 11, 3)
LATER = date(2026, 11, 16)


def proposed(desk: Desk, on: date = MONDAY):  # type: ignore[no-untyped-def]
    desk.run(on)
    (letter,) = desk.actions("proposed")
    return letter


def test_money_that_waits_to_be_applied_stops_an_approved_letter(desk: Desk, postbox: Postbox) -> None:
    """33 and 51. Given an approved letter, when money comes and nobody has applied it, then nothing is sent."""
    item = desk.invoice("A1", DUE)
    desk.approve(MONDAY, proposed(desk).id)
    desk.credit("R1", MONDAY, 100_000)
    assert desk.send(MONDAY) == ["suppressed"]
    assert postbox.mails == []
    assert [(action.state, action.reason) for action in desk.actions()] == [("suppressed", "apply_first")]
    assert (desk.state(item).level_reached, desk.state(item).waiting) == (0, False)


def test_money_that_waits_to_be_applied_stops_the_approval(desk: Desk, postbox: Postbox) -> None:
    """Given a proposed letter, when money has come before somebody approves it, then she is told and it is dropped."""
    desk.invoice("A1", DUE)
    letter = proposed(desk)
    desk.credit("R1", MONDAY, 100_000)
    client = desk.company.client()
    desk_page = client.post(desk.company.url(f"/cases/actions/{letter.id}/approval"), data={}, follow_redirects=True)
    assert "unapplied credit to apply first" in desk_page.text
    assert desk.send(MONDAY) == []
    assert postbox.mails == []


def test_money_that_covers_only_a_part_lets_the_letter_go(desk: Desk, postbox: Postbox) -> None:
    """Given less unapplied money than is overdue, or money in another currency, then the letter goes."""
    desk.invoice("A1", DUE)
    desk.approve(MONDAY, proposed(desk).id)
    desk.credit("R1", MONDAY, 99_999)
    assert desk.send(MONDAY) == ["sent"]


def test_what_a_part_payment_leaves_below_the_tolerance_is_not_asked_for(desk: Desk, postbox: Postbox) -> None:
    """Given a tolerance of 5.00, when all but 0.01 is paid before sending, then nobody gets a letter about 0.01."""
    with desk.company.transaction() as db:
        kind = load_preset("five-step").model_copy(update={"tolerance_minor": {"CNY": 500}})
        publish_policy(db, desk.company.actor(DUE), kind)
    item = desk.invoice("A1", DUE)
    desk.approve(MONDAY, proposed(desk).id)
    desk.pay(item, MONDAY, 99_999)
    assert desk.send(MONDAY) == ["suppressed"]
    assert postbox.mails == []
    assert desk.actions()[0].reason == "tolerance"
    with desk.company.reading() as db:
        count = sa.select(sa.func.count()).where(PolicyVersion.tenant_id == desk.company.tenant_id)
        assert db.execute(count).scalar_one() >= 3


def test_a_receipt_of_a_later_day_stops_no_letter_today(desk: Desk, postbox: Postbox) -> None:
    """13. Given a cheque dated in two weeks and applied, then today's letter goes in full; on its day it is paid."""
    item = desk.invoice("A1", DUE)
    letter = proposed(desk)
    desk.pay(item, LATER)
    assert desk.run(TUESDAY) == []
    assert [action.state for action in desk.actions()] == ["proposed"]
    desk.approve(TUESDAY, letter.id)
    assert desk.send(TUESDAY) == ["sent"]
    assert "1,000.00" in postbox.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    (line,) = desk.run(date(2026, 11, 6))
    assert (line.step, line.open_minor, line.status) == ("overdue_report", 100_000, "proposed")
    desk.run(LATER)
    assert [(action.state, action.reason) for action in desk.actions()][1:] == [("suppressed", "paid")]
    assert desk.run(LATER + timedelta(days=1)) == []
    assert desk.state(item).parked


def test_an_item_applied_before_it_is_due_with_later_money_is_found_when_due(desk: Desk) -> None:
    """13. Given an invoice that later money clears, when it is overdue before that money comes, then it is chased."""
    item = desk.invoice("A1", DUE)
    desk.run(date(2026, 10, 1))
    desk.pay(item, LATER)
    (line,) = desk.run(MONDAY)
    assert (line.document_no, line.open_minor, line.status) == ("A1", 100_000, "proposed")


def test_a_credit_of_a_later_day_holds_nothing_back(desk: Desk) -> None:
    """13 and 51. Given unapplied money dated in two weeks, then today it is not there to be applied first."""
    desk.invoice("A1", DUE)
    desk.credit("R1", LATER, 100_000)
    assert [line.status for line in desk.run(MONDAY)] == ["proposed"]


def test_todays_money_promised_to_a_later_day_is_money_at_hand(desk: Desk) -> None:
    """Given a receipt of today applied as of a later day, then as of today it waits: apply first, no letter.

    The later day is one that a receipt dated ahead has put on the invoice; no other later day is taken.
    """
    item = desk.invoice("A1", DUE)
    desk.pay(item, LATER, 1, number="R0")
    receipt = desk.credit("R1", DUE, 100_000)
    with desk.company.transaction() as db:
        allocate(db, desk.company.actor(DUE), [NewAllocation(item, receipt, 99_999, LATER)])
    (line,) = desk.run(MONDAY)
    assert (line.status, "apply it first" in line.why) == ("held", True)


def test_money_taken_back_on_a_later_day_wakes_the_item_on_that_day(desk: Desk) -> None:
    """Given a payment whose reversal is dated ahead, then the item rests until that day and goes on from it.

    The receipt also pays an invoice of that day, so that nothing of it can be taken back before.
    """
    item = desk.invoice("A1", DUE)
    ahead = desk.invoice("B1", LATER + timedelta(days=30))
    receipt = desk.credit("R1", DUE, 200_000)
    with desk.company.transaction() as db:
        both = [NewAllocation(item, receipt, 100_000), NewAllocation(ahead, receipt, 100_000)]
        allocation = allocate(db, desk.company.actor(DUE), both)[0]
    desk.run(MONDAY)
    with desk.company.transaction() as db:
        reverse_allocation(db, desk.company.actor(MONDAY), allocation, effective_on=LATER)
    assert desk.run(TUESDAY) == []
    lines = desk.run(LATER)
    # The money taken back stands open as a credit, so the item is flagged rather than chased.
    assert [(line.document_no, line.status) for line in lines] == [("A1", "held"), ("A1", "held")][: len(lines)]
    assert lines


@pytest.mark.parametrize("paid_on", [MONDAY, LATER])
def test_a_run_beside_an_approved_letter_that_was_paid(desk: Desk, postbox: Postbox, paid_on: date) -> None:
    """Given an approved letter, when its item is paid and the day runs again, then the run gets through."""
    item = desk.invoice("A1", DUE)
    desk.approve(MONDAY, proposed(desk).id)
    desk.pay(item, paid_on)
    desk.invoice("B1", DUE, customer="00002")
    with desk.company.transaction() as db:
        assert run_day(db, desk.company.actor(MONDAY)).steps == 1
    assert desk.send(MONDAY) == ["suppressed" if paid_on == MONDAY else "sent"]
