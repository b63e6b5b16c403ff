"""Ledgers as other systems export them: shapes of their files, each read without a person or after one question."""

from __future__ import annotations

from datetime import date

import pytest

from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, Report
from ar.imports.pipeline import run_import
from ar.imports.reading import Reading, decide_reading
from kernel.sheets.mapping import ColumnMapping, parse_mapping
from tests.ar.imports.files import TODAY, csv_file, error_codes, import_file, posted_documents
from tests.support.world import World

#: name → (file, what is asked, document → (kind, minor units as posted)).
SAP_EN = (
    "Account;Assignment;Document Number;Document Type;Document Date;Net due date;Amount in local currency;"
    "Local Currency;Clearing Document;Text\n"
    "100017;20260301;1800000001;RV;01.03.2026;31.03.2026;12.345,60;EUR;;Goods\n"
    "100017;20260305;1600000002;DG;05.03.2026;05.03.2026;250,00-;EUR;;Credit\n"
    "100018;20260310;1400000003;DZ;10.03.2026;10.03.2026;1.000,00-;EUR;;Payment\n"
    "100018;;1800000004;DR;28.02.2026;27.02.2026;99,95;EUR;;Cash in advance\n"
    "*;;;;;;11.195,55;EUR;;\n"
)
SAP_DE = (
    "Konto;Zuordnung;Belegnummer;Belegart;Belegdatum;Nettofälligkeit;Betrag in Hauswährung;Hauswährung;Text\n"
    "100017;;1800000001;RV;01.03.2026;31.03.2026;12.345,60;EUR;Ware für Müller\n"
    "100017;;1600000002;DG;05.03.2026;05.03.2026;250,00-;EUR;Gutschrift\n"
)
XERO = (
    "*ContactName,EmailAddress,InvoiceNumber,Reference,InvoiceDate,DueDate,Total,InvoiceAmountPaid,InvoiceAmountDue,"
    "Description,Quantity,UnitAmount,Currency,Type,Sent,Status\n"
    "Boom FM,ap@boom.example,INV-0027,P/O 9711,25/03/2026,14/04/2026,500.00,100.00,400.00,Line 1,1,250,NZD,"
    "Sales invoice,Sent,Awaiting Payment\n"
    "Boom FM,ap@boom.example,INV-0027,P/O 9711,25/03/2026,14/04/2026,500.00,100.00,400.00,Line 2,1,250,NZD,"
    "Sales invoice,Sent,Awaiting Payment\n"
    "Boom FM,ap@boom.example,CN-0001,,26/03/2026,26/03/2026,50.00,0.00,50.00,Back,1,50,NZD,"
    "Sales credit note,,Awaiting Payment\n"
    "Ridgeway,x@r.example,INV-0031,,27/03/2026,10/04/2026,70.00,70.00,0.00,Done,1,70,NZD,Sales invoice,Sent,Paid\n"
    "Ridgeway,x@r.example,INV-0032,,28/03/2026,10/04/2026,70.00,0.00,70.00,Draft,1,70,NZD,Sales invoice,,Draft\n"
)
QUICKBOOKS = (
    'Craig\'s Company,,,,,,,\nOpen Invoices Report,,,,,,,\n"As of November 20, 2026",,,,,,,\n\n'
    ",Date,Transaction type,Num,Customer full name,Due date,Amount,Open balance\n"
    "Amy's Bird Sanctuary,,,,,,,\n"
    ',10/23/2026,Invoice,1021,Amy\'s Bird Sanctuary,11/22/2026,"1,459.02","1,239.00"\n'
    ",10/25/2026,Payment,,Amy's Bird Sanctuary,10/25/2026,-105.00,-105.00\n"
    'Total for Amy\'s Bird Sanctuary,,,,,,"1,354.02","1,134.00"\n'
    ",10/26/2026,Credit Memo,1026,Bill's Windsurf Shop,10/26/2026,-100.00,-100.00\n"
    'TOTAL,,,,,,"$1,254.02","$1,034.00"\n\n\n'
    '"Friday, Nov 20, 2026 09:14:32 AM GMT+8 - Accrual Basis",,,,,,,\n'
)
ODOO = (
    "Number,Invoice Partner Display Name,Invoice/Bill Date,Due Date,Tax Excluded,Total,Amount Due,"
    "Currency,Payment Status,Status\n"
    "INV/2026/00001,Azure Interior,2026-03-01,2026-03-31,1000.00,1150.00,1150.00,USD,Not Paid,Posted\n"
    "RINV/2026/00002,Azure Interior,2026-03-05,2026-03-05,-100.00,-115.00,-115.00,USD,Not Paid,Posted\n"
    "INV/2026/00003,Azure Interior,2026-03-06,2026-03-31,10.00,10.00,10.00,USD,Not Paid,Draft\n"
)
ERPNEXT = (
    "Posting Date,Customer,Customer Name,Receivable Account,Voucher Type,Voucher No,Due Date,Invoiced Amount,"
    "Paid Amount,Credit Note,Outstanding Amount,Age (Days),0-30,Currency,Territory\n"
    "2026-03-01,CUST-1,Grant Plastics,Debtors - X,Sales Invoice,ACC-SINV-2026-00001,2026-03-31,"
    '"1,50,000.00",0,0,"1,25,000.50",3,0,INR,IN\n'
    "2026-03-02,CUST-1,Grant Plastics,Debtors - X,Payment Entry,ACC-PAY-2026-00002,"
    "2026-03-02,0,500,0,-500.00,2,0,INR,IN\n"
    'Total,,,,,,,"1,50,000.00",500.00,0,"1,24,500.50",,,,\n'
)
KINGDEE = (
    "应收单列表,,,,,,,,\n单据编号,单据类型,业务日期,客户编码,客户,币别,价税合计,到期日,单据状态\n"
    "AR00000001,标准应收单,2026/3/1,C001,深圳华芯,人民币,12800.50,2026/4/1,已审核\n"
    "AR00000002,标准应收单,2026/3/2,C001,深圳华芯,人民币,-800.50,2026/4/1,已审核\n"
    "AR00000003,费用应收单,2026/3/3,C002,东莞甲,人民币,1,2026/4/1,创建\n"
    "合计,,,,,,12001.00,,\n制表人：张三,,,审核人：李四,,,,,\n打印日期：2026-03-31,,,,,,,,\n"
)
YONYOU = (
    "单据类型,单据编号,单据日期,客户编码,客户简称,币种,原币金额,原币余额,部门,业务员,到期日\n"
    "销售专用发票,0000000011,2026-03-01,00017,华芯,人民币,1170.00,1000.00,销售一部,赵六,2026-04-30\n"
    "其他应收单,0000000012,2026-03-02,00017,华芯,人民币,50.00,50.00,销售一部,赵六,2026-04-30\n"
    "收款单,0000000013,2026-03-03,00018,东莞甲,人民币,300.00,300.00,销售一部,孙七,\n"
    "小计,,,,,,1520.00,1350.00,,,\n合计,,,,,,1520.00,1350.00,,,\n"
)
FILES: dict[str, tuple[bytes, list[str], dict[str, tuple[str, int]]]] = {
    "SAP FBL5N": (
        SAP_EN.encode(),
        [],
        {
            "1800000001": ("invoice", 1234560),
            "1600000002": ("credit_note", 25000),
            "1400000003": ("receipt", 100000),
            "1800000004": ("invoice", 9995),
        },
    ),
    "SAP FBL5N (Deutsch)": (
        SAP_DE.encode("cp1252"),
        [],
        {"1800000001": ("invoice", 1234560), "1600000002": ("credit_note", 25000)},
    ),
    "Xero": (XERO.encode("utf-8-sig"), [], {"INV-0027": ("invoice", 40000), "CN-0001": ("credit_note", 5000)}),
    "QuickBooks": (
        QUICKBOOKS.encode(),
        ["currency_unsaid"],
        {"1021": ("invoice", 123900), "1026": ("credit_note", 10000)},
    ),
    "Odoo": (ODOO.encode(), [], {"INV/2026/00001": ("invoice", 115000), "RINV/2026/00002": ("credit_note", 11500)}),
    "ERPNext": (
        ERPNEXT.encode(),
        [],
        {"ACC-SINV-2026-00001": ("invoice", 12500050), "ACC-PAY-2026-00002": ("receipt", 50000)},
    ),
    "金蝶 Kingdee": (
        KINGDEE.encode("gb18030"),
        [],
        {"AR00000001": ("invoice", 1280050), "AR00000002": ("credit_note", 80050)},
    ),
    "用友 Yonyou": (
        YONYOU.encode("gb18030"),
        [],
        {"0000000011": ("invoice", 100000), "0000000012": ("invoice", 5000), "0000000013": ("receipt", 30000)},
    ),
}


