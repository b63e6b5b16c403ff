"""A return is split over the invoices that billed its goods: to the cent, with all of the tax and no more (R100)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.sales.rules.returns import BilledPart, CreditPart, lines_by_credit, split_return

D = Decimal
QUANTITIES = st.integers(1, 10**9).map(lambda n: D(n).scaleb(-6))
INVOICES = st.lists(
    st.integers(1, 10**7).flatmap(
        lambda whole: st.builds(
            BilledPart, st.uuids().map(str), st.integers(0, whole), st.integers(0, max(0, whole - 1)), st.just(whole)
        )
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize(
    ("amount", "tax", "billed", "parts"),
    [
        (1_000_00, 115_04, [], [("", 1_000_00, 115_04)]),
        (600_00, 69_03, [("B", 600_00, 69_03, 600_00)], [("B", 600_00, 69_03)]),
        # The latest that can take the whole takes it, with the tax of its lines.
        (50_00, 0, [("B", 33, 3, 33), ("A", 50_00, 0, 50_00)], [("A", 50_00, 0)]),
        # Both are credited to their end, and both give back all their tax.
        (1_130_00, 130_00, [("B", 452_00, 52_00, 452_00), ("A", 678_00, 78_00, 678_00)],
            [("B", 452_00, 52_00), ("A", 678_00, 78_00)]),
        # The rest of the tax goes with the invoice that is credited in part.
        (791_00, 91_00, [("B", 452_00, 52_00, 452_00), ("A", 678_00, 78_00, 678_00)],
            [("B", 452_00, 52_00), ("A", 339_00, 39_00)]),
        # No rate was named: each gives back of its tax what its amount has.
        (791_00, None, [("B", 452_00, 0, 452_00), ("A", 678_00, 78_00, 678_00)],
            [("B", 452_00, 0), ("A", 339_00, 39_00)]),
        # What no invoice can take stays a credit in hand of the latest.
        (1_000_00, None, [("B", 400_00, 0, 400_00), ("A", 500_00, 0, 500_00)],
            [("B", 500_00, 0), ("A", 500_00, 0)]),
        # Credited before for another reason: the one that has something left takes all.
        (600_00, 69_03, [("B", 0, 0, 0), ("A", 300_00, 34_51, 300_00)], [("A", 600_00, 69_03)]),
    ],
)  # fmt: skip
def test_a_return_on_several_invoices(
    amount: int, tax: int | None, billed: list[tuple[str, int, int, int]], parts: list[tuple[str, int, int | None]]
) -> None:
    assert split_return(amount, tax, [BilledPart(*each) for each in billed]) == [CreditPart(*each) for each in parts]


@given(st.data(), INVOICES)
def test_parts_add_up_and_no_invoice_gives_back_more_than_it_has(data: st.DataObject, billed: list[BilledPart]) -> None:
    most = sum(each.left_minor for each in billed)
    amount = data.draw(st.integers(1, max(1, most)))
    tax = data.draw(st.one_of(st.none(), st.integers(0, amount - 1)))
    parts = split_return(amount, tax, billed)
    assert sum(each.amount_minor for each in parts) == amount
    assert all(each.amount_minor > 0 for each in parts)
    if len(parts) > 1:
        of = {each.document_no: each for each in billed}
        for each in parts:
            assert each.tax_minor is not None
            assert each.amount_minor <= of[each.document_no].left_minor
            assert 0 <= each.tax_minor <= of[each.document_no].tax_left_minor


@given(
    st.lists(
        st.tuples(st.integers(1, 10**9).map(lambda n: D(n).scaleb(-6)), st.integers(0, 10**6)), min_size=1, max_size=6
    ),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
)
def test_lines_that_two_invoices_billed_are_parted_exactly(
    lines: list[tuple[Decimal, int]], credits_minor: list[int]
) -> None:
    parts = lines_by_credit(lines, list(enumerate(credits_minor)))
    for (quantity, amount), of_line in zip(lines, parts, strict=True):
        assert sum(part for _key, part, _minor in of_line) == quantity
        assert sum(minor for _key, _part, minor in of_line) == amount
        assert all(part > 0 for _key, part, _minor in of_line)
    assert [key for of_line in parts for key, _part, _minor in of_line] == sorted(
        key for of_line in parts for key, _part, _minor in of_line
    )
