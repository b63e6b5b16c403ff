"""Defines `huikuan report`: the aging report and the list of unsigned delivery notes on the command line."""

from __future__ import annotations

from datetime import date
from typing import Literal

import click

from ar.ledger.rules.aging import BUCKETS, AgingRow
from ar.reports.aging.queries import AgingReport, aging_report
from ar.sales.lookups import UnsignedNote, unsigned_json, unsigned_notes
from kernel.bookable import FIRST_DAY, LAST_DAY, is_bookable
from kernel.errors import RuleBroken
from kernel.money import format_minor
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction


@click.group("report")
def group() -> None:
    """Reports of a company."""


@group.command("aging")
@tenant_option
@click.option("--as-of", "as_of", type=DAY, required=True, metavar="DATE", help="The date, like 2026-11-21.")
@click.option("--by", type=click.Choice(["due", "invoice"]), default="due", help="Count from the due or document date.")
@json_option
@reports_errors
def aging(slug: str, as_of: date, by: Literal["due", "invoice"], as_json: bool) -> None:
    """Print the aging report as of a date."""
    if not is_bookable(as_of):
        raise click.BadParameter(f"a day from {FIRST_DAY} to {LAST_DAY}", param_hint="--as-of")
    with tenant_transaction(slug, read_only=True) as (db, actor):
        report = aging_report(db, actor.tenant_id, as_of, by, tie_out=not as_json)
    emit(report.as_json(), as_json, lambda: _text(report))


@group.command("unsigned-deliveries")
@tenant_option
@click.option("--as-of", "as_of", type=DAY, required=True, metavar="DATE", help="The date, like 2026-11-21.")
@json_option
@reports_errors
def unsigned_deliveries(slug: str, as_of: date, as_json: bool) -> None:
    """Print the shipped delivery notes that had not come back signed by the end of a day, the oldest first."""
    with tenant_transaction(slug, read_only=True) as (db, actor):
        if as_of > actor.today:
            raise RuleBroken("unsigned_as_of", today=actor.today.isoformat())
        notes = unsigned_notes(db, actor.tenant_id, as_of, today=actor.today)
    emit(unsigned_json(as_of, notes), as_json, lambda: "\n".join(map(_note_line, notes)))


def _note_line(note: UnsignedNote) -> str:
    reason = note.reason or note.short_reason
    parts = [
        note.number,
        note.shipped_on.isoformat(),
        f"{note.days_out} d",
        note.customer_no,
        note.mode,
        note.salesperson,
    ]
    return "  ".join(part for part in (*parts, reason) if part)


def _text(report: AgingReport) -> str:
    first = "same_day" if report.by == "invoice" else BUCKETS[0]
    heads = ["customer", "cur", first, *BUCKETS[1:], "unapplied", "balance"]
    lines = [_cells(row.customer_no, row) for row in report.rows] + [_cells("total", row) for row in report.totals]
    widths = [max(len(line[at]) for line in [heads, *lines]) for at in range(len(heads))]
    drawn = [
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [heads, *lines]
    ]
    ties = [
        f"{tie.currency}: {'ties to the ledger' if tie.ok else 'DOES NOT TIE, the ledger says'} "
        f"{format_minor(tie.ledger_minor, tie.currency)}"
        for tie in report.tie_out
    ]
    counted = "days since the document date" if report.by == "invoice" else "days past the due date"
    return "\n".join([f"Aging as of {report.as_of.isoformat()}, {counted}", *drawn, *ties])


def _cells(name: str, row: AgingRow) -> list[str]:
    amounts = (*row.buckets_minor, row.unapplied_minor, row.balance_minor)
    return [name, row.currency, *(format_minor(minor, row.currency) for minor in amounts)]
