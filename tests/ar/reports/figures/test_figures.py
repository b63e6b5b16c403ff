"""Key figures: the worked example through real books, as of any month, n/a where there is nothing to divide by."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ar.bills.inputs import ReceiveBill
from ar.bills.receiving import receive_bill
from ar.ledger.books.posting import post_entry
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.commands import lock_through
from ar.ledger.receivables.settlement.inputs import ChangeLedgerSettings
from ar.ledger.receivables.settlement.write_offs import change_settings
from ar.receipts.posting.bulk_posting import NewReceipt, post_receipts
from ar.reports.aging.queries import aging_report
from ar.reports.figures.queries import Figures, figures
from kernel.clock import fixed_clock, moment_on
from tests.support.statements import counted
from tests.support.world import World

TODAY = date(2026, 6, 20)
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def figures_of(world: World, from_on: date, to_on: date, currency: str = "CNY") -> Figures:
    with world.reading() as db:
        return figures(db, world.tenant_id, from_on, to_on, currency, "CNY")


@pytest.fixture
def quarter_sold(world: World) -> None:
    """January 450,000, February 350,000, March 400,000 sold; 300,000 paid on 15 March: 900,000 stand."""
    world = world.on(TODAY)
    one = world.customer()
    first = world.invoice(one, number="JAN", on=date(2026, 1, 5), minor=450_000_00, due_on=date(2026, 3, 10))
    world.invoice(one, number="FEB", on=date(2026, 2, 5), minor=350_000_00, due_on=date(2026, 4, 10))
    world.invoice(one, number="MAR", on=date(2026, 3, 5), minor=400_000_00, due_on=date(2026, 5, 10))
    world.allocate(first, world.receipt(one, number="R", on=date(2026, 3, 15), minor=300_000_00), minor=300_000_00)


@pytest.mark.usefixtures("quarter_sold")
def test_the_month_is_worked_out_from_the_books(world: World) -> None:
    f = figures_of(world, *MARCH)
    assert (f.days, f.sales_minor, f.invoiced_minor, f.received_minor) == (31, 400_000_00, 400_000_00, 300_000_00)
    assert (f.start.owed_minor, f.end.owed_minor) == (800_000_00, 900_000_00)
    assert (f.end.current_minor, f.end.overdue_minor) == (750_000_00, 150_000_00)
    assert f.countback == Decimal("69.33")
    assert f.overdue_rate == Decimal("16.67")
    assert f.collection_rate == Decimal("75.00")
    assert f.dso == Decimal("69.75")  # 900 / 400 × 31
    assert f.best_possible == Decimal("58.13")  # 58.125 rounded half up
    assert f.delinquent == Decimal("11.63")  # 11.625 rounded half up
    assert f.effectiveness == Decimal("66.67")  # (800 + 400 − 900) / (800 + 400 − 750)
    assert f.share(f.end.buckets_minor[1]) == Decimal("16.67")


@pytest.mark.usefixtures("quarter_sold")
def test_the_same_month_seen_later_says_the_same(world: World) -> None:
    before = figures_of(world, *MARCH)
    customer = world.customer()
    late = world.receipt(customer, number="R-APRIL", on=date(2026, 4, 20), minor=150_000_00)
    with world.reading() as db:
        jan = aging_report(db, world.tenant_id, date(2026, 4, 30))
    assert jan.totals[0].unapplied_minor == 150_000_00
    world.invoice(customer, number="MAY", on=date(2026, 5, 2), minor=70_000_00)
    assert figures_of(world, *MARCH) == before
    april = figures_of(world, date(2026, 4, 1), date(2026, 4, 30))
    assert (april.end.owed_minor, april.end.unapplied_minor) == (900_000_00, 150_000_00)
    assert april.sales_minor == 0
    assert (april.dso, april.collection_rate, april.write_off_rate) == (None, None, None)
    assert april.countback == Decimal("99.33")  # April sold nothing: its thirty days count in full
    assert late


@pytest.mark.usefixtures("quarter_sold")
def test_reversals_credit_notes_and_refunds_count_against_their_kind(world: World) -> None:
    customer = world.customer()
    wrong = world.invoice(customer, number="WRONG", on=date(2026, 3, 8), minor=9_000_00)
    world.credit_note(customer, number="CN", on=date(2026, 3, 20), minor=40_000_00)
    paid = world.receipt(customer, number="R2", on=date(2026, 3, 21), minor=5_000_00)
    with world.transaction() as db:
        reverse_item(db, world.actor(TODAY), wrong, effective_on=date(2026, 3, 25))
        reverse_item(db, world.actor(TODAY), paid, effective_on=date(2026, 4, 2))
    march, april = figures_of(world, *MARCH), figures_of(world, date(2026, 4, 1), date(2026, 4, 30))
    assert (march.invoiced_minor, march.sales_minor, march.received_minor) == (400_000_00, 360_000_00, 305_000_00)
    assert april.received_minor == -5_000_00
    assert march.end.owed_minor == 900_000_00


def test_nothing_booked_gives_no_figure_at_all(world: World) -> None:
    f = figures_of(world, *MARCH)
    assert [f.overdue_rate, f.collection_rate, f.dso, f.best_possible, f.delinquent, f.effectiveness] == [None] * 6
    assert (f.allowance_minor, f.allowance_rate, f.write_off_rate) == (0, None, None)
    assert f.countback == Decimal("0.00")
    assert figures_of(world, *MARCH, "USD").allowance_minor is None


def test_claims_by_age_cause_and_pledge(world: World) -> None:
    world = world.on(TODAY)
    one = world.customer()
    world.document(one, kind="opening", number="O", on=date(2025, 3, 30), minor=100)
    world.invoice(one, number="YEAR", on=date(2025, 3, 31), minor=20)  # a year ago to the day is not more than a year
    world.document(one, kind="interest", number="I", on=date(2026, 3, 2), minor=3)
    world.invoice(one, number="USD", on=date(2026, 3, 2), minor=999, currency="USD")
    facts = {
        "customer_no": "00001",
        "number": "B-1",
        "kind": "bank",
        "drawer": "甲",
        "acceptor": "工行",
        "payee": "我司",
    }
    days = {"issued_on": date(2026, 2, 1), "matures_on": date(2026, 8, 1), "received_on": date(2026, 3, 3)}
    terms = {"currency": "CNY", "amount": "0.07", "pays": "none", "key": "figures-test-bill"}
    with world.transaction() as db:
        receive_bill(db, world.actor(TODAY), ReceiveBill.model_validate(facts | days | terms))
    f = figures_of(world, *MARCH)
    assert (f.end.owed_minor, f.end.long_minor, f.end.other_minor) == (123, 100, 3)
    assert (f.received_minor, f.pledged_minor) == (0, 0), "a bill is no money before it is paid"
    assert f.currencies == ("CNY", "USD")
    assert figures_of(world, *MARCH, "USD").end.owed_minor == 999


def test_a_pledged_bill_counts_from_its_pledge_until_it_is_back(world: World) -> None:
    world.on(TODAY).customer()
    bill = world.on(TODAY).bill(pays="none", amount="10.00")
    world.take_bill_step(bill, "pledge", on=date(2026, 5, 4))
    world.take_bill_step(bill, "return", on=date(2026, 6, 10))
    ends = [date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 20)]
    assert [figures_of(world, end.replace(day=1), end).pledged_minor for end in ends] == [0, 10_00, 0]


@pytest.mark.usefixtures("quarter_sold")
def test_allowance_and_write_offs_are_those_of_the_books(world: World) -> None:
    with world.transaction() as db:
        legs = [("bad_debt_expense", "CNY", 90_000_00, 0), ("allowance", "CNY", 0, 90_000_00)]
        post_entry(db, world.actor(TODAY), "provision", date(2026, 3, 31), legs, memo="PV")
    lost = world.document(world.customer(), kind="bad_debt", number="BD", on=date(2026, 3, 31), minor=4_000_00)
    march = figures_of(world, *MARCH)
    assert march.allowance_minor == 86_000_00  # the write-off is taken from the allowance
    assert march.allowance_rate == Decimal("9.56")
    assert march.write_off_rate == Decimal("1.00")
    assert figures_of(world, date(2026, 2, 1), date(2026, 2, 28)).allowance_minor == 0
    assert lost


@pytest.mark.usefixtures("quarter_sold")
@pytest.mark.parametrize("day", [date(2026, 3, 14), date(2026, 3, 31), date(2026, 5, 31)])
def test_receivables_are_those_of_the_aging_report(world: World, day: date) -> None:
    f = figures_of(world, day.replace(day=1), day)
    with world.reading() as db:
        (total,) = aging_report(db, world.tenant_id, day).totals
    assert f.end.buckets_minor == total.buckets_minor
    assert f.end.owed_minor - f.end.unapplied_minor == total.balance_minor


def test_the_cost_does_not_grow(world: World, engine: sa.Engine) -> None:
    world = world.on(TODAY)
    spent = []
    for customers in (1, 4):
        for number in range(customers):
            one = world.customer(f"{customers}{number}", f"客户{customers}{number}")
            world.invoice(one, number=f"I{customers}{number}", on=MARCH[0] + timedelta(days=number), minor=100)
        with counted(engine) as seen:
            figures_of(world, *MARCH)
        spent.append(len(seen))
    assert spent[0] == spent[1] <= 7


@pytest.mark.usefixtures("quarter_sold")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Key figures", "Overdue rate", "69.33 days", "n/a"]), ("zh_CN", ["69.33", "16.67%"])],
)
def test_the_page_shows_each_figure_with_its_formula(world: World, language: str, words: list[str]) -> None:
    client = world.client("auditor", language)
    with fixed_clock(moment_on(TODAY, world.timezone)):
        page = client.get(world.url("/figures/?month=2026-03&currency=cny"))
        text = page.get_data(as_text=True)
        assert page.status_code == 200
        for word in words:
            assert word in text
        assert "300,000.00 ÷ 400,000.00" in text
        assert "month=2026-04" in text
        for bad in ("2026-13", "2026-07", "0001-01", "x"):
            running = client.get(world.url(f"/figures/?month={bad}"))
            assert running.status_code == 200
            assert 'value="2026-06"' in running.get_data(as_text=True)
        for code in ("ZZZ", "%3Cx%3E", "1"):
            unknown = client.get(world.url(f"/figures/?month=2026-03&currency={code}"))
            assert unknown.status_code == 200, code


@pytest.mark.parametrize(
    ("today", "month"), [(date(2026, 6, 1), "2026-05"), (date(2026, 6, 5), "2026-05"), (date(2026, 6, 6), "2026-06")]
)
def test_in_the_first_days_of_a_month_the_figures_are_those_of_the_month_that_is_closed(
    world: World, today: date, month: str
) -> None:
    with fixed_clock(moment_on(today, world.timezone)):
        client = world.client("auditor")
        assert f'value="{month}"' in client.get(world.url("/figures/")).text
        assert 'value="2026-06"' in client.get(world.url("/figures/?month=2026-06")).text


def test_who_may_not_read_the_books_does_not_see_the_figures(world: World) -> None:
    assert world.client("driver").get(world.url("/figures/")).status_code == 403


def test_money_counts_in_the_month_in_which_it_came(world: World) -> None:
    """Faults F1: a receipt of 30 March entered after the lock belongs to March; April's balance alone moves."""
    world = world.on(TODAY)
    one = world.customer()
    item = world.invoice(one, number="I", on=date(2026, 3, 1), minor=1_000_00)
    with world.transaction() as db:
        lock_through(db, world.actor(TODAY), MARCH[1])
    before = figures_of(world, *MARCH)
    new = NewReceipt(one, date(2026, 3, 30), "CNY", 400_00, ((item, 400_00),))
    with world.transaction() as db:
        post_receipts(db, world.actor(TODAY), [new])
    march, april = figures_of(world, *MARCH), figures_of(world, date(2026, 4, 1), date(2026, 4, 30))
    assert (before.collection_rate, march.collection_rate) == (Decimal("0.00"), Decimal("40.00"))
    assert (march.days_to_pay, april.days_to_pay) == (Decimal("29.00"), None)
    assert (march.end, march.end.owed_minor, april.end.owed_minor) == (before.end, 1_000_00, 600_00)


