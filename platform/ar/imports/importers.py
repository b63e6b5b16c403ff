"""Looks up, plans and, when asked, writes the parsed rows of each kind of file.

Invariant: a check does what applying does and writes nothing; what is written is recorded with its import, so that it
can be listed and undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.commands import member_ids, upsert_customers
from ar.customers.lookups import CustomerFacts, find_numbers
from ar.imports import traces
from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, ParsedCustomer, ParsedItem, ParsedReceipt, ParsedRows, Report
from ar.imports.names import number_customers, owner_emails, warn_customers, warn_documents, with_owners
from ar.imports.plan import (
    OPENING,
    ItemPlan,
    Period,
    PlannedItem,
    PlannedReceipt,
    PostedReceipts,
    new_customer_names,
    plan_items,
    plan_receipts,
    posted_totals,
    require_customer,
    require_customer_or_name,
)
from ar.imports.queries import has_revenue, payable_documents, payments_of, posted_documents
from ar.ledger.commands import NewAllocation, NewItem, allocate, lock_customers, lock_open_period, post_items
from ar.ledger.commands import locked_through as shown_lock
from kernel.actor import Actor
from tenants.queries import work_calendar

#: Rows per batch of statements; bounds memory, not the transaction.
BATCH_ROWS: Final = 10_000
#: Orders, notes or signatures, likewise: each comes with what the checks know of its customer.
PAPERS_AT_A_TIME: Final = 500
#: After so many papers the statistics are refreshed of what they hardly know: a new company got plans that grow.
_ANALYZED_AFTER: Final = frozenset({100, 1_000, 5_000})
_ANALYZE: Final = sa.text("SELECT analyze_sales()")
T = TypeVar("T")
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One run over a file: `apply` writes; `job_id` is the import that what is written belongs to (None: a check)."""

    db: Session
    actor: Actor
    file: ImportFile
    report: Report
    apply: bool
    progress: Progress
    by_name: bool
    job_id: UUID | None

    def at_a_time(self, papers: Sequence[T]) -> Iterator[Sequence[T]]:
        """Yields orders, deliveries or signatures in batches, and tells of each when it is done.

        They are analysed while they are new to the statistics.
        """
        for start in range(0, len(papers), PAPERS_AT_A_TIME):
            batch = papers[start : start + PAPERS_AT_A_TIME]
            yield batch
            done = start + len(batch)
            self.progress(done)
            if any(start < mark <= done for mark in _ANALYZED_AFTER):
                self.db.execute(_ANALYZE)

    def period(self) -> Period:
        """Returns the locked period, held until the end of the transaction where the file is applied."""
        find = lock_open_period if self.apply else shown_lock
        mapping, tenant_id = self.file.mapping, self.actor.tenant_id
        account: str = mapping.credits
        if account == "by_books" and self.file.kind == "open-items":
            account = "revenue" if has_revenue(self.db, tenant_id) else "opening_balance"
        locked = find(self.db, tenant_id)
        return Period(locked, mapping.before_lock == "opening", self.actor.today, account == "opening_balance")


def import_customers(task: Task, rows: ParsedRows) -> None:
    """Upserts the customers and counts; a check rolls back to a savepoint, so its counts equal those of applying."""
    db, actor, report = task.db, task.actor, task.report
    parsed: list[ParsedCustomer] = rows.good
    _check_owners(db, actor.tenant_id, [*parsed, *rows.half], report)
    if report.errors_total:
        return
    parsed = with_owners(parsed, owner_emails(db, actor.tenant_id, ((row.row, row.owner) for row in parsed), report))
    known = find_numbers(db, actor.tenant_id, [row.customer.number for row in parsed])
    new = {row.customer.number: row.row for row in parsed if row.customer.number not in known}
    warn_customers(db, actor.tenant_id, new, report)
    savepoint = db.begin_nested()
    for done, batch in _batches(parsed):
        numbers = [row.customer.number for row in batch]
        before = traces.customer_states(db, actor.tenant_id, numbers) if task.apply else {}
        result = upsert_customers(db, actor, [row.customer for row in batch])
        report.created += result.created
        report.updated += result.updated
        report.unchanged += result.unchanged
        if task.job_id is not None:
            traces.record_customers(db, actor, task.job_id, before, numbers)
        task.progress(done)
    if task.apply:
        savepoint.commit()
    else:
        savepoint.rollback()


