"""Amounts in ten thousands of a currency, as Annex 1 has them: exact where they decide, rounded in columns."""

from __future__ import annotations

import pytest

from ar.credit.rules.ten_thousands import parse_ten_thousands, ten_thousands, ten_thousands_rounded


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.5", "CNY", 12_500_000),
        ("１２．５万元", "CNY", 12_500_000),
        ("0", "CNY", 0),
        ("3.0001", "JPY", 30_001),
        ("1,234.5", "CNY", 1_234_500_000),
    ],
)
def test_what_is_typed_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert parse_ten_thousands(text, currency) == minor
    assert parse_ten_thousands(ten_thousands(minor, currency), currency) == minor


@pytest.mark.parametrize(
    "text", ["", "-1", "1e3", "1.0000001", "1,5.2.3", "abc", "5,5", "1,23", ".", ",5", "5,", "1,2345"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"ten thousands|decimals"):
        parse_ten_thousands(text, "CNY")


@pytest.mark.parametrize(
    ("minor", "shown"),
    [(115_594_40, "11.56"), (122_611_07, "12.26"), (50_00, "0.01"), (49_99, "0.00"), (-50_00, "-0.01")],
)
def test_a_column_of_figures_has_two_decimals_half_up(minor: int, shown: str) -> None:
    assert ten_thousands_rounded(minor, "CNY") == shown
