"""Reads for imports: what is posted already, what may be paid, and the jobs of the history.

May import the tables of customers, ledger and imports. Invariant: one statement per question, whatever the
number of rows; frozen views for pages.
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
from ar.imports.models import ImportJob
from ar.imports.plan import Debit, Posted
from ar.ledger.models import DEBIT_KINDS, Allocation, OpenItem
from kernel.arrays import array_text
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views

WORKING_STATES = ("uploaded", "checking", "applying")


@dataclass(frozen=True, slots=True)
class JobLine:
    """An import in the history."""

    id: UUID
    kind: str
    file_name: str
    state: str
    rows: int
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class JobPage:
    """An import with everything its page shows."""

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

    @property
    def working(self) -> bool:
        """Whether a job is at it or about to be."""
        return self.state in WORKING_STATES


def posted_documents(
    db: Session, tenant_id: UUID, kinds: Iterable[str], numbers: Iterable[str]
) -> dict[tuple[str, str], Posted]:
    """What is in the ledger of these kinds and numbers, by (kind, number)."""
    item, customer, mirror = OpenItem, Customer, aliased(OpenItem)
    rows = db.execute(
        select_view(
            Posted,
            id=value(item.id),
            customer_no=value(customer.number),
            document_on=value(item.document_on),
            due_on=value(item.due_on),
            currency=value(item.currency),
            amount_minor=value(item.amount_minor),
            reversed_by=value(mirror.document_no),
        )
        .add_columns(item.kind, item.document_no)
        .outerjoin(mirror, sa.and_(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id))
        .join(customer, sa.and_(customer.tenant_id == item.tenant_id, customer.id == item.customer_id))
        .where(
            item.tenant_id == tenant_id,
            customer.tenant_id == tenant_id,
            item.kind.in_(sorted(kinds)),
            item.document_no == sa.any_(_array(numbers, sa.Text())),
        )
    )
    return {(row.kind, row.document_no): view(Posted, row) for row in rows}


# Both sides by the same expression; only what is not ASCII is worth unfolding.
_KEY = "replace(lower(CASE WHEN octet_length({0}) = length({0}) THEN {0} ELSE normalize({0}, NFKC) END), ' ', '')"
_ASKED = f"(SELECT n AS number, {_KEY.format('n')} AS key FROM unnest(CAST(:numbers AS text[])) AS n) AS asked"  # noqa: S608
_SIMILAR_DOCUMENTS = sa.text(
    f"SELECT open_item.kind, asked.number, min(open_item.document_no) FROM {_ASKED} "  # noqa: S608 - names of ours
    f"JOIN open_item ON {_KEY.format('open_item.document_no')} = asked.key WHERE open_item.tenant_id = :tenant "
    "AND open_item.kind = ANY(CAST(:kinds AS text[])) AND open_item.document_no <> asked.number GROUP BY 1, 2"
)
_SIMILAR_CUSTOMERS = sa.text(
    f"SELECT asked.number, min(customer.number) FROM {_ASKED} "  # noqa: S608 - names of ours
    f"JOIN customer ON {_KEY.format('customer.number')} = asked.key WHERE customer.tenant_id = :tenant "
    "AND customer.number <> asked.number GROUP BY 1"
)


def similar_documents(
    db: Session, tenant_id: UUID, kinds: Iterable[str], numbers: Iterable[str]
) -> dict[tuple[str, str], str]:
    """(kind, number asked) → a posted document whose number differs by width, case or blanks only."""
    given = {"tenant": tenant_id, "kinds": array_text(sorted(kinds)), "numbers": array_text(numbers)}
    return {(kind, number): posted_no for kind, number, posted_no in db.execute(_SIMILAR_DOCUMENTS, given)}


def similar_customers(db: Session, tenant_id: UUID, numbers: Iterable[str]) -> dict[str, str]:
    """Number asked → a customer whose number differs by width, case or blanks only."""
    given = {"tenant": tenant_id, "numbers": array_text(numbers)}
    return dict(db.execute(_SIMILAR_CUSTOMERS, given).all())


def payments_of(db: Session, tenant_id: UUID, receipt_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """What posted receipts pay: receipt → document number → minor units, reversals taken off."""
    a, debit = Allocation, aliased(OpenItem)
    paid = sa.func.sum(a.amount_minor)
    rows = db.execute(
        sa.select(a.credit_item_id, debit.document_no, sa.cast(paid, sa.BigInteger))
        .join(debit, sa.and_(debit.tenant_id == a.tenant_id, debit.id == a.debit_item_id))
        .where(
            a.tenant_id == tenant_id,
            debit.tenant_id == tenant_id,
            a.credit_item_id == sa.any_(_array(receipt_ids, sa.Uuid())),
        )
        .group_by(a.credit_item_id, debit.document_no)
        .having(paid > 0)
    )
    payments: dict[UUID, dict[str, int]] = {}
    for receipt_id, document_no, minor in rows:
        payments.setdefault(receipt_id, {})[document_no] = minor
    return payments


def payable(db: Session, tenant_id: UUID, numbers: Iterable[str]) -> dict[tuple[UUID, str], list[Debit]]:
    """Documents of these numbers that a receipt may pay, by customer and number."""
    i = OpenItem
    rows = db.execute(
        sa.select(i.customer_id, i.document_no, i.id, i.currency, i.open_minor).where(
            i.tenant_id == tenant_id, i.kind.in_(DEBIT_KINDS), i.document_no == sa.any_(_array(numbers, sa.Text()))
        )
    )
    found: dict[tuple[UUID, str], list[Debit]] = {}
    for row in rows:
        debit = Debit(id=row.id, currency=row.currency, open_minor=row.open_minor)
        found.setdefault((row.customer_id, row.document_no), []).append(debit)
    return found


def history(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[JobLine], int]:
    """A page of imports, newest first, and how many there are."""
    j = ImportJob
    total = db.execute(sa.select(sa.func.count()).select_from(j).where(j.tenant_id == tenant_id)).scalar_one()
    rows = db.execute(
        select_view(
            JobLine,
            id=value(j.id),
            kind=value(j.kind),
            file_name=value(j.file_name),
            state=value(j.state),
            rows=value(j.rows_total),
            created_by=value(j.created_by),
            created_at=value(j.created_at),
        )
        .where(j.tenant_id == tenant_id)
        .order_by(j.created_at.desc(), j.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return views(JobLine, rows), total


def job(db: Session, tenant_id: UUID, job_id: UUID) -> JobPage:
    """One import. Raises NotFound."""
    j = ImportJob
    row = db.execute(
        sa.select(
            j.id,
            j.kind,
            j.file_name,
            j.file_sha256,
            j.mapping,
            j.state,
            j.rows_total,
            j.rows_done,
            j.report,
            j.error,
            j.created_by,
            j.created_at,
            j.finished_at,
        ).where(j.tenant_id == tenant_id, j.id == job_id)
    ).first()
    if row is None:
        raise NotFound("import_not_found")
    values = row._asdict()
    return JobPage(**{**values, "report": Report.from_json(values["report"])})


def _array(values: Iterable[object], kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Many values as one parameter of an array type.

    Untyped for SQLAlchemy, so that the parameter itself is the array: the planner then sees a constant, which it
    looks up by hash; a cast from text would be compared element by element.
    """
    return sa.cast(sa.literal(array_text(values), sa.types.NullType()), sa.ARRAY(kind))


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
            {"row": e.row, "column": e.column, "code": e.code, "message": finding_text(e.code, e.params)}
            for e in report.errors
        ],
    }
