"""Ledgers of systems that have no mapping of their own: read right, or asked about; what is still open is the amount."""

# ruff: noqa: E501 - rows as the systems write them
from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest

from ar.imports.inputs import ImportFile
from ar.imports.pipeline import run_import
from ar.imports.reading import Reading, decide_reading
from kernel.sheets import parse_date
from kernel.sheets.mapping import ColumnMapping
from kernel.sheets.passed_over import bare_sum_reason
from tests.support.world import World

TODAY = date(2026, 11, 30)


class Ledger(NamedTuple):
    """An export with (kind, currency, sum) as they come in, the codes of what is asked, and the due column."""

    text: str
    totals: list[tuple[str, str, int]]
    asked: tuple[str, ...] = ()
    due: str = ""


LEDGERS = {
    "sage 50": Ledger(
        "A/C,Name,Date,Due Date,Type,Ref,Details,Net Amount,Tax Amount,Gross Amount,O/S Amount\n"
        "ABC001,ABC Ltd,03/11/2026,03/12/2026,SI,1001,Goods,100.00,20.00,120.00,90.00\n"
        "ABC001,ABC Ltd,15/11/2026,15/12/2026,SC,1002,Return,50.00,10.00,60.00,60.00\n",
        [("credit_note", "CNY", 60_00), ("invoice", "CNY", 90_00)],
        ("currency_unsaid",),
        "Due Date",
    ),
    "netsuite": Ledger(
        "Customer : Project,Transaction Type,Date,Document Number,P.O. No.,Due Date,Age,Open Balance,Currency\n"
        'Client Inc,Invoice,11/30/2026,INV100,PO1,12/30/2026,0,"1,000.00",US Dollar\n'
        'Client Inc,Credit Memo,11/13/2026,CM5,,,17,"-200.00",US Dollar\n'
        'Client Inc,Payment,11/14/2026,PYMT9,,,16,"($50.00)",US Dollar\n'
        'Total - Client Inc,,,,,,,"750.00",\nTotal,,,,,,,"750.00",\n',
        [("credit_note", "USD", -200_00), ("invoice", "USD", 1000_00), ("receipt", "USD", -50_00)],
        (),
        "Due Date",
    ),
    "datev opos": Ledger(
        "Kontonummer;Name;Belegfeld 1;Belegdatum;Fälligkeitsdatum;Offener Betrag;S/H;Währung;Mahnstufe\n"
        "10001;Kunde AG;RE-100;03.11.2026;03.12.2026;1.190,00;S;EUR;0\n10001;Kunde AG;GS-5;15.11.2026;;119,00;H;EUR;0\n",
        [("credit_note", "EUR", 119_00), ("invoice", "EUR", 1190_00)],
        (),
        "Fälligkeitsdatum",
    ),
    "exact": Ledger(
        "Debiteur;Naam;Factuurnummer;Factuurdatum;Vervaldatum;Openstaand;Valuta;Onze ref.;Omschrijving\n"
        "1001;Klant BV;20260017;03-11-2026;03-12-2026;1.210,00;EUR;20260017;Goederen\n"
        "1001;Klant BV;20260018;15-11-2026;15-12-2026;-121,00;EUR;20260018;Credit\n",
        [("credit_note", "EUR", -121_00), ("invoice", "EUR", 1210_00)],
        ("kind_unsaid",),
        "Vervaldatum",
    ),
    "zoho books": Ledger(
        "Invoice Date,Invoice ID,Invoice Number,Invoice Status,Customer ID,Customer Name,Due Date,Currency Code,SubTotal,Total,Balance,Item Name\n"
        "2026-11-03,4601,INV-000017,Overdue,4609,Client Inc,2026-11-18,USD,100.00,110.00,90.00,Widget\n"
        "2026-11-03,4601,INV-000017,Overdue,4609,Client Inc,2026-11-18,USD,100.00,110.00,90.00,Gadget\n"
        "2026-11-04,4602,INV-000018,Draft,4609,Client Inc,2026-11-19,USD,50.00,55.00,55.00,Widget\n",
        [("invoice", "USD", 90_00)],
        (),
        "Due Date",
    ),
    "amounts beside what is settled of them": Ledger(
        "往来单位代码,往来单位,单号,性质,记账日,应收日,金额（含税）,已核销,备注\n"
        'K9001,甲公司,Q-1001,销售专用发票,2026年9月3日,2026年10月3日,"12,300.50",2300.5,\n'
        "K9002,乙工厂,Q-1003,红字发票,2026/10/20,2026/11/19,1000.00,,\n",
        [("credit_note", "CNY", 1000_00), ("invoice", "CNY", 12_300_50)],
        ("column_unsure", "currency_unsaid", "partly_settled"),  # by its words a column is that of the kinds
        "应收日",
    ),
    "用友 T3": Ledger(
        "应收账龄明细\n单位：我司\n客户,单据日期,单据类型,单据号,摘要,币种,原币金额,已收款,未收余额,到期日,业务员\n"
        "甲公司,2026-11-03,销售专用发票,0000000017,货款,人民币,1130.00,130.00,1000.00,2026-12-03,王敏\n"
        "乙公司,2026-11-04,红字销售专用发票,0000000018,退货,人民币,-113.00,0.00,-113.00,,王敏\n"
        "合计,,,,,,1017.00,130.00,887.00,,\n制表人：张三\n",
        [("credit_note", "CNY", -113_00), ("invoice", "CNY", 1000_00)],
        (),
        "到期日",
    ),
    "金蝶 K3": Ledger(
        "日期,年份,期间,单据号码,单据类型,核算项目类别,核算项目代码,核算项目名称,部门,业务员,币别,汇率,应收日期,单据金额,单据余额,摘要\n"
        "2026-11-03,2026,11,XSZP000017,销售增值税发票,客户,01.001,甲公司,销售部,王敏,人民币,1,2026-12-03,1130.00,1000.00,货款\n"
        "2026-11-04,2026,11,XSKD000001,收款单,客户,01.001,甲公司,销售部,王敏,人民币,1,2026-11-04,-500.00,-500.00,收款\n",
        [("invoice", "CNY", 1000_00), ("receipt", "CNY", -500_00)],
        (),
        "应收日期",
    ),
    "金蝶 KIS": Ledger(
        "单据日期,单据编号,单据类型,往来单位代码,往来单位名称,币别,应收金额,已收金额,未收金额,收款期限,业务员\n"
        "2026-11-03,XSFP-00017,销售发票,001,甲公司,人民币,1130.00,130.00,1000.00,2026-12-03,王敏\n",
        [("invoice", "CNY", 1000_00)],
        (),
        "收款期限",
    ),
    "管家婆": Ledger(
        "单据编号,日期,单据类型,单位编号,单位全名,经手人,部门,应收金额,已结金额,未结金额,到期日期,摘要\n"
        "XS-0017,2026-11-03,销售单,001,甲公司,王敏,销售部,1130.00,130.00,1000.00,2026-12-03,货款\n"
        "XT-0001,2026-11-04,销售退货单,001,甲公司,王敏,销售部,-113.00,0.00,-113.00,,退货\n合计,,,,,,,1017.00,130.00,887.00,,\n",
        [("credit_note", "CNY", -113_00), ("invoice", "CNY", 1000_00)],
        ("currency_unsaid",),
        "到期日期",
    ),
    "速达": Ledger(
        "客户代码,客户名称,单据类别,单据号码,开单日期,应收日期,应收款,已收款,欠款金额,业务员\n"
        "001,甲公司,销售出库单,XC001,2026-11-03,2026-12-03,1130.00,130.00,1000.00,王敏\n",
        [("invoice", "CNY", 1000_00)],
        ("currency_unsaid",),
        "应收日期",
    ),
    "SAP with a number and a name": Ledger(
        "Company Code,Customer,Customer Name,Document Number,Document Type,Document Date,Net due date,Amount in doc. curr.,Document currency\n"
        '1000,100001,Kunde AG,1800000017,RV,03.11.2026,03.12.2026,"1.190,00",EUR\n'
        '1000,100001,Kunde AG,1600000005,DG,15.11.2026,15.11.2026,"119,00-",EUR\n'
        ',,,,,,,"1.071,00",EUR\n',
        [("credit_note", "EUR", -119_00), ("invoice", "EUR", 1190_00)],
        (),
        "Net due date",
    ),
}


