"""The sums kept by day say what the documents say: on every day, whoever writes at once, whosever the customers are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import product
from threading import Barrier, Thread
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.embedded.state import wait_until
from ar.customers.lookups import limit_to_visible_customers
from ar.ledger.books.kept_sums import recompute_sums
from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.closing.audit.checks_sql import KEPT_SUMS
from ar.ledger.models import LedgerSum
from ar.ledger.receivables.list_queries import ReceivablesFilters, receivables_page
from ar.ledger.rules.aging import bucket_minors
from ar.reports.today.queries import _sums_of_visible_items, currency_sums
from ar.reports.today.work import team_rows
from tests.support.world import TODAY, World
from web.paging import read_page

DAYS = (date(2026, 9, 30), date(2026, 10, 10), TODAY, date(2026, 12, 31))
#: A statement that would wait is refused instead.
NEVER_WAITS = sa.text("SET LOCAL lock_timeout = '1s'")
#: What a payment does to a document.
LESS_OPEN = sa.text("UPDATE open_item SET open_minor = open_minor - 100 WHERE tenant_id = :tenant AND id = :item")


def one_yuan(customer_id: UUID, number: str) -> NewItem:
    return NewItem(customer_id, "invoice", number, TODAY, TODAY, TODAY, "CNY", 1_00)


def hand_over(db: Session, world: World, customer_id: UUID, owner_id: UUID) -> None:
    values = {"tenant": world.tenant_id, "customer": customer_id, "owner": owner_id}
    db.execute(sa.text("UPDATE customer SET owner_id = :owner WHERE tenant_id = :tenant AND id = :customer"), values)


def edit_name(db: Session, world: World, customer_id: UUID, name: str) -> None:
    values = {"tenant": world.tenant_id, "customer": customer_id, "name": name}
    db.execute(sa.text("UPDATE customer SET name = :name WHERE tenant_id = :tenant AND id = :customer"), values)


def owned(world: World) -> dict[UUID | None, int]:
    """What the customers of each owner owe (minor units), as the team's table says it."""
    with world.reading() as db:
        return {row.owner_id: row.owed_minor for row in team_rows(db, world.actor(roles=("sales_manager",)))}


def in_a_transaction(world: World, work: Callable[[Session], None]) -> None:
    with world.transaction() as db:
        work(db)


