"""What a file is, by its beginning: a format that is read, one that is named and refused, a ZIP of several."""

# ruff: noqa: E501 - lines as banks write them
from __future__ import annotations

import io
import zipfile

import pytest

from ar.receipts.bank.formats.events import Problem, Question, Refused
from ar.receipts.bank.line_import import recognise_format
from kernel.sheets import TableRefused
from tests.ar.receipts.bank.formats.exports import ALIPAY_LEDGER, WECHAT_FUNDS
from tests.ar.receipts.bank.samples import CAMT_02, MT940, batch, camt, closed, entry, events, lines, opened, payment


def zipped(**files: bytes | str) -> bytes:
    """An archive of these files; a double underscore in a name is a point."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (
            "0000018011520105        0938409934CODELICIOUS               GEBABEBB   09029308273 00001          984309          834080       2\n",
            "CODA (Febelfin)",
        ),
        (
            "11" + "20380001" + "0000012345" + "261101261130" + "2" + "00000000100000" + "978" + "3EMPRESA\n",
            "Norma 43 (AEB/CSB)",
        ),
        (
            "0130004    00585EUR2 00028000000  021126                                                  0000000010000A                \n",
            "CFONB 120",
        ),
        ("01,122099999,123456789,261102,0200,1,,,2/\n02,031001234,122099999,1,261101,2359,,2/\n", "BAI2"),
        ("!Type:Bank\nD11/02/2026\nT100.00\n^\n", "QIF"),
        (":20:X\n:21:Y\n:25:123\n:13D:2611021200+0100\n:32A:261102EUR100,00\n:52A:X\n", "MT900 / MT910"),
        (
            '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"><CstmrCdtTrfInitn/></Document>',
            "pain.001",
        ),
        ('<?xml version="1.0"?><Invoice/>', "XML <Invoice>"),
        ('{"transactions": []}', "JSON"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(data: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        events(data)
    assert (refused.value.code, refused.value.params) == ("bank_file_other_format", {"found": name})


def test_a_zip_of_statements_is_read_file_by_file() -> None:
    data = zipped(b__sta=MT940, a__xml=CAMT_02, readme__txt="hello")
    assert recognise_format(data, "")[1] == "zip-camt053"
    assert [each.account_no for each in opened(data)] == ["DE89370400440532013000", "50880050/0194774600888"]
    assert len({each.ref for each in opened(data)}) == len(closed(data)) == 2
    assert len(lines(data)) == 5
    left_out = [each for each in events(data) if isinstance(each, Problem) and each.code == "zip_file_left_out"]
    assert [(each.params, each.lost) for each in left_out] == [({"found": "readme.txt"}, False)]


def test_a_notification_beside_a_statement_takes_its_batch_apart() -> None:
    parts = payment("100.00", debtor=("Alpha", "DE1"), text="RE-1") + payment(
        "200.00", debtor=("Beta", "DE2"), text="RE-2"
    )
    reference = "<AcctSvcrRef>BATCH-2026-11-02</AcctSvcrRef>"
    statement = camt("02", entry("300.00", more=reference))
    notification = camt("02", batch("300.00", parts, head=reference)).replace(
        b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn"
    )
    notification = notification.replace(b"camt.053", b"camt.054").replace(b"Stmt>", b"Ntfctn>")
    (alone,) = lines(statement)
    assert (alone.amount_minor, alone.payer_name) == (300_00, "")
    both = lines(zipped(a__xml=statement, b__xml=notification))
    assert [(each.amount_minor, each.payer_name, each.remittance) for each in both] == [
        (100_00, "Alpha", "RE-1"),
        (200_00, "Beta", "RE-2"),
    ]


def test_a_zip_of_bills_leaves_their_summary_out() -> None:
    summary = "#支付宝账务汇总查询\n类型,支付笔数,收入金额\n合计,3,0.00\n"
    data = zipped(a_detail__csv=ALIPAY_LEDGER.encode("gb18030"), b_summary__csv=summary.encode("gb18030"))
    assert [each.amount_minor for each in lines(data)] == [2_274_00, 74_00]
    assert not any(isinstance(each, Question) for each in events(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped(readme__txt="hello"), "bank_file_zip_nothing"),
        (zipped(**{f"f{number}__sta": "x" for number in range(201)}), "bank_file_zip_too_many"),
        (zipped(big__sta=b"0" * (101 * 1024 * 1024)), "bank_file_zip_too_large"),
        (zipped(a__sta=MT940)[:-60], "table_malformed"),
    ],
    ids=["nothing", "many", "large", "damaged"],
)
def test_an_archive_beyond_its_bounds_is_refused(data: bytes, code: str) -> None:
    with pytest.raises((Refused, TableRefused)) as refused:
        events(data)
    assert refused.value.code == code


def test_a_chinese_name_in_an_archive_is_readable() -> None:
    data = zipped(x__txt="hello", a__csv=WECHAT_FUNDS).replace(b"x.txt", "账".encode("gb18030") + b".tx")
    named = [each.params["found"] for each in events(data) if isinstance(each, Problem)]
    assert named == ["账.tx"]


@pytest.mark.parametrize(
    "data",
    [
        MT940.replace("C250,00N", "C0,00N"),
        camt("08", entry("0.00") + entry("6.00")),
        (
            "OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>USD<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>"
            "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261102<TRNAMT>0.00<FITID>1</STMTTRN></BANKTRANLIST></STMTRS></OFX>"
        ),
        "日期,收入,支出,对方户名\n2026-11-02,0.00,0.00,甲\n2026-11-03,6.00,,乙\n",
    ],
    ids=["mt940", "camt", "ofx", "table"],
)
def test_an_entry_of_zero_is_told_and_no_movement_is_missing_in_any_format(data: str | bytes) -> None:
    told = [each for each in events(data) if isinstance(each, Problem) and each.code == "nothing_moved"]
    assert [each.lost for each in told] == [False]