def test_days_to_pay_are_weighted_by_amount_and_forget_what_was_returned(world: World) -> None:
    world = world.on(TODAY)
    item = world.invoice(number="I", on=date(2026, 3, 1), minor=1_000_00)
    world.pay(item, minor=300_00, on=date(2026, 3, 11), number="R1")
    world.pay(item, minor=100_00, on=date(2026, 3, 31), number="R2")
    assert figures_of(world, *MARCH).days_to_pay == Decimal("15.00")
    back = world.pay(item, minor=600_00, on=date(2026, 3, 2), number="R3")
    assert figures_of(world, *MARCH).days_to_pay == Decimal("6.60")
    world.unapply(back)
    assert figures_of(world, *MARCH).days_to_pay == Decimal("15.00")


def test_a_bill_is_collected_in_the_month_of_its_honour(world: World) -> None:
    world = world.on(TODAY)
    world.invoice(number="I", on=date(2026, 4, 1), minor=1_000_00)
    days = {"issued_on": date(2026, 4, 2), "received_on": date(2026, 4, 3), "matures_on": date(2026, 5, 4)}
    bill = world.bill(amount="1000.00", tenor_months=None, **days)
    april, may = (date(2026, 4, 1), date(2026, 4, 30)), (date(2026, 5, 1), date(2026, 5, 31))
    assert figures_of(world, *april).received_minor == 0
    world.take_bill_step(bill, "presentation", on=date(2026, 5, 4))
    world.take_bill_step(bill, "payment", on=date(2026, 5, 4), booked_on=date(2026, 6, 2))
    assert [figures_of(world, *month).received_minor for month in (april, may)] == [0, 1_000_00]


