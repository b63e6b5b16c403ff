"""Today: figures that tie to the ledger, what waits with its reason, and a cost that does not grow with the company."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ar.ledger.books.queries import posted_balances
from ar.ledger.rules.aging import AgingRow
from ar.reports.aging.queries import TieOut
from ar.reports.today.queries import CurrencyPosition, day_sentence, today_page
from kernel.calendars import WorkCalendar
from kernel.i18n import use_language
from tenants.settings.commands import set_calendar_day
from tenants.settings.inputs import CalendarDay
from tests.ar.reports.scene import SATURDAY, TODAY, clock_at, make_debtors, page_text
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World, world_of

#: Four of them ask what the listed letters claim after money in hand.
AT_MOST = 15


def test_figures_are_of_the_day_and_tie_to_the_ledger(world: World) -> None:
    make_debtors(world, copies=2)
    with world.reading() as db:
        page = today_page(db, world.tenant_id, TODAY, world.timezone)
        posted = posted_balances(db, world.tenant_id, TODAY)
    (cny,) = page.sums
    assert cny.aging.buckets_minor == (2 * 31_500_00, 2 * 355_400_00, 0, 0, 0)
    assert cny.aging.unapplied_minor == 2 * 20_000_00
    assert cny.aging.balance_minor == posted["CNY"] == 2 * 366_900_00
    assert cny.tie.ok
    # 710,800.00 / 733,800.00 = 96.865…%, of the two figures that stand side by side.
    assert cny.overdue_share == Decimal("96.87")
    assert page.cash.booked_through_on == date(2026, 11, 12)
    assert page.unapplied == 2


def test_what_waits_says_step_amount_days_and_reason(world: World) -> None:
    make_debtors(world)
    with world.reading() as db, use_language("en"):
        page = today_page(db, world.tenant_id, TODAY, world.timezone)
        held = [(row.document_no, row.why) for row in page.withheld]
        row = page.queue[0]
        name = row.name
    assert (row.customer_no, row.days, row.currency) == ("00001", 29, "CNY")
    assert row.total_minor == 292_400_00, "the letter asks what is owed less the 20,000.00 in hand"
    assert name == "Due notice"
    assert "2026-10-20" in row.why
    assert page.letters == 1
    assert ("INV-00001-2", "Disputed: two boxes short. Only the disputed items are held back.") in held
    (asked,) = page.unanswered
    assert (asked.waiting_days, asked.closing_minor) == (12, 312_400_00 + 43_000_00)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_page_names_the_day_and_leads_on(world: World, language: str) -> None:
    make_debtors(world)
    client = world.client(language=language)
    with clock_at(SATURDAY):
        html = page_text(client, world, "/")
    assert "2026-11-23" in html
    assert world.url("/cases/") in html
    assert world.url("/receivables/?state=overdue") in html
    assert "312,400.00" in html
    # A bucket leads to what is owed: credits due in the same days are no part of its sum.
    buckets = re.findall(r'href="([^"]*/receivables/\?[^"]*due_[^"]*)"', html)
    assert buckets
    assert all("state=owed" in link for link in buckets)
    with clock_at(TODAY):
        again = page_text(client, world, "/")
    assert "2026-11-23" not in again


def test_a_day_off_names_the_working_day_on_which_steps_run() -> None:
    calendar = WorkCalendar("CN")
    with use_language("en"):
        assert day_sentence(SATURDAY, calendar) == (
            "Saturday, not a working day: today's steps run on 2026-11-23 (Monday)."
        )
        assert day_sentence(TODAY, calendar).startswith("Wednesday, a working day")


def test_the_companys_own_day_off_and_own_working_day_count(world: World) -> None:
    make_debtors(world)
    with world.transaction() as db:
        for day, working in ((TODAY, False), (SATURDAY, True)):
            set_calendar_day(db, world.actor(TODAY), CalendarDay(on=day, working=working, reason="调休"))
    with world.reading() as db:
        calendar = today_page(db, world.tenant_id, TODAY, world.timezone).counts.calendar
    assert (calendar.is_working_day(TODAY), calendar.is_working_day(SATURDAY)) == (False, True)


def test_on_a_day_without_a_run_the_list_says_what_it_is(world: World) -> None:
    make_debtors(world)
    client = world.client(language="en")
    with clock_at(TODAY):
        assert "What goes out today" in page_text(client, world, "/")
    world.run_day(on=SATURDAY)
    with clock_at(SATURDAY):
        html = page_text(client, world, "/")
    assert "What goes out today" not in html
    assert "Waiting for review" in html
    assert "proposed up to 2026-11-18" in html
    assert ">Review</a>" in html


def test_the_number_of_unanswered_statements_leads_to_the_list_of_that_many(world: World) -> None:
    make_debtors(world, copies=3)
    client = world.client(language="en")
    for day, late in ((TODAY, 0), (date(2027, 3, 3), 3)):
        with world.reading() as db:
            counts = today_page(db, world.tenant_id, day, world.timezone).counts
        with clock_at(day):
            html = page_text(client, world, "/")
        assert (counts.unanswered, counts.answers_late) == (3, late)
        assert "/statements/?status=unanswered" in html
        assert f"/statements/?status={'sent' if late else 'overdue'}" not in html


def test_a_year_without_a_published_calendar_warns(world: World) -> None:
    make_debtors(world)
    client = world.client()
    with clock_at(date(2031, 3, 3)):
        assert "The official days off of 2031 are not known" in page_text(client, world, "/")
    with clock_at(TODAY):
        assert "of 2026 are not known" not in page_text(client, world, "/")


def test_a_new_company_is_led_to_the_import(world: World) -> None:
    html = page_text(world.client(), world, "/")
    assert "Begin with your open receivables" in html
    assert world.url("/imports/") in html


@pytest.mark.parametrize("copies", [1, 12])
def test_the_page_costs_the_same_for_every_size(world: World, engine: sa.Engine, copies: int) -> None:
    make_debtors(world, copies)
    client = world.client()
    with clock_at(TODAY):
        page_text(client, world, "/")
        with counted(engine) as seen:
            page_text(client, world, "/")
    assert len(seen) <= AT_MOST, "\n\n".join(seen)


def test_nothing_of_another_company_shows(world: World, other_company: TestCompany) -> None:
    make_debtors(world_of(other_company))
    with world.reading() as db:
        page = today_page(db, world.tenant_id, TODAY, world.timezone)
    assert (page.sums, page.queue, page.withheld, page.unanswered) == ((), (), (), ())


@pytest.mark.parametrize(("role", "path"), [("warehouse", "/warehouse/"), ("driver", "/driver/")])
def test_who_reads_no_accounts_is_led_to_the_goods_and_finds_them_on_a_phone(
    world: World, role: str, path: str
) -> None:
    client = world.client(role, language="en")
    page = client.get(world.url("/"))
    assert (page.status_code, page.location) == (303, world.url(path))
    page = client.get(page.location)
    assert page.status_code == 200
    bar = page.text[page.text.index('<nav class="phone-bar"') :]
    bar = bar[: bar.index("</nav>")]
    assert re.findall(r'href="([^"]+)"', bar) == [world.url(path), world.url("/deliveries/"), world.url("/pages")]
    assert 'type="search"' not in page.text
    assert client.get(world.url("/customers/")).status_code == 403
    assert client.get(world.url("/search?q=a")).status_code == 403


@pytest.mark.parametrize(
    ("buckets", "unapplied", "net", "gross"),
    [
        ((712, 288, 0, 0, 0), 0, "28.80", "28.80"),
        ((712, 288, 0, 0, 0), 4, "28.92", "28.80"),
        ((0, 5, 0, 0, 0), 0, "100.00", "100.00"),
        ((0, 0, 30, 0, 0), 10, "150.00", "100.00"),
        ((1, 0, 0, 0, 0), 0, "0.00", "0.00"),
        ((0, 5, 0, 0, 0), 5, None, "100.00"),
        ((0, 5, 0, 0, 0), 9, None, "100.00"),
    ],
)
def test_the_share_is_what_a_reader_gets_from_the_two_figures(
    buckets: tuple[int, ...], unapplied: int, net: str | None, gross: str
) -> None:
    position = CurrencyPosition(AgingRow("", "CNY", buckets, unapplied), 0, TieOut("CNY", 0, 0))
    assert position.overdue_share == (Decimal(net) if net else None)
    assert replace(position, netted=False).overdue_share == Decimal(gross)
