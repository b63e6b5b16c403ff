"""Records published rates, loads them together with those shipped with the product, and examines their age.

Invariants: a rate is recorded with its source and never changed; a correction is a further row, and of several for one
day the last recorded is in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.interest.inputs import AddRate
from ar.interest.models import InterestRun, InterestTerms, ReferenceRate
from ar.interest.rules.accrual import AccrualTerms, series_of
from ar.interest.rules.presets import HALF_YEARLY, PublishedRate, RateTable, half_year_start
from ar.ledger.commands import AHEAD_DAYS
from kernel import journal
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import RuleBroken
from kernel.ids import new_id
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class RecordedRate:
    """A rate as somebody recorded it; `replaced`: another one was recorded for its day later."""

    series: str
    from_on: date
    through_on: date | None
    percent: Decimal
    source: str
    recorded_at: datetime
    recorded_by: str
    replaced: bool


def recorded_rates(db: Session, tenant_id: UUID) -> list[RecordedRate]:
    """Returns what the company recorded, replaced rates among them, the last recorded first."""
    r = ReferenceRate
    newest = sa.func.row_number().over(partition_by=(r.series, r.from_on), order_by=(r.recorded_at.desc(), r.id.desc()))
    rows = db.execute(
        select_view(
            RecordedRate,
            series=value(r.series),
            from_on=value(r.from_on),
            through_on=value(r.through_on),
            percent=value(r.percent),
            source=value(r.source),
            recorded_at=value(r.recorded_at),
            recorded_by=value(r.recorded_by),
            replaced=value(newest > 1),
        )
        .where(r.tenant_id == tenant_id)
        .order_by(r.recorded_at.desc(), r.id.desc())
    )
    return views(RecordedRate, rows)


def rate_table(db: Session, tenant_id: UUID) -> RateTable:
    """Returns the product's rates together with those that the company recorded."""
    return RateTable(
        PublishedRate(
            series=each.series,
            from_on=each.from_on,
            percent=each.percent,
            source=each.source,
            own=True,
            through_on=each.through_on,
        )
        for each in recorded_rates(db, tenant_id)
        if not each.replaced
    )


def add_rate(db: Session, actor: Actor, data: AddRate) -> UUID:
    """Records a published rate; of several for one day the last recorded is in force.

    Raises RuleBroken(`interest_rate_half_year`, `interest_rate_ahead`, `interest_rate_days`).
    """
    if data.series in HALF_YEARLY and half_year_start(data.from_on) != data.from_on:
        raise RuleBroken("interest_rate_half_year")
    if (data.from_on - actor.today).days > AHEAD_DAYS:
        raise RuleBroken("interest_rate_ahead", on=data.from_on.isoformat())
    if data.through_on is not None and not data.from_on <= data.through_on <= max(actor.today, data.from_on):
        raise RuleBroken("interest_rate_days", today=actor.today.isoformat())
    actor = lock_counter(db, actor, "reference_rates")
    rate_id = new_id()
    row = {"series": data.series, "from_on": data.from_on, "through_on": data.through_on, "percent": data.percent}
    db.execute(
        sa.insert(ReferenceRate).values(
            tenant_id=actor.tenant_id,
            id=rate_id,
            source=data.source,
            recorded_at=actor.now,
            recorded_by=actor.name,
            **row,
        )
    )
    facts = {name: None if each is None else str(each) for name, each in row.items()}
    journal.record(db, actor, "reference_rate_added", subject_id=rate_id, data=facts | {"source": data.source})
    return rate_id


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
