"""Random books of orders, deliveries, invoices, money and bills: exposure is what a slow reader of the papers adds up.

Whatever happens, by the product's own commands, in four currencies (one without decimals, one with three), with a group
and a day without a rate: each amount counts once, at any day, for one customer and for all, and nothing is below zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ar.credit.checks.examination import credit_checks
from ar.credit.exposure.accounts import CustomerAccount
from ar.credit.exposure.listing import limits_page
from ar.credit.exposure.parts import NO_PARTS
from ar.credit.exposure.rows import account_rows
from ar.credit.lookups import customer_accounts
from ar.credit.rules.policy import DEFAULT_POLICY
from ar.customers.inputs import SetStanding
from ar.customers.register.standing import set_standing
from ar.ledger.commands import reverse_item
from ar.ledger.models import Allocation, OpenItem
from ar.sales.deliveries.notes import note_positions
from ar.sales.models import Delivery, Order, SignOff
from ar.sales.orders.examination import sales_checks
from ar.sales.orders.facts import lines_of
from kernel.errors import HuikuanError
from kernel.money import exponent
from tests.support.slow_exposure import NOTHING, Papers, Rates, Six, exposure_of
from tests.support.world import World, new_world
from tests.support.world.base import fresh_number
from tests.support.world.sales import held_by

FIRST = date(2026, 11, 2)
CURRENCIES = ("CNY", "USD", "JPY", "KWD")
RATES = Rates(
    {
        "USD": {FIRST: "7.10345"},
        "KWD": {FIRST: "23.1177", FIRST + timedelta(days=3): "22.9"},
        "JPY": {FIRST + timedelta(days=2): "0.0471"},
    }
)
#: (what, who or which, how much, how)
Step = tuple[int, int, int, int]
Row = TypeVar("Row")


@dataclass
class Books:
    """A company in which steps are taken, one day after the other."""

    world: World
    parent: UUID = field(init=False)
    buyers: list[UUID] = field(init=False)
    days: dict[date, dict[tuple[UUID, str], Six]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        world = self.world
        limits = {"HEAD": (9_000_00, "CNY"), "CHILD": (None, "CNY"), "OTHER": (900, "KWD"), "ALONE": (60_000, "JPY")}
        ids = {}
        for number, (minor, currency) in limits.items():
            ids[number] = world.customer(number)
            world.complete_file(ids[number])
            if minor is not None:
                world.limit(ids[number], minor * (1000 if currency == "KWD" else 1), currency=currency)
        self.buyers, self.parent = list(ids.values()), ids["HEAD"]
        for number in ("CHILD", "OTHER"):
            with world.transaction() as db:
                set_standing(db, world.actor(), ids[number], SetStanding(head_no="HEAD", group_kind="parent"))

    def take(self, step: Step) -> None:
        """Takes a step, or nothing where it cannot be taken; what is refused changes nothing."""
        moves = MOVES[step[0] % len(MOVES)]
        try:
            moves(self, *step[1:])
        except HuikuanError as error:
            self.taken[f"{moves.__name__}: {error.code}"] += 1
        else:
            self.taken[moves.__name__] += 1

    def pick(self, table: type[Row], at: int, *conditions: object) -> Row:
        """Returns one of the rows, or refuses the step."""
        with self.world.reading() as db:
            found = sa.select(table).where(table.tenant_id == self.world.tenant_id, *conditions).order_by(table.id)  # type: ignore[attr-defined,arg-type]
            rows = list(db.execute(found).scalars())
        if not rows:
            raise HuikuanError("none_to_choose")
        return rows[at % len(rows)]

    def papers(self) -> Papers:
        with self.world.reading() as db:
            return Papers.read(db, self.world.tenant_id)


def next_day(books: Books, *_: int) -> None:
    parts = books.days[books.world.today] = books.papers().parts()
    same_on(books, books.world.today, parts)
    books.world = books.world.on(books.world.today + timedelta(days=1))
    for currency, days in RATES.known.items():
        if books.world.today in days:
            books.world.rate(currency, days[books.world.today], on=books.world.today)


def order(books: Books, who: int, much: int, how: int) -> None:
    currency = CURRENCIES[how % 4]
    lines = [("valve", str(1 + much % 7), _price(much, currency)), ("seal", str(1 + how % 3), _price(how, currency))]
    books.world.order(books.buyers[who % 4], *lines[: 1 + who % 2], currency=currency, prepaid=how % 5 == 4)


def _price(seed: int, currency: str) -> str:
    most = {"CNY": 60_00, "USD": 9_00, "JPY": 1_200, "KWD": 3_000}[currency]
    return str(Decimal(1 + seed * 7919 % most).scaleb(-exponent(currency)))


def confirm(books: Books, which: int, *_: int) -> None:
    found = books.pick(Order, which, Order.state.in_(("draft", "held")))
    ask(books, found, lambda: held_by(books.world.confirm(found.id)))


def ask(books: Books, found: Order, answer: Callable[[], list[str]]) -> None:
    """Whether "limit" and "group" answer is what the slow reader says of the order counted whole."""
    codes = answer()
    papers = books.papers()
    row = next(each for each in papers.rows[Order] if each.id == found.id)
    before = row.state
    row.state = "released" if before in ("draft", "held") else before
    parts = papers.parts()
    row.state = before
    books.taken["passes" if not codes else "held"] += 1
    for code, members, head in (
        ("limit", [row.customer_id], row.customer_id),
        ("group_limit", books.buyers[:3], books.parent),
    ):
        limit = books.world.credit_account(head).limit
        if limit.total_minor is None or limit.currency is None:
            continue
        exposure = exposure_of(parts, members, limit.currency, RATES, books.world.today)
        over = exposure is not None and exposure > limit.total_minor
        if code in codes:
            assert over, (code, exposure)
        elif not codes and row.customer_id in members and over:
            assert _paid_ahead(row, parts), (code, exposure, limit)


def _paid_ahead(row: Order, parts: dict[tuple[UUID, str], Six]) -> bool:
    """Whether unapplied money of the order's customer and currency is as much as all that it owes and commits."""
    owed = parts.get((row.customer_id, row.currency), NOTHING)
    return row.prepaid or owed[5] >= sum(owed[:4])


