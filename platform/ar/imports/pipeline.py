"""Runs an import from file to ledger: parse, look up, plan and, on request and without errors, post.

Invariants: command line, web check and web application take this one path; everything is written in the caller's
transaction or nothing; imports of a tenant are serialised, so a second import of the same file changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.imports.columns import FILE_KINDS, FileKind, fields
from ar.imports.importers import IMPORTERS, Progress, Task
from ar.imports.inputs import ImportFile, ParsedRows, Report
from ar.imports.rules.closing import check_closing, control_totals
from ar.imports.rules.numbering import number_items, number_receipts
from ar.imports.rules.rows import any_row_parses, parse_rows, refuse_duplicates, uses_sides
from ar.imports.sales_files import SALES_IMPORTERS
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.journal import record
from kernel.sheets import Table, TableRefused, open_table
from kernel.sheets.binding import Binding, bind, header_names

#: Columns another kind must recognise beyond the chosen one before a complete file is taken for it.
CLEARLY_MORE: Final = 2

#: Kinds of file that are posted in the ledger; they may end with a sum of their own.
BOOKED_KINDS: Final = ("open-items", "receipts")
#: Kinds of file whose rows have amounts; those of deliveries are known with their orders alone.
COUNTED_BY_AMOUNT: Final = ("open-items", "receipts", "limits", "orders")
#: What tells a row from the others, and its column; a delivery note may name a line twice (batches).
_REPEATED_KEYS: Final[dict[FileKind, tuple[Callable[[Any], Any], str]]] = {
    "receipts": (lambda row: row.receipt_no, "receipt_no"),
    "limits": (lambda row: (row.customer_no, row.valid_from), "valid_from"),
    "orders": (lambda row: (row.order_no, row.line_no), "line_no"),
    "sign-offs": (lambda row: row.delivery_no, "delivery_no"),
}
#: An import of so many rows refreshes the statistics of the tables that it filled.
ANALYZED_FROM: Final = 2_000
_ANALYZE: Final = sa.text("SELECT analyze_ledger()")


def run_import(
    db: Session,
    actor: Actor,
    file: ImportFile,
    *,
    apply: bool,
    progress: Progress = lambda _rows: None,
    job_id: UUID | None = None,
) -> Report:
    """Checks a file and, with `apply` and no errors, writes it as part of the import `job_id`.

    `progress` is called with the rows done.

    Raises TableRefused or RuleBroken when the file or the mapping cannot be parsed, and Conflict when
    the same documents were changed meanwhile.
    """
    if apply:
        actor = lock_counter(db, actor, "imports")
    report = Report()
    share = 2 if apply else 1
    binding, rows = _parse(file, actor.today, report, lambda done: progress(done // share))
    later: Progress = lambda done: progress(report.rows // 2 + done // 2)  # noqa: E731
    task = Task(db, actor, file, report, apply, later, binding.by_name, job_id)
    {**IMPORTERS, **SALES_IMPORTERS}[file.kind](task, rows)
    report.sort(binding.place)
    if report.errors_total:
        report.created = report.updated = report.customers_created = 0
    elif apply:
        _record(task)
        if report.created + report.updated >= ANALYZED_FROM:
            # A company that the statistics do not know yet gets nested loops over all that it has.
            db.execute(_ANALYZE)
    return report


def open_table_of(file: ImportFile) -> tuple[Table, Binding]:
    """Returns the file's table and the binding of its columns. Raises TableRefused, RuleBroken."""
    table = open_table(file.content, file.name, header_names(fields(file.kind), file.mapping), told=file.mapping)
    return table, bind_columns(file, table.headers)


def bind_columns(file: ImportFile, headers: Sequence[str]) -> Binding:
    """Binds the columns of a kind of file to its headers. Raises RuleBroken.

    A file without customer numbers knows its customers by their names: these stand in the numbers' place. Debits and
    credits stand in the place of the amount.
    """
    binding = bind(fields(file.kind), headers, file.mapping)
    name = "name" if file.kind == "customers" else "customer_name"
    headings = file.mapping.headings
    if "customer_no" in binding.missing and headings and not binding.headers.get(name):
        binding.missing.remove("customer_no")
        binding = replace(binding, by_name=headings == name)
    if "amount" in binding.missing and uses_sides(binding):
        binding.missing.remove("amount")
    if "customer_no" in binding.missing and binding.headers.get(name):
        place = binding.places[name]
        columns = {**file.mapping.columns, "customer_no": f"#{place + 1}"}
        mapping = file.mapping.model_copy(update={"columns": columns})
        missing = [each for each in binding.missing if each != "customer_no"]
        binding = replace(bind(fields(file.kind), headers, mapping), by_name=True, missing=missing)
    return binding


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
        if not other.missing and more >= CLEARLY_MORE and any_row_parses(kind, table, other, file.mapping):
            return kind
    return None


def _parse(file: ImportFile, today: date, report: Report, progress: Progress) -> tuple[Binding, ParsedRows]:
    """Returns the binding and the rows; the file's text is freed before any look-up."""
    table, binding = open_table_of(file)
    _check_headers(file, table, binding, report)
    rows = ParsedRows([], []) if report.errors else _read(file, table, binding, report, today, progress)
    return binding, rows


def _read(
    file: ImportFile, table: Table, binding: Binding, report: Report, today: date, progress: Progress
) -> ParsedRows:
    mapping = file.mapping
    rows = parse_rows(file.kind, table, binding, report, mapping, progress, today, by_name=binding.by_name)
    lines = mapping.repeated == "pass_over"
    if file.kind == "customers":
        return refuse_duplicates(rows, lambda row: row.customer.number, "customer_no", report, equal_pass=lines)
    if file.kind == "open-items":
        rows = number_items(rows, report)
        rows = refuse_duplicates(rows, lambda row: (row.kind, row.document_no), "document_no", report, equal_pass=lines)
    elif file.kind in _REPEATED_KEYS:
        if file.kind == "receipts":
            rows = number_receipts(rows, report)
        key, column = _REPEATED_KEYS[file.kind]
        rows = refuse_duplicates(rows, key, column, report, equal_pass=lines)
    if file.kind in COUNTED_BY_AMOUNT:
        report.totals = control_totals(rows.good)
    if file.kind in BOOKED_KINDS:
        check_closing(rows.sums, binding, mapping, rows.good, report)
    return rows


def _record(task: Task) -> None:
    file, report = task.file, task.report
    if not (report.created or report.updated):
        return
    record(
        task.db,
        task.actor,
        "import_applied",
        subject_id=task.job_id,
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
