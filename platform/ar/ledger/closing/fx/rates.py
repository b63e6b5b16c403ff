"""Exchange rates: a dated table that only grows; of several for one day the last recorded holds.

May import the ledger's tables, the period's door, tenants' registry and the kernel. Invariants: a rate tells what one
unit is worth in the company's currency; what was recorded for a locked period stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.period_lock import require_open
from ar.ledger.models import FxRate
from ar.ledger.rules.conversion import RATE_PLACES, ConvertedTotal, DatedRate, total_in
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import RuleBroken
from kernel.ids import new_ids
from kernel.money import exponent
from kernel.views import select_view, value, views
from tenants.models import Tenant

RATE_BELOW: Final = Decimal(10) ** 10


@dataclass(frozen=True, slots=True)
class NewRate:
    """One unit of `currency` was worth `rate` units of the company's currency on `rate_on`, says `source`."""

    currency: str
    rate_on: date
    rate: Decimal
    source: str = ""


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate as recorded; `in_force`: the last one recorded for its day."""

    id: UUID
    currency: str
    rate_on: date
    rate: Decimal
    source: str
    recorded_at: datetime
    recorded_by: str
    in_force: bool


# From currency to currency by the index, and the newest of each: the cost follows the currencies, not the days.
_NEWEST = sa.text(
    """
    WITH RECURSIVE known (currency) AS (
        (SELECT f.currency FROM fx_rate AS f WHERE f.tenant_id = :tenant ORDER BY f.currency LIMIT 1)
        UNION ALL
        SELECT (SELECT f.currency FROM fx_rate AS f WHERE f.tenant_id = :tenant AND f.currency > known.currency
            ORDER BY f.currency LIMIT 1)
        FROM known WHERE known.currency IS NOT NULL
    )
    SELECT known.currency, newest.rate, newest.rate_on FROM known CROSS JOIN LATERAL (
        SELECT f.rate, f.rate_on FROM fx_rate AS f
        WHERE f.tenant_id = :tenant AND f.currency = known.currency AND f.rate_on <= :as_of
        ORDER BY f.rate_on DESC, f.id DESC LIMIT 1
    ) AS newest
    """
)
_INSERT = sa.text(
    """
    INSERT INTO fx_rate (tenant_id, id, currency, rate_on, rate, source, recorded_at, recorded_by)
    SELECT CAST(:tenant AS uuid), r.id, r.currency, r.rate_on, r.rate, r.source, :recorded_at, :recorded_by
    FROM unnest(CAST(:ids AS uuid[]), CAST(:currencies AS text[]), CAST(:days AS date[]), CAST(:rates AS numeric[]),
        CAST(:sources AS text[])) AS r (id, currency, rate_on, rate, source)
    WHERE NOT EXISTS (
        SELECT FROM (
            SELECT f.rate FROM fx_rate AS f
            WHERE f.tenant_id = :tenant AND f.currency = r.currency AND f.rate_on = r.rate_on
            ORDER BY f.id DESC LIMIT 1
        ) AS present WHERE present.rate = r.rate
    )
    ON CONFLICT DO NOTHING
    """
)


def company_currency(db: Session, tenant_id: UUID) -> str:
    """The company's own currency."""
    return str(db.execute(sa.select(Tenant.currency).where(Tenant.id == tenant_id)).scalar_one())


def dated_rates(db: Session, tenant_id: UUID, as_of: date) -> dict[str, DatedRate]:
    """The newest rate on or before `as_of` of every foreign currency that has one."""
    rows = db.execute(_NEWEST, {"tenant": tenant_id, "as_of": as_of})
    return {currency: DatedRate(rate, rate_on) for currency, rate, rate_on in rows}


def rates_as_of(db: Session, tenant_id: UUID, as_of: date) -> dict[str, Decimal]:
    """The same without their days, and the company's own currency at 1."""
    found = {currency: each.rate for currency, each in dated_rates(db, tenant_id, as_of).items()}
    return found | {company_currency(db, tenant_id): Decimal(1)}


