"""Defines `huikuan import`: a file of each kind, applied at once; and undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from ar.imports import queries
from ar.imports.columns import FILE_KINDS, FileKind
from ar.imports.commands import import_now, undo_now
from ar.imports.inputs import Group, ImportFile, Report
from ar.imports.messages import KIND_LABELS, STATE_LABELS, finding_text
from ar.imports.pipeline import run_import
from ar.imports.queries import report_json
from ar.imports.reading import decide_reading
from ar.imports.report_page import rows_text
from kernel.actor import Actor
from kernel.i18n import gettext
from kernel.money import format_minor
from kernel.sheets.mapping import ColumnMapping, parse_mapping
from tenants.commandline import emit, json_option, reports_errors, tenant_option, tenant_transaction
from tenants.queries import tenant
from web import formatters

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
ERRORS_PRINTED = 50


@click.group("import")
def group() -> None:
    """Import customers, open items, receipts, credit limits, orders, deliveries or sign-offs from CSV or XLSX."""


def _command(kind: FileKind) -> Callable[..., None]:
    @group.command(kind, help=f"Import {kind.replace('-', ' ')} from FILE; nothing is applied when there are errors.")
    @click.argument("file", type=FILE)
    @tenant_option
    @click.option("--mapping", type=FILE, help="JSON that says how the file's own headers are read.")
    @click.option("--dry-run", is_flag=True, help="Check and count only.")
    @json_option
    @reports_errors
    def run(file: Path, slug: str, mapping: Path | None, dry_run: bool, as_json: bool) -> None:
        read = parse_mapping(mapping.read_bytes()) if mapping else ColumnMapping()
        asked = ImportFile(kind, file.name, file.read_bytes(), read)
        with tenant_transaction(slug, commit=not dry_run) as (db, actor):
            currency = tenant(db, actor.tenant_id).currency
            reading = decide_reading(db, actor.tenant_id, asked, currency, actor.today)
            # A program is not asked: what the guess leaves open stays unmapped and is an error of its row.
            known = replace(asked, mapping=reading.unasked)
            job_id, report = import_now(db, actor, known) if not dry_run else (None, _checked(db, actor, known))
            payload = report_json(report)
            warnings = [_warning_text(group) for group in report.warning_groups]
        for said in warnings:
            click.echo(said, err=True)
        emit(payload, as_json, lambda: _as_text(report, payload, dry_run, job_id))
        if report.errors_total:
            raise SystemExit(1)

    return run


def _checked(db: Session, actor: Actor, file: ImportFile) -> Report:
    return run_import(db, actor, file, apply=False)


def _warning_text(group: Group) -> str:
    """Returns one line for all warnings of a kind, with their number and first rows."""
    said = finding_text(group.code, group.params)
    if group.findings == 1:
        return f"Warning: row {group.rows[0]}, {group.column}: {said}"
    return f"Warning: {group.findings} rows ({rows_text(group.rows, group.findings)}), {group.column}: {said}"


@group.command("list", help="List the imports of a company, newest first: id, time, file, counts, sums.")
@tenant_option
@json_option
@reports_errors
def list_imports(slug: str, as_json: bool) -> None:
    with tenant_transaction(slug, read_only=True) as (db, actor):
        jobs, _total = queries.history(db, actor.tenant_id, limit=100)
        listed = [queries.job_json(job) for job in jobs]
        shown = [_job_line(job, actor.timezone) for job in jobs]
    emit({"imports": listed}, as_json, lambda: "\n".join(shown) or "Nothing was imported yet.")


@group.command("undo", help="Undo an applied import by its id: reverse its documents, unless something depends on it.")
@click.argument("job_id", metavar="JOB", type=click.UUID)
@tenant_option
@json_option
@reports_errors
def undo(job_id: UUID, slug: str, as_json: bool) -> None:
    with tenant_transaction(slug) as (db, actor):
        reversed_count = undo_now(db, actor, job_id)
    emit({"import": str(job_id), "reversed": reversed_count}, as_json, lambda: f"{reversed_count} documents reversed.")


def _job_line(job: queries.JobRow, timezone: str) -> str:
    """Returns an import in a line, its time in the company's zone."""
    sums = ", ".join(f"{currency} {format_minor(minor, currency)}" for currency, minor in job.sums)
    words = (gettext(STATE_LABELS[job.state][0]), gettext(KIND_LABELS[job.kind]))
    told = (job.id, formatters.datetime(job.created_at, timezone), *words, job.file_name, f"{job.created} new", sums)
    return "  ".join(map(str, told))


def _as_text(report: Report, payload: dict[str, Any], dry_run: bool, job_id: UUID | None) -> str:
    counts = f"{report.created} new, {report.updated} changed, {report.unchanged} unchanged, {report.skipped} skipped"
    lines = [f"{report.rows} rows: {counts}."]
    lines += [f"Total {currency} {format_minor(minor, currency)}" for currency, minor in report.currency_totals()]
    lines += [
        f"Posted against {total.account}: {total.currency} {format_minor(total.amount_minor, total.currency)}"
        for total in report.posted
    ]
    for error in payload["errors"][:ERRORS_PRINTED]:
        place = f"Row {error['row']}, {error['column']}" if error["column"] else f"Row {error['row']}"
        lines.append(f"{place}: {error['message']}")
    if report.errors_total:
        lines.append(f"{report.errors_total} errors. Nothing was applied.")
    elif dry_run:
        lines.append("Dry run: nothing was applied.")
    elif job_id is not None:
        lines.append(f"Import {job_id}")
    return "\n".join(lines)


for _kind in FILE_KINDS:
    _command(_kind)
