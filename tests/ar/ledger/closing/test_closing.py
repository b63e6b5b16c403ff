"""Closing: what is locked stays as it was reported, whichever way a row comes; opening again takes somebody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from ar.imports.commands import request_application, upload
from ar.imports.inputs import ApplyImport, ImportFile
from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.period_balances import balances_in_force
from ar.ledger.books.period_lock import locked_through
from ar.ledger.books.posting import NewItem, post_entry, post_items
from ar.ledger.books.queries import posted_balances
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.commands import lock_through, request_unlock
from ar.ledger.closing.inputs import RequestUnlock
from ar.ledger.closing.queries import checklist, lock_history
from ar.ledger.models import PeriodLock
from kernel.errors import Conflict, Forbidden, RuleBroken
from kernel.journal import JournalEvent
from tenants.approvals.engine import decide
from tests.support.database import as_owner
from tests.support.delivery import drain
from tests.support.world import TODAY, World

MARCH = date(2026, 3, 31)
IN_MARCH = date(2026, 3, 15)


def lock_books(world: World, through_on: date, today: date = TODAY) -> UUID:
    with world.transaction() as db:
        return lock_through(db, world.actor(today), through_on, "month end")


def summed_receivables(world: World, on: date) -> dict[str, int]:
    """The receivables account added up from the first entry on, by the obvious statement."""
    statement = sa.text(
        "SELECT p.currency, CAST(sum(p.debit_minor - p.credit_minor) AS bigint) FROM posting p JOIN entry e"
        " ON e.tenant_id = p.tenant_id AND e.id = p.entry_id WHERE p.tenant_id = :tenant"
        " AND p.account_code = 'receivables' AND e.effective_on <= :on GROUP BY 1"
    )
    with world.reading() as db:
        return {row[0]: row[1] for row in db.execute(statement, {"tenant": world.tenant_id, "on": on})}


def reported_receivables(world: World, on: date) -> dict[str, int]:
    with world.reading() as db:
        return posted_balances(db, world.tenant_id, on)


def director_and_manager(world: World) -> tuple[UUID, UUID]:
    """A finance director who asks and a general manager who decides."""
    ids = []
    for role in ("finance_director", "general_manager"):
        client = world.client(role)
        with client.session_transaction() as session:
            ids.append(UUID(str(session["_user_id"]).partition("|")[0]))
    return ids[0], ids[1]


def unlock(world: World, back_to: date | None, reason: str = "a late invoice") -> UUID:
    asks, decides = director_and_manager(world)
    with world.transaction() as db:
        asker = world.actor(TODAY, {"finance_director"}, user_id=asks)
        ask = RequestUnlock(back_to=back_to, everything=back_to is None, reason=reason)
        approval = request_unlock(db, asker, ask)
    with world.transaction() as db:
        manager = world.actor(TODAY, {"general_manager"}, name="总经理", user_id=decides)
        assert decide(db, manager, approval, approve=True, reason="好") == "approved"
    return approval


def test_a_lock_moves_forward_and_not_beyond_today(world: World) -> None:
    lock_books(world, MARCH)
    for day, code in (
        (MARCH, "lock_not_forward"),
        (date(2026, 2, 28), "lock_not_forward"),
        (date(2026, 11, 21), "lock_in_future"),
    ):
        with pytest.raises(RuleBroken) as refused, world.transaction() as db:
            lock_through(db, world.actor(TODAY), day)
        assert refused.value.code == code
    lock_books(world, TODAY)
    with world.reading() as db:
        assert locked_through(db, world.tenant_id) == TODAY
        assert [(row.kind, row.through_on, row.before_on) for row in lock_history(db, world.tenant_id)] == [
            ("lock", TODAY, MARCH),
            ("lock", MARCH, None),
        ]


def refused_in_march(world: World) -> dict[str, Callable[[Any], object]]:
    """Returns every way by which something dated in March could come (testcase 11), by name; made before the lock."""
    customer = world.customer()
    invoice = world.invoice(customer, number="INV-1", on=date(2026, 3, 1), minor=100_00)
    receipt = world.receipt(customer, number="RC-1", on=date(2026, 3, 2), minor=100_00)
    paid, part = (
        world.document(customer, kind=kind, number=no, on=date(2026, 3, 3), minor=50_00)
        for kind, no in (("invoice", "INV-2"), ("receipt", "RC-2"))
    )
    allocation = world.allocate(paid, part, minor=50_00)
    actor, tenant = world.actor(TODAY), world.tenant_id
    new = NewItem(customer, "invoice", "INV-9", IN_MARCH, IN_MARCH, IN_MARCH, "CNY", 1_00)
    note = NewItem(customer, "write_off", "WO-9", IN_MARCH, IN_MARCH, IN_MARCH, "CNY", 1_00)
    legs = [("bank", "CNY", 1, 0), ("revenue", "CNY", 0, 1)]
    return {
        "document": lambda db: post_items(db, actor, [new]),
        "write-off": lambda db: post_items(db, actor, [note]),
        "entry": lambda db: post_entry(db, actor, "other", IN_MARCH, legs, memo=""),
        "allocation": lambda db: allocate(db, actor, [NewAllocation(invoice, receipt, 1_00, IN_MARCH)]),
        "allocation taken back": lambda db: reverse_allocation(db, actor, allocation, effective_on=IN_MARCH),
        "reversal": lambda db: reverse_item(db, actor, invoice, effective_on=IN_MARCH),
        "entry by SQL": lambda db: db.execute(
            sa.text(
                "INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, memo)"
                " VALUES (:tenant, :id, 'other', '2026-03-15', '2026-03-15T02:00Z', 'x', '')"
            ),
            {"tenant": tenant, "id": uuid4()},
        ),
        "allocation by SQL": lambda db: db.execute(
            sa.text(
                "INSERT INTO allocation (tenant_id, id, customer_id, currency, debit_item_id, credit_item_id,"
                " amount_minor, effective_on, recorded_at, recorded_by)"
                " VALUES (:tenant, :id, :customer, 'CNY', :debit, :credit, 1, '2026-03-15', '2026-03-15T02:00Z', 'x')"
            ),
            {"tenant": tenant, "id": uuid4(), "customer": customer, "debit": invoice, "credit": receipt},
        ),
    }


def test_nothing_is_dated_in_a_locked_period_whichever_way_it_comes(world: World) -> None:
    ways = refused_in_march(world)
    lock_books(world, MARCH)
    before = summed_receivables(world, TODAY)
    for way, act in ways.items():
        with pytest.raises((RuleBroken, sa.exc.IntegrityError)) as refused, world.transaction() as db:
            act(db)
        if isinstance(refused.value, RuleBroken):
            assert refused.value.code == "period_locked", way
        else:
            assert "the books are locked through 2026-03-31" in str(refused.value), way
    assert summed_receivables(world, TODAY) == before


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            "open-items",
            "客户编码,单据类型,单据编号,单据日期,到期日,币种,金额\n1,发票,INV-7,2026-03-15,2026-04-15,CNY,10.00\n",
        ),
        ("receipts", "客户编码,收款编号,收款日期,币种,金额\n1,RC-7,2026-03-15,CNY,10.00\n"),
    ],
)
def test_an_import_into_a_locked_period_books_nothing(world: World, kind: Any, text: str) -> None:
    world.customer("1")
    lock_books(world, MARCH)
    with world.transaction() as db:
        job = upload(db, world.actor(), ImportFile(kind, "三月.csv", text.encode()))
    drain(world.tenant_id)
    try:
        with world.transaction() as db:
            request_application(db, world.actor(), job, ApplyImport(totals_confirmed=True))
    except (RuleBroken, Conflict):
        pass  # the check has refused the file already
    drain(world.tenant_id)
    assert summed_receivables(world, TODAY) == {}


def test_opening_again_takes_somebody_else_and_is_on_record(world: World) -> None:
    lock_books(world, MARCH)
    approval = unlock(world, date(2026, 2, 28))
    with world.reading() as db:
        assert locked_through(db, world.tenant_id) == date(2026, 2, 28)
        newest = lock_history(db, world.tenant_id)[0]
        assert (newest.kind, newest.before_on, newest.approval_id) == ("unlock", MARCH, approval)
        assert (newest.recorded_by, newest.reason) == ("总经理", "a late invoice")
        j = JournalEvent
        kinds = db.execute(sa.select(j.kind).where(j.tenant_id == world.tenant_id, j.subject_id == newest.id))
        assert kinds.scalars().all() == ["period_unlocked"]
    world.invoice(world.customer(), number="LATE", on=IN_MARCH, minor=1_00)
    with pytest.raises(RuleBroken):
        world.invoice(world.customer(), number="EARLIER", on=date(2026, 2, 28), minor=1_00)


def test_who_asks_does_not_open(world: World) -> None:
    lock_books(world, MARCH)
    asks, _decides = director_and_manager(world)
    with world.transaction() as db:
        both = world.actor(TODAY, {"finance_director", "general_manager"}, user_id=asks)
        approval = request_unlock(db, both, RequestUnlock(back_to=None, everything=True, reason="x"))
    with pytest.raises(Forbidden), world.transaction() as db:
        decide(db, both, approval, approve=True)
    with world.reading() as db:
        assert locked_through(db, world.tenant_id) == MARCH


@pytest.mark.parametrize(("back_to", "code"), [(MARCH, "unlock_not_back"), (date(2026, 4, 1), "unlock_not_back")])
def test_only_a_day_before_the_lock_can_be_asked_for(world: World, back_to: date, code: str) -> None:
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        request_unlock(db, world.actor(TODAY), RequestUnlock(back_to=back_to, reason="x"))
    assert refused.value.code == "books_not_locked"
    lock_books(world, MARCH)
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        request_unlock(db, world.actor(TODAY), RequestUnlock(back_to=back_to, reason="x"))
    assert refused.value.code == code


def test_balances_start_from_the_lock_and_equal_the_plain_sum(world: World) -> None:
    """Also after opening again, booking late into the opened month, and locking anew."""
    customer = world.customer()
    days = [date(2026, 1, 15), date(2026, 2, 15), IN_MARCH, date(2026, 4, 15)]
    for n, on in enumerate(days):
        world.invoice(customer, number=f"I{n}", on=on, minor=10**n * 100)
        world.invoice(customer, number=f"U{n}", on=on, minor=7 * 10**n, currency="USD")

    def agree() -> None:
        for on in (date(2025, 12, 31), *days, date(2026, 1, 31), date(2026, 2, 28), MARCH, TODAY):
            assert reported_receivables(world, on) == summed_receivables(world, on), on

    agree()
    lock_books(world, date(2026, 1, 31))
    lock_books(world, MARCH)
    agree()
    with world.reading() as db:
        kept = balances_in_force(db, world.tenant_id, TODAY)
        assert kept is not None
        assert kept.through_on == MARCH
        assert kept.of_account("receivables") == {"CNY": 111_00, "USD": 777}
        assert kept.sums["revenue", "CNY"] == (0, 111_00)
    unlock(world, date(2026, 2, 10))
    with world.reading() as db:
        still = balances_in_force(db, world.tenant_id, TODAY)
        assert still is not None
        assert still.through_on == date(2026, 1, 31)
    world.invoice(customer, number="LATE", on=date(2026, 2, 20), minor=5_00)
    agree()
    lock_books(world, MARCH)
    agree()
    with world.reading() as db:
        anew = balances_in_force(db, world.tenant_id, TODAY)
        assert anew is not None
        assert anew.of_account("receivables")["CNY"] == 116_00


def test_a_lock_waits_for_who_is_booking_and_the_next_is_refused(world: World) -> None:
    """On real connections: the invoice under way is in the balances of the lock; the one after it is refused."""
    customer = world.customer()
    done = threading.Event()

    def close() -> None:
        lock_books(world, MARCH)
        done.set()

    closing = threading.Thread(target=close)
    with world.transaction() as db:
        item = NewItem(customer, "invoice", "UNDER-WAY", IN_MARCH, IN_MARCH, IN_MARCH, "CNY", 100)
        post_items(db, world.actor(TODAY), [item])
        closing.start()
        assert not done.wait(0.3)  # nothing can be seen of it while the booking is not committed
    closing.join(20)
    assert done.is_set()
    with world.reading() as db:
        kept = balances_in_force(db, world.tenant_id, TODAY)
    assert kept is not None
    assert kept.of_account("receivables") == {"CNY": 100} == reported_receivables(world, MARCH)
    with pytest.raises(RuleBroken):
        world.invoice(customer, number="TOO-LATE", on=IN_MARCH, minor=1_00)


def test_two_who_lock_at_once_lock_once(world: World) -> None:
    outcomes: list[str] = []

    def close() -> None:
        try:
            lock_books(world, MARCH)
            outcomes.append("locked")
        except RuleBroken as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["lock_not_forward"] * 3 + ["locked"]


def test_locks_cannot_be_rewritten(world: World) -> None:
    lock_books(world, MARCH)
    with pytest.raises(psycopg.errors.RestrictViolation):
        as_owner(world.tenant_id, "UPDATE period_lock SET through_on = NULL WHERE tenant_id = %s")
    p = PeriodLock
    with pytest.raises(sa.exc.ProgrammingError), world.transaction() as db:
        db.execute(sa.update(p).where(p.tenant_id == world.tenant_id).values(reason=""))


def test_the_checklist_tells_and_does_not_gate(world: World) -> None:
    world.receipt(world.customer(), number="RC-1", on=IN_MARCH, minor=100)
    with world.reading() as db:
        told = checklist(db, world.tenant_id, MARCH)
        assert (told.unapplied, told.drafts, told.revalued_on, told.examined_at) == (1, 0, None, None)
        assert checklist(db, world.tenant_id, date(2026, 3, 14)).unapplied == 0


def form(**values: str) -> dict[str, str]:
    return {"through_on": "2026-03-31", "reason": "", "key": str(uuid4()), **values}


def test_the_page_locks_once_and_says_so(world: World) -> None:
    client, url = world.client("finance"), world.url("/books/periods")
    page = client.get(url).get_data(as_text=True)
    assert "Nothing is locked" in page
    assert "Lock the books" in page
    sent = form()
    assert client.post(url, data=sent).status_code == 303
    assert client.post(url, data=sent).status_code == 303  # the same form again
    page = client.get(url).get_data(as_text=True)
    assert "Locked through 2026-03-31" in page
    assert page.count('<td class="nowrap num">') == 1
    refused = client.post(url, data=form(reason="kept as typed"))
    assert refused.status_code == 422
    assert "already locked through 2026-03-31" in refused.get_data(as_text=True)
    assert "kept as typed" in refused.get_data(as_text=True)


def test_the_page_asks_for_opening(world: World) -> None:
    lock_books(world, MARCH)
    director_and_manager(world)
    client, url = world.client("finance"), world.url("/books/periods/unlocking")
    neither = client.post(url, data={"reason": "x"})
    assert neither.status_code == 422
    assert "Enter a day, or choose to open everything." in neither.get_data(as_text=True)
    assert client.post(url, data={"back_to": "2026-02-28", "reason": "late invoice"}).status_code == 303
    again = client.post(url, data={"back_to": "2026-02-28", "reason": "late invoice"})
    assert again.status_code == 422
    with world.reading() as db:
        assert locked_through(db, world.tenant_id) == MARCH


def test_who_may_not_lock_reads_and_is_refused(world: World) -> None:
    client = world.client("auditor")
    page = client.get(world.url("/books/periods"))
    assert page.status_code == 200
    assert "Lock the books" not in page.get_data(as_text=True)
    assert client.post(world.url("/books/periods"), data=form()).status_code == 403
    assert client.post(world.url("/books/periods/unlocking"), data={"reason": "x"}).status_code == 403


def test_an_approval_opens_no_more_than_its_approvers_saw(world: World) -> None:
    asks, decides = director_and_manager(world)
    lock_books(world, MARCH)
    with world.transaction() as db:
        asker = world.actor(TODAY, {"finance_director"}, user_id=asks)
        approval = request_unlock(db, asker, RequestUnlock(back_to=date(2026, 2, 28), reason="a late invoice"))
    lock_books(world, date(2026, 4, 30))
    manager = world.actor(TODAY, {"general_manager"}, name="总经理", user_id=decides)
    with pytest.raises(Conflict, match="lock_moved"), world.transaction() as db:
        decide(db, manager, approval, approve=True)