def _check_owners(db: Session, tenant_id: UUID, parsed: Sequence[ParsedCustomer], report: Report) -> None:
    emails = {row.customer.owner_email for row in parsed if row.customer.owner_email}
    known = member_ids(db, tenant_id, emails) if emails else {}
    for row in parsed:
        if row.customer.owner_email and row.customer.owner_email not in known:
            report.add_error(row.row, "owner_email", "owner_unknown", found=row.customer.owner_email)


def import_open_items(task: Task, rows: ParsedRows) -> None:
    """Plans the documents and, when asked, posts them with their new customers."""
    db, actor, report = task.db, task.actor, task.report
    tenant_id = actor.tenant_id
    parsed: list[ParsedItem] = rows.good
    half = [row for row in rows.half if row.customer_no]
    if task.by_name:
        numbers = number_customers(db, tenant_id, [*parsed, *half], report)
        parsed = [row._replace(customer_no=numbers.get(row.customer_name, row.customer_no)) for row in parsed]
    emails = owner_emails(db, tenant_id, _owners_of_new(db, tenant_id, parsed), report)
    customers = find_numbers(db, tenant_id, {row.customer_no for row in (*parsed, *half)})
    plan = ItemPlan(new_customer_names([*parsed, *half], customers))
    for row in half:
        require_customer_or_name(row, customers, plan, report)
    calendar, period = work_calendar(db, tenant_id), task.period()
    for batch in _consumed_batches(parsed):
        kinds = {row.kind for row in batch} | {"opening"}
        posted = posted_documents(db, tenant_id, kinds, [row.document_no for row in batch])
        batch = [row._replace(owner=emails.get(row.owner, "")) if row.owner else row for row in batch]
        plan_items(batch, customers, posted, report, calendar.is_working_day, plan, period)
    report.created, report.customers_created = len(plan.items), len(plan.new_customers())
    report.posted = posted_totals(plan.items)
    _warn_items(db, tenant_id, plan, report)
    if report.errors_total or not task.apply:
        return
    _post_items(task, plan, customers)


def _owners_of_new(db: Session, tenant_id: UUID, parsed: Sequence[ParsedItem]) -> list[tuple[int, str]]:
    """Returns (row, salesperson) of the rows whose customer the file would create."""
    named = [row for row in parsed if row.owner]
    known = find_numbers(db, tenant_id, {row.customer_no for row in named}) if named else {}
    return [(row.row, row.owner) for row in named if row.customer_no not in known]


def _post_items(task: Task, plan: ItemPlan, customers: dict[str, CustomerFacts]) -> None:
    db, actor = task.db, task.actor
    new = plan.new_customers()
    if new:
        upsert_customers(db, actor, new)
        customers |= find_numbers(db, actor.tenant_id, plan.names)
        if task.job_id is not None:
            traces.record_customers(db, actor, task.job_id, {}, [row.number for row in new])
    # In id order and before any document: posting takes the same locks in the order of the file.
    actor = lock_customers(db, actor, {customers[item.customer_no].id for item in plan.items})
    for done, items in _batches(plan.items):
        ids = post_items(db, actor, [_new_item(item, customers) for item in items])
        traces.record_documents(db, actor, task.job_id, ids)
        task.progress(done)


def _warn_items(db: Session, tenant_id: UUID, plan: ItemPlan, report: Report) -> None:
    """Warns of look-alikes among the documents and customers that the plan would add."""
    new = {customer.number for customer in plan.new_customers()}
    rows = {item.customer_no: item.row for item in reversed(plan.items) if item.customer_no in new}
    warn_customers(db, tenant_id, rows, report)
    documents = [(item.row, item.kind, item.document_no) for item in plan.items]
    warn_documents(db, tenant_id, "document_no", documents, report)