@pytest.mark.parametrize(
    ("receivables", "share", "open_text"), [("net", "25.00%", "400.00"), ("gross", "20.00%", "500.00")]
)
def test_overdue_is_one_number_on_every_screen(world: World, receivables: str, share: str, open_text: str) -> None:
    """Faults F10: 100.00 of 500.00 is overdue, 100.00 of a credit of 300.00 not applied. One switch, one number."""
    world = world.on(TODAY)
    late = world.invoice(number="LATE", minor=300_00, due_on=TODAY - timedelta(days=1))
    world.invoice(number="NEW", minor=400_00, due_on=TODAY + timedelta(days=5))
    world.allocate(late, world.receipt(number="R", minor=300_00), minor=200_00)
    settings = ChangeLedgerSettings(write_off_at_once="10", receivables=receivables)
    with world.transaction() as db:
        change_settings(db, world.actor(TODAY), settings)
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        client = world.client()
        pages = [client.get(world.url(path)).text for path in ("/", "/figures/", "/receivables/")]
        today, key_figures, listed = (re.sub(r"<[^>]+>", "", page) for page in pages)
    assert share in today
    assert share in key_figures
    for page in (today, key_figures, listed):
        assert open_text in page
    sums = listed.split("Sum of all that match")[-1]
    assert [text for text in ("500.00", "100.00", open_text) if text not in sums] == []


@pytest.mark.parametrize(("receivables", "total"), [("net", "1,100.00"), ("gross", "1,200.00")])
def test_the_total_of_all_currencies_is_that_of_the_receivables_shown(
    world: World, receivables: str, total: str
) -> None:
    """Faults F10: 500.00 owed, 100.00 not applied, and 100.00 dollars at 7: the switch holds for their total, too."""
    world = world.on(TODAY)
    world.rate("USD", "7", on=TODAY)
    world.invoice(number="OWN", minor=500_00)
    world.invoice(number="FOREIGN", minor=100_00, currency="USD")
    world.receipt(number="R", minor=100_00)
    settings = ChangeLedgerSettings(write_off_at_once="10", receivables=receivables)
    with world.transaction() as db:
        change_settings(db, world.actor(TODAY), settings)
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        page = re.sub(r"<[^>]+>", "", world.client().get(world.url("/")).text)
    assert total in page.split("Total in CNY")[1][:80]
