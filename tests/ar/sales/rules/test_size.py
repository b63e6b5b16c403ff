"""When an order is large beside what a customer buys (R105)."""

from __future__ import annotations

import pytest

from ar.sales.rules.size import days_of_sales


@pytest.mark.parametrize(
    ("order_minor", "sold_minor", "days"),
    [
        (30_00, 180_00, None),
        (30_01, 180_00, 31),
        (60_00, 180_00, 60),
        (1, 0, None),
        (0, 180_00, None),
    ],
)
def test_an_order_is_large_beyond_thirty_days_of_average_sales(
    order_minor: int, sold_minor: int, days: int | None
) -> None:
    assert days_of_sales(order_minor, sold_minor, 180, 30) == days
