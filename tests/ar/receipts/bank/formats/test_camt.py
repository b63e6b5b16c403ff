"""camt.053: one line per payment where the bank gives it apart, the debtor by name in old and new versions."""

# ruff: noqa: E501 - elements as banks write them
from __future__ import annotations

import re
from datetime import date

import pytest

from ar.receipts.bank.formats.events import Refused
from tests.ar.receipts.bank.samples import (
    CAMT_02,
    CAMT_08,
    batch,
    camt,
    closed,
    entry,
    lines,
    opened,
    payment,
    problems,
)


def test_a_batch_is_taken_apart_into_its_payments() -> None:
    first, second = lines(CAMT_02)
    assert (first.amount_minor, first.payer_name, first.payer_account) == (
        100_00,
        "Alpha GmbH",
        "DE51508800500190038900",
    )
    assert (first.remittance, first.end_to_end_id, first.payer_bank) == ("INV-1 INV-2", "E2E-1", "DRESDEFF508")
    assert (first.booked_on, first.value_on) == (date(2026, 11, 2), date(2026, 11, 3))
    assert (second.amount_minor, second.payer_name, second.end_to_end_id) == (200_00, "Beta AG", "")
    assert second.remittance == "RF18539007547034"


@pytest.mark.parametrize("version", ["02", "03", "04", "05", "06", "07", "08"])
def test_every_version_from_02_to_08_is_read(version: str) -> None:
    for sample in (CAMT_02, CAMT_08):
        data = sample.replace(b"camt.053.001.02", b"camt.053.001." + version.encode())
        data = data.replace(b"camt.053.001.08", b"camt.053.001." + version.encode())
        assert lines(data)[0].payer_name == "Alpha GmbH"


def test_the_debtor_stands_under_a_party_in_version_08() -> None:
    (line,) = lines(CAMT_08)
    assert (line.payer_name, line.payer_bank, line.booked_on) == ("Alpha GmbH", "DRESDEFF508", date(2026, 11, 2))


def test_balances_and_account_are_told() -> None:
    (head,), (end,) = opened(CAMT_02), closed(CAMT_02)
    assert (head.account_no, head.currency, head.number) == ("DE89370400440532013000", "EUR", "7")
    assert (head.opening_minor, end.closing_minor) == (0, 300_00)


def test_a_batch_whose_parts_do_not_sum_to_it_stays_one_line() -> None:
    (line,) = lines(CAMT_02.replace(b">200.00<", b">150.00<"))
    assert line.amount_minor == 300_00
    assert "INV-1 INV-2" in line.remittance


def test_a_batch_without_amounts_stays_one_line_with_all_texts() -> None:
    parts = "".join(f"<TxDtls><RmtInf><Ustrd>INV-{n}</Ustrd></RmtInf></TxDtls>" for n in (1, 2))
    (line,) = lines(camt("04", entry("50.00", more=f"<NtryDtls>{parts}</NtryDtls>")))
    assert (line.amount_minor, line.remittance) == (50_00, "INV-1 INV-2")


def test_a_reversal_is_marked_and_keeps_the_side_that_the_bank_gives() -> None:
    (line,) = lines(camt("02", entry("5.00", side="DBIT", more="<RvslInd>true</RvslInd>")))
    assert (line.side, line.is_reversal) == (-1, True)


def test_what_is_not_booked_yet_carries_its_status() -> None:
    data = camt("08", entry("5.00", status="<Sts><Cd>PDNG</Cd></Sts>") + entry("6.00"))
    assert [(each.amount_minor, each.status) for each in lines(data)] == [(5_00, "pending"), (6_00, "booked")]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (entry("5.00").replace("2026-11-02", "2026-02-30"), "no_such_day"),
        (entry("five"), "not_an_amount"),
        (entry("5.001"), "too_many_decimals"),
        (entry("5.00", side="BOTH"), "no_side"),
        (entry("5.00").replace("EUR", "ZZZ"), "unknown_currency"),
        (entry("5.00").replace("EUR", "USD"), "line_other_currency"),
        (entry("0.00"), "nothing_moved"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named_by_its_line(bad: str, code: str) -> None:
    data = camt("02", f"\n{bad}\n{entry('6.00')}")
    assert problems(data) == [(3, code)]
    assert [each.amount_minor for each in lines(data)] == [6_00]


def test_definitions_of_a_file_are_never_opened() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(Refused, match="bank_file_has_dtd"):
        lines(camt("02", entry("5.00"), head=bomb))


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="bank_file_version"):
        lines(CAMT_02.replace(b"camt.053.001.02", b"camt.053.001.01"))