def read_and_import(world: World, kind: FileKind, content: bytes) -> tuple[Reading, Report]:
    """Decides how a file is read and applies it so, taking what is suggested for an answer."""
    file = ImportFile(kind, "export.csv", content)
    with world.transaction() as db:
        reading = decide_reading(db, world.tenant_id, file, "CNY", TODAY)
        read = ImportFile(kind, "export.csv", content, reading.mapping)
        return reading, run_import(db, world.actor(TODAY), read, apply=True)


@pytest.mark.parametrize("system", FILES)
def test_an_export_of_a_known_system_is_read_by_its_shipped_mapping(world: World, system: str) -> None:
    content, asked, documents = FILES[system]
    if system == "QuickBooks":  # a payment without a number is an error of its row: it could not be told apart
        content = b"\n".join(line for line in content.split(b"\n") if b"Payment,," not in line)
    if system.startswith("SAP"):  # whose list of items has no names
        import_file(world, "customers", csv_file("customer_no,name", "100017,Müller GmbH", "100018,Maier AG"))
    reading, report = read_and_import(world, "open-items", content)
    assert (reading.origin, [question.code for question in reading.questions]) == (system, asked)
    assert error_codes(report) == []
    found = {number: (kind, amount) for number, (kind, _due, amount, _open, _on) in posted_documents(world).items()}
    assert found == documents


