"""Small files for the tests of imports, and the short way to check or apply one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa

from ar.imports.columns import FileKind
from ar.imports.inputs import ImportFile, Report
from ar.imports.mapping import Mapping
from ar.imports.running import run_import
from ar.ledger.models import OpenItem
from kernel.sheets import Column, Sheet, write_xlsx
from tests.support.companies import TestCompany

TODAY = date(2026, 11, 21)
ITEM_HEADERS = "customer_no,customer_name,document_no,kind,document_date,due_date,currency,amount"
RECEIPT_HEADERS = "customer_no,receipt_no,received_on,currency,amount,applies_to"
CUSTOMER_HEADERS = (
    "customer_no,name,entity_type,tax_id,owner_email,contact_name,contact_email,term_days,settlement_days,language"
)


def csv(headers: str, *rows: str, encoding: str = "utf-8") -> bytes:
    """A CSV file of these lines."""
    return "\n".join([headers, *rows]).encode(encoding)


def xlsx(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of text cells."""
    return write_xlsx([Sheet("Sheet1", [Column(header) for header in headers], list(rows))])


def run(
    company: TestCompany, kind: FileKind, content: bytes, *, apply: bool = True, mapping: Mapping | None = None
) -> Report:
    """Checks or applies a file in a transaction of its own."""
    file = ImportFile(kind, "file.csv", content, mapping or Mapping())
    with company.transaction() as db:
        return run_import(db, company.actor(TODAY), file, apply=apply)


def codes(report: Report) -> list[tuple[int, str, str]]:
    """(row, column, code) of the errors."""
    return [(error.row, error.column, error.code) for error in report.errors]


def posted(company: TestCompany) -> dict[str, tuple[str, date, int, int, date | None]]:
    """Document number → (kind, due, amount, open, cleared on)."""
    i = OpenItem
    with company.reading() as db:
        rows = db.execute(
            sa.select(i.document_no, i.kind, i.due_on, i.amount_minor, i.open_minor, i.cleared_on).where(
                i.tenant_id == company.tenant_id
            )
        )
        return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}
