"""camt.053: one line per payment where the bank gives it apart, the debtor by name in old and new versions."""

from __future__ import annotations

from datetime import date

import pytest

from ar.receipts.bank.formats.events import Refused
from tests.ar.receipts.bank.samples import CAMT_02, CAMT_08, camt, closed, entry, lines, opened, problems


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


def test_another_message_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="bank_file_version"):
        lines(CAMT_02.replace(b"camt.053.001.02", b"camt.052.001.02"))


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
