"""The figures of a statement: movements with a running balance tie to what is open, whatever the mix."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.statements.rules.figures import FiguresDoNotTie, OpenDocument, PostedDocument, StatementFigures, compute_figures

MARCH_31 = date(2026, 3, 31)


def booked(number: int, minor: int, *, kind: str = "invoice", day: int = 1, side: int = 1) -> PostedDocument:
    on = date(2026, 3, day)
    return PostedDocument(UUID(int=number), on, f"D-{number}", kind, on + timedelta(days=30), side, minor)


def still_open(number: int, minor: int, *, due_on: date = date(2026, 4, 30), side: int = 1) -> OpenDocument:
    return OpenDocument(UUID(int=number), date(2026, 3, 1), f"D-{number}", "invoice", due_on, side, minor)


def figures(opening: int, rows: list[PostedDocument], left: list[OpenDocument]) -> StatementFigures:
    return compute_figures(opening, rows, left, as_of=MARCH_31, currency="CNY")


def test_opening_plus_debits_less_credits_is_the_closing_balance() -> None:
    drawn = figures(
        1_000_00,
        [booked(1, 500_00, day=3), booked(2, 300_00, kind="receipt", side=-1, day=20)],
        [still_open(9, 700_00, due_on=date(2026, 2, 28)), still_open(1, 500_00)],
    )
    assert (drawn.opening_minor, drawn.debits_minor, drawn.credits_minor, drawn.closing_minor) == (
        1_000_00,
        500_00,
        300_00,
        1_200_00,
    )
    assert [line.balance_minor for line in drawn.movements] == [1_500_00, 1_200_00]
    assert dict(drawn.aging) == {"not_due": 500_00, "1-30": 0, "31-60": 700_00, "61-90": 0, ">90": 0, "unapplied": 0}
    assert drawn.overdue_minor == 700_00


def test_figures_that_do_not_tie_are_refused() -> None:
    with pytest.raises(FiguresDoNotTie):
        figures(0, [booked(1, 500_00)], [still_open(1, 499_99)])


def test_overdue_is_what_the_overdue_buckets_hold_and_credits_stand_beside_it() -> None:
    drawn = figures(200_00, [], [still_open(1, 300_00, due_on=date(2026, 1, 31)), still_open(2, 100_00, side=-1)])
    assert drawn.closing_minor == 200_00
    aging = dict(drawn.aging)
    assert drawn.overdue_minor == 300_00 == sum(aging[name] for name in ("1-30", "31-60", "61-90", ">90"))
    assert aging["unapplied"] == 100_00


def test_a_credit_balance_is_stated_negative_and_nothing_is_overdue() -> None:
    drawn = figures(0, [booked(1, 80_00, kind="receipt", side=-1)], [still_open(1, 80_00, side=-1)])
    assert drawn.closing_minor == -80_00
    assert drawn.overdue_minor == 0


def test_due_today_is_not_overdue() -> None:
    drawn = figures(0, [booked(1, 80_00)], [still_open(1, 80_00, due_on=MARCH_31)])
    assert drawn.overdue_minor == 0


@given(
    opening=st.integers(0, 10**12),
    rows=st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(1, 10**12), st.integers(1, 31)), max_size=40),
)
def test_whatever_moved_the_last_balance_is_the_closing_one(opening: int, rows: list[tuple[int, int, int]]) -> None:
    movements = [booked(n, minor, side=side, day=day) for n, (side, minor, day) in enumerate(rows, start=1)]
    left = [still_open(n, minor, side=side) for n, (side, minor, _day) in enumerate(rows, start=1)]
    if opening:
        left.append(still_open(99, opening))
    drawn = figures(opening, movements, left)
    assert drawn.closing_minor == opening + drawn.debits_minor - drawn.credits_minor
    assert sum(minor for bucket, minor in drawn.aging if bucket != "unapplied") - dict(drawn.aging)["unapplied"] == (
        drawn.closing_minor
    )
    if movements:
        assert drawn.movements[-1].balance_minor == drawn.closing_minor
