"""MT940: who paid how much and for what is read from the dialects of the banks; what is wrong is named by its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ar.receipts.bank.formats.events import Refused
from kernel.sheets import TableRefused
from tests.ar.receipts.bank.samples import MT940, MT940_CHINESE, closed, events, lines, opened, problems


def test_a_german_statement_gives_payer_account_purpose_and_references() -> None:
    first = lines(MT940)[0]
    assert (first.booked_on, first.side, first.amount_minor, first.currency) == (date(2026, 11, 2), 1, 250_00, "EUR")
    assert first.payer_name == "Mueller und Soehne Import und Export GmbH"
    assert first.payer_account == "DE51508800500190038900"
    assert first.remittance == "Rechnung INV-2026-001"
    assert (first.end_to_end_id, first.bank_reference) == ("END-TO-END-1", "BANKREF1")


def test_money_out_and_a_taken_back_credit_reduce_the_balance() -> None:
    movements = [(each.side * each.amount_minor, each.is_reversal) for each in lines(MT940)]
    assert movements == [(250_00, False), (-100_50, False), (-50_00, True)]


def test_a_day_that_does_not_exist_is_named_by_its_line_and_the_rest_is_read() -> None:
    assert problems(MT940) == [(11, "no_such_day")]
    assert len(lines(MT940)) == 3


def test_opening_and_closing_balance_are_told() -> None:
    assert [(each.account_no, each.opening_minor) for each in opened(MT940)] == [("50880050/0194774600888", 1000_00)]
    assert [each.closing_minor for each in closed(MT940)] == [1105_50]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_chinese_names_are_read_in_the_encodings_that_chinese_banks_use(encoding: str) -> None:
    line = lines(MT940_CHINESE.encode(encoding))[0]
    assert line.payer_name == "深圳鑫晟电子有限公司"
    assert line.remittance == "货款 INV-2026-000017"
    assert line.bank_reference == "GY2026110200017"


def test_a_western_statement_is_not_taken_for_chinese() -> None:
    text = MT940.replace("Strom", "Müller für Büro und Gebühr").encode("cp1252")
    assert lines(text)[1].remittance == "Müller für Büro und Gebühr"


def test_an_entry_date_without_year_lies_next_to_its_value_date() -> None:
    text = MT940.replace(":61:2611021102C", ":61:2601021231C")
    assert lines(text)[0].booked_on == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (":61:2611021102X250,00NTRFA", "not_a_movement"),
        (":61:2611021102C250,123NTRFA", "too_many_decimals"),
        (":61:2611021102C0,00NTRFA", "nothing_moved"),
        (":61:", "not_a_movement"),
        (":61:261302C250,00NTRFA", "no_such_day"),
    ],
)
def test_a_movement_that_cannot_be_read_is_named_and_its_neighbours_are_kept(wrong: str, code: str) -> None:
    text = MT940.replace(":61:2611021102C250,00NTRFINV-2026-001//BANKREF1", wrong)
    assert problems(text)[0] == (6, code)
    assert len(lines(text)) == 2


def test_noughts_and_binary_characters_do_not_stop_the_reading() -> None:
    text = MT940.replace("Strom", "Str\x00om\x01\x1b").encode() + b"\x03"
    assert lines(text)[1].remittance == "Strom"


def test_a_point_is_a_decimal_mark_where_no_comma_stands_and_parts_thousands_where_one_does() -> None:
    assert lines(MT940.replace("C250,00N", "C250.00N"))[0].amount_minor == 250_00
    assert lines(MT940.replace("C250,00N", "C1.250,00N"))[0].amount_minor == 1250_00
    assert problems(MT940.replace("C250,00N", "C1.250N"))[0] == (6, "ambiguous_amount")


def test_a_long_file_of_nothing_is_judged_at_once() -> None:
    with pytest.raises((Refused, TableRefused)):
        events(b"\n" * 60_000 + b":20:" + b"\n " * 200_000)


def test_an_amount_in_yen_has_no_decimals() -> None:
    text = MT940_CHINESE.replace("CNY", "JPY").replace("0,00\n", "0,\n").replace("88000,00", "88000,")
    assert lines(text)[0].amount_minor == 88_000


def test_the_samples_of_real_banks_are_read(data_folder: Path) -> None:
    counts = {}
    for path in sorted((data_folder / "bank").glob("mt940_*")):
        found = events(path.read_bytes())
        counts[path.name.split("_", 1)[1]] = (
            sum(type(each).__name__ == "Line" for each in found),
            sum(type(each).__name__ == "Problem" for each in found),
        )
    assert counts == {
        "ASNB_0708271685_09022020_164516.940.txt": (8, 0),
        "betterplace_sepa_mt9401.sta": (97, 0),
        "betterplace_with_binary_character.sta": (4, 0),
        "cmxl_mt940.sta": (16, 0),
        "jejik_abnamro.sta": (10, 0),
        "jejik_ing.sta": (7, 0),
        "jejik_postfinance.sta": (4, 0),
        "jejik_rabobank-iban.sta": (4, 0),
        "mBank_mt940.sta": (3, 0),
        "self-provided_february_30.sta": (0, 1),
    }


def test_the_many_statements_of_the_samples_agree_with_their_balances(data_folder: Path) -> None:
    for name in ("mt940_betterplace_sepa_mt9401.sta", "mt940_ASNB_0708271685_09022020_164516.940.txt"):
        data = (data_folder / "bank" / name).read_bytes()
        sums: dict[int, int] = {}
        for line in lines(data):
            sums[line.ref] = sums.get(line.ref, 0) + line.side * line.amount_minor
        ends = {each.ref: each.closing_minor for each in closed(data)}
        for head in opened(data):
            assert head.opening_minor is not None
            assert head.opening_minor + sums.get(head.ref, 0) == ends[head.ref]


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="bank_file_empty"):
        events(b" \r\n")
