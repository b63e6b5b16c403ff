"""As known at a moment: what a screen showed then comes back to the cent, whatever was booked or taken back since."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.as_of_request import parse_as_of_request
from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.queries import balance_at, item_ids, open_items, posted_balances
from ar.ledger.books.reversal import reverse_item
from ar.ledger.models import BooksState
from ar.reports.aging.exports import aging_csv
from ar.reports.aging.queries import aging_report
from kernel.actor import Actor
from kernel.clock import moment_on
from kernel.errors import HuikuanError
from tests.support.world import World, new_world

FIRST = date(2026, 1, 1)
MARCH = date(2026, 3, 31)
CREDITS = ("receipt", "credit_note")
DAYS = [FIRST + timedelta(days=n) for n in (30, 70, 120)]


def all_figures(world: World, known_at: datetime | None) -> list[object]:
    """Returns the figures of several days: aging both ways, the ledger, the lists, each customer's balance."""
    found: list[object] = []
    with world.reading() as db:
        for on in DAYS:
            for by in ("due", "invoice"):
                report = aging_report(db, world.tenant_id, on, by, known_at=known_at)  # type: ignore[arg-type]
                assert all(tie.ok for tie in report.tie_out)
                found += [report.rows, report.totals, report.tie_out, report.currencies]
            found.append(posted_balances(db, world.tenant_id, on, known_at=known_at))
            items = open_items(db, world.tenant_id, as_of=on, known_at=known_at)
            found.append([(i.document_no, i.open_minor, i.stage) for i in items])
            for customer in sorted({item.customer_id for item in items}):
                own = open_items(db, world.tenant_id, as_of=on, known_at=known_at, customer_id=customer)
                assert own == [item for item in items if item.customer_id == customer]
                balance = balance_at(db, world.tenant_id, customer, "CNY", on, known_at=known_at)
                posted = posted_balances(db, world.tenant_id, on, customer_id=customer, known_at=known_at)
                assert balance == posted.get("CNY", 0)
                found.append(balance)
    return found


