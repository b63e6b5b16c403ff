"""Rates: the newest on or before a day holds, conversion is exact, and a missing rate is said, never guessed."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from ar.ledger.closing.commands import lock_through
from ar.ledger.closing.fx.rate_files import parse_rate, parse_rate_file
from ar.ledger.closing.fx.rates import NewRate, dated_rates, rate_on, rate_rows, rates_as_of, record_rates
from ar.ledger.rules.conversion import DatedRate, convert, total_in
from kernel.errors import RuleBroken
from kernel.sheets import Column, Sheet, write_xlsx
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World

OCT = date(2026, 10, 31)


def record_quotes(world: World, *rates: tuple[str, date, str]) -> int:
    with world.transaction() as db:
        new = [NewRate(currency, on, Decimal(rate), "中国货币网") for currency, on, rate in rates]
        return record_rates(db, world.actor(TODAY), new)


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "worth"),
    [
        (100_00, "USD", "7.1234", 712_34),
        (1, "USD", "0.5", 1),  # 0.005 rounds up
        (-1, "USD", "0.5", -1),  # and away from zero below it
        (1, "USD", "0.4999999999", 0),
        (10_000, "JPY", "0.0475", 475_00),  # no decimals
        (1, "JPY", "0.0475", 5),  # 4.75 fen
        (1_234, "KWD", "23.1", 28_51),  # three decimals: 1.234 KWD = 28.5054 yuan
        (10**14, "USD", "7.1234567891", 712_345_678_910_000),
        (0, "USD", "7", 0),
    ],
)
def test_amounts_are_converted_exactly_and_rounded_once(minor: int, currency: str, rate: str, worth: int) -> None:
    assert convert(minor, currency, "CNY", Decimal(rate)) == worth


def test_into_a_currency_without_decimals() -> None:
    assert convert(100_50, "CNY", "JPY", Decimal("21.5")) == 2_161  # 2160.75


def test_a_total_is_unknown_while_a_rate_is_missing() -> None:
    rates = {"USD": DatedRate(Decimal("7.1"), OCT)}
    known = total_in({"CNY": 100_00, "USD": 10_00, "EUR": 0}, rates, "CNY", TODAY)
    assert known.minor == 171_00
    assert [line.currency for line in known.lines] == ["CNY", "USD"]
    unknown = total_in({"CNY": 100_00, "EUR": 1}, rates, "CNY", TODAY)
    assert (unknown.minor, unknown.missing) == (None, ("EUR",))
    assert not total_in({"CNY": 5}, {}, "CNY", TODAY).foreign


def test_the_newest_on_or_before_a_day_holds_and_the_last_recorded_of_it(world: World) -> None:
    record_quotes(world, ("USD", date(2026, 9, 30), "7.0"), ("USD", OCT, "7.1"), ("EUR", OCT, "7.8"))
    record_quotes(world, ("USD", OCT, "7.15"))
    with world.reading() as db:
        tenant = world.tenant_id
        assert rates_as_of(db, tenant, date(2026, 9, 29)) == {"CNY": 1}
        assert rates_as_of(db, tenant, date(2026, 10, 30)) == {"CNY": 1, "USD": Decimal("7.0")}
        assert rates_as_of(db, tenant, TODAY) == {"CNY": 1, "USD": Decimal("7.15"), "EUR": Decimal("7.8")}
        assert dated_rates(db, tenant, TODAY)["USD"].rate_on == OCT
        assert rate_on(db, tenant, "USD", date(2026, 9, 1)) is None
        rows, total = rate_rows(db, tenant, currency="USD", offset=0, limit=10)
    assert total == 3
    assert [(row.rate, row.in_force) for row in rows] == [
        (Decimal("7.15"), True),
        (Decimal("7.1"), False),
        (Decimal("7.0"), True),
    ]


def test_what_holds_already_is_not_recorded_again(world: World) -> None:
    assert record_quotes(world, ("USD", OCT, "7.1"), ("EUR", OCT, "7.8")) == 2
    assert record_quotes(world, ("USD", OCT, "7.10"), ("EUR", OCT, "7.9")) == 1


@pytest.mark.parametrize(
    ("currency", "on", "rate", "code"),
    [
        ("XXQ", OCT, "7", "currency_unknown"),
        ("CNY", OCT, "1", "rate_own_currency"),
        ("USD", OCT, "0", "rate_out_of_range"),
        ("USD", OCT, "-7", "rate_out_of_range"),
        ("USD", OCT, "NaN", "rate_out_of_range"),
        ("USD", OCT, "7.12345678901", "rate_out_of_range"),
        ("USD", OCT, "1e99", "rate_out_of_range"),
        ("USD", date(2026, 11, 21), "7", "rate_in_future"),
    ],
)
def test_what_is_no_rate_is_refused(world: World, currency: str, on: date, rate: str, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        record_quotes(world, (currency, on, rate))
    assert refused.value.code == code


def test_a_rate_of_a_locked_period_stays_as_it_was(world: World) -> None:
    record_quotes(world, ("USD", OCT, "7.1"))
    with world.transaction() as db:
        lock_through(db, world.actor(TODAY), OCT)
    with pytest.raises(RuleBroken) as refused:
        record_quotes(world, ("USD", OCT, "7.2"))
    assert refused.value.code == "period_locked"


@pytest.mark.parametrize(
    ("text", "units", "rate"),
    [
        ("7.1234", "1", Decimal("7.1234")),
        (" 4.75 ", "100", Decimal("0.0475")),
        ("7,1", "1", None),
        ("seven", "1", None),
        ("7.1", "1000", None),
        ("-7", "1", None),
        ("7.12345678901", "1", None),
    ],
)
def test_a_rate_is_read_or_refused(text: str, units: str, rate: Decimal | None) -> None:
    assert parse_rate(text, units) == rate


def test_a_file_in_chinese_for_a_hundred_units(world: World) -> None:
    text = "外汇牌价\n币种,日期,中间价,单位,来源\n美元,2026-10-31,712.34,100,中行\nJPY,20261031,4.75,100,\n"
    found = parse_rate_file(text.encode("gb18030"), "rates.csv")
    assert found.errors == ()
    assert [(r.currency, r.rate_on, r.rate) for r in found.rates] == [
        ("USD", OCT, Decimal("7.1234")),
        ("JPY", OCT, Decimal("0.0475")),
    ]


def test_a_workbook_is_read_like_a_csv() -> None:
    book = write_xlsx([Sheet("x", [Column(c) for c in ("Currency", "Date", "Rate")], [["USD", "2026-10-31", "7.1"]])])
    assert parse_rate_file(book, "rates.xlsx").rates == (NewRate("USD", OCT, Decimal("7.1")),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "currency,date,rate\nUSD,2026-13-01,7\nXX,2026-10-31,7\nUSD,2026-10-31,x\n",
            "Row 2: “2026-13-01” is not a date.",
        ),
        ("currency,rate\nUSD,7\n", "The file has no column date."),
        ("%PDF-1.7", "This is neither a CSV file nor an XLSX workbook."),
    ],
)
def test_a_file_with_a_fault_says_where(text: str, said: str) -> None:
    found = parse_rate_file(text.encode(), "rates.csv")
    assert found.errors[0] == said


def page_text(world: World, path: str, role: str = "accountant") -> str:
    answer = world.client(role).get(world.url(path))
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def invoices_in_two_currencies(world: World) -> tuple[World, UUID]:
    world = world.on(date(2026, 11, 21))
    customer = world.customer()
    world.invoice(customer, number="I-CNY", on=OCT, minor=100_00)
    world.invoice(customer, number="I-USD", on=OCT, minor=1_000_00, currency="USD")
    return world, customer


def test_pages_say_the_total_or_which_rate_is_missing(world: World) -> None:
    _books, customer = invoices_in_two_currencies(world)
    for path in ("/", "/aging/", f"/customers/{customer}"):
        assert "no rate for USD by" in page_text(world, path), path
    record_quotes(world, ("USD", OCT, "7.1234"))
    for path in ("/", "/aging/", f"/customers/{customer}"):
        page = page_text(world, path)
        assert "no rate for" not in page, path
        assert "7,223.40" in page, path  # 100.00 + 1,000.00 × 7.1234
    assert "7.1234" in page_text(world, "/aging/")


def test_the_aging_export_bears_total_and_rates(world: World) -> None:
    invoices_in_two_currencies(world)
    record_quotes(world, ("USD", OCT, "7.1234"))
    answer = world.client().get(world.url("/aging/export.xlsx"))
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    cells = [str(cell) for row in book.get_sheet_by_index(0).iter_rows() for cell in row]
    assert "Total in CNY: 7223.40; USD 7.1234 (2026-10-31)" in cells


def test_the_page_records_a_rate_and_keeps_what_was_typed_wrong(world: World) -> None:
    client, url = world.client(), world.url("/books/rates")
    assert (
        client.post(
            url, data={"currency": "usd", "rate_on": "2026-10-31", "rate": "712.34", "units": "100"}
        ).status_code
        == 303
    )
    assert "7.1234" in client.get(url).get_data(as_text=True)
    wrong = client.post(url, data={"currency": "USD", "rate_on": "2026-10-31", "rate": "7,12", "units": "1"})
    assert wrong.status_code == 422
    assert "“7,12” is not a rate" in wrong.get_data(as_text=True)
    assert 'value="7,12"' in wrong.get_data(as_text=True)
    assert client.post(url, data={}).status_code == 422


def test_the_page_takes_a_file_whole_or_not_at_all(world: World) -> None:
    client, url = world.client(), world.url("/books/rates/file")

    def send(text: str) -> tuple[int, str]:
        answer = client.post(url, data={"file": (io.BytesIO(text.encode()), "rates.csv")})
        return answer.status_code, answer.get_data(as_text=True)

    status, page = send("currency,date,rate\nUSD,2026-10-31,7.1\nEUR,x,7\n")
    assert status == 422
    assert "Row 3: “x” is not a date." in page
    with world.reading() as db:
        assert rate_rows(db, world.tenant_id, currency=None, offset=0, limit=1)[1] == 0
    assert send("currency,date,rate\nUSD,2026-10-31,7.1\n")[0] == 303
    assert send("")[0] == 422
    assert client.post(url).status_code == 422


def test_who_may_not_book_sees_rates_and_adds_none(world: World) -> None:
    assert "Add a rate" not in page_text(world, "/books/rates", "auditor")
    client = world.client("auditor")
    assert client.post(world.url("/books/rates"), data={}).status_code == 403
    assert client.post(world.url("/books/rates/file"), data={}).status_code == 403


def test_rates_of_another_company_are_not_seen(world: World, other_company: TestCompany) -> None:
    record_quotes(other_company, ("USD", OCT, "7.1"))
    with world.reading() as db:
        assert rates_as_of(db, world.tenant_id, TODAY) == {"CNY": 1}