def rate_on(db: Session, tenant_id: UUID, currency: str, as_of: date) -> Decimal | None:
    """The newest rate of one currency on or before `as_of`; None when there is none."""
    return rates_as_of(db, tenant_id, as_of).get(currency)


def total_of(db: Session, tenant_id: UUID, amounts: dict[str, int], into: str, as_of: date) -> ConvertedTotal:
    """Amounts per currency (minor units) in the company's currency at the rates of `as_of`.

    Rates are read only when a foreign currency is among them.
    """
    foreign = any(minor and currency != into for currency, minor in amounts.items())
    return total_in(amounts, dated_rates(db, tenant_id, as_of) if foreign else {}, into, as_of)


def record_rates(db: Session, actor: Actor, rates: Sequence[NewRate]) -> int:
    """Adds rates; those that say what already holds are left out. Returns how many were added.

    Raises RuleBroken: `currency_unknown`, `rate_own_currency`, `rate_out_of_range`, `rate_in_future`,
    `period_locked`.
    """
    if not rates:
        return 0
    own = company_currency(db, actor.tenant_id)
    for each in rates:
        _check(each, own, actor.today)
    require_open(db, actor.tenant_id, [each.rate_on for each in rates])
    # Of two rates for one day in one call the later one holds, as if they had been typed one after the other.
    latest = list({(each.currency, each.rate_on): each for each in rates}.values())
    result = db.connection().execute(
        _INSERT,
        {
            "tenant": actor.tenant_id,
            "recorded_at": actor.now,
            "recorded_by": actor.name,
            "ids": array_text(new_ids(len(latest))),
            "currencies": array_text([each.currency for each in latest]),
            "days": array_text([each.rate_on for each in latest]),
            "rates": array_text([format(each.rate, "f") for each in latest]),
            "sources": array_text([each.source for each in latest]),
        },
    )
    added = int(result.rowcount)
    if added:
        _record(db, actor, latest, added)
    return added


def rate_rows(
    db: Session, tenant_id: UUID, *, currency: str | None, offset: int, limit: int
) -> tuple[list[RateRow], int]:
    """What was recorded, newest day first, and how many there are."""
    rate = FxRate
    where = [rate.tenant_id == tenant_id, *([rate.currency == currency] if currency else [])]
    place = sa.func.row_number().over(partition_by=(rate.currency, rate.rate_on), order_by=rate.id.desc())
    total = db.execute(sa.select(sa.func.count()).select_from(rate).where(*where)).scalar_one()
    rows = db.execute(
        select_view(
            RateRow,
            id=value(rate.id),
            currency=value(rate.currency),
            rate_on=value(rate.rate_on),
            rate=value(rate.rate),
            source=value(rate.source),
            recorded_at=value(rate.recorded_at),
            recorded_by=value(rate.recorded_by),
            in_force=value(place == 1),
        )
        .where(*where)
        .order_by(rate.rate_on.desc(), rate.currency, rate.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return views(RateRow, rows), total


def _check(each: NewRate, own: str, today: date) -> None:
    try:
        exponent(each.currency)
    except ValueError:
        raise RuleBroken("currency_unknown", currency=each.currency) from None
    if each.currency == own:
        raise RuleBroken("rate_own_currency", currency=own)
    if not each.rate.is_finite() or not 0 < each.rate < RATE_BELOW or each.rate != round(each.rate, RATE_PLACES):
        raise RuleBroken("rate_out_of_range", currency=each.currency)
    if each.rate_on > today:
        raise RuleBroken("rate_in_future", on=each.rate_on.isoformat())


def _record(db: Session, actor: Actor, rates: Sequence[NewRate], added: int) -> None:
    """One event per call: the rate of a single one, else how many and of which days."""
    if len(rates) == 1:
        one = rates[0]
        data: dict[str, Any] = {
            "currency": one.currency,
            "rate_on": one.rate_on.isoformat(),
            "rate": format(one.rate.normalize(), "f"),
            "source": one.source,
        }
        journal.record(db, actor, "rate_recorded", data=data)
        return
    days = [each.rate_on for each in rates]
    data = {"count": added, "from_on": min(days).isoformat(), "to_on": max(days).isoformat()}
    journal.record(db, actor, "rates_recorded", data=data)
