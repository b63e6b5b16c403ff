"""A level of two steps of which one is called off: the level is not whole, and what was called off comes again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ar.cases.commands import complete_task, lift_hold, skip_action
from ar.cases.holds.outcome_inputs import CompleteTask
from ar.cases.queue.inputs import SkipAction
from ar.cases.rules.ladder import ItemFacts, decide, facts_after_steps, next_on
from ar.cases.rules.policy import load_preset
from tests.support.postbox import Postbox
from tests.support.world import World
from tests.support.world.cases import EVERY_ROLE

DUE = date(2026, 11, 2)
#: Twelve steps: on the 21st day after due, `formal_2` (letter) and `pressure_call` (call) come together.
SIXTH = date(2026, 11, 23)


def deliver_five_levels(world: World) -> None:
    """Five levels done and delivered."""
    world.work_days(DUE, date(2026, 11, 20))


def decide_call(world: World, on: date, how: str) -> None:
    (call,) = [action for action in world.actions("proposed") if action.form == "call"]
    with world.transaction() as db:
        actor = world.actor(on, EVERY_ROLE)
        if how == "done":
            complete_task(db, actor, call.id, CompleteTask(note="said Friday"))
        else:
            skip_action(db, actor, call.id, SkipAction(reason="no phone"))


@pytest.mark.parametrize("how", ["done", "skipped"])
@pytest.mark.parametrize("first", ["call", "hold"])
def test_a_letter_called_off_beside_a_call_comes_again(world: World, postbox: Postbox, how: str, first: str) -> None:
    """Given a level of letter and call, when the call is over and a hold takes the letter out, then after the hold the
    letter alone comes, and only then the next level."""
    world.debtor("00001", policy_code="twelve-step")
    item = world.invoice(number="A1", due_on=DUE)
    deliver_five_levels(world)
    assert {line.step for line in world.run_day(on=SIXTH)} == {"formal_2", "pressure_call"}
    if first == "call":
        decide_call(world, SIXTH, how)
    block_id = world.hold(on=SIXTH, reason="搬迁中")
    if first == "call":
        assert [step.state for step in world.steps(item)][-2:] in (["suppressed", how], [how, "suppressed"])
    with world.transaction() as db:
        lift_hold(db, world.actor(SIXTH), block_id)
    back = SIXTH + timedelta(days=2)
    lines = {line.step for line in world.run_day(on=back)}
    assert lines == ({"formal_2"} if first == "call" else {"formal_2", "pressure_call"})
    assert all(action.items for action in world.actions("proposed"))
    if first == "hold":
        decide_call(world, back, how)
    (letter,) = world.actions("proposed")
    assert world.run_day(on=back + timedelta(days=3)) == []
    world.release(letter.id, on=back)
    assert world.send_mail(on=back) == ["sent"]
    state = world.ladder_state(item)
    assert (state.level_reached, state.fired, state.waiting) == (6, [], False)
    assert [line.step for line in world.run_day(on=back + timedelta(days=1))] == ["manager_call_1"]
    taken = {step.code: step.state for step in world.steps(item)}
    assert (taken["formal_2"], taken["pressure_call"]) == ("delivered", how)


def test_what_is_left_of_a_level_comes_before_a_higher_one_also_at_the_level_of_the_day() -> None:
    """Given a ladder that begins at the level of the day and half of a level taken, then the other half comes next."""

    class EveryDay:
        def is_working_day(self, _day: date, /) -> bool:
            return True

        def next_working_day(self, day: date, /) -> date:
            return day

    policy = load_preset("twelve-step").model_copy(update={"start": "level_of_the_day"})
    facts = ItemFacts(DUE, DUE, last_delivered_on=SIXTH, fired=frozenset({"pressure_call"}))
    today = SIXTH + timedelta(days=10)
    steps = decide(facts, policy, today, EveryDay())
    assert [step.code for step in steps] == ["formal_2"]
    then = facts_after_steps(facts, policy, steps)
    assert (then.level_reached, then.fired) == (6, frozenset())
    coming = next_on(then, policy, EveryDay())
    assert coming is not None
    assert coming > today
