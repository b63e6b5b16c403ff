"""The one decision of every checkpoint: each fact has its reason, equality passes, an approval serves its own order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ar.credit.rules.decision import (
    APPROVABLE,
    Account,
    ActiveStop,
    ApprovedExcess,
    CustomerFacts,
    OrderFacts,
    decide,
)
from ar.credit.rules.exposure import NO_LIMIT, LimitOnDay
from ar.credit.rules.policy import DEFAULT_POLICY, CheckCode, CreditPolicy
from kernel.ids import new_id

TODAY = date(2026, 6, 10)
ORDER = OrderFacts(new_id(), "SO-1", "CNY", 60_00, 60_00, term_days=30)


def limit(minor: int | None, *, temporary: int = 0, grade: str | None = None, currency: str = "CNY") -> LimitOnDay:
    return LimitOnDay(currency, minor, temporary, minor is None, 30, grade)


def customer(given: LimitOnDay, exposure_minor: int | None, **more: Any) -> CustomerFacts:
    return CustomerFacts(Account(given, exposure_minor), **more)


def codes(order: OrderFacts, facts: CustomerFacts, policy: CreditPolicy = DEFAULT_POLICY) -> list[str]:
    return [reason.code.value for reason in decide(order, facts, policy, TODAY).reasons]


@pytest.mark.parametrize(
    ("given", "exposure_minor", "expected"),
    [
        (limit(100_00), 100_00, []),
        (limit(100_00), 100_01, ["limit"]),
        (limit(100_00, temporary=1), 100_01, []),
        (NO_LIMIT, 60_00, ["no_limit"]),
        (limit(0), 60_00, ["limit"]),
        (limit(None), 10**14, []),
        (limit(100_00), None, ["no_rate"]),
        (limit(None), None, []),
        (limit(1_000), 1_000, []),
    ],
    ids=[
        "equal",
        "a cent over",
        "temporary adds",
        "none",
        "zero",
        "unlimited",
        "no rate",
        "no rate, none asked",
        "all",
    ],
)
def test_none_zero_and_unlimited_are_three_things(
    given: LimitOnDay, exposure_minor: int | None, expected: list[str]
) -> None:
    assert codes(ORDER, customer(given, exposure_minor)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"past_due_items": 2, "past_due_days": 12}, ["term"]),
        ({"stops": [ActiveStop(new_id(), "hand", "lawsuit", None)]}, ["hold"]),
        (
            {"stops": [ActiveStop(new_id(), "hand", "lawsuit", None), ActiveStop(new_id(), "ladder", "late", None)]},
            ["hold", "hold"],
        ),
        ({"blacklisted_since": date(2026, 1, 1)}, ["blacklist"]),
        ({"unconfirmed": ("ST-1", 31)}, ["statement"]),
        ({"file_gaps": ["missing:licence"]}, ["file"]),
    ],
)
def test_every_fact_of_the_customer_holds_an_order_within_its_limit(facts: dict[str, Any], expected: list[str]) -> None:
    assert codes(ORDER, customer(limit(100_00), 60_00, **facts)) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"term_days": None}, ["no_term"]),
        ({"has_basis": False}, ["contract"]),
        ({"prices_off": [{"line_no": 1}, {"line_no": 2}]}, ["price", "price"]),
        ({"quantities_over": [{"line_no": 1}]}, ["quantity"]),
        ({"state_fault": "closed"}, ["state"]),
    ],
)
def test_every_fact_of_the_order_holds_it(order: dict[str, Any], expected: list[str]) -> None:
    assert codes(replace(ORDER, **order), customer(limit(100_00), 60_00)) == expected


def test_every_reason_is_named_at_once() -> None:
    facts = customer(
        limit(0),
        60_00,
        past_due_items=1,
        past_due_days=3,
        stops=[ActiveStop(new_id(), "hand", "lawsuit", None)],
        blacklisted_since=date(2026, 1, 1),
        unconfirmed=("ST-1", 40),
        file_gaps=["missing:licence"],
    )
    order = replace(ORDER, term_days=None, has_basis=False)
    assert codes(order, facts) == [
        "blacklist", "hold", "no_term", "limit", "term", "statement", "file", "contract",
    ]  # fmt: skip


@pytest.mark.parametrize("minor", [0, 60_00])
def test_what_asks_for_no_credit_is_asked_neither_for_limit_nor_term(minor: int) -> None:
    order = replace(ORDER, total_minor=minor, committed_minor=minor, term_days=None)
    facts = customer(NO_LIMIT, 60_00, past_due_items=1, unconfirmed=("ST-1", 40), surplus_minor=60_00)
    assert codes(order, facts) == []


def test_a_stop_and_the_blacklist_hold_also_what_is_paid() -> None:
    facts = customer(
        limit(None),
        0,
        surplus_minor=60_00,
        blacklisted_since=date(2026, 1, 1),
        stops=[ActiveStop(new_id(), "hand", "lawsuit", None)],
    )
    assert codes(ORDER, facts) == ["blacklist", "hold"]


@pytest.mark.parametrize(
    ("grade", "facts", "expected"),
    [
        ("C", {"proof_minor": 60_00}, []),
        ("C", {"proof_minor": 59_99}, ["proof"]),
        ("D", {"surplus_minor": 60_00}, []),
        ("D", {"surplus_minor": 59_99}, ["cleared_funds"]),
    ],
)
def test_grade_c_ships_on_accepted_proof_and_grade_d_on_cleared_money(
    grade: str, facts: dict[str, Any], expected: list[str]
) -> None:
    assert codes(ORDER, customer(limit(0, grade=grade), 60_00, **facts)) == expected


def test_a_prepaid_order_takes_money_in_hand_that_no_other_takes() -> None:
    order = replace(ORDER, prepaid=True, term_days=None)
    assert codes(order, customer(NO_LIMIT, 60_00, cleared_minor=60_00)) == []
    held = decide(order, customer(NO_LIMIT, 60_00, cleared_minor=59_00), DEFAULT_POLICY, TODAY).reasons
    assert [(reason.code, reason.params["missing_minor"]) for reason in held] == [("cleared_funds", 1_00)]


GROUP = {"group": Account(limit(1_000_00), 1_100_00)}


def test_a_member_without_a_limit_lives_on_that_of_the_group() -> None:
    held = decide(ORDER, customer(NO_LIMIT, 60_00, **GROUP), DEFAULT_POLICY, TODAY).reasons
    assert [reason.code for reason in held] == ["group_limit"]
    assert set(held[0].params) == {"excess_minor", "limit_minor", "currency"}, "no member is named"
    assert codes(ORDER, customer(NO_LIMIT, 60_00, group=Account(limit(1_000_00), 1_000_00))) == []
    assert codes(ORDER, customer(NO_LIMIT, 60_00, group=Account(NO_LIMIT, 60_00))) == ["no_limit"]
    assert codes(ORDER, customer(limit(50_00), 60_00, **GROUP)) == ["limit", "group_limit"]


APPROVAL = ApprovedExcess("OL-1", "CNY", 60_00, 30, TODAY, frozenset({CheckCode.LIMIT}))


@pytest.mark.parametrize(
    ("approval", "order", "expected"),
    [
        ({}, {}, []),
        ({"order_minor": 59_99}, {}, ["limit"]),
        ({"valid_until_on": date(2026, 6, 9)}, {}, ["limit"]),
        ({"currency": "USD"}, {}, ["limit"]),
        ({"codes": frozenset({CheckCode.TERM})}, {}, ["limit"]),
        ({}, {"total_minor": 60_01, "committed_minor": 60_01}, ["limit"]),
        # The rest of an order that was approved as a whole still ships, however little of it.
        ({}, {"committed_minor": 1_00}, []),
    ],
)
def test_an_approval_serves_its_reasons_up_to_its_amount_and_through_its_day(
    approval: dict[str, Any], order: dict[str, Any], expected: list[str]
) -> None:
    facts = customer(limit(0), 60_00, approvals=[replace(APPROVAL, **approval)])
    decision = decide(replace(ORDER, **order), facts, DEFAULT_POLICY, TODAY)
    assert [reason.code for reason in decision.reasons] == expected
    assert [by for _reason, by in decision.waived] == ([] if expected else ["OL-1"])


@pytest.mark.parametrize(
    ("approved_days", "order", "longer"),
    [
        (30, {"term_days": 30}, False),
        (30, {"term_days": 29}, False),
        (30, {"term_days": 31}, True),
        (0, {"term_days": 1}, True),
        (None, {"term_days": 30}, True),
        (0, {"term_days": 90, "prepaid": True}, False),
    ],
    ids=["equal", "shorter", "a day longer", "paid on delivery", "no term in writing", "paid in advance"],
)
def test_an_approval_serves_no_longer_a_term_and_says_both(
    approved_days: int | None, order: dict[str, Any], longer: bool
) -> None:
    approval = replace(APPROVAL, term_days=approved_days, codes=frozenset({CheckCode.LIMIT, CheckCode.CLEARED_FUNDS}))
    given = replace(limit(0), term_days=None)
    decision = decide(replace(ORDER, **order), customer(given, 60_00, approvals=[approval]), DEFAULT_POLICY, TODAY)
    assert decision.passes is not longer
    terms = [(each.params.get("approval"), each.params.get("approved_days")) for each in decision.reasons]
    assert terms == ([("OL-1", approved_days)] if longer else [])
    assert all(each.params["term_days"] == order["term_days"] for each in decision.reasons)


def test_no_approval_lets_a_stop_a_blacklist_or_a_price_pass() -> None:
    everything = frozenset(CheckCode)
    facts = customer(
        limit(0),
        60_00,
        stops=[ActiveStop(new_id(), "hand", "lawsuit", None)],
        blacklisted_since=date(2026, 1, 1),
        approvals=[replace(APPROVAL, codes=everything & APPROVABLE)],
    )
    order = replace(ORDER, prices_off=[{"line_no": 1}])
    assert codes(order, facts) == ["blacklist", "hold", "price"]


def test_an_override_waives_its_check_alone() -> None:
    facts = customer(limit(0), 60_00, unconfirmed=("ST-1", 40), overrides=frozenset({CheckCode.STATEMENT}))
    decision = decide(ORDER, facts, DEFAULT_POLICY, TODAY)
    assert [reason.code for reason in decision.reasons] == ["limit"]
    assert [reason.code for reason, _by in decision.waived] == ["statement"]


def test_a_check_that_is_off_is_left_out_and_says_so() -> None:
    policy = CreditPolicy(checks_off=frozenset({CheckCode.STATEMENT}))
    decision = decide(ORDER, customer(limit(100_00), 60_00, unconfirmed=("ST-1", 40)), policy, TODAY)
    assert (decision.passes, list(decision.off)) == (True, ["statement"])
    with pytest.raises(ValueError, match="policy_checks"):
        CreditPolicy(checks_off=frozenset({CheckCode.LIMIT}))


def test_money_in_hand_goes_first_to_open_invoices_of_prepaid_orders() -> None:
    order = replace(ORDER, prepaid=True, term_days=None, prepaid_open_minor=10_00)
    assert codes(order, customer(NO_LIMIT, 60_00, cleared_minor=70_00)) == []
    held = decide(order, customer(NO_LIMIT, 60_00, cleared_minor=69_00), DEFAULT_POLICY, TODAY).reasons
    assert [(reason.code, reason.params["missing_minor"]) for reason in held] == [("cleared_funds", 1_00)]


@pytest.mark.parametrize(
    ("term_days", "granted_days", "expected"),
    [(30, 30, []), (31, 30, ["long_term"]), (1, 0, ["long_term"]), (366, None, [])],
    ids=["equal", "a day longer", "on delivery", "no term granted"],
)
def test_an_order_gives_no_longer_term_than_was_granted(
    term_days: int, granted_days: int | None, expected: list[str]
) -> None:
    given = replace(limit(100_00), term_days=granted_days)
    order = replace(ORDER, term_days=term_days)
    assert codes(order, customer(given, 60_00)) == expected
    by_group = CustomerFacts(Account(NO_LIMIT, 60_00), group=Account(given, 60_00))
    assert codes(order, by_group) == expected
    assert codes(replace(order, prepaid=True), customer(given, 60_00, cleared_minor=60_00)) == []
    for grade in "CD":
        paid = customer(replace(given, grade=grade), 60_00, proof_minor=60_00, surplus_minor=60_00)
        assert codes(order, paid) == []
