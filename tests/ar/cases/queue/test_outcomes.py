"""What came of a call or task: at the task itself, by its owner, with a promise or a next try (W4)."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.cases.models import CollectionHold
from kernel.clock import fixed_clock, moment_on
from tests.support.postbox import Postbox
from tests.support.world import World

DUE: Final = date(2026, 11, 1)
#: Day of the first call of twelve steps: nine days after the due date, moved to a working day.
CALL_DAY: Final = date(2026, 11, 10)
NOTE: Final = {"note": "周会计说月底付"}


#: Days on which the steps before the manager's call come, and the day of that call.
STEP_DAYS: Final = (date(2026, 11, 2), date(2026, 11, 6), CALL_DAY, *(date(2026, 11, day) for day in (16, 18, 23)))
MANAGERS_DAY: Final = date(2026, 11, 25)


def _until(world: World, last_on: date) -> World:
    """A customer's invoice on the ladder of twelve steps, worked until the day on which the run proposes the next."""
    world.customer("00009", "乙方电子", policy_code="twelve-step", contact_name="周", contact_email="z@b.example")
    world.invoice("00009", number="B-1", due_on=DUE, minor=10_000_00)
    for day in STEP_DAYS:
        if day < last_on:
            world.work_day(on=day)
    world.run_day(on=last_on)
    return world


@pytest.fixture
def called(world: World, postbox: Postbox) -> World:
    """A call in the queue."""
    return _until(world, CALL_DAY)


def _call(world: World) -> UUID:
    (action,) = [each for each in world.actions("proposed") if each.form == "call"]
    return action.id


def _post(world: World, role: str, data: dict[str, str], on: date = CALL_DAY) -> int:
    client = world.client(role)
    with fixed_clock(moment_on(on, world.timezone)):
        path = f"/cases/actions/{_call(world)}/completion"
        return client.post(world.url(path), data=NOTE | data).status_code


def _page(world: World, role: str, path: str, on: date = CALL_DAY) -> str:
    with fixed_clock(moment_on(on, world.timezone)):
        return world.client(role).get(world.url(path)).text


def _holds(world: World) -> list[sa.Row[tuple[str, date | None, int | None, str | None]]]:
    hold = CollectionHold
    columns = (hold.kind, hold.until_on, hold.promised_minor, hold.currency)
    with world.reading() as db:
        return list(db.execute(sa.select(*columns).where(hold.tenant_id == world.tenant_id)).all())


def test_the_outcome_stands_at_the_task_in_the_list(called: World) -> None:
    page = _page(called, "collector", "/cases/?tab=tasks")
    assert f'action="{called.url(f"/cases/actions/{_call(called)}/completion")}"' in page
    for name in ("outcome", "note", "promised_on", "amount", "again_on"):
        assert f'name="{name}"' in page


def test_who_did_not_answer_is_called_again_on_the_named_day(called: World) -> None:
    assert _post(called, "collector", {"outcome": "no_answer"}) == 422, "the day of the next try is missing"
    assert _post(called, "collector", {"outcome": "no_answer", "again_on": "2026-11-10"}) == 422
    assert _post(called, "collector", {"outcome": "no_answer", "again_on": "2026-11-12"}) == 303
    assert "B-1" not in _page(called, "collector", "/cases/?tab=tasks")
    assert "B-1" in _page(called, "collector", "/cases/?tab=tasks&whose=later")
    assert "B-1" in _page(called, "collector", "/cases/?tab=tasks", on=date(2026, 11, 12))
    assert "周会计说月底付" in _page(called, "collector", f"/customers/{called.customer_id('00009')}")


