"""Today: figures that tie to the ledger, what waits with its reason, and a cost that does not grow with the company."""

from __future__ import annotations

import re
from datetime import date

import pytest
import sqlalchemy as sa

from ar.ledger.aging import AgingRow
from ar.ledger.queries import posted_balances
from ar.reports.aging import TieOut
from ar.reports.today import CurrencySum, day_sentence, today_page
from kernel.calendars import WorkCalendar
from kernel.i18n import use_language
from tenants.commands import set_calendar_day
from tenants.inputs import CalendarDay
from tests.ar.reports.scene import SATURDAY, TODAY, furnish, get, on
from tests.support.companies import TestCompany
from tests.support.statements import counted

AT_MOST = 10


def test_figures_are_of_the_day_and_tie_to_the_ledger(company: TestCompany) -> None:
    furnish(company, copies=2)
    with company.reading() as db:
        page = today_page(db, company.tenant_id, TODAY, company.timezone)
        posted = posted_balances(db, company.tenant_id, TODAY)
    (cny,) = page.sums
    assert cny.aging.buckets_minor == (2 * 31_500_00, 2 * 355_400_00, 0, 0, 0)
    assert cny.aging.unapplied_minor == 2 * 20_000_00
    assert cny.aging.balance_minor == posted["CNY"] == 2 * 366_900_00
    assert cny.tie.ok
    # 710,800.00 / 733,800.00 = 96.865…%, of the two figures that stand side by side.
    assert cny.overdue_bps == 9690
    assert page.cash.booked_through_on == date(2026, 11, 12)
    assert page.unapplied == 2


def test_what_waits_says_step_amount_days_and_reason(company: TestCompany) -> None:
    furnish(company)
    with company.reading() as db, use_language("en"):
        page = today_page(db, company.tenant_id, TODAY, company.timezone)
        held = [(row.document_no, row.why) for row in page.held]
        row = page.queue[0]
        name = row.name
    assert (row.customer_no, row.days, row.currency) == ("00001", 29, "CNY")
    assert row.total_minor == 312_400_00
    assert name == "Due notice"
    assert "2026-10-20" in row.why
    assert page.letters == 1
    assert ("INV-00001-2", "Disputed: two boxes short. Only disputed items wait.") in held
    (asked,) = page.unanswered
    assert (asked.waiting_days, asked.closing_minor) == (12, 312_400_00 + 43_000_00)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_page_names_the_day_and_leads_on(company: TestCompany, language: str) -> None:
    furnish(company)
    client = company.client(language=language)
    with on(SATURDAY):
        html = get(client, company, "/")
    assert "2026-11-23" in html
    assert company.url("/cases/") in html
    assert company.url("/receivables/?state=overdue") in html
    assert "312,400.00" in html
    # A bucket leads to what is owed: credits due in the same days are no part of its sum.
    buckets = re.findall(r'href="([^"]*/receivables/\?[^"]*due_[^"]*)"', html)
    assert buckets
    assert all("state=owed" in link for link in buckets)
    with on(TODAY):
        again = get(client, company, "/")
    assert "2026-11-23" not in again


def test_a_day_off_names_the_working_day_on_which_steps_run() -> None:
    calendar = WorkCalendar("CN")
    with use_language("en"):
        assert day_sentence(SATURDAY, calendar) == (
            "Saturday, not a working day: today's steps run on 2026-11-23 (Monday)."
        )
        assert day_sentence(TODAY, calendar).startswith("Wednesday, a working day")


def test_the_companys_own_day_off_and_own_working_day_count(company: TestCompany) -> None:
    furnish(company)
    with company.transaction() as db:
        for day, working in ((TODAY, False), (SATURDAY, True)):
            set_calendar_day(db, company.actor(TODAY), CalendarDay(on=day, working=working, reason="调休"))
    with company.reading() as db:
        calendar = today_page(db, company.tenant_id, TODAY, company.timezone).head.calendar
    assert (calendar.is_working_day(TODAY), calendar.is_working_day(SATURDAY)) == (False, True)


def test_on_a_day_without_a_run_the_list_says_what_it_is(company: TestCompany) -> None:
    desk = furnish(company)
    client = company.client(language="en")
    with on(TODAY):
        assert "What goes out today" in get(client, company, "/")
    desk.run(SATURDAY)
    with on(SATURDAY):
        html = get(client, company, "/")
    assert "What goes out today" not in html
    assert "Waiting for review" in html
    assert "proposed up to 2026-11-18" in html
    assert ">Review</a>" in html


def test_the_number_of_unanswered_statements_leads_to_the_list_of_that_many(company: TestCompany) -> None:
    furnish(company, copies=3)
    client = company.client(language="en")
    for day, late in ((TODAY, 0), (date(2027, 3, 3), 3)):
        with company.reading() as db:
            head = today_page(db, company.tenant_id, day, company.timezone).head
        with on(day):
            html = get(client, company, "/")
        assert (head.unanswered, head.answers_late) == (3, late)
        assert "/statements/?status=unanswered" in html
        assert f"/statements/?status={'sent' if late else 'overdue'}" not in html


def test_a_year_without_a_published_calendar_warns(company: TestCompany) -> None:
    furnish(company)
    client = company.client()
    with on(date(2031, 3, 3)):
        assert "The official calendar of 2031 is not published" in get(client, company, "/")
    with on(TODAY):
        assert "is not published" not in get(client, company, "/")


def test_a_new_company_is_led_to_the_import(company: TestCompany) -> None:
    html = get(company.client(), company, "/")
    assert "Begin with your open receivables" in html
    assert company.url("/imports/") in html


@pytest.mark.parametrize("copies", [1, 12])
def test_the_page_costs_the_same_for_every_size(company: TestCompany, engine: sa.Engine, copies: int) -> None:
    furnish(company, copies)
    client = company.client()
    with on(TODAY):
        get(client, company, "/")
        with counted(engine) as seen:
            get(client, company, "/")
    assert len(seen) <= AT_MOST, "\n\n".join(seen)


def test_nothing_of_another_company_shows(company: TestCompany, other_company: TestCompany) -> None:
    furnish(other_company)
    with company.reading() as db:
        page = today_page(db, company.tenant_id, TODAY, company.timezone)
    assert (page.sums, page.queue, page.held, page.unanswered) == ((), (), (), ())


@pytest.mark.parametrize("role", ["warehouse", "driver"])
def test_who_reads_no_accounts_is_told_so_and_sees_none(company: TestCompany, role: str) -> None:
    client = company.client(role, language="en")
    page = client.get(company.url("/"))
    assert page.status_code == 200
    assert "Your role reads no accounts" in page.text
    assert 'type="search"' not in page.text
    assert client.get(company.url("/customers/")).status_code == 403
    assert client.get(company.url("/search?q=a")).status_code == 403


@pytest.mark.parametrize(
    ("buckets", "unapplied", "bps"),
    [
        ((712, 288, 0, 0, 0), 0, 2880),
        ((712, 288, 0, 0, 0), 4, 2890),
        ((0, 5, 0, 0, 0), 0, 10_000),
        ((0, 0, 30, 0, 0), 10, 15_000),
        ((1, 0, 0, 0, 0), 0, 0),
        ((0, 5, 0, 0, 0), 5, None),
        ((0, 5, 0, 0, 0), 9, None),
    ],
)
def test_the_share_is_what_a_reader_gets_from_the_two_figures(
    buckets: tuple[int, ...], unapplied: int, bps: int | None
) -> None:
    row = AgingRow("", "CNY", buckets, unapplied)
    assert CurrencySum(row, 0, TieOut("CNY", 0, 0)).overdue_bps == bps