def test_a_due_date_before_the_document_is_kept_with_a_warning(world: World) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "100017,Müller GmbH", "100018,Maier AG"))
    _reading, report = read_and_import(world, "open-items", SAP_EN.encode())
    assert posted_documents(world)["1800000004"][1] == date(2026, 2, 27)
    assert [(group.code, group.rows) for group in report.warning_groups] == [("due_before_document", [5])]


def test_rows_that_are_no_documents_are_said_with_their_reasons(world: World) -> None:
    _reading, report = read_and_import(world, "open-items", KINGDEE.encode("gb18030"))
    assert [(group.code, group.findings) for group in report.passed_over] == [
        ("asked", 1),
        ("total", 1),
        ("signature", 2),
    ]


MAPPED = '{"columns": {"customer_no": "Kd", "document_no": "Nr", "document_date": "Tag", "amount": "Wert"}, %s}'


def _mapped(more: str) -> ColumnMapping:
    return parse_mapping(MAPPED % more)


def test_three_decimals_are_rounded_when_asked_and_an_error_else(world: World) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "1,A"))
    content = b"Kd;Nr;Tag;Wert\n1;A-1;2026-10-01;10.005\n1;A-2;2026-10-01;0.30000\n1;A-3;2026-10-01;4250.000\n"
    constants = '"constants": {"kind": "invoice", "currency": "EUR"}'
    refused = import_file(world, "open-items", content, mapping=_mapped(constants))
    assert error_codes(refused) == [(2, "amount", "too_many_decimals")]
    report = import_file(world, "open-items", content, mapping=_mapped(constants + ', "rounding": "half_up"'))
    assert [(group.code, group.rows) for group in report.warning_groups] == [("amount_rounded", [2])]
    amounts = {number: found[2] for number, found in posted_documents(world).items()}
    assert amounts == {"A-1": 1001, "A-2": 30, "A-3": 425000}


def test_below_zero_with_one_kind_for_all_rows_is_a_credit_and_said(world: World) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "1,A"))
    content = (
        b"Kd;Nr;Tag;Wert\n1;A-1;28-Feb-2026;(12.00)\n1;A-2;20260228153000;0.00\n1;A-3;2026-02-28T15:30:00Z;5.00 Cr\n"
    )
    mapping = _mapped('"constants": {"kind": "invoice", "currency": "EUR"}')
    report = import_file(world, "open-items", content, mapping=mapping)
    assert error_codes(report) == []
    assert [(group.code, group.findings) for group in report.warning_groups] == [("minus_is_credit", 2)]
    assert [(group.code, group.rows) for group in report.passed_over] == [("zero_amount", [3])]
    assert {number: found[0] for number, found in posted_documents(world).items()} == {
        "A-1": "credit_note",
        "A-3": "credit_note",
    }


def test_many_equal_warnings_are_one_with_a_count_and_first_rows(world: World) -> None:
    rows = [f"001,A,INV-{n},invoice,2026-10-02,2026-10-01,CNY,5" for n in range(30)]
    headers = "customer_no,customer_name,document_no,kind,document_date,due_date,currency,amount"
    report = import_file(world, "open-items", csv_file(headers, *rows), apply=False)
    assert [(g.code, g.findings, g.rows) for g in report.warning_groups] == [
        ("due_before_document", 30, [2, 3, 4, 5, 6])
    ]


def test_customers_without_numbers_are_known_by_their_names(world: World) -> None:
    import_file(world, "customers", csv_file("customer_no,name", "0017,深圳华芯"))
    content = csv_file("客户名称,单据号,单据类型,单据日期,币种,金额", "深圳华芯,A-1,发票,2026-10-01,CNY,5")
    report = import_file(world, "open-items", content)
    assert (error_codes(report), report.customers_created) == ([], 0)
    content = csv_file("客户名称,单据号,单据类型,单据日期,币种,金额", "东莞甲,A-2,发票,2026-10-01,CNY,5")
    assert import_file(world, "open-items", content).customers_created == 1


def test_money_that_is_none_is_refused_with_a_sentence(world: World) -> None:
    headers = "customer_no,customer_name,document_no,kind,document_date,currency,amount"
    rows = [
        f"1,A,I-{code}-{day},invoice,{day},{code},5"
        for code, day in (
            ("XXX", "2026-01-05"),
            ("DEM", "2026-01-05"),
            ("BGN", "2026-01-05"),
            ("BGN", "2025-12-31"),
        )
    ]
    report = import_file(world, "open-items", csv_file(headers, *rows), apply=False)
    assert [(row, code) for row, _column, code in error_codes(report)] == [
        (2, "unknown_currency"),
        (3, "currency_withdrawn"),
        (4, "currency_withdrawn"),
    ]
