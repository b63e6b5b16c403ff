"""The order in which a payment discharges debts: the law's own, and what the debtor designates."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.receipts.rules.allocation_order import Debt, Share, allocate_in_legal_order, proportional

TODAY = date(2026, 11, 20)


def name(number: int) -> UUID:
    return UUID(int=number)


def debt(number: int, due: int, open_minor: int, **more: object) -> Debt:
    """`due`: days from today, minus is overdue."""
    return Debt(name(number), TODAY + timedelta(days=due), open_minor, **more)  # type: ignore[arg-type]


def paid(shares: list[Share]) -> list[tuple[int, int, str]]:
    return [(share.id.int, share.amount_minor, share.why) for share in shares]


@pytest.mark.parametrize(
    ("case", "amount", "debts", "more", "expected"),
    [
        ("due before not due", 150, [debt(1, 5, 100), debt(2, -1, 100)], {}, [(2, 100, "due"), (1, 50, "not_due")]),
        ("due today is due", 100, [debt(1, 1, 100), debt(2, 0, 100)], {}, [(2, 100, "due")]),
        ("the earliest due first", 100, [debt(1, -5, 100), debt(2, -9, 100)], {}, [(2, 100, "due")]),
        (
            "in proportion when all is equal",
            100,
            [debt(1, -5, 100), debt(2, -5, 200)],
            {},
            [(1, 33, "pro_rata"), (2, 67, "pro_rata")],
        ),
        (
            "the debtor's word before the law",
            120,
            [debt(1, -9, 100), debt(2, 30, 100)],
            {"designated": [(name(2), None)]},
            [(2, 100, "designated"), (1, 20, "due")],
        ),
        (
            "designated in part, the rest by the law",
            100,
            [debt(1, -9, 50), debt(2, 30, 100)],
            {"designated": [(name(2), 40)]},
            [(2, 40, "designated"), (1, 50, "due"), (2, 10, "not_due")],
        ),
        (
            "principal before its interest by default",
            100,
            [debt(1, -9, 80), debt(2, -1, 50, part="interest", of=name(1))],
            {},
            [(1, 80, "due"), (2, 20, "due")],
        ),
        (
            "costs, interest, principal by art. 561",
            100,
            [
                debt(1, -9, 80),
                debt(2, -1, 50, part="interest", of=name(1)),
                debt(3, -1, 30, part="costs", of=name(1)),
            ],
            {"costs_first": True},
            [(3, 30, "due"), (2, 50, "due"), (1, 20, "due")],
        ),
        (
            "one document of interest on two debts, each with its own",
            100,
            [
                debt(1, -9, 60),
                debt(2, -5, 60),
                debt(3, -1, 10, part="interest", of=name(1)),
                debt(3, -1, 20, part="interest", of=name(2)),
            ],
            {"costs_first": True},
            [(3, 10, "due"), (1, 60, "due"), (3, 20, "due"), (2, 10, "due")],
        ),
        (
            "a document of interest that was named, whatever it is for",
            25,
            [debt(1, -9, 60), debt(3, -1, 10, part="interest", of=name(1)), debt(3, -1, 20, part="costs", of=name(1))],
            {"designated": [(name(3), None)]},
            [(3, 10, "designated"), (3, 15, "designated")],
        ),
        ("more than is owed", 500, [debt(1, -9, 100)], {}, [(1, 100, "due")]),
        ("a debt nobody knows", 50, [debt(1, -9, 100)], {"designated": [(name(9), None)]}, [(1, 50, "due")]),
        ("nothing owed", 50, [], {}, []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_payment_discharges_in_the_order_of_the_law(
    case: str, amount: int, debts: list[Debt], more: dict[str, object], expected: list[tuple[int, int, str]]
) -> None:
    assert paid(allocate_in_legal_order(amount, debts, TODAY, **more)) == expected, case  # type: ignore[arg-type]


#: Days from today, minor units, and the number of the debt that it is the interest of (None: a principal).
DEBTS = st.lists(st.tuples(st.integers(-30, 30), st.integers(1, 10_000), st.none() | st.integers(0, 7)), max_size=8)


@given(
    DEBTS,
    st.integers(1, 50_000),
    st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(1, 9_000))),
    st.booleans(),
)
def test_never_more_than_the_money_nor_the_debt_and_always_the_same(
    facts: list[tuple[int, int, int | None]], amount: int, named: list[tuple[int, int | None]], costs_first: bool
) -> None:
    debts = [
        debt(at, due, minor)
        if of is None or of >= len(facts) or facts[of][2] is not None
        else debt(at, due, minor, part="interest", of=name(of))
        for at, (due, minor, of) in enumerate(facts)
    ]
    designated = [(name(number), minor) for number, minor in named]
    shares = allocate_in_legal_order(amount, debts, TODAY, designated=designated, costs_first=costs_first)
    assert sum(share.amount_minor for share in shares) == min(amount, sum(each.open_minor for each in debts))
    for each in debts:
        assert 0 <= sum(share.amount_minor for share in shares if share.id == each.id) <= each.open_minor
    assert all(share.amount_minor > 0 for share in shares)
    backwards = allocate_in_legal_order(amount, debts[::-1], TODAY, designated=designated, costs_first=costs_first)
    assert {(s.id, s.amount_minor) for s in backwards} == {(s.id, s.amount_minor) for s in shares}


@given(st.lists(st.integers(0, 10**14), max_size=9), st.data())
def test_proportions_lose_and_make_no_unit(opens: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(opens)))
    portions = proportional(amount, opens)
    assert sum(portions) == amount
    assert all(0 <= portion <= each for portion, each in zip(portions, opens, strict=True))
