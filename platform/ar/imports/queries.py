"""Loads the posted documents and payable items that an import compares with, and the jobs for their pages.

Invariant: one statement per question, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.imports.inputs import Report
from ar.imports.messages import finding_text
from ar.imports.models import ImportDocument, ImportJob
from ar.imports.plan import PayableDocument, PostedDocument
from ar.ledger.models import DEBIT_KINDS, Allocation, OpenItem, Posting
from kernel.arrays import array_text
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.views import select_view, value, view, views
from tenants.slice import EntrySource
from web.links import page_url

WORKING_STATES = ("uploaded", "checking", "applying", "undoing")
#: States in which nobody works on a job and nothing of it is written.
MAPPABLE_STATES = ("asking", "checked", "refused", "failed")


@dataclass(frozen=True, slots=True)
class JobRow:
    """An import in the history: `report` has what came of it, with sums by kind and currency."""

    id: UUID
    kind: str
    file_name: str
    state: str
    rows: int
    created_by: str
    created_at: datetime
    report: dict[str, Any]

    @property
    def created(self) -> int:
        """Documents or customers that it added."""
        return int(self.report.get("created") or 0)

    @property
    def sums(self) -> list[tuple[str, int]]:
        """(currency, minor units) over all kinds of documents, as written in the file."""
        found: dict[str, int] = {}
        for total in self.report.get("totals") or ():
            found[total["currency"]] = found.get(total["currency"], 0) + total["amount_minor"]
        return sorted(found.items())


@dataclass(frozen=True, slots=True)
class JobPage:
    """An import for its page."""

    id: UUID
    kind: str
    file_name: str
    file_sha256: str
    mapping: dict[str, Any]
    state: str
    rows_total: int
    rows_done: int
    report: Report
    error: str | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    sample: dict[str, Any]
    undone_at: datetime | None
    undone_by: str | None

    @property
    def can_be_mapped(self) -> bool:
        """True while nobody works on it and nothing is written."""
        return self.state in MAPPABLE_STATES

    @property
    def is_running(self) -> bool:
        """True while a check or application is queued or running."""
        return self.state in WORKING_STATES


def posted_documents(
    db: Session, tenant_id: UUID, kinds: Iterable[str], numbers: Iterable[str]
) -> dict[tuple[str, str], PostedDocument]:
    """Returns the posted documents of these kinds and numbers, by (kind, number); not those of undone imports."""
    item, customer, mirror = OpenItem, Customer, aliased(OpenItem)
    rows = db.execute(
        select_view(
            PostedDocument,
            id=value(item.id),
            customer_no=value(customer.number),
            document_on=value(item.document_on),
            due_on=value(item.due_on),
            currency=value(item.currency),
            amount_minor=value(item.amount_minor),
            kind=value(item.kind),
            reference=value(item.reference),
            came_on=value(item.came_on),
            reversed_by=value(mirror.document_no),
        )
        .add_columns(item.document_no)
        .outerjoin(mirror, sa.and_(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id))
        .where(sa.or_(mirror.id.is_(None), ~mirror.frees_number))
        .join(customer, sa.and_(customer.tenant_id == item.tenant_id, customer.id == item.customer_id))
        .where(
            item.tenant_id == tenant_id,
            customer.tenant_id == tenant_id,
            item.kind.in_(sorted(kinds)),
            item.document_no == sa.any_(_array(numbers, sa.Text())),
        )
    )
    return {(row.kind, row.document_no): view(PostedDocument, row) for row in rows}


# Both sides by the same expression; NFKC only where a text is not ASCII, since it is slow.
_KEY = "replace(lower(CASE WHEN octet_length({0}) = length({0}) THEN {0} ELSE normalize({0}, NFKC) END), ' ', '')"
_ASKED = f"(SELECT n AS number, {_KEY.format('n')} AS key FROM unnest(CAST(:numbers AS text[])) AS n) AS asked"  # noqa: S608
_SIMILAR_DOCUMENTS = sa.text(
    f"SELECT open_item.kind, asked.number, min(open_item.document_no) FROM {_ASKED} "  # noqa: S608 - names of ours
    f"JOIN open_item ON {_KEY.format('open_item.document_no')} = asked.key WHERE open_item.tenant_id = :tenant "
    "AND open_item.kind = ANY(CAST(:kinds AS text[])) AND open_item.document_no <> asked.number "
    "AND NOT EXISTS (SELECT FROM open_item AS m WHERE m.tenant_id = :tenant AND m.reverses_id = open_item.id "
    "AND m.frees_number) GROUP BY 1, 2"
)
_SIMILAR_CUSTOMERS = sa.text(
    f"SELECT asked.number, min(customer.number) FROM {_ASKED} "  # noqa: S608 - names of ours
    f"JOIN customer ON {_KEY.format('customer.number')} = asked.key WHERE customer.tenant_id = :tenant "
    "AND customer.number <> asked.number AND customer.retired_at IS NULL GROUP BY 1"
)


def lookalike_documents(
    db: Session, tenant_id: UUID, kinds: Iterable[str], numbers: Iterable[str]
) -> dict[tuple[str, str], str]:
    """Returns (kind, given number) → a posted number that differs only in width, case or spacing."""
    given = {"tenant": tenant_id, "kinds": array_text(sorted(kinds)), "numbers": array_text(numbers)}
    return {(kind, number): posted_no for kind, number, posted_no in db.execute(_SIMILAR_DOCUMENTS, given)}


def lookalike_customers(db: Session, tenant_id: UUID, numbers: Iterable[str]) -> dict[str, str]:
    """Returns given number → a customer number that differs only in width, case or spacing."""
    given = {"tenant": tenant_id, "numbers": array_text(numbers)}
    return dict(db.execute(_SIMILAR_CUSTOMERS, given).all())


def numbers_by_name(db: Session, tenant_id: UUID, names: Iterable[str]) -> dict[str, str]:
    """Returns name → number of the customers of exactly these names; names of several customers are absent."""
    c = Customer
    rows = db.execute(
        sa.select(c.name, sa.func.min(c.number).label("number"))
        .where(c.tenant_id == tenant_id, c.retired_at.is_(None), c.name == sa.any_(_array(names, sa.Text())))
        .group_by(c.name)
        .having(sa.func.count() == 1)
    )
    return {row.name: row.number for row in rows}


def payments_of(db: Session, tenant_id: UUID, receipt_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """Returns receipt → document number → allocated minor units, net of reversals."""
    allocation, debit = Allocation, aliased(OpenItem)
    paid = sa.func.sum(allocation.amount_minor)
    rows = db.execute(
        sa.select(allocation.credit_item_id, debit.document_no, sa.cast(paid, sa.BigInteger))
        .join(debit, sa.and_(debit.tenant_id == allocation.tenant_id, debit.id == allocation.debit_item_id))
        .where(
            allocation.tenant_id == tenant_id,
            debit.tenant_id == tenant_id,
            allocation.credit_item_id == sa.any_(_array(receipt_ids, sa.Uuid())),
        )
        .group_by(allocation.credit_item_id, debit.document_no)
        .having(paid > 0)
    )
    payments: dict[UUID, dict[str, int]] = {}
    for receipt_id, document_no, minor in rows:
        payments.setdefault(receipt_id, {})[document_no] = minor
    return payments


def payable_documents(
    db: Session, tenant_id: UUID, numbers: Iterable[str]
) -> dict[tuple[UUID, str], list[PayableDocument]]:
    """Returns the documents of these numbers that a receipt may pay, by customer and number."""
    item, mirror = OpenItem, aliased(OpenItem)
    taken_back = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id, mirror.frees_number)
    rows = db.execute(
        sa.select(item.customer_id, item.document_no, item.id, item.currency, item.open_minor).where(
            item.tenant_id == tenant_id,
            item.kind.in_(DEBIT_KINDS),
            ~taken_back,
            item.document_no == sa.any_(_array(numbers, sa.Text())),
        )
    )
    found: dict[tuple[UUID, str], list[PayableDocument]] = {}
    for row in rows:
        debit = PayableDocument(id=row.id, currency=row.currency, open_minor=row.open_minor)
        found.setdefault((row.customer_id, row.document_no), []).append(debit)
    return found


def history(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[JobRow], int]:
    """Returns one page of imports, newest first, and their total number."""
    record = ImportJob
    total = db.execute(sa.select(sa.func.count()).select_from(record).where(record.tenant_id == tenant_id)).scalar_one()
    rows = db.execute(
        select_view(
            JobRow,
            id=value(record.id),
            kind=value(record.kind),
            file_name=value(record.file_name),
            state=value(record.state),
            rows=value(record.rows_total),
            created_by=value(record.created_by),
            created_at=value(record.created_at),
            # Without the findings, of which a file may have thousands.
            report=value(
                sa.func.jsonb_build_object("created", record.report["created"], "totals", record.report["totals"])
            ),
        )
        .where(record.tenant_id == tenant_id)
        .order_by(record.created_at.desc(), record.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return views(JobRow, rows), total


def job(db: Session, tenant_id: UUID, job_id: UUID) -> JobPage:
    """Returns one import. Raises NotFound(`import_not_found`)."""
    record = ImportJob
    row = db.execute(
        sa.select(
            record.id,
            record.kind,
            record.file_name,
            record.file_sha256,
            record.mapping,
            record.state,
            record.rows_total,
            record.rows_done,
            record.report,
            record.error,
            record.created_by,
            record.created_at,
            record.finished_at,
            record.sample,
            record.undone_at,
            record.undone_by,
        ).where(record.tenant_id == tenant_id, record.id == job_id)
    ).first()
    if row is None:
        raise NotFound("import_not_found")
    values = row._asdict()
    return JobPage(**{**values, "report": Report.from_json(values["report"])})


def _array(values: Iterable[object], kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Returns many values as one parameter of an array type.

    Untyped for SQLAlchemy, so that the parameter itself is the array and the planner hashes it; a cast from text would
    be compared element by element.
    """
    return sa.cast(sa.literal(array_text(values), sa.types.NullType()), sa.ARRAY(kind))


