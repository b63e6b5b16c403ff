"""What a letter still claims is kept with it, by payments, their reversal and what happens to its steps (ADR 0048)."""

from __future__ import annotations

import threading
from datetime import date
from typing import Final

import pytest
import sqlalchemy as sa

from app.shell import nav_counts
from ar.cases.models import Action
from ar.cases.queue.commands import count_releasable
from ar.cases.queue.queries import queue_summary
from ar.reports.decisions.queries import decision_counts
from ar.reports.today.queries import today_page
from tests.support.world import World

MONDAY: Final = date(2026, 11, 2)
DUE: Final = date(2026, 11, 1)


@pytest.fixture
def desk(world: World) -> World:
    """A letter about two documents, and one about one."""
    for number in ("00001", "00002"):
        world.customer(number, f"客户{number}", contact_email=f"ar@{number}.example")
    world.invoice("00001", number="A1", due_on=DUE, minor=1_000_00)
    world.invoice("00001", number="A2", due_on=DUE, minor=500_00)
    world.invoice("00002", number="B1", due_on=DUE, minor=700_00)
    world.run_day(on=MONDAY)
    return world


def _claiming(world: World) -> list[str]:
    numbers = {world.customer_id(number): number for number in ("00001", "00002")}
    return sorted(numbers[each.customer_id] for each in world.actions() if each.claims)


def _pay(world: World, document: str, minor: int) -> None:
    world.pay(world.item_numbered(document).id, minor=minor, on=MONDAY, number=f"R-{document}-{minor}")


def test_a_letter_claims_until_the_last_of_its_documents_is_paid(desk: World) -> None:
    assert _claiming(desk) == ["00001", "00002"]
    _pay(desk, "A1", 1_000_00)
    _pay(desk, "A2", 499_99)
    assert _claiming(desk) == ["00001", "00002"]
    _pay(desk, "A2", 1)
    assert _claiming(desk) == ["00002"]


def test_a_payment_taken_back_lets_the_letter_claim_again(desk: World) -> None:
    allocation = desk.pay(desk.item_numbered("B1").id, minor=700_00, on=MONDAY)
    assert _claiming(desk) == ["00001"]
    desk.unapply(allocation)
    assert _claiming(desk) == ["00001", "00002"]


def test_every_count_of_letters_follows_what_they_claim(desk: World) -> None:
    actor = desk.actor(MONDAY, ("finance_director",))

    def counts() -> list[int]:
        with desk.transaction() as db:
            page = today_page(db, desk.tenant_id, MONDAY, desk.timezone)
            return [
                queue_summary(db, desk.tenant_id).letters,
                page.letters,
                decision_counts(db, actor).letters,
                nav_counts(db, actor)["decisions_index"],
            ]

    assert counts() == [2, 2, 2, 2]
    _pay(desk, "B1", 700_00)
    assert counts() == [1, 1, 1, 1]


def test_a_letter_whose_open_document_is_withdrawn_claims_nothing_more(desk: World) -> None:
    _pay(desk, "A1", 1_000_00)
    desk.hold("00001", on=MONDAY, item=desk.item_numbered("A2").id)
    assert _claiming(desk) == ["00002"]


def test_a_released_letter_that_failed_still_claims_what_is_open(desk: World) -> None:
    (letter,) = [each for each in desk.actions() if each.customer_id == desk.customer_id("00002")]
    desk.release(letter.id, on=MONDAY)
    assert _claiming(desk) == ["00001", "00002"]
    _pay(desk, "B1", 700_00)
    assert _claiming(desk) == ["00001"]


def test_a_payment_does_not_wait_for_who_works_on_the_letter(desk: World) -> None:
    (letter,) = [each for each in desk.actions() if each.customer_id == desk.customer_id("00002")]
    paid = threading.Thread(target=_pay, args=(desk, "B1", 700_00))
    with desk.transaction() as db:
        held = sa.select(Action.id).where(Action.tenant_id == desk.tenant_id, Action.id == letter.id)
        db.execute(held.with_for_update())
        paid.start()
        paid.join(20)
        assert not paid.is_alive()
    assert "00002" in _claiming(desk), "it was locked: it claims until the next run"
    desk.run_day(on=date(2026, 11, 3))
    assert letter.id not in {each.id for each in desk.actions("proposed")}


def test_what_is_kept_is_what_the_books_say(desk: World) -> None:
    _pay(desk, "A1", 1_000_00)
    _pay(desk, "B1", 700_00)
    looked = sa.text("""
        SELECT a.id, a.claims, EXISTS (
            SELECT FROM step s JOIN open_item i ON i.tenant_id = s.tenant_id AND i.id = s.item_id
            WHERE s.tenant_id = :tenant AND i.tenant_id = :tenant AND s.action_id = a.id AND s.state = 'proposed'
                AND i.open_minor > 0
        ) AS open FROM action a WHERE a.tenant_id = :tenant
    """)
    with desk.transaction() as db:
        rows = db.execute(looked, {"tenant": desk.tenant_id}).all()
    assert sorted((row.claims, row.open) for row in rows) == [(False, False), (True, True)]


def test_counts_that_stop_say_that_there_are_more(desk: World) -> None:
    actor = desk.actor(MONDAY, ("finance_director",))
    with desk.reading() as db:
        stopped, exact = queue_summary(db, desk.tenant_id, 2), queue_summary(db, desk.tenant_id, 3)
        assert (str(stopped.letters), str(exact.letters)) == ("1+", "2")
        assert [str(count_releasable(db, actor, most)) for most in (2, 3)] == ["1+", "2"]
        assert str(stopped.to_review) == "1+"
