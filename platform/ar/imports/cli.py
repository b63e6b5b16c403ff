"""Defines `huikuan import`: customers, open items and receipts from a file, applied at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ar.imports.columns import FILE_KINDS, FileKind
from ar.imports.inputs import ImportFile, Report
from ar.imports.messages import finding_text
from ar.imports.pipeline import run_import
from ar.imports.queries import report_json
from kernel.money import format_minor
from kernel.sheets.mapping import ColumnMapping, parse_mapping
from tenants.commandline import emit, json_option, reports_errors, tenant_option, tenant_transaction

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
ERRORS_PRINTED = 50


@click.group("import")
def group() -> None:
    """Import customers, open items or receipts from CSV or XLSX."""


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
            report = run_import(db, actor, asked, apply=not dry_run)
            payload = report_json(report)
        for warning in report.warnings[:ERRORS_PRINTED]:
            said = finding_text(warning.code, warning.params)
            click.echo(f"Warning: row {warning.row}, {warning.column}: {said}", err=True)
        emit(payload, as_json, lambda: _as_text(report, payload, dry_run))
        if report.errors_total:
            raise SystemExit(1)

    return run


def _as_text(report: Report, payload: dict[str, Any], dry_run: bool) -> str:
    counts = f"{report.created} new, {report.updated} changed, {report.unchanged} unchanged, {report.skipped} skipped"
    lines = [f"{report.rows} rows: {counts}."]
    lines += [f"Total {currency} {format_minor(minor, currency)}" for currency, minor in report.currency_totals()]
    for error in payload["errors"][:ERRORS_PRINTED]:
        place = f"Row {error['row']}, {error['column']}" if error["column"] else f"Row {error['row']}"
        lines.append(f"{place}: {error['message']}")
    if report.errors_total:
        lines.append(f"{report.errors_total} errors. Nothing was applied.")
    elif dry_run:
        lines.append("Dry run: nothing was applied.")
    return "\n".join(lines)


for _kind in FILE_KINDS:
    _command(_kind)
