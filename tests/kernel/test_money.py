"""Amounts: what an accountant types or an ERP exports becomes exact minor units, or is refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import (
    MAX_MINOR,
    BadAmount,
    CurrencyMismatch,
    Money,
    decimal_text,
    exponent,
    format_minor,
    format_with_symbol,
    parse_amount,
    split_figure,
)

BIG = 10**14


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("CNY", 2), ("USD", 2), ("IDR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("BHD", 3), ("OMR", 3)],
)
def test_decimals_follow_iso_4217(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["ZZZ", "cny", "", "RMB", "CN"])
def test_a_code_that_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        exponent(code)
    with pytest.raises(ValueError, match="unknown currency"):
        Money(1, code)


def test_money_adds_and_compares_inside_one_currency_only() -> None:
    ten, five = Money(1000, "CNY"), Money(500, "CNY")
    assert ten + five == Money(1500, "CNY")
    assert five - ten == Money(-500, "CNY")
    assert abs(-ten) == ten
    assert five < ten <= ten
    assert ten > five >= five
    assert not Money.zero("CNY")
    assert Money(1000, "USD") != ten
    for meet in (Money.__add__, Money.__sub__, Money.__lt__, Money.__ge__):
        with pytest.raises(CurrencyMismatch):
            meet(ten, Money(1, "USD"))


def test_money_refuses_floats() -> None:
    with pytest.raises(TypeError):
        Money(1.0, "CNY")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1234.56", "CNY", 123456),
        ("1234.5", "CNY", 123450),
        ("1234", "CNY", 123400),
        ("0", "CNY", 0),
        (".5", "CNY", 50),
        ("1,234,567.89", "CNY", 123456789),
        ("1，234．50", "CNY", 123450),
        ("１２３４．５６", "CNY", 123456),
        ("1 234 567.00", "CNY", 123456700),
        ("1\u00a0234.00", "EUR", 123400),
        ("1'234.50", "CHF", 123450),
        ("¥1,234.00", "CNY", 123400),
        ("￥1,234.00", "CNY", 123400),
        ("CNY 1,234.00", "CNY", 123400),
        ("1,234.00 CNY", "CNY", 123400),
        ("人民币1234元", "CNY", None),
        ("1234元", "CNY", 123400),
        ("$12.00", "USD", 1200),
        ("-12.00", "CNY", -1200),
        ("\u221212.00", "CNY", -1200),
        ("12.00-", "CNY", -1200),
        ("(1,200.00)", "CNY", -120000),
        ("（1,200.00）", "CNY", -120000),
        ("(¥1,200.00)", "CNY", -120000),
        ("¥-12.00", "CNY", -1200),
        ("-¥12.00", "CNY", -1200),
        ("+12.00", "CNY", 1200),
        (" 12.00 ", "CNY", 1200),
        ("1,234", "JPY", 1234),
        ("￥1,234", "JPY", 1234),
        ("1.234", "KWD", 1234),
        ("1.2", "KWD", 1200),
    ],
)
def test_amounts_as_people_write_them(text: str, currency: str, minor: int | None) -> None:
    if minor is None:  # a sign on both sides is more than a number; the person is asked
        with pytest.raises(BadAmount):
            parse_amount(text, currency)
    else:
        assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("", "CNY", "empty"),
        ("  \u3000", "CNY", "empty"),
        ("abc", "CNY", "not_a_number"),
        ("-", "CNY", "not_a_number"),
        (".", "CNY", "not_a_number"),
        ("1e5", "CNY", "not_a_number"),
        ("12²", "CNY", "not_a_number"),
        ("٣٤", "CNY", "not_a_number"),
        ("1.005", "CNY", "too_many_decimals"),
        ("100.5", "JPY", "too_many_decimals"),
        ("1.2345", "KWD", "too_many_decimals"),
        ("1.234,56", "CNY", "ambiguous"),
        ("1,23", "CNY", "ambiguous"),
        ("1,2345", "CNY", "ambiguous"),
        ("1,234 567", "CNY", "ambiguous"),
        ("1234,567.00", "CNY", "ambiguous"),
        ("(-5.00)", "CNY", "ambiguous"),
        ("-5.00-", "CNY", "ambiguous"),
        ("$5.00", "CNY", "other_currency"),
        ("USD 5.00", "CNY", "other_currency"),
        ("¥5.00", "USD", "other_currency"),
        ("1000000000000000.01", "CNY", "too_large"),
        ("9" * 60, "CNY", "too_large"),
    ],
)
def test_a_text_that_is_not_one_certain_amount_is_refused(text: str, currency: str, code: str) -> None:
    with pytest.raises(BadAmount) as refused:
        parse_amount(text, currency)
    assert (refused.value.code, refused.value.found) == (code, text)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456789, "CNY", "1,234,567.89"),
        (-500, "CNY", "\u22125.00"),
        (-5, "CNY", "\u22120.05"),
        (0, "CNY", "0.00"),
        (1234, "JPY", "1,234"),
        (1234567, "KWD", "1,234.567"),
    ],
)
def test_amounts_are_written_grouped_with_the_currencys_decimals(minor: int, currency: str, text: str) -> None:
    assert format_minor(minor, currency, "zh_CN") == text
    assert format_minor(minor, currency, "en") == text


def test_figures_split_for_large_type_and_symbols_speak_the_readers_language() -> None:
    assert split_figure(841623050, "CNY", "zh_CN") == ("8,416,230", ".50")
    assert split_figure(-1234, "JPY", "en") == ("\u22121,234", "")
    assert format_with_symbol(123400, "CNY", "zh_CN") == "¥1,234.00"
    assert format_with_symbol(-123400, "CNY", "en") == "\u2212CN¥1,234.00"
    assert format_with_symbol(1000, "KWD", "en") == "KWD\u00a01.000"


@given(st.integers(-BIG, BIG), st.sampled_from(["CNY", "JPY", "KWD", "USD"]))
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    assert parse_amount(format_minor(minor, currency, "en"), currency) == minor
    assert parse_amount(format_with_symbol(minor, currency, "zh_CN"), currency) == minor
    assert parse_amount(decimal_text(minor, currency), currency) == minor


REASONS = {"empty", "not_a_number", "ambiguous", "too_many_decimals", "other_currency", "too_large"}


@given(st.text(alphabet="0123456789.,-() ¥￥−'１２元+", max_size=14))
def test_any_text_is_an_amount_or_refused_by_name(text: str) -> None:
    try:
        outcome = str(parse_amount(text, "CNY"))
    except BadAmount as refused:
        outcome = refused.code
    assert outcome in REASONS or int(outcome) <= 10**14


@pytest.mark.parametrize("text", ["99999999999999.99", "1000000000000.01", "-99999999999999.99", "99999999999999"])
def test_an_amount_beyond_the_most_is_refused_however_plainly_it_is_written(text: str) -> None:
    with pytest.raises(BadAmount) as refused:
        parse_amount(text, "CNY")
    assert (refused.value.code, refused.value.found) == ("too_large", text)
    assert parse_amount("1000000000000.00", "CNY") == MAX_MINOR
