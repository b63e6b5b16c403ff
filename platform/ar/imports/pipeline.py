"""Runs an import from file to ledger: parse, look up, plan and, on request and without errors, post.

Invariants: command line, web check and web application take this one path; everything is written in the caller's
transaction or nothing; imports of a tenant are serialised, so a second import of the same file changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from ar.customers.commands import member_ids, upsert_customers
from ar.customers.lookups import CustomerFacts, find_numbers
from ar.imports.columns import FILE_KINDS, FileKind, fields
from ar.imports.inputs import ImportFile, ParsedCustomer, ParsedItem, ParsedReceipt, ParsedRows, Report
from ar.imports.lookalikes import warn_customers, warn_documents
from ar.imports.plan import (
    ItemPlan,
    PlannedItem,
    PlannedReceipt,
    PostedReceipts,
    control_totals,
    new_customer_names,
    plan_items,
    plan_receipts,
    require_customer,
    require_customer_or_name,
)
from ar.imports.queries import payable_documents, payments_of, posted_documents
from ar.imports.rows import any_row_parses, parse_rows, refuse_duplicates
from ar.ledger.commands import NewAllocation, NewItem, allocate, lock_customers, post_items
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.journal import record
from kernel.sheets import Table, TableRefused, open_table
from kernel.sheets.binding import Binding, bind, header_names
from tenants.queries import work_calendar

#: Rows per batch of statements; bounds memory, not the transaction.
BATCH_ROWS = 10_000
#: Columns another kind must recognise beyond the chosen one before a complete file is taken for it.
CLEARLY_MORE = 2
T = TypeVar("T")
Progress = Callable[[int], None]


def run_import(
    db: Session, actor: Actor, file: ImportFile, *, apply: bool, progress: Progress = lambda _rows: None
) -> Report:
    """Checks a file and, with `apply` and no errors, writes it. `progress` is called with the rows done.

    Raises TableRefused or RuleBroken when the file or the mapping cannot be parsed, and Conflict when
    the same documents were changed meanwhile.
    """
    if apply:
        lock_counter(db, actor.tenant_id, "imports")
    report = Report()
    share = 2 if apply else 1
    place, rows = _parse(file, actor.today, report, lambda done: progress(done // share))
    _IMPORTERS[file.kind](db, actor, rows, report, apply, lambda done: progress(report.rows // 2 + done // 2))
    report.sort(place)
    if report.errors_total:
        report.created = report.updated = report.customers_created = 0
    elif apply:
        _record(db, actor, file, report)
    return report


def open_table_of(file: ImportFile) -> tuple[Table, Binding]:
    """Returns the file's table and the binding of its columns. Raises TableRefused, RuleBroken."""
    table = open_table(file.content, file.name, header_names(fields(file.kind), file.mapping), told=file.mapping)
    return table, bind(fields(file.kind), table.headers, file.mapping)


def _check_headers(file: ImportFile, table: Table, binding: Binding, report: Report) -> None:
    report.columns = {name: header or file.mapping.constants.get(name, "") for name, header in binding.headers.items()}
    report.ignored = list(binding.ignored)
    other = _better_fitting_kind(file, binding) if binding.missing else _clearly_other_kind(file, table, binding)
    if other is not None:
        report.add_error(table.header_row, "", "looks_like_kind", kind=other)
    for name in binding.missing:
        if name not in file.mapping.columns:
            report.add_error(table.header_row, name, "column_missing", header=name)
    for header in binding.unknown_headers:
        report.add_error(table.header_row, header, "mapped_header_missing", header=header)


