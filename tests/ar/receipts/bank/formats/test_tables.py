"""CSV and XLSX exports of Chinese banks: known by their headers, titles above them, amounts and days as they write them."""

# ruff: noqa: E501 - lines as banks write them
from __future__ import annotations

from datetime import date

import pytest

from ar.receipts.bank.formats.events import Refused
from ar.receipts.bank.line_import import recognise_format
from kernel.sheets import Column, Sheet, TableRefused, write_xlsx
from tests.ar.receipts.bank.samples import closed, events, lines, opened, problems

ICBC = """中国工商银行,,,,,,,,,
账号：6222 0210 0111 6245,,币种：人民币,,,,,,,
凭证号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,对方账号
0001,2026-11-02 10:22:33,贷,,"88,000.00",102,转账,货款INV-17,深圳鑫晟电子有限公司,"98,000.00",4000023
0002,2026-11-03 09:00:00,借,"1,200.50",,102,转账,电费,供电局,"96,799.50",4000099
合计,,,"1,200.50","88,000.00",,,,,,
"""
CCB = """账号,账户名称,交易时间,借方发生额（支取）,贷方发生额（收入）,余额,币种,对方户名,对方账号,对方开户机构,记账日期,摘要,备注,账户明细编号-交易流水号
3205016,华信公司,20261102 10:11:12,0.00,500.00,1500.00,人民币元,苏州某某公司,6217,建行苏州分行,20261102,货款,INV-9,1-778
"""
BOC = """查询账号[ Inquirer account number ],3205
交易类型[ Transaction Type ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ],收款人账号[ Beneficiary's Account No. ],收款人名称[ Beneficiary's Name ],交易日期[ Transaction Date ],交易货币[ Trade Currency ],交易金额[ Trade Amount ],交易后余额[ After-transaction balance ],起息日期[ Value Date ],交易流水号[ Transaction reference number ],用途[ Purpose ]
来账,111,北京甲公司,3205,我方,20261102,CNY,700.00,1700.00,20261103,R1,货款
往账,3205,我方,222,上海乙公司,20261103,CNY,-200.00,1500.00,20261103,R2,采购
"""
CMB = """账号,交易日,交易时间,起息日,交易类型,借方金额,贷方金额,余额,摘要,流水号,收/付方名称,收/付方账号,收/付方开户行名
7559,20261102,101112,20261102,转账,,300.00,300.00,货款,S1,广州丙公司,622,招行广州
"""
ABC = """交易时间,收入金额,支出金额,账户余额,交易行名,对方账号,对方户名,交易用途
2026年11月02日,1000.00,,1000.00,农行杭州,9558,杭州丁公司,INV-3
"""
GENERIC = """交易日期,交易金额,借贷标志,对方户名,附言
2026/11/02,100.00,贷,甲公司,INV-1
2026/11/03,40.00,借,乙公司,退款
"""


@pytest.mark.parametrize(
    ("text", "name", "movements", "payer"),
    [
        (ICBC, "csv-icbc", [88_000_00, -1_200_50], "深圳鑫晟电子有限公司"),
        (CCB, "csv-ccb", [500_00], "苏州某某公司"),
        (BOC, "csv-boc", [700_00, -200_00], "北京甲公司"),
        (CMB, "csv-cmb", [300_00], "广州丙公司"),
        (ABC, "csv-abc", [1000_00], "杭州丁公司"),
        (GENERIC, "csv-generic", [100_00, -40_00], "甲公司"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_the_export_of_each_bank_is_known_and_read(
    text: str, name: str, movements: list[int], payer: str, encoding: str
) -> None:
    data = text.encode(encoding)
    assert recognise_format(data, "")[1:] == (name, encoding)
    found = lines(data)
    assert [each.side * each.amount_minor for each in found] == movements
    assert (found[0].payer_name, found[0].booked_on) == (payer, date(2026, 11, 2))


def test_account_and_currency_are_found_in_the_titles() -> None:
    (head,) = opened(ICBC)
    assert (head.account_no, head.currency) == ("6222 0210 0111 6245", "CNY")


def test_the_balance_column_gives_opening_and_closing_whatever_the_order_of_the_rows() -> None:
    rows = ICBC.splitlines()
    newest_first = "\n".join([*rows[:3], rows[4], rows[3]])
    for text in (ICBC, newest_first):
        (end,) = closed(text)
        assert (end.opening_minor, end.closing_minor) == (10_000_00, 96_799_50)


def test_what_is_paid_out_names_the_payee_and_money_in_the_payer() -> None:
    money_in, money_out = lines(BOC)
    assert (money_in.payer_name, money_in.payer_account, money_in.value_on) == ("北京甲公司", "111", date(2026, 11, 3))
    assert (money_out.payer_name, money_out.payer_account) == ("上海乙公司", "222")


def test_every_text_of_the_debtor_is_kept_and_the_reference_too() -> None:
    line = lines(CCB)[0]
    assert line.remittance == "INV-9 货款"
    assert line.bank_reference == "1-778"


def test_an_xlsx_workbook_gives_the_same_lines_as_the_csv() -> None:
    head, *rows = [row.split(",") for row in GENERIC.splitlines()]
    workbook = write_xlsx([Sheet("流水", [Column(name) for name in head], rows)])
    assert recognise_format(workbook, "")[1] == "xlsx-generic"
    assert [each[2:] for each in lines(workbook)] == [each[2:] for each in lines(GENERIC)]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2026-02-30,100.00,贷,甲,INV", "not_a_date"),
        (",100.00,贷,甲,INV", "date_missing"),
        ('2026-11-02,"1.234,56",贷,甲,INV', "ambiguous_amount"),
        ("2026-11-02,一百,贷,甲,INV", "not_an_amount"),
        ("2026-11-02,0.00,贷,甲,INV", "nothing_moved"),
        ("2026-11-02,1.005,贷,甲,INV", "too_many_decimals"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_number(row: str, code: str) -> None:
    text = GENERIC + row + "\n"
    assert problems(text) == [(4, code)]
    assert len(lines(text)) == 2


def test_money_in_and_out_in_one_row_is_not_guessed() -> None:
    assert problems(CMB.replace(",,300.00,300.00", ",5.00,300.00,300.00")) == [(2, "two_amounts")]


def test_red_figures_take_a_booking_back() -> None:
    (line,) = lines(CMB.replace(",,300.00,300.00", ",,-300.00,0.00"))
    assert (line.side, line.amount_minor, line.is_reversal) == (-1, 300_00, True)


def test_a_table_that_is_no_statement_is_refused() -> None:
    with pytest.raises(Refused, match="bank_file_unknown"):
        events("客户编码,客户名称\n1,甲\n")


@pytest.mark.parametrize("data", [b"%PDF-1.7 ...", b"\xd0\xcf\x11\xe0" + b"x" * 600, b"PK\x03\x04" + b"\x00" * 60])
def test_files_of_other_kinds_are_refused(data: bytes) -> None:
    with pytest.raises((Refused, TableRefused)):
        events(data)