def ship(books: Books, which: int, much: int, how: int) -> None:
    found = books.pick(Order, which, Order.state.in_(("released", "held")))
    with books.world.reading() as db:
        lines = lines_of(db, books.world.tenant_id, found.id)
    line = lines[how % len(lines)]
    note = books.world.note(found.id, (line.line_no, str(1 + much % int(line.quantity))))
    ask(books, found, lambda: held_by(books.world.ship(note)))


def sign(books: Books, which: int, much: int, how: int) -> None:
    note = books.pick(Delivery, which, Delivery.state == "shipped")
    with books.world.reading() as db:
        position = note_positions(db, books.world.tenant_id, note.id)[0]
    part = 1 + much % max(1, int(position.outstanding))
    on = note.shipped_on if how % 3 == 0 else books.world.today
    books.world.sign(note.id, (position.position, str(part)), on=on)


def counter(books: Books, which: int, *_: int) -> None:
    books.world.counter(books.pick(SignOff, which, SignOff.reverses_id.is_(None)).id)


def bring_back(books: Books, which: int, much: int, _how: int) -> None:
    note = books.pick(Delivery, which, Delivery.state.in_(("shipped", "signed")))
    books.world.take_back(note.id, (1, str(1 + much % 4)))


def change(books: Books, which: int, much: int, how: int) -> None:
    found = books.pick(Order, which)
    with books.world.reading() as db:
        lines = [
            (row.product, str(int(row.quantity)), str(row.unit_price))
            for row in lines_of(db, books.world.tenant_id, found.id)
        ]
    match how % 3:
        case 0:
            lines = lines[:1]
        case 1:
            lines[0] = (lines[0][0], str(1 + much % 9), lines[0][2])
        case _:
            lines = [*lines, ("gift", "1", "0")][:3]
    books.world.change_order(found.id, *lines)


def end(books: Books, which: int, _much: int, how: int) -> None:
    world, found = books.world, books.pick(Order, which)
    (world.close_short, world.cancel_order, world.reopen)[how % 3](found.id)


def invoice_note(books: Books, which: int, *_: int) -> None:
    books.world.invoice_note(books.pick(Delivery, which, Delivery.state.in_(("shipped", "signed"))).id)


def down_payment(books: Books, which: int, much: int, _how: int) -> None:
    found = books.pick(Order, which)
    minor = 1 + much % max(1, found.total_minor)
    item = books.world.invoice(found.customer_id, number=f"DP-{fresh_number()}", minor=minor, currency=found.currency)
    books.world.bill_order(found.id, item)


def document(books: Books, who: int, much: int, how: int) -> None:
    kind = ("invoice", "receipt", "credit_note", "debit_note", "receipt")[how % 5]
    minor, currency = 1 + much * 977 % 90_000, CURRENCIES[(who + how) % 4]
    books.world.document(books.buyers[who % 4], kind=kind, number=f"D-{fresh_number()}", minor=minor, currency=currency)


def apply(books: Books, which: int, much: int, _how: int) -> None:
    item = OpenItem
    credit = books.pick(item, which, item.side == -1, item.open_minor > 0)
    same = (item.customer_id == credit.customer_id, item.currency == credit.currency)
    debit = books.pick(item, much, item.side == 1, item.open_minor > 0, *same)
    books.world.allocate(
        debit.id, credit.id, minor=1 + much % min(debit.open_minor, credit.open_minor), on=books.world.today
    )


def unapply(books: Books, which: int, *_: int) -> None:
    books.world.unapply(books.pick(Allocation, which, Allocation.amount_minor > 0).id, on=books.world.today)


def take_bill(books: Books, who: int, much: int, how: int) -> None:
    books.world.bill(
        f"B-{fresh_number()}",
        customer_no=("HEAD", "CHILD", "OTHER", "ALONE")[who % 4],
        kind=("commercial", "bank", "finance_company")[how % 3],
        amount=f"{1 + much % 900}.00",
        issued_on=books.world.today - timedelta(days=30),
        tenor_months=None,
        tenor_days=31 + how % 3,
        received_on=books.world.today,
        pays=("none", "oldest")[much % 2],
    )