def job_json(job: JobRow) -> dict[str, Any]:
    """Returns an import of the history for a program."""
    return {
        "id": job.id,
        "kind": job.kind,
        "file": job.file_name,
        "state": job.state,
        "rows": job.rows,
        "created": job.created,
        "totals": [{"currency": currency, "amount_minor": minor} for currency, minor in job.sums],
        "by": job.created_by,
        "at": job.created_at,
    }


def report_json(report: Report) -> dict[str, Any]:
    """Returns a report for a program; messages in the current language."""
    return {
        "rows": report.rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "totals": [{"currency": currency, "amount_minor": minor} for currency, minor in report.currency_totals()],
        "errors": [
            {
                "row": finding.row,
                "column": finding.column,
                "code": finding.code,
                "message": finding_text(finding.code, finding.params),
            }
            for finding in report.errors
        ],
    }


def has_revenue(db: Session, tenant_id: UUID) -> bool:
    """Tells that the books have revenue of their own: what comes now are sales, and no longer what was owed before."""
    p = Posting
    return bool(
        db.execute(
            sa.select(sa.exists().where(p.tenant_id == tenant_id, p.account_code == "revenue", p.credit_minor > 0))
        ).scalar_one()
    )


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the import that posted a journal entry."""
    record, document, item = ImportJob, ImportDocument, OpenItem
    items = sa.select(item.id).where(item.tenant_id == tenant_id, item.entry_id == entry_id)
    rows = db.execute(
        sa.select(record.id, record.file_name)
        .join(document, sa.and_(document.tenant_id == tenant_id, document.job_id == record.id))
        .where(record.tenant_id == tenant_id, document.item_id.in_(items))
        .limit(1)
    )
    return [EntrySource(_("Import"), row.file_name, page_url("imports.show", job_id=row.id)) for row in rows]
