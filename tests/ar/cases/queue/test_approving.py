"""Approving letters: nothing is offered that was paid, each is named with recipient and sum, rows are ticked (W3)."""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest

from kernel.clock import fixed_clock, moment_on
from tests.support.letters import letters_named
from tests.support.postbox import Postbox
from tests.support.world import World

MONDAY: Final = date(2026, 11, 2)
DUE: Final = date(2026, 11, 1)


@pytest.fixture
def desk(world: World) -> World:
    """Letters to three customers; the first owes two documents."""
    for number, name in (("00001", "甲方电子"), ("00002", "乙方贸易"), ("00003", "丙方精密")):
        world.customer(number, name, contact_name=f"{name}财务", contact_email=f"ar@{number}.example")
    world.invoice("00001", number="A1", due_on=DUE, minor=1_000_00)
    world.invoice("00001", number="A2", due_on=DUE, minor=500_00)
    world.invoice("00002", number="B1", due_on=DUE, minor=700_00)
    world.invoice("00003", number="C1", due_on=DUE, minor=300_00)
    world.run_day(on=MONDAY)
    return world


def _pay(world: World, document: str, minor: int) -> None:
    item = world.item_numbered(document)
    receipt = world.receipt(item.customer_id, number=f"R-{document}", on=MONDAY, minor=minor)
    world.allocate(item.id, receipt, minor=minor)


def _page(world: World, path: str) -> str:
    return world.client().get(world.url(path)).text


def _ask(world: World, *names: str) -> str:
    chosen = [str(each.id) for each in world.actions() if each.customer_id in {world.customer_id(n) for n in names}]
    with fixed_clock(moment_on(MONDAY, world.timezone)):
        return world.client().post(world.url("/cases/approvals"), data={"selected": chosen}).text


def test_a_letter_whose_document_was_paid_meanwhile_is_not_offered(desk: World) -> None:
    _pay(desk, "B1", 700_00)
    with fixed_clock(moment_on(MONDAY, desk.timezone)):
        shown = _page(desk, "/cases/")
        asked = desk.client().post(desk.url("/cases/approvals")).text
    assert "甲方电子" in shown
    assert "丙方精密" in shown
    assert "乙方贸易" not in shown
    assert "乙方贸易" not in asked
    assert len(letters_named(asked)) == 2


def test_a_letter_of_which_a_part_was_paid_says_what_it_still_claims(desk: World) -> None:
    _pay(desk, "A2", 500_00)
    _pay(desk, "A1", 400_00)
    with fixed_clock(moment_on(MONDAY, desk.timezone)):
        shown = " ".join(_page(desk, "/cases/").split())
    assert "Not claimed: paid" in shown
    assert "¥600.00" in shown
    assert "¥1,500.00" not in shown
    assert "¥600.00" in _ask(desk, "00001")


def test_approving_names_each_letter_its_recipient_and_its_sum(desk: World) -> None:
    asked = " ".join(_ask(desk).split())
    for said in (
        "Approve and send 3 letters",
        "甲方电子财务 &lt;ar@00001.example&gt;",
        "¥1,500.00",
        "乙方贸易财务 &lt;ar@00002.example&gt;",
        "¥700.00",
        "¥2,500.00",
    ):
        assert said in asked


def test_only_the_ticked_letters_go(desk: World, postbox: Postbox) -> None:
    asked = _ask(desk, "00001", "00003")
    assert "乙方贸易" not in asked
    with fixed_clock(moment_on(MONDAY, desk.timezone)):
        form = {"confirmed": "1", "selected": letters_named(asked)}
        said = desk.client().post(desk.url("/cases/approvals"), data=form, follow_redirects=True).text
    assert "2 letters approved." in said
    assert {each.customer_id for each in desk.actions("proposed")} == {desk.customer_id("00002")}


def test_what_is_paid_between_the_question_and_the_answer_is_not_sent_and_said(desk: World, postbox: Postbox) -> None:
    asked = _ask(desk)
    _pay(desk, "C1", 300_00)
    with fixed_clock(moment_on(MONDAY, desk.timezone)):
        form = {"confirmed": "1", "selected": letters_named(asked)}
        said = desk.client().post(desk.url("/cases/approvals"), data=form, follow_redirects=True).text
    assert "2 letters approved." in said
    assert "1 letter was paid or decided meanwhile and is not sent." in said
    desk.send_mail(on=MONDAY)
    assert len(postbox.mails) == 2


def test_a_letter_covered_by_money_in_hand_is_shown_with_the_reason_and_cannot_be_ticked(desk: World) -> None:
    desk.receipt(desk.customer_id("00003"), number="R-9", on=MONDAY, minor=300_00)
    with fixed_clock(moment_on(MONDAY, desk.timezone)):
        shown = " ".join(_page(desk, "/cases/").split())
    assert "Not claimed:" in shown
    assert len(letters_named(shown)) == 2
    assert "丙方精密" not in _ask(desk)


def test_instalments_are_not_the_same_document_twice(world: World) -> None:
    world.instalments("INV-9", due=(date(2026, 10, 1), date(2026, 10, 30), date(2026, 12, 30)), minor=100_00)
    world.run_day(on=MONDAY)
    with fixed_clock(moment_on(MONDAY, world.timezone)):
        shown = " ".join(_page(world, "/cases/").split())
    assert "INV-9 (1/3)" in shown
    assert "INV-9 (2/3)" in shown
