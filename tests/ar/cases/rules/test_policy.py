"""Policies: the two shipped ladders as written down, and what a policy may not say."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from ar.cases.rules.policy import PRESET_NAMES, PRESETS, Effect, Policy, load_preset, parse_policy


def test_the_five_steps_count_from_the_end_of_the_collection_period() -> None:
    policy = load_preset("five-step")
    assert [(level.anchor, level.offset_days, level.min_gap_days) for level in policy.levels] == [
        ("collection_end", 1, 0),
        ("collection_end", 5, 2),
        ("collection_end", 10, 3),
        ("collection_end", 15, 3),
        ("deadline", 1, 1),
    ]
    assert [(s.code, s.audience, s.channel, s.approval, s.effects) for s in policy.steps()] == [
        ("due_notice", "debtor", "email", None, ()),
        ("overdue_report", "internal", "task", None, ()),
        ("statement_confirmation", "debtor", "email", None, ("request_confirmation",)),
        ("demand", "debtor", "letter", "sales_manager", ("set_deadline", "propose_stop_shipment")),
        ("warning", "debtor", "letter", "finance_director", ()),
        ("general_manager", "internal", "task", None, ()),
    ]
    (rule,) = policy.own_clock
    assert (rule.anchor, rule.offset_days, rule.offset_months) == ("due", 0, 1)
    assert (policy.deadline_days, policy.start) == (7, "first")


def test_the_twelve_steps_count_from_the_due_date() -> None:
    policy = load_preset("twelve-step")
    rungs = [
        (level.offset_days, level.offset_months, level.min_gap_days, [step.code for step in level.steps])
        for level in policy.levels
    ]
    assert rungs == [
        (1, 0, 0, ["remind_1"]),
        (5, 0, 2, ["remind_2"]),
        (9, 0, 2, ["inquiry_call"]),
        (13, 0, 2, ["formal_1"]),
        (17, 0, 2, ["solemn_notice"]),
        (21, 0, 2, ["formal_2", "pressure_call"]),
        (24, 0, 1, ["manager_call_1"]),
        (27, 0, 1, ["manager_call_2"]),
        (30, 0, 1, ["final_notice"]),
        (37, 0, 3, ["agency"]),
        (37, 6, 30, ["litigation"]),
    ]
    assert {level.anchor for level in policy.levels} == {"due"}
    assert len(list(policy.steps())) == 12
    assert not policy.own_clock


def test_agency_and_court_are_never_automatic() -> None:
    last_two = list(load_preset("twelve-step").steps())[-2:]
    assert [(s.audience, s.channel, s.approval) for s in last_two] == [("internal", "task", "general_manager")] * 2


@pytest.mark.parametrize("code", PRESETS)
def test_presets_survive_being_stored(code: str) -> None:
    policy = load_preset(code)
    assert policy.code == code
    assert policy.name in PRESET_NAMES
    assert parse_policy(policy.model_dump_json()) == policy


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(KeyError):
        load_preset("../five-step")


def test_open_amounts_below_the_tolerance_of_their_currency_are_not_chased() -> None:
    policy = load_preset("five-step").model_copy(update={"tolerance_minor": {"CNY": 100}})
    assert policy.is_within_tolerance("CNY", 99)
    assert not policy.is_within_tolerance("CNY", 100)
    assert not policy.is_within_tolerance("JPY", 1)


def set_in(data: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split("/")
    target: Any = data
    for name in parents:
        target = target[int(name) if name.isdigit() else name]
    target[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("levels/1/number", 3, "numbered"),
        ("levels/1/min_gap_days", 0, "minimum gap"),
        ("levels/1/offset_days", 0, "would come before"),
        ("levels/0/offset_days", -1, "greater than or equal"),
        ("levels/4/offset_days", 0, "lapsed on the day after"),
        ("levels/0/anchor", "deadline", "no level before it sets"),
        ("levels/0/anchor", "invoice", "collection_end"),
        ("levels/0/steps", [], "at least 1"),
        ("levels/1/steps/0/code", "due_notice", "only once"),
        ("levels/0/steps/0/channel", "task", "cannot be addressed"),
        ("levels/0/steps/0/channel", "fax", "email"),
        ("levels/0/steps/0/effects", [Effect.ASSIGN_AGENCY], "approval"),
        ("levels/0/steps/0/colour", "red", "Extra inputs"),
        ("levels/0/steps/0/code", "Due notice", "pattern"),
        ("own_clock/0/anchor", "deadline", None),
        ("tolerance_minor", {"cny": 1}, "pattern"),
        ("tolerance_minor", {"CNY": -1}, "greater than or equal"),
        ("start", "last", "first"),
        ("deadline_days", 0, "greater than or equal"),
        ("levels", [], "at least 1"),
    ],
)
def test_what_a_policy_may_not_say(path: str, value: object, message: str | None) -> None:
    data = copy.deepcopy(load_preset("five-step").model_dump(mode="json"))
    set_in(data, path, value)
    if message is None:
        Policy.model_validate(data)
        return
    with pytest.raises(ValidationError, match=message):
        Policy.model_validate(data)


def test_a_rule_cannot_wait_for_a_deadline_that_nothing_sets() -> None:
    data = load_preset("twelve-step").model_dump(mode="json")
    step = {"code": "tell_owner", "audience": "internal", "channel": "task"}
    data["own_clock"] = [{"anchor": "deadline", "offset_days": 3, "steps": [step]}]
    with pytest.raises(ValidationError, match="no level sets"):
        Policy.model_validate(data)


def test_levels_in_months_and_days_are_compared_whatever_the_month() -> None:
    data = load_preset("twelve-step").model_dump(mode="json")
    data["levels"][10] |= {"offset_days": 9, "offset_months": 1}  # 28 + 9 days reach the 37 of level 10
    Policy.model_validate(data)
    data["levels"][10] |= {"offset_days": 8}
    with pytest.raises(ValidationError, match="would come before"):
        Policy.model_validate(data)