class Clerk:
    """Runs random commands on the books, each at a later moment than the one before."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.rng = world, random.Random(seed)  # noqa: S311  # reproducible, no secret
        world = world.on(FIRST)
        self.customers = [world.customer("0001"), world.customer("0002")]
        self.items: list[tuple[UUID, NewItem]] = []
        self.allocations: list[UUID] = []
        self.moment = moment_on(FIRST + timedelta(days=60), world.timezone)

    def day(self) -> date:
        return FIRST + timedelta(days=self.rng.randrange(130))

    def act(self) -> datetime:
        """Runs one random command, which the rules may refuse; returns the moment it was recorded."""
        self.moment += timedelta(hours=self.rng.randrange(1, 70))
        base = self.world.actor()
        actor = replace(base, now=self.moment, today=self.moment.date())
        command = self.rng.choice([self.post, self.post, self.allocate, self.allocate, self.unapply, self.reverse])
        with contextlib.suppress(HuikuanError):
            command(actor)
        return self.moment

    def post(self, actor: Actor) -> None:
        kind = self.rng.choice(["invoice", "invoice", "debit_note", *CREDITS])
        on, currency = self.day(), self.rng.choice(["CNY", "CNY", "JPY"])
        due = on + timedelta(days=self.rng.randrange(60))
        customer = self.rng.choice(self.customers)
        item = NewItem(customer, kind, f"D{len(self.items)}", on, due, due, currency, self.rng.randrange(1, 50))
        with self.world.transaction() as db:
            self.items.append((post_items(db, actor, [item])[0], item))

    def allocate(self, actor: Actor) -> None:
        pairs = [
            (debit, credit)
            for debit, one in self.items
            for credit, two in self.items
            if one.kind not in CREDITS
            and two.kind in CREDITS
            and (one.customer_id, one.currency) == (two.customer_id, two.currency)
        ]
        if not pairs:
            return
        debit, credit = self.rng.choice(pairs)
        new = NewAllocation(debit, credit, self.rng.randrange(1, 30), self.rng.choice([None, None, self.day()]))
        with self.world.transaction() as db:
            self.allocations += allocate(db, actor, [new])

    def unapply(self, actor: Actor) -> None:
        if self.allocations:
            with self.world.transaction() as db:
                reverse_allocation(
                    db, actor, self.rng.choice(self.allocations), effective_on=self.rng.choice([None, self.day()])
                )

    def reverse(self, actor: Actor) -> None:
        if self.items:
            item_id, _item = self.rng.choice(self.items)
            with self.world.transaction() as db:
                reverse_item(db, actor, item_id, effective_on=self.rng.choice([None, self.day()]))


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seed=st.integers(0, 2**32))
def test_what_was_shown_at_a_moment_comes_back_whatever_was_booked_since(engine: sa.Engine, seed: int) -> None:
    world = new_world()
    clerk = Clerk(world, seed)
    remembered: list[tuple[datetime, list[object]]] = []
    for _step in range(14):
        moment = clerk.act()
        remembered.append((moment, all_figures(world, None)))
    for moment, then in remembered:
        assert all_figures(world, moment) == then


def aging_csv_of(world: World, known_at: datetime | None, on: date = MARCH) -> bytes:
    with world.reading() as db:
        return aging_csv(aging_report(db, world.tenant_id, on, known_at=known_at))


def test_a_receipt_reversed_in_april_while_march_is_locked_leaves_the_report_of_march_to_the_byte(
    world: World,
) -> None:
    """Testcase 9: received and applied on 12 March, taken back on 5 April; March was closed in between."""
    world = world.on(date(2026, 3, 12))
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 3, 1), minor=10000)
    receipt = world.receipt(customer, number="R", on=date(2026, 3, 12), minor=10000)
    allocation = world.allocate(invoice, receipt, minor=10000)
    world.invoice(customer, number="J", on=date(2026, 3, 2), minor=500)
    before = aging_csv_of(world, None)
    with world.transaction() as db:
        db.execute(sa.update(BooksState).where(BooksState.tenant_id == world.tenant_id).values(locked_through=MARCH))
    april = world.actor(date(2026, 4, 5))
    with world.transaction() as db:
        reverse_allocation(db, april, allocation)
        reverse_item(db, april, receipt)
    assert aging_csv_of(world, None) == before
    assert b"100.00" not in before
    assert b"105.00" in aging_csv_of(world, None, date(2026, 4, 5))
    # On 5 April as it looked on 31 March: still paid.
    assert aging_csv_of(world, moment_on(MARCH, world.timezone), date(2026, 4, 5)).count(b"5.00") == before.count(
        b"5.00"
    )


def test_a_backdated_document_is_in_the_past_day_but_not_in_what_was_known_then(world: World) -> None:
    world = world.on(MARCH)
    customer = world.customer()
    world.invoice(customer, number="I", on=date(2026, 3, 1), minor=10000)
    then = aging_csv_of(world, None)
    world.on(date(2026, 4, 9)).invoice(customer, number="LATE", on=date(2026, 3, 15), minor=700)
    assert aging_csv_of(world, moment_on(MARCH, world.timezone)) == then
    assert b"107.00" in aging_csv_of(world, None)


def test_an_allocation_of_today_that_takes_effect_earlier_was_not_known_yesterday(world: World) -> None:
    world = world.on(MARCH)
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 3, 1), minor=10000)
    receipt = world.receipt(customer, number="R", on=date(2026, 3, 5), minor=10000)
    later = world.on(date(2026, 4, 9))
    later.allocate(invoice, receipt, minor=10000, on=date(2026, 3, 5))
    with world.reading() as db:
        known = moment_on(MARCH, world.timezone)
        then = open_items(db, world.tenant_id, as_of=MARCH, known_at=known)
        now = open_items(db, world.tenant_id, as_of=MARCH)
    assert {item.document_no: item.signed_open_minor for item in then} == {"I": 10000, "R": -10000}
    assert now == []


@pytest.mark.parametrize(
    ("typed", "known", "utc"),
    [
        ("2026-03-31T18:00", "2026-03-31T18:00", "2026-03-31T10:00:59.999999+00:00"),
        ("2026-03-31 18:00", "2026-03-31T18:00", "2026-03-31T10:00:59.999999+00:00"),
        ("2026-03-31T18:00:30", "2026-03-31T18:00:30", "2026-03-31T10:00:30+00:00"),
        ("2026-03-31", "2026-03-31T23:59", "2026-03-31T15:59:59.999999+00:00"),
        ("", "", None),
        ("2026-11-20T09:00", "", None),  # not past yet: now
    ],
)
def test_a_moment_is_read_in_the_company_s_time(world: World, typed: str, known: str, utc: str | None) -> None:
    when = parse_as_of_request(None, typed, world.actor(date(2026, 11, 20)))
    assert (when.known, when.unread) == (known, "")
    assert (when.known_at.isoformat() if when.known_at else None) == utc
    assert when.is_not_now is (utc is not None)


@pytest.mark.parametrize("typed", ["yesterday", "2026-02-30T10:00", "2026-03-31T25:00", "31/03/2026", "9999-01-01"])
def test_what_is_no_moment_is_told_and_left_out(world: World, typed: str) -> None:
    when = parse_as_of_request(MARCH, typed, world.actor(date(2026, 11, 20)))
    assert (when.known_at, when.unread, when.as_of) == (None, typed, MARCH)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_time_travel_is_a_control_on_the_page_and_stays_in_its_links(world: World, language: str) -> None:
    world = world.on(MARCH)
    customer = world.customer()
    world.invoice(customer, number="EARLY", on=date(2026, 3, 1), minor=10000)
    world.on(date(2026, 4, 9)).invoice(customer, number="LATE", on=date(2026, 3, 15), minor=700)
    client = world.client(language=language)
    then = "as_of=2026-03-31&known=2026-03-31T18:00"
    aging = client.get(world.url(f"/aging/?{then}")).text
    assert "100.00" in aging
    assert "107.00" not in aging
    assert "2026-03-31 18:00" in aging
    assert 'name="known"' in aging
    assert "known=2026-03-31T18%3A00" in aging
    assert "107.00" in client.get(world.url("/aging/?as_of=2026-03-31")).text
    listed = client.get(world.url("/receivables/?on=2026-03-31&known=2026-03-31T18:00")).text
    assert "EARLY" in listed
    assert "LATE" not in listed
    assert "known=2026-03-31T18%3A00" in listed
    page = client.get(world.url(f"/customers/{customer}?{then}")).text
    assert "EARLY" in page
    assert ">LATE</a>" not in page
    assert "2026-03-31 18:00" in page
    assert ">LATE</a>" in client.get(world.url(f"/customers/{customer}?as_of=2026-03-31")).text


def test_without_time_travel_there_is_no_banner_and_with_it_a_way_back(world: World) -> None:
    client = world.client()
    assert "back to today" not in client.get(world.url("/aging/")).text
    past = client.get(world.url("/aging/?as_of=2026-03-31&by=invoice")).text
    assert f'href="{world.url("/aging/?by=invoice")}">back to today' in past
    assert "“soon” is not a time" in client.get(world.url("/receivables/?known=soon")).text


def test_a_file_says_as_known_when_and_refuses_what_is_no_moment(world: World) -> None:
    world.on(MARCH).customer()
    client = world.client()
    answer = client.get(world.url("/aging/export.csv?as_of=2026-03-31&known=2026-03-31T18:00"))
    assert "aging-2026-03-31-known-2026-03-31T1800.csv" in answer.headers["Content-Disposition"]
    assert client.get(world.url("/aging/export.csv?known=soon")).status_code == 422


def instalments(world: World) -> list[UUID]:
    """1,000.00 in three instalments, due in January, February and March."""
    customer = world.on(FIRST).customer()
    parts = [
        NewItem(customer, "invoice", "INV-3", FIRST, due, due, "CNY", minor, instalment_no=n)
        for n, (due, minor) in enumerate(
            [(date(2026, 1, 31), 30000), (date(2026, 2, 28), 30000), (MARCH, 40000)], start=1
        )
    ]
    return world.on(FIRST).book(parts)


def test_an_invoice_with_instalments_of_which_the_first_is_late_is_overdue_with_that_one_alone(
    world: World,
) -> None:
    """Testcase 22: on 10 February only the January instalment is overdue."""
    instalments(world)
    with world.reading() as db:
        row = aging_report(db, world.tenant_id, date(2026, 2, 10)).rows[0]
    assert row.by_bucket() == {"not_due": 70000, "1-30": 30000, "31-60": 0, "61-90": 0, ">90": 0}


def test_a_document_s_number_leads_to_its_first_open_instalment(world: World) -> None:
    first, second, third = instalments(world)
    customer_books = world.on(date(2026, 2, 1))

    def found() -> dict[tuple[str, str], UUID]:
        with world.reading() as db:
            return item_ids(db, world.tenant_id, [("invoice", "INV-3"), ("invoice", "NONE")])

    assert found() == {("invoice", "INV-3"): first}
    customer = customer_books.customer()
    receipt = customer_books.receipt(customer, number="R", on=date(2026, 2, 1), minor=100000)
    customer_books.allocate(first, receipt, minor=30000)
    assert found() == {("invoice", "INV-3"): second}
    customer_books.allocate(second, receipt, minor=30000)
    customer_books.allocate(third, receipt, minor=40000)
    assert found() == {("invoice", "INV-3"): first}


def test_the_statement_of_the_present_is_not_touched_by_time_travel(world: World) -> None:
    """Without a moment the aging asks nothing about when things were recorded: its cost is bound to stay."""
    from ar.reports.aging.queries import _statement

    assert "recorded_at" not in str(_statement(world.tenant_id, MARCH, "due", None, None))
    known = moment_on(MARCH, world.timezone, time(18))
    assert "recorded_at" in str(_statement(world.tenant_id, MARCH, "due", None, None, known))
