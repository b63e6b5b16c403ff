"""What a payment text says in figures and is no document number: amounts, dates, accounts, phones, tax ids, units."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.receipts.rules.mentions import find_mentioned_numbers, number_key

#: A text, a document number that stands in its figures, and what it is: none (None), perhaps (False), surely (True).
TEXTS: list[tuple[str, str, bool | None]] = [
    # amounts
    ("付货款11500元", "11500", None),
    ("付货款 11500 元整", "11500", None),
    ("货款115000元", "115000", None),
    ("支付￥115000", "115000", None),
    ("¥115000.00货款", "115000", None),
    ("人民币115000圆", "115000", None),
    ("货款RMB 115000", "115000", None),
    ("货款115000RMB", "115000", None),
    ("付11.5万货款", "115", None),
    ("金额：115000", "115000", None),
    ("价税合计 115000", "115000", None),
    ("USD 115000 for goods", "115000", None),
    ("115,000.00 USD payment", "115000", None),
    ("total 115000", "115000", None),
    ("payment of $115000", "115000", None),
    ("Zahlung 115000 EUR", "115000", None),
    ("Zahlung EUR 115.000,00", "115000", None),
    ("Betrag: 115000", "115000", None),
    ("Rechnung über 115000 Euro", "115000", None),
    ("115000,- EUR", "115000", None),
    ("发票115000元", "115000", None),
    ("发票金额115000元", "115000", None),
    ("预付款 115000.00", "115000", None),
    ("115,000.00", "115000", None),
    # units
    ("轴承 115000 件", "115000", None),
    ("115000 pcs bearings", "115000", None),
    ("115000 Stück", "115000", None),
    ("尾款30%", "30", None),
    ("账期90天", "90", None),
    # dates
    ("2026年11月货款", "2026", None),
    ("11月20日货款", "1120", None),
    ("2026-11-20货款", "20261120", None),
    ("2026.11.20", "20261120", None),
    ("20.11.2026 Zahlung", "20112026", None),
    ("11/20/2026", "11202026", None),
    ("Miete 11/2026", "112026", None),
    ("202611货款", "202611", False),
    ("pay 20261120", "20261120", False),
    # accounts, phones, tax ids, customers
    ("账号6222021001116245", "6222021001116245", None),
    ("卡号 6222021001116245", "6222021001116245", None),
    ("尾号115000", "115000", None),
    ("A/C 12345678", "12345678", None),
    ("Kto 12345678 BLZ 10070000", "12345678", None),
    ("Kto 12345678 BLZ 10070000", "10070000", None),
    ("IBAN DE89 3704 0044 0532 0130 00", "37040044", None),
    ("DE89370400440532013000 Zahlung", "370400440532013000", None),
    ("电话13812345678", "13812345678", None),
    ("13812345678 张三", "13812345678", None),
    ("联系0755-26543210", "075526543210", None),
    ("Tel. +49 30 1234567", "1234567", None),
    ("税号91440300MA5EXAMP1X", "91440300", None),
    ("USt-IdNr DE123456789", "DE123456789", None),
    ("客户号 115000", "115000", None),
    ("Kd-Nr. 115000", "115000", None),
    ("customer no 115000", "115000", None),
    # references
    ("发票号11500000", "11500000", True),
    ("发票号：115000", "115000", True),
    ("付款单号115000货款", "115000", True),
    ("INV-11500 货款 11500元", "INV-11500", True),
    ("INV-11500元", "INV-11500", True),
    ("Rechnung 115000 vom 20.11.2026", "115000", True),
    ("Rechnungs-Nr. 115000", "115000", True),
    ("RE 115000 EUR 200,00", "115000", True),
    ("invoice 115000", "115000", True),
    ("invoice no. 115000, USD 300", "115000", True),
    ("115000 und 115001", "115001", True),
    ("货款115000", "115000", True),
    ("25442000000012345678 发票", "25442000000012345678", True),
    ("单号13812345678", "13812345678", True),
    ("RE-2026-11-20", "RE-2026-11-20", True),
    ("SO2026-11-20-001", "SO2026-11-20-001", True),
    ("INV 2026/0115", "INV 2026/0115", False),  # a blank inside is only perhaps one number
    ("RE.2026.115", "RE.2026.115", True),
    ("XS20261120000123 bezahlt", "XS20261120000123", True),  # of an IBAN's shape, without its check digits
]


@pytest.mark.parametrize(("text", "number", "expected"), TEXTS)
def test_a_figure_is_a_document_only_where_it_stands_as_one(text: str, number: str, expected: bool | None) -> None:
    mention = find_mentioned_numbers(text, {number_key(number)}, set()).mentions
    assert (mention[0].strong if mention else None) == expected


def test_the_amount_paid_is_no_certain_reference_unless_it_stands_as_one() -> None:
    known = {"115000"}
    assert not find_mentioned_numbers("货款115000", known, set(), {"115000"}).mentions[0].strong
    assert find_mentioned_numbers("发票号115000", known, set(), {"115000"}).mentions[0].strong


@given(
    st.integers(1, 10**9),
    st.sampled_from(["元", "元整", " 元", "圆", " EUR", " USD", "€", "美元", " Euro", "万元", "件", " pcs", "%"]),
    st.sampled_from(["付货款", "Zahlung ", "payment ", "本次支付：", "订金", ""]),
)
def test_a_number_with_a_currency_or_a_unit_names_no_document(number: int, unit: str, before: str) -> None:
    key = number_key(str(number))
    if key:
        assert find_mentioned_numbers(f"{before}{number}{unit}", {key}, set()).mentions == ()


@given(
    st.from_regex(re.compile(r"[A-Z]{2,4}-?[0-9]{4,9}"), fullmatch=True),
    st.sampled_from(
        ["付{}货款11500元", "Zahlung {} vom 20.11.2026 EUR 11.500,00", "pay {} USD 300", "{}", "2026年11月 {} 尾款"]
    ),
)
def test_our_numbers_are_found_between_amounts_and_dates(number: str, text: str) -> None:
    mentions = find_mentioned_numbers(text.format(number), {number_key(number)}, set()).mentions
    assert [mention.strong for mention in mentions] == [True]