def reading(world: World, text: str) -> Reading:
    """How an uploaded file of open items would be read."""
    with world.reading() as db:
        return decide_reading(
            db, world.tenant_id, ImportFile("open-items", "x.csv", text.encode(), ColumnMapping()), "CNY", TODAY
        )


def test_ledgers_of_unprepared_systems_come_in_with_what_is_still_open(world: World) -> None:
    for name, ledger in LEDGERS.items():
        found = reading(world, ledger.text)
        with world.transaction() as db:
            file = ImportFile("open-items", "x.csv", ledger.text.encode(), found.mapping)
            report = run_import(db, world.actor(TODAY), file, apply=False)
        totals = [(each.kind, each.currency, each.amount_minor) for each in report.totals]
        seen = (totals, tuple(each.code for each in found.questions), report.columns["due_date"], report.errors)
        assert seen == (ledger.totals, ledger.asked, ledger.due, []), name


def test_a_column_that_sounds_open_beside_another_amount_is_asked_about(world: World) -> None:
    text = "客户编码,客户名称,单据号,单据类型,单据日期,币种,金额,尚未收回\n1,甲,A-1,发票,2026-11-01,CNY,100,40\n"
    asked = reading(world, text.replace("尚未收回", "客户尚欠"))
    assert [(each.code, each.params.get("header")) for each in asked.questions] == [("column_unsure", "客户尚欠")]
    assert asked.mapping.columns["amount"] == "客户尚欠"


def test_debits_and_credits_beside_a_running_balance_are_taken_and_asked_about(world: World) -> None:
    text = "客户编码,客户名称,单据号,单据类型,日期,币种,本期应收,本期收回,余额\n1,甲,A-1,发票,2026-11-01,CNY,100,,100\n"
    assert [each.code for each in reading(world, text).questions] == ["sides_taken"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["", "", "", "", "", "1.071,00", "EUR"], "total"),
        (["", "", "", "", "", "", "1071"], ""),  # a figure without decimals may be a number
        (["", "A-1", "", "", "", "10.00", "EUR"], ""),
        (["1", "", "", "", "", "10.00", "EUR"], ""),
    ],
)
def test_a_sum_without_a_word_stands_far_from_the_left(cells: list[str], reason: str) -> None:
    assert bare_sum_reason(cells, 7) == reason


def test_a_month_in_letters_leaves_no_doubt_before_a_short_year() -> None:
    assert [parse_date("3-Nov-26"), parse_date("03 Nov 26")] == [date(2026, 11, 3)] * 2