def test_a_notification_is_refused_with_a_word_of_its_own() -> None:
    with pytest.raises(Refused, match="bank_file_notification"):
        lines(CAMT_02.replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn"))


def test_a_file_in_gb18030_that_says_so_is_read() -> None:
    text = CAMT_08.decode().replace("Alpha GmbH", "深圳鑫晟电子").replace('encoding="UTF-8"', 'encoding="GB18030"')
    assert lines(text.encode("gb18030"))[0].payer_name == "深圳鑫晟电子"


@pytest.mark.parametrize(
    "declared", ["zlib", "rot13", "hex", "undefined", "idna", "unicode_escape", "utf-16", "utf-32"]
)
def test_an_encoding_that_no_bank_uses_is_not_believed(declared: str) -> None:
    text = CAMT_08.decode().replace('encoding="UTF-8"', f'encoding="{declared}"')
    assert [line.payer_name for line in lines(text.encode())] == ["Alpha GmbH"]


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(Refused, match="bank_file_damaged"):
        lines(camt("02", "<Ntry>" + "<x>" * 5_000))


def test_a_report_of_the_day_books_only_what_it_calls_booked_and_closes_nothing() -> None:
    text = camt("02", entry("5.00") + entry("6.00", status="") + entry("7.00", status="<Sts>PDNG</Sts>")).decode()
    for old, new in (
        ("camt.053", "camt.052"),
        ("BkToCstmrStmt", "BkToCstmrAcctRpt"),
        ("Stmt>", "Rpt>"),
        ("CLBD", "ITBD"),
    ):
        text = text.replace(old, new)
    assert [(each.amount_minor, each.status) for each in lines(text)] == [
        (5_00, "booked"),
        (6_00, "pending"),
        (7_00, "pending"),
    ]
    assert [(each.number, each.account_no) for each in opened(text)] == [("", "DE89370400440532013000")]
    assert [each.closing_minor for each in closed(text)] == [None]


def test_an_entry_without_days_has_the_day_of_its_statement_and_it_is_said() -> None:
    data = camt("02", entry("5.00").replace("<BookgDt><Dt>2026-11-02</Dt></BookgDt>", ""))
    (line,) = lines(data)
    assert (line.booked_on, line.value_on) == (date(2026, 11, 2), date(2026, 11, 2))
    assert [code for _line, code in problems(data)] == ["date_of_statement"]


def test_without_a_closing_balance_the_end_of_the_period_or_the_creation_is_the_day() -> None:
    data = camt("02", entry("5.00").replace("<BookgDt><Dt>2026-11-02</Dt></BookgDt>", ""))
    bare = re.sub(rb"<Bal>.*</Bal>", b"", data)
    head = b"<ElctrncSeqNb>7</ElctrncSeqNb>"
    created = bare.replace(head, head + b"<CreDtTm>2026-11-05T08:00:00</CreDtTm>")
    period = created.replace(
        b"</CreDtTm>",
        b"</CreDtTm><FrToDt><FrDtTm>2026-11-01T00:00:00</FrDtTm><ToDtTm>2026-11-04T00:00:00</ToDtTm></FrToDt>",
    )
    assert [line.booked_on for line in lines(created)] == [date(2026, 11, 5)]
    assert [line.booked_on for line in lines(period)] == [date(2026, 11, 4)]
    assert [code for _line, code in problems(bare)] == ["date_missing"]


def test_a_balance_without_a_side_is_read() -> None:
    data = camt("02", entry("5.00"), "1.00", "6.00").replace(b"<CdtDbtInd>CRDT</CdtDbtInd><Dt>", b"<Dt>")
    assert ([each.opening_minor for each in opened(data)], [each.closing_minor for each in closed(data)]) == (
        [100],
        [600],
    )
    assert problems(data) == []


OURS = "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy><Ownr><Nm>We GmbH</Nm></Ownr></Acct>"


def who(data: bytes) -> list[tuple[str, str]]:
    """Who paid or was paid, by name and account."""
    text = re.sub(r"<Acct>.*?</Acct>", OURS, data.decode(), count=1)
    return [(each.payer_name, each.payer_account) for each in lines(text)]


KUNDE, WE = ("Kunde AG", "DE51508800500190038900"), ("We GmbH", "DE89370400440532013000")
RETURNED = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


@pytest.mark.parametrize(
    ("side", "debtor", "creditor", "more"),
    [
        ("CRDT", KUNDE, WE, ""),
        ("CRDT", KUNDE, ("", ""), ""),
        ("DBIT", WE, KUNDE, ""),
        ("DBIT", KUNDE, WE, RETURNED),  # a direct debit of ours that bounced
        ("DBIT", WE, KUNDE, RETURNED),  # the same, by a bank that turns the parties round
        ("CRDT", WE, KUNDE, RETURNED),  # a transfer of ours that came back
        ("CRDT", KUNDE, WE, RETURNED),
        ("DBIT", KUNDE, ("We GmbH", ""), RETURNED),
        ("DBIT", KUNDE, ("", ""), RETURNED),
        ("DBIT", KUNDE, ("", ""), ""),  # a correction that names the debtor alone
    ],
)
def test_the_other_party_is_never_ourselves(
    side: str, debtor: tuple[str, str], creditor: tuple[str, str], more: str
) -> None:
    detail = payment("", debtor=debtor, creditor=creditor, more=more)
    assert who(camt("02", entry("5.00", side=side, more=f"<NtryDtls>{detail}</NtryDtls>"))) == [KUNDE]


def test_a_return_is_marked_with_its_reason_or_by_its_code() -> None:
    detail = payment("", debtor=KUNDE, more=RETURNED)
    (line,) = lines(camt("02", entry("5.00", side="DBIT", more=f"<NtryDtls>{detail}</NtryDtls>")))
    assert (line.is_return, line.return_reason) == (True, "AC04")
    for code in (
        "<Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn>",
        "<Prtry><Cd>NDDT+109+00914</Cd></Prtry>",
        "<Prtry><Cd>NRTI</Cd></Prtry>",
    ):
        (line,) = lines(camt("02", entry("5.00", side="DBIT", more=f"<BkTxCd>{code}</BkTxCd>")))
        assert line.is_return


def test_a_debit_within_a_batch_of_credits_has_its_payer() -> None:
    parts = payment("100.00", debtor=("Alpha", "DE1")) + payment("30.00", side="DBIT", debtor=KUNDE)
    data = camt("02", batch("70.00", parts))
    assert [(each.side * each.amount_minor, each.payer_name) for each in lines(data)] == [
        (100_00, "Alpha"),
        (-30_00, "Kunde AG"),
    ]


def test_a_batch_is_taken_apart_by_the_amounts_in_the_accounts_currency() -> None:
    def dollars(usd: str, eur: str, name: str) -> str:
        amounts = f'<AmtDtls><InstdAmt><Amt Ccy="USD">{usd}</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">{eur}</Amt></TxAmt></AmtDtls>'
        return payment("", debtor=(name, ""), head=f'<Amt Ccy="USD">{usd}</Amt>{amounts}')

    data = camt("04", batch("190.00", dollars("110.00", "100.00", "A") + dollars("99.00", "90.00", "B")))
    assert [(each.amount_minor, each.payer_name) for each in lines(data)] == [(100_00, "A"), (90_00, "B")]


@pytest.mark.parametrize(
    ("amount", "at_entry", "at_parts"),
    [
        ("297.50", "<Chrgs><Amt Ccy='EUR'>2.50</Amt></Chrgs>", ""),
        ("297.50", "<Chrgs><TtlChrgsAndTaxAmt Ccy='EUR'>2.50</TtlChrgsAndTaxAmt></Chrgs>", ""),
        ("297.50", "<Chrgs><Rcrd><Amt Ccy='EUR'>2.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>", ""),
        ("295.00", "", "<Chrgs><Rcrd><Amt Ccy='EUR'>2.50</Amt></Rcrd></Chrgs>"),
    ],
)
def test_a_batch_net_of_charges_is_taken_apart_with_the_charges_beside(
    amount: str, at_entry: str, at_parts: str
) -> None:
    parts = payment("100.00", debtor=("A", ""), more=at_parts) + payment("200.00", debtor=("B", ""), more=at_parts)
    found = lines(camt("04", batch(amount, parts, head=at_entry)))
    assert [(each.side * each.amount_minor, each.payer_name) for each in found[:2]] == [(100_00, "A"), (200_00, "B")]
    assert (found[2].side, found[2].payer_name) == (-1, "")
    assert sum(each.side * each.amount_minor for each in found) == round(float(amount) * 100)


def test_the_fee_of_a_bounced_direct_debit_stands_apart_from_the_claim() -> None:
    detail = payment(
        "",
        debtor=KUNDE,
        more=RETURNED,
        head="<AmtDtls><InstdAmt><Amt Ccy='EUR'>100.00</Amt></InstdAmt><TxAmt><Amt Ccy='EUR'>103.00</Amt></TxAmt></AmtDtls>"
        "<Chrgs><Amt Ccy='EUR'>3.00</Amt></Chrgs>",
    )
    claim, fee = lines(camt("02", entry("103.00", side="DBIT", more=f"<NtryDtls>{detail}</NtryDtls>")))
    assert (claim.side * claim.amount_minor, claim.payer_name, claim.is_return) == (-100_00, "Kunde AG", True)
    assert (fee.side * fee.amount_minor, fee.payer_name, fee.is_return) == (-3_00, "", False)


def test_a_batch_that_stays_one_line_keeps_a_payer_that_all_its_parts_share() -> None:
    parts = "".join(payment("", debtor=KUNDE, text=f"RE-{n}") for n in (1, 2))
    (line,) = lines(camt("04", batch("50.00", parts)))
    assert (line.payer_name, line.payer_account, line.remittance) == (*KUNDE, "RE-1 RE-2")
    mixed = payment("", debtor=KUNDE) + payment("", debtor=("Other", "DE2"))
    (line,) = lines(camt("04", batch("50.00", mixed)))
    assert (line.payer_name, line.payer_account) == ("", "")


def structured(*documents: tuple[str, str]) -> str:
    """Structured remittance: numbers with their amounts."""
    return "".join(
        f"<Strd><RfrdDocInf><Nb>{number}</Nb></RfrdDocInf><RfrdDocAmt>{amounts}</RfrdDocAmt></Strd>"
        for number, amounts in documents
    )


def eur(name: str, amount: str) -> str:
    """An amount element."""
    return f"<{name} Ccy='EUR'>{amount}</{name}>"


@pytest.mark.parametrize(
    ("amount", "documents", "split"),
    [
        # Less a credit note of 50: the remitted amount before it ...
        (
            "500.00",
            [("RE-1", eur("RmtdAmt", "300.00")), ("RE-2", eur("RmtdAmt", "250.00") + eur("CdtNoteAmt", "50.00"))],
            (("RE-1", 300_00), ("RE-2", 200_00)),
        ),
        # ... or behind it.
        (
            "550.00",
            [("RE-1", eur("RmtdAmt", "300.00")), ("RE-2", eur("RmtdAmt", "250.00") + eur("CdtNoteAmt", "50.00"))],
            (("RE-1", 300_00), ("RE-2", 250_00)),
        ),
        # A credit note named by its own number.
        (
            "500.00",
            [
                ("RE-1", eur("RmtdAmt", "300.00")),
                ("RE-2", eur("RmtdAmt", "250.00")),
                ("GS-5", eur("CdtNoteAmt", "50.00")),
            ],
            (("RE-1", 300_00), ("RE-2", 250_00), ("GS-5", -50_00)),
        ),
        # What was due less a discount.
        ("98.00", [("RE-1", eur("DuePyblAmt", "100.00") + eur("DscntApldAmt", "2.00"))], (("RE-1", 98_00),)),
        # A part of the payment, the rest without designation.
        ("500.00", [("RE-1", eur("RmtdAmt", "300.00"))], (("RE-1", 300_00),)),
        # More than was paid is no split.
        ("200.00", [("RE-1", eur("RmtdAmt", "300.00"))], ()),
        ("200.00", [("RE-1", "<RmtdAmt Ccy='USD'>200.00</RmtdAmt>")], ()),
    ],
)
def test_the_payers_own_split_is_kept(
    amount: str, documents: list[tuple[str, str]], split: tuple[tuple[str, int], ...]
) -> None:
    detail = payment("", debtor=KUNDE, text="", more=f"<RmtInf>{structured(*documents)}</RmtInf>")
    (line,) = lines(camt("08", entry(amount, more=f"<NtryDtls>{detail}</NtryDtls>")))
    assert line.split == split
    assert line.remittance == " ".join(number for number, _amounts in documents)