def move_bill(books: Books, which: int, _much: int, how: int) -> None:
    from ar.bills.models import Bill

    action = ("presentation", "payment", "dishonour", "discount", "endorsement", "cancellation", "undoing")[how % 7]
    recourse = {"recourse": ("with", "without")[which % 2]} if action == "discount" else {}
    books.world.take_bill_step(books.pick(Bill, which).id, action, on=books.world.today, **recourse)


def reverse(books: Books, which: int, *_: int) -> None:
    found = books.pick(OpenItem, which, OpenItem.kind.in_(("invoice", "receipt", "credit_note", "debit_note")))
    with books.world.transaction() as db:
        reverse_item(db, books.world.actor(), found.id)


def limit(books: Books, who: int, much: int, how: int) -> None:
    world, customer = books.world, books.buyers[who % 4]
    known = world.credit_account(customer).limit
    end = world.today + timedelta(days=how % 3)
    world.limit(customer, much * 100, kind="temporary", currency=known.currency or "CNY", start=world.today, end=end)


MOVES: tuple[Callable[..., None], ...] = (
    order, order, order, confirm, confirm, confirm, ship, ship, ship, sign, sign, counter, bring_back, change, end,
    invoice_note, invoice_note, down_payment, document, document, apply, apply, unapply, take_bill, move_bill, reverse,
    limit, next_day, next_day,
)  # fmt: skip


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(*[st.integers(0, 10_000)] * 4), min_size=60, max_size=90))
def test_exposure_of_random_books_is_what_a_slow_reader_adds_up(engine: sa.Engine, steps: list[Step]) -> None:
    books = Books(new_world(FIRST))
    for currency, days in RATES.known.items():
        if FIRST in days:
            books.world.rate(currency, days[FIRST], on=FIRST)
    for step in steps:
        books.take(step)
        same_now(books)
    next_day(books)
    for day, parts in books.days.items():
        same_in_sum(books, day, parts)
    with books.world.reading() as db:
        checks = [*credit_checks(db, books.world.tenant_id), *sales_checks(db, books.world.tenant_id)]
    assert [check for check in checks if not check.ok] == []
    assert books.world.ledger_findings() == books.world.bills_findings() == []


def same_now(books: Books) -> None:
    """Live, for each and for all at once."""
    parts = books.papers().parts()
    same_on(books, None, parts)


def same_on(books: Books, as_of: date | None, parts: dict[tuple[UUID, str], Six]) -> None:
    world, on = books.world, as_of or books.world.today
    with world.reading() as db:
        many = customer_accounts(db, world.tenant_id, books.buyers, DEFAULT_POLICY, today=world.today, as_of=as_of)
        rows = {row.customer_id: row.account for row in account_rows(db, world.tenant_id, world.today, as_of=as_of)}
        if as_of is None:
            over = limits_page(db, world.tenant_id, on, state="over", q="", sort="customer", offset=0, limit=9).rows
            assert {row.customer_id for row in over} == {each for each, row in rows.items() if row.is_over}
    for customer in books.buyers:
        account = many.own[customer]
        for currency in CURRENCIES:
            got = account.by_currency.get(currency, NO_PARTS).parts
            six = (
                got.open_receivables_minor,
                got.signed_not_invoiced_minor,
                got.shipped_not_signed_minor,
                got.released_orders_minor,
                got.unmatured_bills_minor,
                got.unapplied_minor,
            )
            assert six == parts.get((customer, currency), NOTHING), (as_of, currency)
        same_account(account, parts, [customer], on)
        assert customer not in rows or rows[customer] == account
    group = many.group_of(books.buyers[1])
    assert group is not None
    same_account(group, parts, books.buyers[:3], on)


def same_in_sum(books: Books, day: date, parts: dict[tuple[UUID, str], Six]) -> None:
    """A day that is past: what came in later, dated back, moved amounts along, and made none of them more or less."""
    with books.world.reading() as db:
        tenant_id, today = books.world.tenant_id, books.world.today
        many = customer_accounts(db, tenant_id, None, DEFAULT_POLICY, today=today, as_of=day)
    for customer in books.buyers:
        for currency in CURRENCIES:
            account = many.own.get(customer)
            got = (account.by_currency if account else {}).get(currency, NO_PARTS).parts
            six = parts.get((customer, currency), NOTHING)
            assert got.exposure_minor == sum(six[:5]) - six[5], (day, currency)
            assert got.unmatured_bills_minor == six[4]
            assert min(six) >= 0
            assert all(getattr(got, each.name) >= 0 for each in fields(got)), (day, got)


def same_account(account: CustomerAccount, parts: dict[tuple[UUID, str], Six], members: list[UUID], on: date) -> None:
    exposure = exposure_of(parts, members, account.currency, RATES, on)
    assert account.exposure_minor == exposure
    total = account.limit.total_minor
    if total is not None and exposure is not None:
        assert account.available_minor == max(0, total - exposure)
        assert account.is_over == (exposure > total)
    if exposure is None:
        assert account.is_over
