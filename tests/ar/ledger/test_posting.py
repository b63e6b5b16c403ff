"""Posting: what an accountant checks in the books, and that nothing can be changed afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ar.ledger.models import Allocation, Entry, OpenItem, Posting
from ar.ledger.posting import NewItem, post_items
from ar.ledger.reversing import reverse_item
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.journal import JournalEvent
from tests.support.books import TODAY, Books
from tests.support.companies import TestCompany
from tests.support.statements import counted

MARCH = date(2026, 3, 1)


def legs(company: TestCompany, item_id: UUID) -> set[tuple[str, int, int]]:
    with company.reading() as db:
        rows = db.execute(
            sa.select(Posting.account_code, Posting.debit_minor, Posting.credit_minor)
            .join(OpenItem, sa.and_(OpenItem.tenant_id == company.tenant_id, OpenItem.entry_id == Posting.entry_id))
            .where(Posting.tenant_id == company.tenant_id, OpenItem.id == item_id)
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
    company: TestCompany, kind: str, expected: set[tuple[str, int, int]]
) -> None:
    books = Books(company)
    item = books.post(books.customer(), kind, "D1", MARCH, 10000)
    assert legs(company, item) == expected


def test_a_document_number_is_taken_once_per_kind(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    books.post(customer, "invoice", "A1", MARCH, 100)
    books.post(customer, "receipt", "A1", MARCH, 100)
    with pytest.raises(Conflict) as refused:
        books.post(customer, "invoice", "A1", MARCH, 999)
    assert refused.value.code == "document_exists"
    assert refused.value.params == {"document_no": "A1"}


def test_nothing_of_a_batch_is_booked_when_one_document_is_refused(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    good = NewItem(customer, "invoice", "G1", MARCH, MARCH, MARCH, "CNY", 100)
    bad = NewItem(customer, "invoice", "G1", MARCH, MARCH, MARCH, "CNY", 200)
    with pytest.raises(Conflict), company.transaction() as db:
        post_items(db, company.actor(TODAY), [good, bad])
    with company.reading() as db:
        assert db.execute(sa.select(Entry.id).where(Entry.tenant_id == company.tenant_id)).all() == []


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
def test_what_cannot_be_booked_is_refused_with_its_reason(
    company: TestCompany, changes: dict[str, object], code: str
) -> None:
    values = {
        "customer_id": Books(company).customer(),
        "kind": "invoice",
        "document_no": "X",
        "document_on": MARCH,
        "due_on": MARCH,
        "collection_end_on": MARCH,
        "currency": "CNY",
        "amount_minor": 1,
    } | changes
    with pytest.raises(RuleBroken) as refused, company.transaction() as db:
        post_items(db, company.actor(TODAY), [NewItem(**values)])  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_customer_of_another_company_cannot_be_booked(company: TestCompany, other_company: TestCompany) -> None:
    foreign = Books(other_company).customer()
    with pytest.raises(NotFound):
        Books(company).post(foreign, "invoice", "F1", MARCH, 100)


def test_a_reversal_mirrors_the_document_and_clears_both(company: TestCompany) -> None:
    books = Books(company)
    invoice = books.post(books.customer(), "invoice", "I1", MARCH, 12345)
    with company.transaction() as db:
        mirror = reverse_item(db, company.actor(TODAY), invoice, memo="typed twice")
    assert legs(company, mirror) == {("receivables", 0, 12345), ("revenue", 12345, 0)}
    with company.reading() as db:
        i = OpenItem
        rows = db.execute(
            sa.select(i.kind, i.document_no, i.side, i.open_minor, i.cleared_on, i.reference)
            .where(i.tenant_id == company.tenant_id)
            .order_by(i.document_on)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("invoice", "I1", 1, 0, TODAY, None),
        ("reversal", "REV-2026-000001", -1, 0, TODAY, "I1"),
    ]


def test_a_document_is_reversed_once_and_a_reversal_never(company: TestCompany) -> None:
    books = Books(company)
    invoice = books.post(books.customer(), "invoice", "I1", MARCH, 100)
    actor = company.actor(TODAY)
    with company.transaction() as db:
        mirror = reverse_item(db, actor, invoice)
    with pytest.raises(Conflict) as again, company.transaction() as db:
        reverse_item(db, actor, invoice)
    with pytest.raises(RuleBroken) as of_reversal, company.transaction() as db:
        reverse_item(db, actor, mirror)
    assert (again.value.code, of_reversal.value.code) == ("already_reversed", "reversal_is_final")


def test_an_allocated_document_is_not_reversed_before_its_allocation_is_taken_back(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice, receipt = books.post(customer, "invoice", "I", MARCH, 100), books.post(customer, "receipt", "R", MARCH, 40)
    books.allocate(invoice, receipt, 40)
    with pytest.raises(Conflict) as refused, company.transaction() as db:
        reverse_item(db, company.actor(TODAY), receipt)
    assert refused.value.code == "item_allocated"


def test_a_reversal_cannot_take_effect_before_the_document(company: TestCompany) -> None:
    books = Books(company)
    invoice = books.post(books.customer(), "invoice", "I", MARCH, 100)
    with pytest.raises(RuleBroken) as refused, company.transaction() as db:
        reverse_item(db, company.actor(TODAY), invoice, effective_on=MARCH - timedelta(days=1))
    assert refused.value.code == "effective_too_early"


def test_a_reversal_takes_effect_today_at_the_latest_and_leaves_the_document_free(company: TestCompany) -> None:
    books = Books(company)
    invoice = books.post(books.customer(), "invoice", "I", MARCH, 100)
    with pytest.raises(RuleBroken) as refused, company.transaction() as db:
        reverse_item(db, company.actor(TODAY), invoice, effective_on=date(9999, 12, 31))
    assert (refused.value.code, refused.value.params) == ("effective_in_future", {"until_on": TODAY.isoformat()})
    with company.transaction() as db:
        reverse_item(db, company.actor(TODAY), invoice)


def test_a_document_may_be_dated_a_year_ahead_and_not_a_day_more(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    last = TODAY + timedelta(days=366)
    books.post(customer, "receipt", "R1", last, 100)
    with pytest.raises(RuleBroken) as refused:
        books.post(customer, "receipt", "R2", last + timedelta(days=1), 100)
    assert refused.value.code == "document_too_far_ahead"
    assert refused.value.params == {"document_no": "R2", "document_on": "2027-11-22"}


@pytest.mark.parametrize("table", [Entry, Posting, Allocation, OpenItem])
@pytest.mark.parametrize("deed", ["update", "delete"])
def test_booked_rows_cannot_be_changed_or_deleted(company: TestCompany, table: Any, deed: str) -> None:
    books = Books(company)
    customer = books.customer()
    invoice, receipt = books.post(customer, "invoice", "I", MARCH, 100), books.post(customer, "receipt", "R", MARCH, 40)
    books.allocate(invoice, receipt, 40)
    column = {"entry": "memo", "open_item": "document_no"}.get(table.__tablename__, "currency")
    update = sa.update(table).where(table.tenant_id == company.tenant_id).values({column: "USD"})
    delete = sa.delete(table).where(table.tenant_id == company.tenant_id)
    statement: sa.Executable = update if deed == "update" else delete
    with pytest.raises(DBAPIError) as refused, company.transaction() as db:
        db.execute(statement)
    assert "permission denied" in str(refused.value.orig)


def test_booking_costs_as_many_statements_for_two_hundred_documents_as_for_one(
    company: TestCompany, engine: sa.Engine
) -> None:
    customer = Books(company).customer()

    def statements(prefix: str, count: int) -> int:
        items = [NewItem(customer, "invoice", f"{prefix}{n}", MARCH, MARCH, MARCH, "CNY", 1) for n in range(count)]
        with counted(engine) as seen, company.transaction() as db:
            post_items(db, company.actor(TODAY), items)
        return len(seen)

    assert statements("A", 1) == statements("B", 200) <= 7


def test_the_journal_keeps_one_event_per_call_with_its_totals(company: TestCompany) -> None:
    customer = Books(company).customer()
    items = [NewItem(customer, "invoice", f"J{n}", MARCH, MARCH, MARCH, "CNY", 50) for n in range(3)]
    with company.transaction() as db:
        post_items(db, company.actor(TODAY), items, memo="import")
    with company.reading() as db:
        data = db.execute(
            sa.select(JournalEvent.data).where(
                JournalEvent.tenant_id == company.tenant_id, JournalEvent.kind == "documents_posted"
            )
        ).scalar_one()
    assert data["count"] == 3
    assert data["totals"] == [{"kind": "invoice", "currency": "CNY", "count": 3, "amount_minor": 150}]


def test_a_text_of_any_characters_comes_back_as_it_went_in(company: TestCompany) -> None:
    number = 'NULL,{"甲"}\\ \'x\' "y"'
    books = Books(company)
    item = books.post(books.customer(), "invoice", number, MARCH, 100)
    with company.reading() as db:
        stored = db.execute(
            sa.select(OpenItem.document_no).where(OpenItem.tenant_id == company.tenant_id, OpenItem.id == item)
        ).scalar_one()
    assert stored == number