def _better_fitting_kind(file: ImportFile, binding: Binding) -> FileKind | None:
    """Returns a kind with fewer missing columns and more recognised headers, or None.

    Only without a mapping, which already declares the columns.
    """
    if file.mapping.columns or file.mapping.constants:
        return None
    best: tuple[int, int, FileKind] = (-len(binding.missing), len(binding.places), file.kind)
    for kind in FILE_KINDS:
        try:
            other = open_table_of(replace(file, kind=kind))[1]
        except TableRefused:
            continue  # has no header row of that kind
        fit = (-len(other.missing), len(other.places), kind)
        if fit[0] > best[0] and fit[1] > best[1]:
            best = fit
    return best[2] if best[2] != file.kind else None


def _clearly_other_kind(file: ImportFile, table: Table, binding: Binding) -> FileKind | None:
    """Returns another kind that a complete file clearly is, or None: open items also parse as receipts.

    The other kind misses no column, recognises CLEARLY_MORE of them, and at least one of the first rows parses.
    """
    if file.mapping.columns or file.mapping.constants:
        return None
    others = [(kind, bind(fields(kind), table.headers, file.mapping)) for kind in FILE_KINDS if kind != file.kind]
    for kind, other in sorted(others, key=lambda each: -len(each[1].places)):
        more = len(other.places) - len(binding.places)
        if not other.missing and more >= CLEARLY_MORE and any_row_parses(kind, table, other, file.mapping.date_order):
            return kind
    return None


def _parse(
    file: ImportFile, today: date, report: Report, progress: Progress
) -> tuple[Callable[[str], int], ParsedRows]:
    """Returns the sort position of columns, and the rows; the file's text is freed before any look-up."""
    table, binding = open_table_of(file)
    _check_headers(file, table, binding, report)
    return binding.place, ParsedRows([], []) if report.errors else _read(file, table, binding, report, today, progress)


def _read(
    file: ImportFile, table: Table, binding: Binding, report: Report, today: date, progress: Progress
) -> ParsedRows:
    rows = parse_rows(file.kind, table, binding, report, file.mapping.date_order, progress, today)
    if file.kind == "customers":
        return refuse_duplicates(rows, lambda row: row.customer.number, "customer_no", report)
    report.totals = control_totals(rows.good)
    if file.kind == "open-items":
        return refuse_duplicates(rows, lambda row: (row.kind, row.document_no), "document_no", report)
    return refuse_duplicates(rows, lambda row: row.receipt_no, "receipt_no", report)


def _import_customers(
    db: Session, actor: Actor, rows: ParsedRows, report: Report, apply: bool, progress: Progress
) -> None:
    """Upserts the customers and counts; a check rolls back to a savepoint, so its counts equal those of applying."""
    parsed: list[ParsedCustomer] = rows.good
    _check_owners(db, actor.tenant_id, [*parsed, *rows.half], report)
    if report.errors_total:
        return
    known = find_numbers(db, actor.tenant_id, [row.customer.number for row in parsed])
    new = {row.customer.number: row.row for row in parsed if row.customer.number not in known}
    warn_customers(db, actor.tenant_id, new, report)
    savepoint = db.begin_nested()
    for done, batch in _batches(parsed):
        result = upsert_customers(db, actor, [row.customer for row in batch])
        report.created += result.created
        report.updated += result.updated
        report.unchanged += result.unchanged
        progress(done)
    if apply:
        savepoint.commit()
    else:
        savepoint.rollback()


def _check_owners(db: Session, tenant_id: UUID, parsed: Sequence[ParsedCustomer], report: Report) -> None:
    emails = {row.customer.owner_email for row in parsed if row.customer.owner_email}
    known = member_ids(db, tenant_id, emails) if emails else {}
    for row in parsed:
        if row.customer.owner_email and row.customer.owner_email not in known:
            report.add_error(row.row, "owner_email", "owner_unknown", found=row.customer.owner_email)


