"""OFX: both forms, several accounts, elements without ends, and the samples of real banks."""

# ruff: noqa: E501 - lines as banks write them
from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from ar.receipts.bank.formats.events import Refused
from tests.ar.receipts.bank.samples import closed, events, lines, opened, problems

SGML = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>CAD
<BANKACCTFROM><BANKID>160000100<ACCTID>12300 000012345678<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261130
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261102120000.000[-5:EST]<TRNAMT>1200.50<FITID>F1<NAME>Fran\xe7ois & Co<MEMO>Invoice &lt;17&gt;
<STMTTRN><TRNTYPE>CHECK<DTPOSTED>20261103<TRNAMT>-316.67<FITID>F2<CHECKNUM>0042<NAME>Joe
</BANKTRANLIST><LEDGERBAL><BALAMT>883.83<DTASOF>20261130</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
XML = """<?xml version="1.0" encoding="UTF-8"?>
<?OFX OFXHEADER="200" VERSION="211"?>
<OFX><BANKMSGSRSV1>
<STMTTRNRS><STMTRS><CURDEF>USD</CURDEF><BANKACCTFROM><ACCTID>9100</ACCTID></BANKACCTFROM><BANKTRANLIST>
<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20261102</DTPOSTED><TRNAMT>+10.00</TRNAMT><FITID>1</FITID>
<PAYEE><NAME>ACME</NAME><CITY>X</CITY></PAYEE><BANKACCTTO><ACCTID>777</ACCTID></BANKACCTTO>
<MEMO><![CDATA[INV-1 <b>&amp; more]]></MEMO></STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS>
<STMTTRNRS><STMTRS><CURDEF>USD</CURDEF><BANKACCTFROM><ACCTID>9200</ACCTID></BANKACCTFROM><BANKTRANLIST>
<STMTTRN><TRNTYPE>DEBIT</TRNTYPE><DTPOSTED>20261103</DTPOSTED><TRNAMT>-2.5</TRNAMT><FITID>1</FITID></STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""


def test_a_file_without_ends_of_elements_is_read() -> None:
    first, second = lines(SGML.encode("cp1252"))
    assert (first.booked_on, first.side * first.amount_minor, first.currency) == (date(2026, 11, 2), 1200_50, "CAD")
    assert (first.payer_name, first.remittance, first.bank_reference) == ("François & Co", "Invoice <17>", "F1")
    assert (second.side * second.amount_minor, second.end_to_end_id) == (-316_67, "0042")
    assert [each.closing_minor for each in closed(SGML)] == [883_83]


def test_several_accounts_of_one_file_are_kept_apart() -> None:
    assert [each.account_no for each in opened(XML)] == ["9100", "9200"]
    first, second = lines(XML)
    assert (first.payer_name, first.payer_account, first.remittance) == ("ACME", "777", "INV-1 <b>&amp; more")
    assert second.side * second.amount_minor == -2_50
    assert first.ref != second.ref


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("<DTPOSTED>20260230</DTPOSTED>", "no_such_day"),
        ("<DTPOSTED>soon</DTPOSTED>", "not_a_date"),
    ],
)
def test_a_day_that_is_none_is_named_by_its_line(wrong: str, code: str) -> None:
    text = XML.replace("<DTPOSTED>20261102</DTPOSTED>", wrong)
    assert problems(text) == [(5, code)]
    assert len(lines(text)) == 1


@pytest.mark.parametrize(
    ("amount", "code"), [("1,200", "ambiguous_amount"), ("ten", "not_an_amount"), ("0", "nothing_moved")]
)
def test_an_amount_that_is_not_certain_is_not_guessed(amount: str, code: str) -> None:
    assert problems(XML.replace("+10.00", amount)) == [(5, code)]


def test_an_amount_with_a_decimal_comma_is_read() -> None:
    assert lines(XML.replace("+10.00", "1.234,50"))[0].amount_minor == 1234_50


def test_a_file_without_a_statement_is_refused() -> None:
    with pytest.raises(Refused, match="bank_file_no_statement"):
        events(b"OFXHEADER:100\nDATA:OFXSGML\n\n<OFX></OFX>")


@pytest.mark.parametrize("filling", [b"<" * 300_000, b"<![CDATA[x" * 60_000])
def test_a_literal_section_without_end_is_refused_soon(filling: bytes) -> None:
    """Each < of a literal section makes a piece of its own: gathered one by one they took minutes."""
    begun = time.process_time()
    with pytest.raises(Refused, match="bank_file_damaged"):
        events(b"<OFX><STMTRS><CURDEF>EUR<ACCTID>1<MEMO><![CDATA[" + filling)
    assert time.process_time() - begun < 5


def test_a_literal_section_is_read_with_its_signs() -> None:
    movement = b"<STMTTRN><TRNAMT>1.00<DTPOSTED>20260101<NAME><![CDATA[A <b> & C]]></STMTTRN>"
    (line,) = lines(b"<OFX><STMTRS><CURDEF>EUR<ACCTID>1" + movement + b"</STMTRS></OFX>")
    assert line.payer_name == "A <b> & C"


def test_the_samples_of_real_banks_are_read_or_refused(data_folder: Path) -> None:
    found = {}
    for path in sorted((data_folder / "bank").glob("ofxparse_*")):
        try:
            data = path.read_bytes()
            found[path.stem.removeprefix("ofxparse_")] = (len(opened(data)), len(lines(data)), len(problems(data)))
        except Refused as refused:
            found[path.stem.removeprefix("ofxparse_")] = refused.code
    assert found == {
        "anzcc": (1, 1, 0),
        "bank_medium": (1, 3, 0),
        "bank_small": "bank_file_no_statement",
        "checking": (1, 3, 0),
        "multiple_accounts": (2, 0, 0),
        "suncorp": (1, 1, 0),
    }


@pytest.mark.parametrize(
    ("amount", "signed"),
    [
        ("+1 006,60", 1006_60),
        ("-1\u00a0006,60", -1006_60),
        ("1\u202f006.60", 1006_60),
        ("1'006.60", 1006_60),
        ("+ 6,60", 6_60),
        ("6.60-", -6_60),
        ("\u22126.60", -6_60),
    ],
)
def test_an_amount_grouped_by_blanks_is_read(amount: str, signed: int) -> None:
    (line, _other) = lines(XML.replace("+10.00", amount))
    assert line.side * line.amount_minor == signed


@pytest.mark.parametrize("amount", ["1 06,60", "1 006 60", "-6.60-"])
def test_blanks_that_group_nothing_are_not_guessed(amount: str) -> None:
    assert problems(XML.replace("+10.00", amount))[0][1] in ("ambiguous_amount", "not_an_amount")


def test_what_the_bank_has_not_booked_yet_is_pending() -> None:
    pending = (
        "</BANKTRANLIST><BANKTRANLISTP><STMTTRNP><TRNTYPE>CREDIT</TRNTYPE><DTTRAN>20261104</DTTRAN>"
        "<TRNAMT>7.00</TRNAMT><NAME>Soon</NAME></STMTTRNP></BANKTRANLISTP>"
    )
    found = lines(XML.replace("</BANKTRANLIST>", pending, 1))
    assert [(each.amount_minor, each.status) for each in found] == [
        (10_00, "booked"),
        (7_00, "pending"),
        (2_50, "booked"),
    ]
