"""Quantities and amounts of deliveries: more than ordered, parts of a line, what is left to invoice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.sales.rules.shipping import Billable, Progress, left_to_invoice, lines_over, part_of_line, plain

D = Decimal


def test_a_note_that_lists_a_line_twice_is_summed_and_refused() -> None:
    progress = {1: Progress(1, "泵", D(10), D(0))}
    assert lines_over(progress, [(1, D(10)), (1, D(5))]) == [
        {"line_no": 1, "product": "泵", "quantity": "15", "allowed": "10"}
    ]


def test_what_other_notes_shipped_counts_too() -> None:
    assert lines_over({1: Progress(1, "泵", D(10), D(6))}, [(1, D(5))])
    assert not lines_over({1: Progress(1, "泵", D(10), D(6))}, [(1, D(4))])


def test_a_line_that_the_order_lacks_has_nothing_ordered() -> None:
    assert lines_over({}, [(7, D("0.5"))]) == [{"line_no": 7, "product": "7", "quantity": "0.5", "allowed": "0"}]


def test_a_smallest_quantity_above_is_above() -> None:
    assert lines_over({1: Progress(1, "泵", D("1.5"), D(0))}, [(1, D("1.500001"))])


@pytest.mark.parametrize(
    ("quantity", "text"), [("10.000000", "10"), ("1.500000", "1.5"), ("100", "100"), ("0.000001", "0.000001")]
)
def test_quantities_are_written_as_people_write_them(quantity: str, text: str) -> None:
    assert plain(D(quantity)) == text


@given(
    st.integers(0, 10**12),
    st.lists(st.decimals("0.000001", 10**6, places=6), min_size=1, max_size=8),
)
def test_the_parts_of_a_line_sum_to_the_line_however_it_is_split(amount: int, pieces: list[Decimal]) -> None:
    whole, done, done_minor = sum(pieces, D(0)), D(0), 0
    for piece in pieces:
        done_minor += part_of_line(amount, whole, (done, done_minor), piece)
        done += piece
    assert done_minor == amount


def test_thirds_of_ten_are_rounded_by_running_totals() -> None:
    parts, done = [], (D(0), 0)
    for _ in range(3):
        part = part_of_line(1000, D(3), done, D(1))
        parts.append(part)
        done = (done[0] + 1, done[1] + part)
    assert parts == [333, 334, 333]


def test_a_down_payment_is_taken_off_what_is_signed_first() -> None:
    assert left_to_invoice([Billable(1_000_00, 0)], 300_00) == [700_00]
    assert left_to_invoice([Billable(200_00, 0), Billable(800_00, 0)], 300_00) == [0, 700_00]
    assert left_to_invoice([Billable(200_00, 200_00), Billable(800_00, 0)], 300_00) == [0, 500_00]


def test_an_invoice_beyond_a_signature_pays_no_other_delivery() -> None:
    assert left_to_invoice([Billable(500_00, 800_00), Billable(400_00, 0)], 0) == [0, 400_00]
