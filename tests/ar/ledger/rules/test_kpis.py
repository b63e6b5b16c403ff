"""The key figures of receivables against their worked examples; a zero denominator is n/a."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.ledger.rules import kpis
from ar.ledger.rules.kpis import MonthSales

MARCH, FEBRUARY, JANUARY = MonthSales(400_000_00, 31), MonthSales(350_000_00, 28), MonthSales(450_000_00, 31)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (kpis.dso(900_000_00, 1_200_000_00, 30), "22.50"),
        (kpis.best_possible_dso(600_000_00, 1_200_000_00, 30), "15.00"),
        (kpis.average_days_delinquent(300_000_00, 1_200_000_00, 30), "7.50"),
        (kpis.countback_dso(900_000_00, [MARCH, FEBRUARY, JANUARY]), "69.33"),
        (kpis.countback_dso(400_000_00, [MARCH]), "31.00"),
        (kpis.countback_dso(0, [MARCH]), "0.00"),
        (kpis.countback_dso(100, [MonthSales(0, 31), MonthSales(200, 28)]), "45.00"),
        (kpis.collection_effectiveness(800_000_00, 1_200_000_00, 900_000_00, 600_000_00), "78.57"),
        (kpis.overdue_ratio(300_000_00, 900_000_00), "33.33"),
        (kpis.percentage(300_000_00, 400_000_00), "75.00"),
        (kpis.bad_debt_ratio(6_000_00, 1_200_000_00), "0.50"),
    ],
)
def test_worked_examples(found: Decimal | None, expected: str) -> None:
    assert found is not None
    assert str(found) == expected


@pytest.mark.parametrize(
    "found",
    [
        kpis.dso(1, 0, 30),
        kpis.best_possible_dso(1, 0, 30),
        kpis.average_days_delinquent(1, 0, 30),
        kpis.countback_dso(900_000_00, [MARCH]),
        kpis.countback_dso(1, []),
        kpis.collection_effectiveness(0, 500, 500, 500),
        kpis.overdue_ratio(0, 0),
        kpis.bad_debt_ratio(1, 0),
    ],
)
def test_a_zero_denominator_is_not_available(found: Decimal | None) -> None:
    assert found is None


@given(st.integers(1, 10**13), st.integers(0, 10**13), st.integers(0, 10**13), st.integers(1, 366))
def test_the_best_possible_and_the_delinquent_days_make_the_dso(sales: int, current: int, late: int, days: int) -> None:
    parts = [
        kpis.best_possible_dso(current, sales, days),
        kpis.average_days_delinquent(late, sales, days),
        kpis.dso(current + late, sales, days),
    ]
    best, delinquent, whole = (part for part in parts if part is not None)
    assert abs(best + delinquent - whole) <= Decimal("0.01")
