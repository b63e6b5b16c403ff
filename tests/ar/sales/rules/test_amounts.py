"""Amounts of lines and of their parts: rounded half up once, and nothing lost between the parts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.sales.rules.amounts import line_amount_minor, part_amount_minor


@pytest.mark.parametrize(
    ("quantity", "price", "currency", "minor"),
    [
        ("1", "0.005", "CNY", 1),
        ("1", "0.0049", "CNY", 0),
        ("3", "3.335", "CNY", 10_01),
        ("2.5", "1.01", "CNY", 2_53),
        ("3", "33.5", "JPY", 101),
        ("1", "1.2345", "KWD", 1235),
    ],
)
def test_a_line_is_rounded_half_up_once(quantity: str, price: str, currency: str, minor: int) -> None:
    assert line_amount_minor(Decimal(quantity), Decimal(price), currency) == minor


@given(
    parts=st.lists(st.decimals("0.000001", "9999", places=6), min_size=1, max_size=8),
    price=st.decimals("0", "99999", places=6),
    currency=st.sampled_from(["CNY", "JPY", "KWD"]),
)
def test_the_parts_of_a_line_sum_to_the_line(parts: list[Decimal], price: Decimal, currency: str) -> None:
    before, total = Decimal(0), 0
    for part in parts:
        total += part_amount_minor(before, part, price, currency)
        before += part
    assert total == line_amount_minor(before, price, currency)
