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
        (":61:261302C250,00NTRFA", "not_a_date"),
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
        "cmxl_mt940.sta": (16, 0),  # some in DEM: read, and refused when they are to be booked
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


def one(line_61: str, *text: str, head: str = ":60F:C260101EUR1000,00") -> str:
    """A statement of one movement."""
    return "\n".join(
        [":20:X", ":25:DE89370400440532013000", ":28C:1/1", head, line_61, *text, ":62F:C260103EUR1000,00", "-"]
    )


@pytest.mark.parametrize(
    ("line_61", "signed"),
    [
        (":61:260102    DD10,00NMSC", -10_00),
        (":61:2601020102DD10,00NMSC", -10_00),
        (":61:260102CR10,00NTRF", 10_00),
        (":61:260102    RC10,00NTRF", -10_00),
        (":61:260102 C10,00NTRF", 10_00),
    ],
)
def test_blanks_may_stand_for_the_entry_date_and_a_letter_for_the_fund(line_61: str, signed: int) -> None:
    (line,) = lines(one(line_61))
    assert (line.side * line.amount_minor, line.booked_on) == (signed, date(2026, 1, 2))


def test_a_line_of_a_dash_within_a_text_is_text() -> None:
    text = one(
        ":61:2601020102C10,00NTRFNONREF",
        ":86:Rechnung RE-1",
        "-",
        "Rest folgt",
        ":61:2601030103C5,00NTRFNONREF",
        ":86:b",
    )
    first, second = lines(text)
    assert first.remittance == "Rechnung RE-1 - Rest folgt"
    assert second.amount_minor == 5_00
    assert [each.closing_minor for each in closed(text)] == [1000_00]


def test_a_dash_behind_a_text_ends_the_message_where_another_begins_or_nothing_follows() -> None:
    head = ":20:X\n:25:1\n:28C:1\n:60F:C260101EUR0,00\n:61:2601020102C10,00NTRFNONREF\n:86:RE-1\n-\n"
    for text in (head, head + "BANKNL2A\n940\n" + head, head + "{1:F01}{4:\n" + head):
        assert {each.remittance for each in lines(text)} == {"RE-1"}
        assert len(opened(text)) == len(closed(text)) == len(lines(text))


MT942 = """:20:INTRADAY
:25:DE89370400440532013000
:28C:7/1
:34F:USD0,00
:13D:2601021200+0100
:61:260102C10,00NTRFNONREF
:86:booked
:61:260102EC20,00NTRFNONREF
:86:expected
:61:260102ED30,00NTRFNONREF
:86:expected too
:90C:2USD30,00
-
"""


def test_what_is_only_expected_is_pending_and_the_report_names_its_currency() -> None:
    found = [(each.side * each.amount_minor, each.status, each.currency) for each in lines(MT942)]
    assert found == [(10_00, "booked", "USD"), (20_00, "pending", "USD"), (-30_00, "pending", "USD")]


@pytest.mark.parametrize(
    "rest", ["NTRFNONREF", "NTRFNON REF", "NOV NONREF", "NTRFNOTPROVIDED", "NTRFNONREF//NONREF", "NTRF0000000", "NTRF"]
)
def test_a_word_for_no_reference_is_none(rest: str) -> None:
    (line,) = lines(one(f":61:2601020102C10,00{rest}", ":86:/EREF/NOTPROVIDED//REMI/USTD//"))
    assert (line.bank_reference, line.end_to_end_id, line.remittance) == ("", "", "")


def test_codes_without_a_value_between_others_leave_nothing_of_themselves() -> None:
    (line,) = lines(one(":61:2601020102C10,00NTRFNONREF", ":86:/REMI/USTD//Factuur 2026-7/NAME/Jansen BV"))
    assert (line.remittance, line.payer_name) == ("Factuur 2026-7", "Jansen BV")


@pytest.mark.parametrize(
    ("purpose", "account", "text"),
    [
        ("IBAN: siehe Rechnung RE-1", "", "IBAN: siehe Rechnung RE-1"),
        ("SVWZ+RE-1 IBAN: siehe Rechnung", "", "RE-1 IBAN: siehe Rechnung"),
        ("SVWZ+RE-1 BIC: unbekannt", "", "RE-1 BIC: unbekannt"),
        ("RE-1 IBAN: DE89370400440532013000", "DE89370400440532013000", "RE-1"),
        ("RE-1 IBAN: DE89 3704 0044 0532 0130 00 Danke", "DE89370400440532013000", "RE-1 Danke"),
        ("SVWZ+RE-1 IBAN+DE89370400440532013000 BIC+COBADEFFXXX", "DE89370400440532013000", "RE-1"),
    ],
)
def test_a_sentence_with_the_word_iban_is_no_account(purpose: str, account: str, text: str) -> None:
    pieces = [purpose[at : at + 27] for at in range(0, len(purpose), 27)]
    subfields = "".join(f"?{20 + at}{piece}" for at, piece in enumerate(pieces))
    (line,) = lines(one(":61:2601020102C10,00NTRFNONREF", f":86:166?00GUTSCHRIFT{subfields}?32Kunde"))
    assert (line.payer_account, line.remittance) == (account, text)


def test_an_account_number_loses_the_apostrophe_that_kept_it_a_text() -> None:
    (line,) = lines(one(":61:2601020102C10,00NTRFNONREF", ":86:166?00GUTSCHRIFT?20RE-1?31'00123456?32Kunde"))
    assert line.payer_account == "00123456"


@pytest.mark.parametrize(
    ("line_61", "text", "reason"),
    [
        (":61:2601020102D10,00NRTINONREF", ":86:zurueck", ""),
        (":61:2601020102D10,00NTRFNONREF", ":86:109?00RUECKLASTSCHRIFT?20RE-1?32Kunde AG?34914", "914"),
        (":61:2601020102C10,00NTRFNONREF", ":86:/RTRN/AC04/NAME/Lieferant", "AC04"),
    ],
)
def test_what_the_bank_sends_back_is_a_return(line_61: str, text: str, reason: str) -> None:
    (line,) = lines(one(line_61, text))
    assert (line.is_return, line.return_reason) == (True, reason)


def test_a_name_behind_nonref_is_no_part_of_the_reference() -> None:
    text = MT940.replace("NTRFINV-2026-001//BANKREF1", "NTRFNONREF          KUNDE AG")
    assert lines(text)[0].end_to_end_id == "END-TO-END-1"
    assert lines(text)[0].bank_reference == "KUNDE AG"
