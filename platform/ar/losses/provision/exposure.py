"""Loads what a provision is computed from: open debts per bucket, assessed documents, postings of the allowance.

Invariants: every figure is as of its day, from the ledger alone; unapplied credits are not set off against a bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.lookups import items_with_later_allocations, later_allocations, open_minor_at, possibly_open_at
from ar.ledger.models import Entry, OpenItem, Posting
from ar.losses.models import ProvisionAssessment, ProvisionPolicy, ProvisionReversal, ProvisionRun
from ar.losses.rules.provision import Bucket, EstimationPolicy
from kernel.views import select_view, value, view, views

ALLOWANCE: Final = "allowance"


@dataclass(frozen=True, slots=True)
class RecordedPolicy:
    """A policy as recorded."""

    id: UUID
    version: int
    policy: EstimationPolicy
    recorded_by: str
    recorded_at: Any


@dataclass(frozen=True, slots=True)
class AssessedDocument:
    """An individually assessed document with its open amount (minor units) and expected loss (bps)."""

    item_id: UUID
    document_no: str
    customer_no: str
    customer_name: str
    due_on: date
    currency: str
    open_minor: int
    loss_bps: int
    reason: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last unreversed run: its as-of date, the allowance after it, the postings it had counted."""

    id: UUID
    number: str
    as_of: date
    required_minor: int
    sums: dict[str, int]


def current_policy(db: Session, tenant_id: UUID) -> RecordedPolicy | None:
    """Returns the version in force."""
    return next(iter(policies(db, tenant_id, limit=1)), None)


def policies(db: Session, tenant_id: UUID, *, limit: int = 50) -> list[RecordedPolicy]:
    """Returns the versions, the newest first."""
    p = ProvisionPolicy
    rows = db.execute(sa.select(p).where(p.tenant_id == tenant_id).order_by(p.version.desc()).limit(limit)).scalars()
    return [
        RecordedPolicy(
            id=row.id,
            version=row.version,
            policy=EstimationPolicy(
                method=row.method,
                buckets=tuple(Bucket(each["through_days"], each["rate_bps"]) for each in row.buckets),
                lgd_bps=row.lgd_bps,
                months=row.months,
                fallback_bps=row.fallback_bps,
                factor_bps=row.factor_bps,
                factor_reason=row.factor_reason,
            ),
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]


def open_by_bucket(
    db: Session, tenant_id: UUID, as_of: date, through: Sequence[int | None], *, exclude_assessed: bool = False
) -> dict[str, list[int]]:
    """Returns open debits per currency and bucket by due date; `exclude_assessed` omits individually assessed ones."""
    i, later = OpenItem, later_allocations(tenant_id, as_of)
    ends = [as_of - timedelta(days=last) for last in through if last is not None]
    bounded = [(i.due_on >= end, index) for index, end in enumerate(ends)]
    bucket = sa.case(*bounded, else_=len(through) - 1).label("bucket")
    open_minor = open_minor_at(later)
    where = [*possibly_open_at(tenant_id, as_of), i.side == 1, open_minor > 0]
    if exclude_assessed:
        newest = _newest_assessments(tenant_id)
        where.append(i.id.not_in(sa.select(newest.c.item_id).where(newest.c.loss_bps.is_not(None))))
    total = sa.cast(sa.func.sum(open_minor), sa.BigInteger)
    rows = db.execute(
        sa.select(i.currency, bucket, total)
        .select_from(items_with_later_allocations(later))
        .where(*where)
        .group_by(i.currency, bucket)
    )
    found: dict[str, list[int]] = {}
    for currency, index, minor in rows:
        found.setdefault(currency, [0] * len(through))[index] = minor
    return found


def unapplied(db: Session, tenant_id: UUID, as_of: date) -> dict[str, int]:
    """Returns unapplied credits per currency, in minor units."""
    i, later = OpenItem, later_allocations(tenant_id, as_of)
    total = sa.cast(sa.func.sum(open_minor_at(later)), sa.BigInteger)
    rows = db.execute(
        sa.select(i.currency, total)
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of), i.side == -1)
        .group_by(i.currency)
    )
    return {currency: minor for currency, minor in rows if minor}


def assessed_documents(db: Session, tenant_id: UUID, as_of: date) -> list[AssessedDocument]:
    """Returns the individually assessed documents open as of a day."""
    item, customer, later, newest = (
        OpenItem,
        Customer,
        later_allocations(tenant_id, as_of),
        _newest_assessments(tenant_id),
    )
    open_minor = open_minor_at(later)
    rows = db.execute(
        select_view(
            AssessedDocument,
            item_id=value(item.id),
            document_no=value(item.document_no),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            due_on=value(item.due_on),
            currency=value(item.currency),
            open_minor=value(open_minor),
            loss_bps=value(newest.c.loss_bps),
            reason=value(newest.c.reason),
        )
        .select_from(items_with_later_allocations(later))
        .join(newest, newest.c.item_id == item.id)
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .where(*possibly_open_at(tenant_id, as_of), item.side == 1, open_minor > 0, newest.c.loss_bps.is_not(None))
        .order_by(item.currency, customer.number, item.due_on, item.document_no, item.instalment_no)
    )
    return views(AssessedDocument, rows)


def _newest_assessments(tenant_id: UUID) -> sa.Subquery:
    a = ProvisionAssessment
    last = sa.func.row_number().over(partition_by=a.item_id, order_by=a.id.desc()).label("place")
    ranked = sa.select(a.item_id, a.loss_bps, a.reason, last).where(a.tenant_id == tenant_id).subquery("ranked")
    return sa.select(ranked.c.item_id, ranked.c.loss_bps, ranked.c.reason).where(ranked.c.place == 1).subquery("newest")


def allowance_sums(db: Session, tenant_id: UUID, as_of: date) -> dict[str, int]:
    """Returns `kind:currency` → credit less debit of the allowance up to a day; a reversal counts as its original."""
    posting, entry, origin = Posting, Entry, aliased(Entry)
    kind = sa.func.coalesce(origin.kind, entry.kind)
    total = sa.cast(sa.func.sum(posting.credit_minor - posting.debit_minor), sa.BigInteger)
    rows = db.execute(
        sa.select(kind, posting.currency, total)
        .select_from(posting)
        .join(entry, sa.and_(entry.tenant_id == tenant_id, entry.id == posting.entry_id))
        .outerjoin(origin, sa.and_(origin.tenant_id == tenant_id, origin.id == entry.reverses_id))
        .where(posting.tenant_id == tenant_id, posting.account_code == ALLOWANCE, entry.effective_on <= as_of)
        .group_by(kind, posting.currency)
    )
    return {f"{kind}:{currency}": minor for kind, currency, minor in rows}


def last_run(db: Session, tenant_id: UUID) -> LastRun | None:
    """Returns the last run that is not reversed."""
    run, reversal = ProvisionRun, ProvisionReversal
    row = db.execute(
        select_view(
            LastRun,
            id=value(run.id),
            number=value(run.number),
            as_of=value(run.as_of),
            required_minor=value(run.required_minor),
            sums=value(run.sums),
        )
        .where(
            run.tenant_id == tenant_id,
            ~sa.exists().where(reversal.tenant_id == tenant_id, reversal.run_id == run.id),
        )
        .order_by(run.as_of.desc(), run.id.desc())
        .limit(1)
    ).first()
    return view(LastRun, row) if row else None
