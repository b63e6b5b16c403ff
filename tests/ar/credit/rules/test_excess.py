"""Who decides on an order over its limit: by the excess, and every step for what cannot be measured (A18)."""

from __future__ import annotations

from typing import Any

import pytest

from ar.credit.rules.decision import Reason
from ar.credit.rules.excess import deciders_of, excess_of
from ar.credit.rules.policy import DEFAULT_POLICY, CheckCode

MANAGER, DIRECTOR, GENERAL = "sales_manager", "finance_director", "general_manager"


def over(excess: int, limit: int, code: CheckCode = CheckCode.LIMIT) -> Reason:
    return Reason(code, {"excess_minor": excess, "limit_minor": limit, "currency": "CNY"})


@pytest.mark.parametrize(
    ("reasons", "bps", "roles"),
    [
        ([over(1, 1_000_00)], 1, [MANAGER]),
        ([over(100_00, 1_000_00)], 1_000, [MANAGER]),
        ([over(100_01, 1_000_00)], 1_001, [MANAGER, DIRECTOR]),
        ([over(300_00, 1_000_00)], 3_000, [MANAGER, DIRECTOR]),
        ([over(300_01, 1_000_00)], 3_001, [MANAGER, DIRECTOR, GENERAL]),
        ([over(50_00, 1_000_00), over(200_00, 1_000_00, CheckCode.GROUP_LIMIT)], 2_000, [MANAGER, DIRECTOR]),
        ([over(1, 0)], None, [MANAGER, DIRECTOR, GENERAL]),
        ([Reason(CheckCode.NO_LIMIT, {})], None, [MANAGER, DIRECTOR, GENERAL]),
        ([over(1, 1_000_00), Reason(CheckCode.TERM, {"items": 1, "days": 5})], None, [MANAGER, DIRECTOR, GENERAL]),
    ],
)
def test_who_decides_follows_from_the_excess(reasons: list[Reason], bps: Any, roles: list[str]) -> None:
    excess = excess_of(reasons)
    assert excess.bps == bps
    assert list(deciders_of(excess, DEFAULT_POLICY)) == roles


def test_the_days_past_due_stand_beside_the_excess() -> None:
    excess = excess_of([over(1, 1_000_00), Reason(CheckCode.TERM, {"items": 1, "days": 5})])
    assert (excess.minor, excess.currency, excess.days) == (1, "CNY", 5)
