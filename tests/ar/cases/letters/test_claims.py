"""A letter claims what is owed and no more: less money in hand, nothing small, instalments by their names (F5)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from ar.cases.letters.drafting import LetterDraft, draft_letter
from ar.cases.rules.policy import PRESETS, load_preset
from ar.ledger.commands import NewItem, post_items
from tests.support.postbox import Postbox
from tests.support.world import World

DUE, MONDAY = date(2026, 11, 1), date(2026, 11, 2)


def letters(world: World, on: date = MONDAY) -> list[sa.Row[Any]]:
    world.run_day(on=on)
    return [action for action in world.actions("proposed") if action.form == "letter"]


def draft(world: World, letter: sa.Row[Any]) -> LetterDraft:
    with world.reading() as db:
        return draft_letter(db, world.actor(MONDAY), letter.id)


def test_a_letter_asks_what_is_owed_less_the_money_in_hand(world: World, postbox: Postbox) -> None:
    """1,000.00 owed, 600.00 in hand and not yet applied: both are shown, and 400.00 is asked."""
    world.invoice(number="A1", due_on=DUE, minor=1_000_00)
    world.receipt(number="R1", on=DUE, minor=600_00)
    (letter,) = letters(world)
    paper = draft(world, letter)
    assert (paper.owed_minor, paper.unapplied_minor, paper.total_minor) == (1_000_00, 600_00, 400_00)
    page = world.client().get(world.url(f"/cases/actions/{letter.id}")).text
    assert "400.00" in page
    world.release(letter.id, on=MONDAY)
    assert world.send_mail(on=MONDAY) == ["sent"]
    (mail,) = postbox.mails
    text = mail.get_body(("plain",)).get_content()
    for figure in ("1,000.00", "600.00", "400.00"):
        assert figure in text
    assert [action.total_minor for action in world.actions("delivered")] == [400_00]


def test_money_that_comes_after_the_printing_is_taken_off_before_the_sending(world: World, postbox: Postbox) -> None:
    world.invoice(number="A1", due_on=DUE, minor=1_000_00)
    (letter,) = letters(world)
    world.release(letter.id, on=MONDAY)
    world.receipt(number="R1", on=MONDAY, minor=250_00)
    assert world.send_mail(on=MONDAY) == ["sent"]
    assert "750.00" in postbox.mails[0].get_body(("plain",)).get_content()


def test_money_in_hand_covers_what_was_due_first_and_each_amount_once(world: World) -> None:
    """Two letters of one debtor together ask no more than is owed: 1,500.00 of 900.00 + 1,200.00 is in hand."""
    world.invoice(number="OLD", due_on=date(2026, 10, 20), minor=900_00)
    world.invoice(number="NEW", due_on=DUE, minor=1_200_00)
    world.receipt(number="R1", on=DUE, minor=1_500_00)
    drafts = [draft(world, letter) for letter in letters(world)]
    assert sum(each.total_minor for each in drafts) == 600_00


def test_what_is_disputed_does_not_use_up_the_money_in_hand(world: World) -> None:
    disputed = world.invoice(number="OLD", due_on=date(2026, 10, 20), minor=900_00)
    world.hold(item=disputed, on=DUE, kind="dispute")
    world.invoice(number="NEW", due_on=DUE, minor=1_200_00)
    world.receipt(number="R1", on=DUE, minor=500_00)
    (letter,) = letters(world)
    assert draft(world, letter).total_minor == 700_00


def test_no_letter_goes_over_the_cent_that_money_in_hand_leaves(world: World) -> None:
    world.invoice(number="A1", due_on=DUE, minor=1_000_00)
    world.receipt(number="R1", on=DUE, minor=999_99)
    assert [line.status for line in world.run_day(on=MONDAY)] == ["held"]


@pytest.mark.parametrize("code", PRESETS)
@pytest.mark.parametrize(("currency", "minor"), [("CNY", 1), ("EUR", 4_99), ("USD", 4_99), ("JPY", 499)])
def test_the_shipped_ladders_chase_no_small_amount(code: str, currency: str, minor: int) -> None:
    assert load_preset(code).is_within_tolerance(currency, minor)
    assert not load_preset(code).is_within_tolerance(currency, 20 * minor + 20_00)


def test_the_shipped_ladder_sends_no_letter_over_a_cent(world: World) -> None:
    world.invoice(number="CENT", due_on=DUE, minor=1)
    assert [(line.document_no, line.status) for line in world.run_day(on=MONDAY)] == [("CENT", "held")]


def test_two_instalments_stand_in_a_letter_under_their_own_names(world: World) -> None:
    customer = world.debtor("00001")
    parts = [
        NewItem(customer, "invoice", "INV-7", date(2026, 9, 1), due, due, "CNY", 500_00, instalment_no=n)
        for n, due in ((1, date(2026, 10, 31)), (2, DUE))
    ]
    with world.transaction() as db:
        post_items(db, world.actor(DUE), parts)
    (letter,) = letters(world)
    assert [line.document_no for line in draft(world, letter).claimed] == ["INV-7 (1/2)", "INV-7 (2/2)"]
