"""Danger signals: the catalogue, marks with hysteresis, what is proposed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ar.credit.rules.policy import CreditPolicy
from ar.credit.rules.signals import (
    COMPUTED,
    NAMES,
    OF_CUSTOMERS,
    RETAIL,
    RULES,
    Marks,
    Proposal,
    SignalCode,
    SignalPolicy,
    is_active,
    proposal_for,
)


def test_signals_of_customers_and_of_retail_outlets_bear_the_rules_from_r240_on() -> None:
    assert (len(OF_CUSTOMERS), len(RETAIL)) == (20, 10)
    assert RULES[SignalCode.SLOWER_PAYMENT] == "R240"
    assert RULES[SignalCode.BANK_RETURN] == "R256"
    assert RULES[SignalCode.FAST_GROWTH] == "R259"
    assert RULES[SignalCode.RETAIL_NO_CUSTOMERS] == "R269"
    assert {RULES[code] for code in COMPUTED} == {"R240", "R241", "R242", "R243", "R249", "R254", "R255", "R256"}
    assert set(NAMES) == set(SignalCode)


@pytest.mark.parametrize(
    ("value", "was_active", "active"),
    [(14, False, False), (15, False, True), (14, True, True), (5, True, True), (4, True, False)],
)
def test_it_fires_at_the_upper_mark_and_ends_below_the_lower_one(value: int, was_active: bool, active: bool) -> None:
    assert is_active(Marks(fires_at=15, rearms_below=5), value, was_active=was_active) is active


def test_marks_that_end_above_where_they_fire_are_refused() -> None:
    with pytest.raises(ValidationError):
        Marks(fires_at=2, rearms_below=3)
    with pytest.raises(ValidationError):
        SignalPolicy(marks={})


def test_a_policy_stored_before_there_were_signals_has_the_shipped_ones() -> None:
    assert CreditPolicy.model_validate({}).signals == SignalPolicy()
    assert CreditPolicy.model_validate(CreditPolicy().model_dump(mode="json")) == CreditPolicy()


@pytest.mark.parametrize(
    ("code", "limit", "term", "owed", "proposed"),
    [
        (SignalCode.SLOWER_PAYMENT, 100_01, 45, None, Proposal(50_00, 22)),
        (SignalCode.BANK_RETURN, 100_00, 45, None, Proposal(0, 0)),
        (SignalCode.FAST_GROWTH, None, None, None, Proposal(None, None)),
        (SignalCode.FAST_GROWTH, None, 30, 80_00, Proposal(40_00, 15)),
        (SignalCode.FAST_GROWTH, None, 30, -80_00, Proposal(0, 15)),
        (SignalCode.FAST_GROWTH, 0, 0, None, Proposal(0, 0)),
    ],
)
def test_half_is_proposed_and_nothing_after_a_grave_signal(
    code: SignalCode, limit: int | None, term: int | None, owed: int | None, proposed: Proposal
) -> None:
    assert proposal_for(code, SignalPolicy(), limit, term, exposure_minor=owed) == proposed
