"""Why an item is not chased: each reason with the facts that give it, and which comes first when several hold."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ar.cases.ladder.explain import REASONS, explain_withheld
from ar.cases.rules.holds import ActiveHold, ActiveHolds, Unapplied, reason_not_to_chase
from ar.cases.rules.policy import load_preset

CUSTOMER, OTHER, ITEM = UUID(int=1), UUID(int=2), UUID(int=3)
POLICY = load_preset("five-step").model_copy(update={"tolerance_minor": {"CNY": 500}})
DAY = date(2026, 11, 9)


def _hold(kind: str, until_on: date | None = None, item_id: UUID | None = None) -> ActiveHold:
    return ActiveHold(UUID(int=9), CUSTOMER, item_id, kind, until_on, "wait")


CHASED: dict[str, Any] = {
    "currency": "CNY",
    "open_minor": 10_000,
    "hold": None,
    "policy": POLICY,
    "unapplied": None,
}
PAID = {"open_minor": 0}
HELD = {"hold": _hold("block", DAY)}
SMALL = {"open_minor": 499}
COVERED = {"unapplied": Unapplied(credit_minor=10_000, overdue_minor=10_000)}


@pytest.mark.parametrize(
    ("facts", "code", "params"),
    [
        (PAID, "paid", {}),
        (HELD, "blocked", {"reason": "wait", "until_on": "2026-11-09"}),
        ({"hold": _hold("block")}, "blocked", {"reason": "wait", "until_on": None}),
        ({"hold": _hold("dispute")}, "disputed", {"reason": "wait", "until_on": None}),
        ({"hold": _hold("promise", DAY)}, "promised", {"reason": "wait", "until_on": "2026-11-09"}),
        (SMALL, "tolerance", {"open_minor": 499, "tolerance_minor": 500, "currency": "CNY"}),
        (COVERED, "apply_first", {"credit_minor": 10_000, "overdue_minor": 10_000, "currency": "CNY"}),
    ],
)
def test_each_reason_has_its_code_and_what_explains_it(
    facts: dict[str, Any], code: str, params: dict[str, Any]
) -> None:
    reason = reason_not_to_chase(**CHASED | facts)
    assert reason == (code, params)
    assert code in REASONS
    assert code == "paid" or explain_withheld(code, params)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"open_minor": 500},
        {"currency": "JPY", "open_minor": 1},
        {"unapplied": Unapplied(credit_minor=9_500, overdue_minor=10_000)},
        {"unapplied": Unapplied(credit_minor=10_000, overdue_minor=0)},
    ],
    ids=["nothing speaks against it", "tolerance reached", "no tolerance set", "credit too small", "nothing overdue"],
)
def test_an_item_is_chased_when_nothing_speaks_against_it(facts: dict[str, Any]) -> None:
    assert reason_not_to_chase(**CHASED | facts) is None


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (PAID | HELD | COVERED, "paid"),
        (HELD | SMALL | COVERED, "blocked"),
        (SMALL | COVERED, "tolerance"),
    ],
)
def test_the_first_reason_in_order_is_given(facts: dict[str, Any], code: str) -> None:
    """Paid comes before a hold, a hold before the tolerance, the tolerance before credit to apply."""
    reason = reason_not_to_chase(**CHASED | facts)
    assert reason is not None
    assert reason.code == code


@pytest.mark.parametrize(
    ("kind", "until_on", "ends_on"),
    [
        ("block", DAY, DAY),
        ("dispute", None, None),
        ("promise", DAY, date(2026, 11, 11)),
    ],
)
def test_a_promise_has_two_days_of_grace_and_nothing_else_has(
    kind: str, until_on: date | None, ends_on: date | None
) -> None:
    assert _hold(kind, until_on).ends_on == ends_on


def test_an_items_own_hold_comes_before_that_of_its_customer() -> None:
    own, whole = _hold("dispute", item_id=ITEM), _hold("block")
    holds = ActiveHolds({ITEM: own}, {CUSTOMER: whole})
    assert holds.on(ITEM, CUSTOMER) is own
    assert holds.on(UUID(int=4), CUSTOMER) is whole
    assert holds.on(UUID(int=4), OTHER) is None
