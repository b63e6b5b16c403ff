"""Any random book: the aging as of any date equals the books, per customer and currency, and the checks pass."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.posting import NewItem
from ar.ledger.books.queries import balance_at, balances_of, open_items, posted_balances
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.rules.aging import OpenAmount, age
from ar.reports.aging.queries import AgingBasis, aging_report
from kernel.errors import HuikuanError
from tests.support.world import World, new_world

FIRST = date(2026, 1, 1)
KINDS = ["invoice", "debit_note", "opening", "credit_note", "receipt"]


@dataclass(frozen=True)
class Book:
    """A random book: documents, steps on them, and picks of the days to compare."""

    documents: list[tuple[str, int, str, date, int, int]]
    steps: list[tuple[str, int, int, int, date | None]]
    picks: list[int]


def random_book(seed: int) -> Book:
    """A busy book from a seed; drawn as a whole, since Hypothesis's own draws are mostly nearly empty."""
    rng = random.Random(seed)  # noqa: S311  # a reproducible book, no secret

    def day() -> date:
        return FIRST + timedelta(days=rng.randrange(120))

    documents = [
        (
            rng.choice(KINDS),
            rng.choice([0, 0, 1]),
            rng.choice(["CNY", "CNY", "CNY", "JPY"]),
            day(),
            rng.randrange(90),
            rng.randrange(1, 60),
        )
        for _ in range(rng.randrange(2, 11))
    ]
    steps = [
        (
            rng.choice(["allocate", "allocate", "allocate", "unapply", "reverse"]),
            rng.randrange(1000),
            rng.randrange(1000),
            rng.randrange(1, 30),
            rng.choice([None, None, day()]),
        )
        for _ in range(rng.randrange(14))
    ]
    return Book(documents, steps, [rng.randrange(1000) for _ in range(8)])


class Reference:
    """Reference model: documents and dated payments of each side, separate from the books."""

    def __init__(self) -> None:
        self.items: list[tuple[UUID, NewItem, int]] = []
        self.paid: dict[UUID, list[tuple[date, int]]] = defaultdict(list)

    def pairs(self) -> list[tuple[UUID, UUID]]:
        """Returns pairs of a debit and a credit that may be allocated."""
        return [
            (debit_id, credit_id)
            for debit_id, debit, side in self.items
            for credit_id, credit, other in self.items
            if side > other and (debit.customer_id, debit.currency) == (credit.customer_id, credit.currency)
        ]

    def days_around_events(self) -> list[date]:
        """Returns every day on which something took effect, and the days around it."""
        found = {item.document_on for _id, item, _side in self.items}
        found |= {item.due_on for _id, item, _side in self.items}
        found |= {on for payments in self.paid.values() for on, _minor in payments}
        return sorted({on + timedelta(days=off) for on in found for off in (-1, 0, 1)})

    def open_at(self, item_id: UUID, amount_minor: int, on: date) -> int:
        return amount_minor - sum(minor for effective_on, minor in self.paid[item_id] if effective_on <= on)


def build(world: World, book: Book) -> tuple[Reference, dict[UUID, str]]:
    world = world.on(FIRST)
    customers = [world.customer("0001"), world.customer("0002")]
    reference = Reference()
    for at, (kind, who, currency, on, term, minor) in enumerate(book.documents):
        due = on + timedelta(days=term)
        item = NewItem(customers[who], kind, f"D{at}", on, due, due, currency, minor)
        item_id = world.on(FIRST).book([item])[0]
        reference.items.append((item_id, item, 1 if kind in ("invoice", "debit_note", "opening") else -1))
    allocations: list[tuple[UUID, UUID, UUID, int]] = []
    for step in book.steps:
        try:
            act(world, reference, allocations, step)
        except HuikuanError:
            continue
    return reference, dict(zip(customers, ("0001", "0002"), strict=True))


def act(world: World, reference: Reference, allocations: list[tuple[UUID, UUID, UUID, int]], step: tuple) -> None:  # type: ignore[type-arg]
    kind_of_step, left, right, minor, on = step
    actor = world.actor(FIRST + timedelta(days=60))
    item = reference.items[left % len(reference.items)]
    pairs = reference.pairs()
    with world.transaction() as db:
        if kind_of_step == "allocate" and pairs:
            debit_id, credit_id = pairs[right % len(pairs)]
            allocation = allocate(db, actor, [NewAllocation(debit_id, credit_id, minor, on)])[0]
            allocations.append((allocation, debit_id, credit_id, minor))
            done = [(debit_id, minor), (credit_id, minor)]
            effective = effective_on(db, world, allocation)
        elif kind_of_step == "unapply" and allocations:
            allocation, debit_id, credit_id, paid = allocations[left % len(allocations)]
            effective = effective_on(db, world, reverse_allocation(db, actor, allocation, effective_on=on))
            done = [(debit_id, -paid), (credit_id, -paid)]
        elif kind_of_step == "reverse":
            effective = on or actor.today
            reverse_item(db, actor, item[0], effective_on=effective)
            done = [(item[0], item[1].amount_minor)]
        else:
            return
    for item_id, paid in done:
        reference.paid[item_id].append((effective, paid))


def effective_on(db: object, world: World, allocation_id: UUID) -> date:
    found = db.execute(  # type: ignore[attr-defined]
        sa.text("SELECT effective_on FROM allocation WHERE tenant_id = :tenant AND id = :id"),
        {"tenant": world.tenant_id, "id": allocation_id},
    ).scalar_one()
    assert isinstance(found, date)
    return found


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seed=st.integers(0, 2**32), by=st.sampled_from(["due", "invoice"]))
def test_aging_as_of_any_date_is_what_the_books_say(engine: sa.Engine, seed: int, by: AgingBasis) -> None:
    world = new_world()
    book = random_book(seed)
    reference, numbers = build(world, book)
    with world.reading() as db:
        assert [check for check in ledger_checks(db, world.tenant_id) if not check.ok] == []
        days_around_events = reference.days_around_events()
        for on in {days_around_events[pick % len(days_around_events)] for pick in book.picks}:
            report = aging_report(db, world.tenant_id, on, by)
            assert report.rows == expected(reference, numbers, on, by)
            assert all(tie.ok for tie in report.tie_out)
            items = open_items(db, world.tenant_id, as_of=on)
            assert open_items(db, world.tenant_id, as_of=on, customer_ids=list(numbers)) == items
            assert sum(i.signed_open_minor for i in items) == sum(
                balances_of(db, world.tenant_id, list(numbers), on).values()
            )
            for customer, number in numbers.items():
                aged = {row.currency: row.balance_minor for row in report.rows if row.customer_no == number}
                posted = posted_balances(db, world.tenant_id, on, customer_id=customer)
                for currency in ("CNY", "JPY"):
                    balance = balance_at(db, world.tenant_id, customer, currency, on)
                    assert balance == aged.get(currency, 0) == posted.get(currency, 0)


def expected(reference: Reference, numbers: dict[UUID, str], on: date, by: AgingBasis) -> object:
    claims: list[OpenAmount] = []
    credits_open: dict[tuple[str, str], int] = defaultdict(int)
    for item_id, item, side in reference.items:
        if item.document_on > on:
            continue
        open_minor = reference.open_at(item_id, item.amount_minor, on)
        number = numbers[item.customer_id]
        if side > 0:
            anchor = item.due_on if by == "due" else item.document_on
            claims.append(OpenAmount(number, item.currency, anchor, open_minor))
        else:
            credits_open[number, item.currency] += open_minor
    return age(claims, credits_open, on)