def _new_item(item: PlannedItem, customers: dict[str, CustomerFacts]) -> NewItem:
    return NewItem(
        customer_id=customers[item.customer_no].id,
        kind=item.kind,
        document_no=item.document_no,
        document_on=item.document_on,
        due_on=item.due_on,
        collection_end_on=item.collection_end_on,
        currency=item.currency,
        amount_minor=item.amount_minor,
        reference=item.before_lock.isoformat() if item.before_lock else None,
        contra=item.account if item.account == "opening_balance" and item.kind != OPENING else None,
        came_on=item.before_lock,
        due_as_given=True,
    )


def import_receipts(task: Task, rows: ParsedRows) -> None:
    """Plans the receipts and, when asked, posts them with what they pay."""
    db, actor, report = task.db, task.actor, task.report
    tenant_id = actor.tenant_id
    parsed: list[ParsedReceipt] = rows.good
    half = [row for row in rows.half if row.customer_no]
    if task.by_name:
        numbers = number_customers(db, tenant_id, [*parsed, *half], report)
        parsed = [row._replace(customer_no=numbers.get(row.customer_no, row.customer_no)) for row in parsed]
    customers = find_numbers(db, tenant_id, {row.customer_no for row in (*parsed, *half)})
    for row in half:
        require_customer(row, customers, report)
    if task.apply:
        # All at once and before loading open amounts, so that they cannot change and locks cannot deadlock.
        actor = lock_customers(db, actor, [customer.id for customer in customers.values()])
    open_minor: dict[UUID, int] = {}
    planned: list[PlannedReceipt] = []
    period = task.period()
    for batch in _consumed_batches(parsed):
        posted = posted_documents(db, tenant_id, ["receipt"], [row.receipt_no for row in batch])
        paid = payments_of(db, tenant_id, [receipt.id for receipt in posted.values()]) if posted else {}
        debits = payable_documents(db, tenant_id, {document_no for row in batch for document_no, _minor in row.applies})
        known = PostedReceipts(posted, paid, debits)
        planned += plan_receipts(batch, customers, known, open_minor, report, period)
    report.created = len(planned)
    documents = [(each.receipt.row, "receipt", each.receipt.receipt_no) for each in planned]
    warn_documents(db, tenant_id, "receipt_no", documents, report)
    if report.errors_total or not task.apply:
        return
    for done, receipts in _batches(planned):
        ids = post_items(db, actor, [_new_receipt(receipt) for receipt in receipts])
        traces.record_documents(db, actor, task.job_id, ids)
        # No date given: the later of both documents' dates.
        pays = [
            NewAllocation(debit_id, credit_id, minor)
            for receipt, credit_id in zip(receipts, ids, strict=True)
            for debit_id, minor in receipt.pays
        ]
        traces.record_allocations(db, actor, task.job_id, allocate(db, actor, pays))
        task.progress(done)


#: Of the books; those of credit and sales are in `sales_files`.
IMPORTERS: Final[dict[FileKind, Callable[[Task, ParsedRows], None]]] = {
    "customers": import_customers,
    "open-items": import_open_items,
    "receipts": import_receipts,
}


def _new_receipt(planned: PlannedReceipt) -> NewItem:
    receipt = planned.receipt
    return NewItem(
        customer_id=planned.customer_id,
        kind="receipt",
        document_no=receipt.receipt_no,
        document_on=planned.booked_on,
        due_on=planned.booked_on,
        collection_end_on=planned.booked_on,
        came_on=receipt.received_on,
        currency=receipt.currency,
        amount_minor=receipt.amount_minor,
    )


def _batches(rows: Sequence[T]) -> Iterator[tuple[int, list[T]]]:
    """Yields batches with the number of rows up to their end."""
    source, done = iter(rows), 0
    while batch := list(islice(source, BATCH_ROWS)):
        done += len(batch)
        yield done, batch


def _consumed_batches(rows: list[T]) -> Iterator[list[T]]:
    """Yields batches and removes them from `rows`, so that a long file is never in memory twice."""
    while rows:
        batch = rows[:BATCH_ROWS]
        del rows[:BATCH_ROWS]
        yield batch