def test_a_promise_has_day_and_amount_and_holds_until_then(called: World) -> None:
    for missing in ({"outcome": "promised"}, {"outcome": "reached", "amount": "5,000"}):
        assert _post(called, "collector", missing) == 422
    bad = {"outcome": "promised", "promised_on": "2026-11-20", "amount": "five"}
    assert _post(called, "collector", bad) == 422
    assert _post(called, "collector", bad | {"amount": "5,000.00"}) == 303
    assert _holds(called) == [("promise", date(2026, 11, 20), 5_000_00, "CNY")]
    customer = f"/customers/{called.customer_id('00009')}"
    assert "5,000.00" in _page(called, "collector", customer)
    assert not [each for each in called.actions("proposed") if each.form == "call"]
    called.receipt("00009", number="R-1", on=date(2026, 11, 19), minor=5_000_00)
    assert ">kept<" in _page(called, "collector", customer, on=date(2026, 11, 24))


def test_a_promise_of_which_less_came_is_broken(called: World) -> None:
    assert _post(called, "collector", {"outcome": "promised", "promised_on": "2026-11-20", "amount": "5000"}) == 303
    called.receipt("00009", number="R-1", on=date(2026, 11, 19), minor=4_999_99)
    customer = f"/customers/{called.customer_id('00009')}"
    assert ">broken<" in _page(called, "collector", customer, on=date(2026, 11, 24))


def test_a_salesperson_notes_a_promise_of_a_month_at_most_and_places_no_dispute(called: World) -> None:
    client = called.client("salesperson")
    called.give_to(client, called.customer_id("00009"))
    with fixed_clock(moment_on(CALL_DAY, called.timezone)):
        url = called.url(f"/cases/actions/{_call(called)}/completion")
        assert "B-1" in client.get(called.url("/cases/?tab=tasks")).text
        far = client.post(url, data=NOTE | {"outcome": "promised", "promised_on": "2027-06-30"})
        assert far.status_code == 422
        assert "2026-12-11" in far.text
        assert client.post(url, data=NOTE | {"outcome": "disputed"}).status_code == 303
    assert _holds(called) == []


@pytest.mark.usefixtures("postbox")
def test_a_managers_call_is_in_the_managers_list_and_not_in_the_salespersons(world: World) -> None:
    _until(world, MANAGERS_DAY)
    client = world.client("salesperson")
    world.give_to(client, world.customer_id("00009"))
    with fixed_clock(moment_on(MANAGERS_DAY, world.timezone)):
        assert "B-1" not in client.get(world.url("/cases/?tab=tasks")).text
        assert "B-1" in client.get(world.url("/cases/?tab=tasks&whose=all")).text
        refused = client.post(world.url(f"/cases/actions/{_call(world)}/completion"), data=NOTE)
    assert refused.status_code == 422
    assert "Sales manager" in refused.text
    assert "B-1" in _page(world, "sales_manager", "/cases/?tab=tasks", on=MANAGERS_DAY)
    assert "B-1" not in _page(world, "collector", "/cases/?tab=tasks", on=MANAGERS_DAY)


def test_two_people_close_one_call_and_the_second_is_told(called: World) -> None:
    first, second = called.client("collector"), called.client("finance")
    with fixed_clock(moment_on(CALL_DAY, called.timezone)):
        url = called.url(f"/cases/actions/{_call(called)}/completion")
        assert first.post(url, data=NOTE | {"outcome": "reached"}).status_code == 303
        late = second.post(url, data={"note": "also called", "outcome": "reached"})
    assert late.status_code == 422
    assert "Nothing was changed." in late.text
    assert "You wrote: also called" in late.text


def test_a_call_that_no_ladder_asked_for_is_on_the_timeline(world: World) -> None:
    customer = world.customer("00003", "丙方电子")
    client, page = world.client("collector"), world.url(f"/customers/{customer}")
    assert "/cases/calls/new?customer=" in client.get(page).text
    assert client.get(world.url(f"/cases/calls/new?customer={customer}")).status_code == 200
    typed = {"customer_id": str(customer), "outcome": "reached", "note": "asks for a copy"}
    assert client.post(world.url("/cases/calls"), data=typed | {"note": ""}).status_code == 422
    assert client.post(world.url("/cases/calls"), data=typed).status_code == 303
    assert "asks for a copy" in client.get(page).text
    assert world.client("cost_accountant").post(world.url("/cases/calls"), data=typed).status_code == 403
