"""Small files for the tests of imports, and the short ways to check, upload or apply one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.handlers import HANDLERS
from ar.imports import commands, queries
from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, Report
from ar.imports.pipeline import run_import
from ar.ledger.models import OpenItem
from kernel.outbox import OutboxMessage
from kernel.sheets import Column, Sheet, write_xlsx
from kernel.sheets.mapping import ColumnMapping
from tests.support.world import World

TODAY = date(2026, 11, 21)
ITEM_HEADERS = "customer_no,customer_name,document_no,kind,document_date,due_date,currency,amount"
RECEIPT_HEADERS = "customer_no,receipt_no,received_on,currency,amount,applies_to"
CUSTOMER_HEADERS = (
    "customer_no,name,entity_type,tax_id,owner_email,contact_name,contact_email,term_days,settlement_days,language"
)


def csv_file(headers: str, *rows: str, encoding: str = "utf-8") -> bytes:
    """A CSV file of these lines."""
    return "\n".join([headers, *rows]).encode(encoding)


def xlsx_file(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of text cells."""
    return write_xlsx([Sheet("Sheet1", [Column(header) for header in headers], list(rows))])


def import_file(
    world: World, kind: FileKind, content: bytes, *, apply: bool = True, mapping: ColumnMapping | None = None
) -> Report:
    """Checks or applies a file in a transaction of its own."""
    file = ImportFile(kind, "file.csv", content, mapping or ColumnMapping())
    with world.transaction() as db:
        return run_import(db, world.actor(TODAY), file, apply=apply)


def error_codes(report: Report) -> list[tuple[int, str, str]]:
    """(row, column, code) of the errors."""
    return [(error.row, error.column, error.code) for error in report.errors]


def posted_documents(world: World) -> dict[str, tuple[str, date, int, int, date | None]]:
    """Document number → (kind, due, amount, open, cleared on)."""
    i = OpenItem
    with world.reading() as db:
        rows = db.execute(
            sa.select(i.document_no, i.kind, i.due_on, i.amount_minor, i.open_minor, i.cleared_on).where(
                i.tenant_id == world.tenant_id
            )
        )
        return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}


GOOD = csv_file(ITEM_HEADERS, "001,深圳华芯,INV-1,invoice,2026-10-01,,CNY,10", "001,,INV-2,invoice,2026-10-01,,CNY,20")
BAD = csv_file(ITEM_HEADERS, "001,深圳华芯,INV-1,invoice,2026-10-01,,CNY,ten")


def upload_file(world: World, content: bytes = GOOD) -> UUID:
    """Uploads a file of open items; returns the job."""
    with world.transaction() as db:
        return commands.upload(db, world.actor(), ImportFile("open-items", "items.csv", content))


def payloads_waiting(world: World, kind: str) -> list[dict[str, str]]:
    """Returns the payloads of the messages of a kind, oldest first."""
    o = OutboxMessage
    with world.reading() as db:
        query = sa.select(o.payload).where(o.tenant_id == world.tenant_id, o.kind == kind).order_by(o.id)
        return list(db.execute(query).scalars())


def do_last_message(world: World, kind: str) -> None:
    """Does what the worker does with the last message of a kind."""
    payload = payloads_waiting(world, kind)[-1]
    with world.transaction() as db:
        HANDLERS[kind](db, world.actor(), payload)


def job_page(world: World, job_id: UUID) -> queries.JobPage:
    """Returns the job as its page shows it."""
    with world.reading() as db:
        return queries.job(db, world.tenant_id, job_id)
