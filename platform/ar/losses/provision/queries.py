"""Loads provision runs for their pages. Invariant: a constant number of statements per page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.losses.models import ProvisionReversal, ProvisionRun
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views


@dataclass(frozen=True, slots=True)
class RunLine:
    """A provision run in the list; `reversed_on` None: not reversed."""

    id: UUID
    number: str
    as_of: date
    currency: str
    required_minor: int
    before_minor: int
    charge_minor: int
    entry_id: UUID | None
    recorded_at: datetime
    recorded_by: str
    reversed_on: date | None
    reversed_reason: str | None
    reversal_entry_id: UUID | None
    reversed_by: str | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run with the figures it was posted with; `last`: no later run stands, so it can be reversed."""

    run: RunLine
    figures: dict[str, Any]
    last: bool


def runs(db: Session, tenant_id: UUID, *, offset: int, limit: int) -> tuple[list[RunLine], int]:
    """Returns one page of provision runs, the newest first, and their total number."""
    run = ProvisionRun
    total = db.execute(sa.select(sa.func.count()).select_from(run).where(run.tenant_id == tenant_id)).scalar_one()
    rows = db.execute(_runs(tenant_id).order_by(run.as_of.desc(), run.id.desc()).offset(offset).limit(limit))
    return views(RunLine, rows), total


def run_page(db: Session, tenant_id: UUID, run_id: UUID) -> RunPage:
    """Returns one run. Raises NotFound(`provision_run_not_found`)."""
    run, reversal = ProvisionRun, ProvisionReversal
    row = db.execute(_runs(tenant_id).add_columns(run.figures).where(run.id == run_id)).first()
    if row is None:
        raise NotFound("provision_run_not_found")
    reversed_run = sa.exists().where(reversal.tenant_id == tenant_id, reversal.run_id == run.id)
    unreversed = sa.select(run.id).where(run.tenant_id == tenant_id, ~reversed_run)
    last = db.execute(unreversed.order_by(run.as_of.desc(), run.id.desc()).limit(1)).scalar_one_or_none()
    return RunPage(view(RunLine, row), row.figures, last == run_id)


def _runs(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    run, reversal = ProvisionRun, ProvisionReversal
    return (
        select_view(
            RunLine,
            id=value(run.id),
            number=value(run.number),
            as_of=value(run.as_of),
            currency=value(run.currency),
            required_minor=value(run.required_minor),
            before_minor=value(run.before_minor),
            charge_minor=value(run.charge_minor),
            entry_id=value(run.entry_id),
            recorded_at=value(run.recorded_at),
            recorded_by=value(run.recorded_by),
            reversed_on=value(reversal.reversed_on),
            reversed_reason=value(reversal.reason),
            reversal_entry_id=value(reversal.entry_id),
            reversed_by=value(reversal.recorded_by),
        )
        .outerjoin(reversal, sa.and_(reversal.tenant_id == tenant_id, reversal.run_id == run.id))
        .where(run.tenant_id == tenant_id)
    )
