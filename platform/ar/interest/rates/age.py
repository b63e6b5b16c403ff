"""Examines the age of the reference rates that a company's terms of late interest rest on.

Invariant: reads only; three statements at most.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.interest.models import InterestRun, InterestTerms
from ar.interest.rates.recording import rate_table
from ar.interest.rules.accrual import AccrualTerms, series_of


def stale_rates(db: Session, tenant_id: UUID, today: date) -> list[tuple[str, date | None]]:
    """Returns (series, last day known) of the rates not known for `today` on which terms rest.

    A company that has recorded no terms and charged no interest misses no rate; one that has charged without terms
    needs the LPR, which is the law then.
    """
    t, run = InterestTerms, InterestRun
    kinds = set(db.execute(sa.select(t.kind).where(t.tenant_id == tenant_id).distinct()).scalars())
    if not kinds and db.execute(sa.select(run.id).where(run.tenant_id == tenant_id).limit(1)).first():
        kinds = {"lpr"}
    if not kinds:
        return []
    table = rate_table(db, tenant_id)
    series = {found for kind in kinds if (found := series_of(AccrualTerms(kind)))}
    return [(each, table.known_through(each)) for each in sorted(series) if table.in_force_on(each, today) is None]
