"""Posting: what an accountant checks in the books, and that nothing can be changed afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.reversal import reverse_item
from ar.ledger.models import Allocation, Entry, OpenItem, Posting
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.journal import JournalEvent
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import TODAY, World, world_of

MARCH = date(2026, 3, 1)


def debits_and_credits_of(world: World, item_id: UUID) -> set[tuple[str, int, int]]:
    with world.reading() as db:
        rows = db.execute(
            sa.select(Posting.account_code, Posting.debit_minor, Posting.credit_minor)
            .join(OpenItem, sa.and_(OpenItem.tenant_id == world.tenant_id, OpenItem.entry_id == Posting.entry_id))
            .where(Posting.tenant_id == world.tenant_id, OpenItem.id == item_id)
        )
        return {(row.account_code, row.debit_minor, row.credit_minor) for row in rows}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("invoice", {("receivables", 10000, 0), ("revenue", 0, 10000)}),
        ("debit_note", {("receivables", 10000, 0), ("revenue", 0, 10000)}),
        ("opening", {("receivables", 10000, 0), ("opening_balance", 0, 10000)}),
        ("credit_note", {("returns", 10000, 0), ("receivables", 0, 10000)}),
        ("receipt", {("bank", 10000, 0), ("receivables", 0, 10000)}),
    ],
)
def test_each_kind_of_document_is_booked_to_its_accounts(
    world: World, kind: str, expected: set[tuple[str, int, int]]
) -> None:
    item = world.document(world.customer(), kind=kind, number="D1", on=MARCH, minor=10000)
    assert debits_and_credits_of(world, item) == expected


def test_a_document_number_is_taken_once_per_kind(world: World) -> None:
    customer = world.customer()
    world.invoice(customer, number="A1", on=MARCH, minor=100)
    world.receipt(customer, number="A1", on=MARCH, minor=100)
    with pytest.raises(Conflict) as refused:
        world.invoice(customer, number="A1", on=MARCH, minor=999)
    assert refused.value.code == "document_exists"
    assert refused.value.params == {"document_no": "A1"}


def test_nothing_of_a_batch_is_booked_when_one_document_is_refused(world: World) -> None:
    customer = world.customer()
    good = NewItem(customer, "invoice", "G1", MARCH, MARCH, MARCH, "CNY", 100)
    bad = NewItem(customer, "invoice", "G1", MARCH, MARCH, MARCH, "CNY", 200)
    with pytest.raises(Conflict), world.transaction() as db:
        post_items(db, world.actor(TODAY), [good, bad])
    with world.reading() as db:
        assert db.execute(sa.select(Entry.id).where(Entry.tenant_id == world.tenant_id)).all() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_minor": 0}, "amount_not_positive"),
        ({"amount_minor": -5}, "amount_not_positive"),
        ({"currency": "XQZ"}, "currency_unknown"),
        ({"kind": "present"}, "kind_unknown"),
        ({"document_no": " "}, "document_no_missing"),
        ({"due_on": MARCH - timedelta(days=1)}, "dates_out_of_order"),
    ],
)
def test_what_cannot_be_booked_is_refused_with_its_reason(world: World, changes: dict[str, object], code: str) -> None:
    values = {
        "customer_id": world.customer(),
        "kind": "invoice",
        "document_no": "X",
        "document_on": MARCH,
        "due_on": MARCH,
        "collection_end_on": MARCH,
        "currency": "CNY",
        "amount_minor": 1,
    } | changes
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        post_items(db, world.actor(TODAY), [NewItem(**values)])  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_customer_of_another_company_cannot_be_booked(world: World, other_company: TestCompany) -> None:
    foreign = world_of(other_company).customer()
    with pytest.raises(NotFound):
        world.invoice(foreign, number="F1", on=MARCH, minor=100)


def test_a_reversal_mirrors_the_document_and_clears_both(world: World) -> None:
    invoice = world.invoice(world.customer(), number="I1", on=MARCH, minor=12345)
    with world.transaction() as db:
        mirror = reverse_item(db, world.actor(TODAY), invoice, memo="typed twice")
    assert debits_and_credits_of(world, mirror) == {("receivables", 0, 12345), ("revenue", 12345, 0)}
    with world.reading() as db:
        i = OpenItem
        rows = db.execute(
            sa.select(i.kind, i.document_no, i.side, i.open_minor, i.cleared_on, i.reference)
            .where(i.tenant_id == world.tenant_id)
            .order_by(i.document_on)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("invoice", "I1", 1, 0, TODAY, None),
        ("reversal", "REV-2026-000001", -1, 0, TODAY, "I1"),
    ]


def test_a_document_is_reversed_once_and_a_reversal_never(world: World) -> None:
    invoice = world.invoice(world.customer(), number="I1", on=MARCH, minor=100)
    actor = world.actor(TODAY)
    with world.transaction() as db:
        mirror = reverse_item(db, actor, invoice)
    with pytest.raises(Conflict) as again, world.transaction() as db:
        reverse_item(db, actor, invoice)
    with pytest.raises(RuleBroken) as of_reversal, world.transaction() as db:
        reverse_item(db, actor, mirror)
    assert (again.value.code, of_reversal.value.code) == ("already_reversed", "reversal_is_final")


def test_an_allocated_document_is_not_reversed_before_its_allocation_is_taken_back(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=100)
    receipt = world.receipt(customer, number="R", on=MARCH, minor=40)
    world.allocate(invoice, receipt, minor=40)
    with pytest.raises(Conflict) as refused, world.transaction() as db:
        reverse_item(db, world.actor(TODAY), receipt)
    assert refused.value.code == "item_allocated"


def test_a_reversal_cannot_take_effect_before_the_document(world: World) -> None:
    invoice = world.invoice(world.customer(), number="I", on=MARCH, minor=100)
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        reverse_item(db, world.actor(TODAY), invoice, effective_on=MARCH - timedelta(days=1))
    assert refused.value.code == "effective_too_early"


def test_a_reversal_takes_effect_today_at_the_latest_and_leaves_the_document_free(world: World) -> None:
    invoice = world.invoice(world.customer(), number="I", on=MARCH, minor=100)
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        reverse_item(db, world.actor(TODAY), invoice, effective_on=date(9999, 12, 31))
    assert (refused.value.code, refused.value.params) == ("effective_in_future", {"until_on": TODAY.isoformat()})
    with world.transaction() as db:
        reverse_item(db, world.actor(TODAY), invoice)


def test_a_document_may_be_dated_a_year_ahead_and_not_a_day_more(world: World) -> None:
    customer = world.customer()
    last = TODAY + timedelta(days=366)
    world.receipt(customer, number="R1", on=last, minor=100)
    with pytest.raises(RuleBroken) as refused:
        world.receipt(customer, number="R2", on=last + timedelta(days=1), minor=100)
    assert refused.value.code == "document_too_far_ahead"
    assert refused.value.params == {"document_no": "R2", "document_on": "2027-11-22"}


@pytest.mark.parametrize("table", [Entry, Posting, Allocation, OpenItem])
@pytest.mark.parametrize("deed", ["update", "delete"])
def test_booked_rows_cannot_be_changed_or_deleted(world: World, table: Any, deed: str) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=100)
    receipt = world.receipt(customer, number="R", on=MARCH, minor=40)
    world.allocate(invoice, receipt, minor=40)
    column = {"entry": "memo", "open_item": "document_no"}.get(table.__tablename__, "currency")
    update = sa.update(table).where(table.tenant_id == world.tenant_id).values({column: "USD"})
    delete = sa.delete(table).where(table.tenant_id == world.tenant_id)
    statement: sa.Executable = update if deed == "update" else delete
    with pytest.raises(DBAPIError) as refused, world.transaction() as db:
        db.execute(statement)
    assert "permission denied" in str(refused.value.orig)


def test_booking_costs_as_many_statements_for_two_hundred_documents_as_for_one(world: World, engine: sa.Engine) -> None:
    customer = world.customer()

    def statements(prefix: str, count: int) -> int:
        items = [NewItem(customer, "invoice", f"{prefix}{n}", MARCH, MARCH, MARCH, "CNY", 1) for n in range(count)]
        with counted(engine) as seen, world.transaction() as db:
            post_items(db, world.actor(TODAY), items)
        return len(seen)

    assert statements("A", 1) == statements("B", 200) <= 7


def test_the_journal_keeps_one_event_per_call_with_its_totals(world: World) -> None:
    customer = world.customer()
    items = [NewItem(customer, "invoice", f"J{n}", MARCH, MARCH, MARCH, "CNY", 50) for n in range(3)]
    with world.transaction() as db:
        post_items(db, world.actor(TODAY), items, memo="import")
    with world.reading() as db:
        data = db.execute(
            sa.select(JournalEvent.data).where(
                JournalEvent.tenant_id == world.tenant_id, JournalEvent.kind == "documents_posted"
            )
        ).scalar_one()
    assert data["count"] == 3
    assert data["totals"] == [{"kind": "invoice", "currency": "CNY", "count": 3, "amount_minor": 150}]


def test_a_text_of_any_characters_comes_back_as_it_went_in(world: World) -> None:
    number = 'NULL,{"甲"}\\ \'x\' "y"'
    item = world.invoice(world.customer(), number=number, on=MARCH, minor=100)
    with world.reading() as db:
        stored = db.execute(
            sa.select(OpenItem.document_no).where(OpenItem.tenant_id == world.tenant_id, OpenItem.id == item)
        ).scalar_one()
    assert stored == number
