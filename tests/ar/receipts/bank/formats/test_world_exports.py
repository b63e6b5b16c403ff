"""Exports of banks that nobody has prepared for, of many countries, are read right, or have a way out."""

from __future__ import annotations

import pytest

from ar.receipts.bank.formats.events import Line, Opened, Question, Source
from ar.receipts.bank.formats.tables.targets import sample_of
from ar.receipts.bank.line_import import recognise_format
from tests.ar.receipts.bank.formats.test_table_questions import answered, moved, questions
from tests.ar.receipts.bank.formats.world_exports import WORLD, Export
from tests.ar.receipts.bank.samples import events, lines, opened, problems


@pytest.mark.parametrize("export", WORLD.values(), ids=WORLD)
def test_an_export_is_read_with_its_directions_and_no_question(export: Export) -> None:
    found = events(export.text.encode(export.encoding))
    assert [each for each in found if isinstance(each, Question)] == []
    assert moved(found) == export.booked


@pytest.mark.parametrize(
    ("name", "payer", "text"),
    [
        ("starling", "Client Ltd", "RE-1"),
        ("nordea_fi", "Asiakas Oy", "RE-1"),
        ("mbank", "KLIENT SA", "PRZELEW ZEWNĘTRZNY PRZYCHODZĄCY"),
        ("volksbank_old", "We GmbH", "RE-1"),
        ("cathay_tw", "", "匯入 客戶"),
    ],
)
def test_the_payer_and_the_purpose_are_read_in_their_letters(name: str, payer: str, text: str) -> None:
    export = WORLD[name]
    first = next(each for each in events(export.text.encode(export.encoding)) if isinstance(each, Line))
    assert first.payer_name == payer
    assert text in first.remittance


@pytest.mark.parametrize(
    ("name", "account_no", "currency"),
    [
        ("ubs", "CH9300762011623852957", "CHF"),
        ("postfinance", "CH9300762011623852957", "CHF"),
        ("barclays", "20-00-00 12345678", "CNY"),
        ("nationwide", "", "GBP"),
        ("schwab", "", "USD"),
        ("nordea_se", "", "SEK"),
        ("caixa", "", "EUR"),
    ],
)
def test_account_and_currency_are_read_where_a_title_or_an_amount_says_them(
    name: str, account_no: str, currency: str
) -> None:
    (account,) = opened(WORLD[name].text)
    assert (account.account_no, account.currency) == (account_no, currency)


def test_a_dollar_sign_is_that_of_the_account_where_it_is_kept_in_dollars() -> None:
    data = b"Date,Description,Withdrawal,Deposit\n14 Nov 2026,POWER,$95.20,\n"
    bank_format, _code, encoding = recognise_format(data, "")
    found = list(bank_format.parse(Source(data, encoding, currency_of=lambda _number: "HKD")))
    assert [(each.currency, each.currency_stated) for each in found if isinstance(each, Opened)] == [("HKD", False)]


@pytest.mark.parametrize(
    "text",
    [
        '13/11/2026,CLIENT LTD RE-1,"1,250.00"\n14/11/2026,BT,"-95.20"\n',
        '"11/13/2026","1250.00","*","","CLIENT INC RE-1"\n"11/14/2026","-95.20","*","","POWER CO"\n',
        '13.11.2026;"KUNDE AG RE-1";13.11.2026;1.250,00;EUR;;\n14.11.2026;"STROM";14.11.2026;-95,20;EUR;;\n',
    ],
    ids=["hsbc", "wells-fargo", "raiffeisen-elba"],
)
def test_a_file_without_headers_loses_no_row_and_is_mapped_by_number(text: str) -> None:
    assert [code for _row, code, _word in questions(text)] == ["columns_unknown"]
    sample = sample_of(text.encode())
    guessed = {each.target: sample.headers[each.place] for each in sample.guesses if each.target}
    assert sample.header_row == 0
    assert {"booked_on", "amount", "text"} <= guessed.keys()
    found = answered(text, columns={name: guessed[name] for name in ("booked_on", "amount", "text")})
    assert moved(found) == [1250_00, -95_20]
    first = next(each for each in found if isinstance(each, Line))
    assert (first.booked_on.isoformat(), "RE-1" in first.remittance) == ("2026-11-13", True)


def test_a_first_row_that_is_a_movement_can_be_called_a_header_and_none_can_be_said() -> None:
    text = "A,B,C\n13/11/2026,CLIENT,100.00\n"
    told = {"columns": {"booked_on": "#1", "text": "#2", "amount": "#3"}, "sign": "in_positive"}
    assert moved(answered(text, **told)) == [100_00]
    rows = "13/11/2026,CLIENT,100\n14/11/2026,CLIENT,50\n"
    assert moved(answered(rows, header_row=0, **told)) == [100_00, 50_00]


def test_letters_of_an_unknown_encoding_are_no_refusal() -> None:
    """Where no header is known in any encoding, the page shows the file and a person says the encoding."""
    text = "Дата операции;Сумма операции;Назначение\n13.11.2026;1250,00;Оплата по счёту\n"
    assert [code for _row, code, _word in questions(text)] == ["columns_unknown"]
    data = text.encode("cp1251")
    assert [each.code for each in events(data) if isinstance(each, Question)] == ["columns_unknown"]


def test_a_row_that_waits_under_the_day_is_not_booked() -> None:
    text = "Buchungstag;Buchungstext;Betrag\noffen;Karte;-5,00\n13.11.2026;Kunde;10,00\n"
    assert problems(text) == [(2, "not_booked_yet")]
    assert [each.amount_minor for each in lines(text)] == [10_00]


def test_a_refused_payment_is_no_money_in_any_language() -> None:
    rows = "\n".join(f"1{at}/11/2026;-5,00;x;{word}" for at, word in enumerate(["Accepté", "Refusé", "Annulée"], 3))
    assert moved(events(f"Date d'exécution;Montant;Communication;Statut\n{rows}\n")) == [-5_00]


def test_a_mark_that_only_some_rows_have_is_asked() -> None:
    """Card statements write CR beside payments and nothing beside purchases."""
    text = "Date Processed,Description,Amount,\n12-Dec-2026,SHOP,£18.89,\n13-Dec-2026,PAYMENT,£100.00,CR\n"
    assert [code for _row, code, _word in questions(text)] == ["direction_unclear"]


def test_a_text_that_goes_on_in_the_next_rows_is_no_row_and_not_dropped() -> None:
    """OCBC writes who paid and for what below the movement; a balance or a total there is no text of it."""
    text = (
        "Transaction date,Value date,Description,Withdrawals (SGD),Deposits (SGD)\n"
        '15/01/2026,15/01/2026,FAST PAYMENT,,"1,000.00"\n,,from ACME PTE LTD,,\n,,OTHR INV-3,,\n'
        "16/01/2026,16/01/2026,CHARGES,10.00,\n,,Balance carried forward,,\n"
    )
    assert [(each.position, each.remittance) for each in lines(text)] == [
        (2, "FAST PAYMENT from ACME PTE LTD OTHR INV-3"),
        (5, "CHARGES"),
    ]
    assert problems(text) == []


def test_a_text_does_not_go_on_over_a_gap_or_a_row_that_says_more() -> None:
    text = (
        "Date,Description,Withdrawal,Deposit,Balance\n"
        "15 Jan 2026,CLIENT,,100.00,100.00\n\n,after a gap,,,\n16 Jan 2026,FEES,5.00,,95.00\n,with a balance,,,95.00\n"
    )
    assert [each.remittance for each in lines(text)] == ["CLIENT", "FEES"]