def _import_open_items(
    db: Session, actor: Actor, rows: ParsedRows, report: Report, apply: bool, progress: Progress
) -> None:
    parsed: list[ParsedItem] = rows.good
    half = [row for row in rows.half if row.customer_no]
    customers = find_numbers(db, actor.tenant_id, {row.customer_no for row in (*parsed, *half)})
    plan = ItemPlan(new_customer_names([*parsed, *half], customers))
    for row in half:
        require_customer_or_name(row, customers, plan, report)
    calendar = work_calendar(db, actor.tenant_id)
    for batch in _consumed_batches(parsed):
        posted = posted_documents(db, actor.tenant_id, {row.kind for row in batch}, [row.document_no for row in batch])
        plan_items(batch, customers, posted, report, calendar.is_working_day, plan)
    report.created, report.customers_created = len(plan.items), len(plan.new_customers())
    _warn_items(db, actor.tenant_id, plan, report)
    if report.errors_total or not apply:
        return
    if plan.new_customers():
        upsert_customers(db, actor, plan.new_customers())
        customers |= find_numbers(db, actor.tenant_id, plan.names)
    # In id order and before any document: posting takes the same locks in the order of the file.
    lock_customers(db, actor.tenant_id, {customers[item.customer_no].id for item in plan.items})
    for done, items in _batches(plan.items):
        post_items(db, actor, [_new_item(item, customers) for item in items], memo="import")
        progress(done)


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
    )


def _import_receipts(
    db: Session, actor: Actor, rows: ParsedRows, report: Report, apply: bool, progress: Progress
) -> None:
    tenant_id = actor.tenant_id
    parsed: list[ParsedReceipt] = rows.good
    half = [row for row in rows.half if row.customer_no]
    customers = find_numbers(db, tenant_id, {row.customer_no for row in (*parsed, *half)})
    for row in half:
        require_customer(row, customers, report)
    if apply:
        # All at once and before loading open amounts, so that they cannot change and locks cannot deadlock.
        lock_customers(db, tenant_id, [customer.id for customer in customers.values()])
    open_minor: dict[UUID, int] = {}
    planned: list[PlannedReceipt] = []
    for batch in _consumed_batches(parsed):
        posted = posted_documents(db, tenant_id, ["receipt"], [row.receipt_no for row in batch])
        paid = payments_of(db, tenant_id, [receipt.id for receipt in posted.values()]) if posted else {}
        debits = payable_documents(db, tenant_id, {document_no for row in batch for document_no, _minor in row.applies})
        planned += plan_receipts(batch, customers, PostedReceipts(posted, paid, debits), open_minor, report)
    report.created = len(planned)
    documents = [(each.receipt.row, "receipt", each.receipt.receipt_no) for each in planned]
    warn_documents(db, tenant_id, "receipt_no", documents, report)
    if report.errors_total or not apply:
        return
    for done, receipts in _batches(planned):
        ids = post_items(db, actor, [_new_receipt(receipt) for receipt in receipts], memo="import")
        # No date given: the later of both documents' dates.
        pays = [
            NewAllocation(debit_id, credit_id, minor)
            for receipt, credit_id in zip(receipts, ids, strict=True)
            for debit_id, minor in receipt.pays
        ]
        allocate(db, actor, pays)
        progress(done)


_IMPORTERS: dict[FileKind, Callable[[Session, Actor, ParsedRows, Report, bool, Progress], None]] = {
    "customers": _import_customers,
    "open-items": _import_open_items,
    "receipts": _import_receipts,
}


def _new_receipt(planned: PlannedReceipt) -> NewItem:
    receipt = planned.receipt
    return NewItem(
        customer_id=planned.customer_id,
        kind="receipt",
        document_no=receipt.receipt_no,
        document_on=receipt.received_on,
        due_on=receipt.received_on,
        collection_end_on=receipt.received_on,
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


def _record(db: Session, actor: Actor, file: ImportFile, report: Report) -> None:
    if not (report.created or report.updated):
        return
    record(
        db,
        actor,
        "import_applied",
        data={
            "kind": file.kind,
            "file": file.name,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "rows": report.rows,
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "skipped": report.skipped,
            "totals": [total._asdict() for total in report.totals],
        },
    )