def waits(db: Session) -> bool:
    """Whether another transaction waits for this one (`pg_locks` is read anew each time)."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
    return db.execute(sa.text(waiting)).scalar_one() > 0


@pytest.fixture
def books(world: World) -> World:
    """Two customers: paid, part paid, unapplied, reversed, of another currency, dated later, by instalments."""
    one, two = world.customer("0001", "Alpha"), world.customer("0002", "Beta")
    late = world.invoice(one, number="LATE", on=date(2026, 7, 1), minor=100_00)
    world.invoice(one, number="USD", on=date(2026, 9, 1), minor=70_00, currency="USD")
    paid = world.invoice(two, number="PAID", on=date(2026, 8, 1), minor=7_00)
    world.allocate(paid, world.receipt(two, number="R1", on=date(2026, 10, 9), minor=7_00), minor=7_00)
    part = world.receipt(one, number="R2", on=date(2026, 10, 5), minor=60_00)
    applied = world.allocate(late, part, minor=40_00, on=date(2026, 10, 8))
    world.on(date(2026, 11, 1)).unapply(applied)
    world.allocate(late, part, minor=25_00)
    wrong = world.invoice(two, number="WRONG", on=date(2026, 10, 1), minor=9_00)
    with world.transaction() as db:
        reverse_item(db, world.actor(), wrong, effective_on=date(2026, 10, 20))
    world.invoice(two, number="LATER", on=date(2026, 12, 15), minor=3_00)
    return world


def person(client: FlaskClient) -> UUID:
    with client.session_transaction() as session:
        return UUID(session["_user_id"].split("|")[0])


def wrong_sums(world: World) -> str:
    with world.reading() as db:
        (found,) = (check.detail for check in ledger_checks(db, world.tenant_id) if check.name == KEPT_SUMS)
    return found


def test_the_sums_of_any_day_are_those_of_its_documents(books: World) -> None:
    for day in DAYS:
        with books.reading() as db:
            kept = currency_sums(db, books.tenant_id, day)
            rows = db.execute(_sums_of_visible_items(books.tenant_id, day)).all()
        assert [
            (each.aging.currency, each.credits, each.aging.unapplied_minor, each.doubtful, each.doubtful_minor)
            for each in kept
        ] == [(row.currency, row.credits, row.unapplied_minor, row.doubtful, row.doubtful_minor) for row in rows], day
        assert [each.aging.buckets_minor for each in kept] == [bucket_minors(row) for row in rows], day
        assert all(each.tie.ok for each in kept), day
    assert wrong_sums(books) == ""


FILTERS: tuple[dict[str, str | date], ...] = (
    {},
    {"state": "owed"},
    {"state": "overdue"},
    {"state": "doubtful"},
    {"state": "credits"},
    {"stage": "legal"},
    {"stage": "professional", "state": "overdue"},
    {"due_from": date(2026, 8, 1), "due_to": date(2026, 10, 31)},
)


def test_totals_of_the_list_are_those_of_its_rows(books: World) -> None:
    for day, more in product(DAYS, FILTERS):
        wanted = ReceivablesFilters(on=day, **more)  # type: ignore[arg-type]
        with books.reading() as db:
            page = receivables_page(db, books.tenant_id, wanted, read_page({}), TODAY)
        summed: dict[str, list[int]] = {}
        for row in page.items:
            sums = summed.setdefault(row.currency, [0, 0, 0])
            sums[0] += 1
            sums[1 if row.side > 0 else 2] += row.open_minor
        totals = {each.currency: [each.count, each.owed_minor, each.credits_minor] for each in page.totals}
        assert totals == summed, (day, more)


def test_a_salesperson_is_told_the_sums_of_their_own_customers(books: World) -> None:
    mine = books.customer("0077", "Own")
    client = books.client("salesperson")
    books.give_to(client, mine)
    books.invoice(mine, number="OWN", on=date(2026, 9, 1), minor=5_00)
    actor = books.actor(roles=("salesperson",), user_id=person(client))
    with books.reading() as db:
        limit_to_visible_customers(db, actor)
        sums = currency_sums(db, books.tenant_id, TODAY)
        page = receivables_page(db, books.tenant_id, ReceivablesFilters(), read_page({}), TODAY)
    assert [(each.aging.currency, each.receivables_minor, each.tie.ok) for each in sums] == [("CNY", 5_00, True)]
    assert [(each.count, each.owed_minor) for each in page.totals] == [(1, 5_00)]
    assert [item.document_no for item in page.items] == ["OWN"]


def test_customers_take_what_they_owe_to_their_new_owner(books: World) -> None:
    client = books.client("salesperson")
    seller, leader = person(client), books.actor(roles=("sales_manager",))
    books.give_to(client, books.customer("0001", "Alpha"))
    with books.reading() as db:
        team = {(row.owner_id, row.currency): (row.owed_minor, row.overdue_minor) for row in team_rows(db, leader)}
    assert team == {
        (seller, "CNY"): (75_00, 75_00),
        (seller, "USD"): (70_00, 70_00),
        (None, "CNY"): (3_00, 0),
    }
    assert wrong_sums(books) == ""


def test_writers_of_one_day_do_not_wait_for_each_other(world: World) -> None:
    """Both have posted an invoice of the same day before either commits."""
    customers, barrier, failed = {n: world.customer(n) for n in "AB"}, Barrier(2, timeout=20), list[BaseException]()

    def post(number: str) -> None:
        item = NewItem(customers[number], "invoice", number, TODAY, TODAY, TODAY, "CNY", 1_00)
        try:
            with world.transaction() as db:
                post_items(db, world.actor(), [item])
                barrier.wait()
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=post, args=(number,)) for number in ("A", "B")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with world.reading() as db:
        (position,) = currency_sums(db, world.tenant_id, TODAY)
    assert position.receivables_minor == 2_00
    assert wrong_sums(world) == ""


def test_nobody_waits_for_a_handover_of_another_customer(world: World) -> None:
    """Somebody posts for A and goes on; B is handed over meanwhile and is not committed either; C is posted for."""
    client = world.client("salesperson")
    seller, (a, b, c) = person(client), (world.customer(number) for number in "ABC")
    world.invoice(b, number="B-1", on=TODAY, due_on=TODAY, minor=5_00)
    with world.transaction() as importing, world.transaction() as handing, world.transaction() as posting:
        for db in (importing, handing, posting):
            db.execute(NEVER_WAITS)
        post_items(importing, world.actor(), [one_yuan(a, "A-1")])
        hand_over(handing, world, b, seller)
        post_items(posting, world.actor(), [one_yuan(c, "C-1")])
        edit_name(posting, world, a, "Alpha")
    assert owned(world) == {seller: 5_00, None: 2_00}
    assert wrong_sums(world) == ""


@pytest.mark.parametrize("again", [False, True], ids=["a new document", "a payment of an old one"])
def test_a_handover_waits_for_who_posts_for_that_customer_and_takes_it_along(world: World, again: bool) -> None:
    seller, customer = person(world.client("salesperson")), world.customer("A")
    item = world.invoice(customer, number="A-0", on=TODAY, due_on=TODAY, minor=5_00)
    handed = Thread(target=in_a_transaction, args=(world, lambda db: hand_over(db, world, customer, seller)))
    with world.transaction() as posting:
        if again:
            posting.execute(LESS_OPEN, {"tenant": world.tenant_id, "item": item})
        else:
            post_items(posting, world.actor(), [one_yuan(customer, "A-1")])
        handed.start()
        assert wait_until(lambda: waits(posting), 10)
    handed.join(20)
    assert owned(world) == {seller: 4_00 if again else 6_00}
    assert wrong_sums(world) == ""


@pytest.mark.parametrize("again", [False, True], ids=["a new document", "a payment of an old one"])
def test_who_posts_for_a_customer_just_handed_over_posts_for_the_new_owner(world: World, again: bool) -> None:
    seller, customer = person(world.client("salesperson")), world.customer("A")
    item = world.invoice(customer, number="A-0", on=TODAY, due_on=TODAY, minor=5_00)

    def post(db: Session) -> None:
        if again:
            db.execute(LESS_OPEN, {"tenant": world.tenant_id, "item": item})
        else:
            post_items(db, world.actor(), [one_yuan(customer, "A-1")])

    posted = Thread(target=in_a_transaction, args=(world, post))
    with world.transaction() as handing:
        hand_over(handing, world, customer, seller)
        posted.start()
        assert wait_until(lambda: waits(handing), 10)
    posted.join(20)
    assert owned(world) == {seller: 4_00 if again else 6_00}
    assert wrong_sums(world) == ""


def test_a_wrong_sum_is_named_and_put_right_beside_writers(books: World) -> None:
    kept = LedgerSum
    with books.transaction() as db:
        db.execute(
            sa.update(kept)
            .where(kept.tenant_id == books.tenant_id, kept.measure == "owed", kept.currency == "USD")
            .values(minor=kept.minor + 1)
        )
    assert wrong_sums(books) == "owed 2026-10-01 USD"
    with books.transaction() as db:
        assert recompute_sums(db, books.tenant_id) == 1
    assert wrong_sums(books) == ""
