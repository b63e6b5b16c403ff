"""Amounts in words, held to the official samples and to what clerks also write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.amount_in_words import amount_in_words, from_capitals, in_capitals, in_words_en
from kernel.money import BadAmount

VECTORS = [
    (140950, "壹仟肆佰零玖元伍角"),
    (600714, "陆仟零柒元壹角肆分"),
    (168032, "壹仟陆佰捌拾元零叁角贰分"),
    (10700053, "壹拾万柒仟元零伍角叁分"),
    (1640902, "壹万陆仟肆佰零玖元零贰分"),
    (32504, "叁佰贰拾伍元零肆分"),
    (5, "伍分"),
    (50, "伍角"),
    (0, "零元整"),
    (1000, "壹拾元整"),
    (10000000000, "壹亿元整"),
    (10001000000, "壹亿零壹万元整"),
    (100000000100, "壹拾亿零壹元整"),
    (12000050080, "壹亿贰仟万零伍佰元零捌角"),
    (101010, "壹仟零壹拾元零壹角"),
    (100000000000000, "壹万亿元整"),
    (1234560000000000, "壹拾贰万叁仟肆佰伍拾陆亿元整"),
    (999999999999999, "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
]


@pytest.mark.parametrize(("minor", "capitals"), VECTORS)
def test_capitals_as_bank_papers_write_them(minor: int, capitals: str) -> None:
    assert in_capitals(minor, "CNY") == "人民币" + capitals
    assert from_capitals("人民币" + capitals) == minor
    assert from_capitals(capitals) == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("人民币壹仟陆佰捌拾元叁角贰分", 168032),
        ("壹拾万零柒仟元伍角叁分", 10700053),
        ("壹仟肆佰零玖圆伍角整", 140950),
        ("壹拾元正", 1000),
        ("人民币 叁佰贰拾伍元零肆分", 32504),
        ("人民币负伍元整", -500),
        ("负人民币伍元整", -500),
        ("（负数）伍元整", -500),
    ],
)
def test_the_spellings_that_are_also_right_are_read(text: str, minor: int) -> None:
    assert from_capitals(text) == minor


@pytest.mark.parametrize(
    "text",
    ["", "人民币", "元整", "整", "五元整", "壹佰佰元", "壹元壹分壹角", "拾元整", "美元壹元整", "壹角角"],
)
def test_what_no_clerk_would_write_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        from_capitals(text)


def test_other_currencies_carry_their_own_name_and_decimals() -> None:
    assert in_capitals(123400, "USD") == "美元壹仟贰佰叁拾肆元整"
    assert in_capitals(1234, "JPY") == "日元壹仟贰佰叁拾肆元整"
    assert in_capitals(1005, "KWD") == "科威特第纳尔壹元零伍厘"
    assert in_capitals(-500, "CNY") == "人民币负伍元整"


def test_english_words_end_like_a_cheque() -> None:
    assert in_words_en(140950, "CNY") == "One thousand four hundred nine Chinese yuan and 50/100"
    assert in_words_en(100, "USD") == "One US dollar and 00/100"
    assert in_words_en(-2100, "EUR") == "Minus twenty-one euros and 00/100"
    assert in_words_en(1_000_042, "JPY") == "One million forty-two Japanese yen"
    assert in_words_en(1_234_005, "KWD").endswith(" and 005/1000")
    assert in_words_en(0, "CNY") == "Zero Chinese yuan and 00/100"


def test_words_speak_the_documents_language() -> None:
    assert amount_in_words(1000, "CNY", "zh_CN") == "人民币壹拾元整"
    assert amount_in_words(1000, "CNY", "en") == "Ten Chinese yuan and 00/100"


@given(st.integers(-(10**14), 10**14), st.sampled_from(["CNY", "USD", "JPY", "KWD"]))
def test_capitals_read_back_to_the_same_amount(minor: int, currency: str) -> None:
    text = in_capitals(minor, currency)
    assert "零零" not in text
    assert from_capitals(text, currency) == minor
