"""Records exchange rates, and converts amounts at the rate in force on a day.

Invariants: a rate is the price of one unit in the company's currency; rates are added and never changed, of several for
one day the last recorded is in force; none is added in a locked period.
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
from ar.ledger.closing.fx.models import FxRate
from ar.ledger.rules.conversion import RATE_PLACES, ConvertedTotal, DatedRate, total_in
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.counters import lock_counter
from kernel.errors import RuleBroken
from kernel.ids import new_ids
from kernel.money import exponent
from kernel.views import select_view, value, views
from tenants.models import Tenant

RATE_BELOW: Final = Decimal(10) ** 10


@dataclass(frozen=True, slots=True)
class NewRate:
    """A rate to record: units of the company's currency per unit of `currency` on `rate_on`, according to `source`."""

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


# Steps from currency to currency by the index and takes the newest of each: cost follows the currencies, not the days.
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
    RETURNING true
    """
)


def company_currency(db: Session, tenant_id: UUID) -> str:
    """Returns the company's own currency (ISO 4217)."""
    return str(db.execute(sa.select(Tenant.currency).where(Tenant.id == tenant_id)).scalar_one())


def dated_rates(db: Session, tenant_id: UUID, as_of: date) -> dict[str, DatedRate]:
    """Returns the newest rate on or before `as_of` of every foreign currency that has one."""
    rows = db.execute(_NEWEST, {"tenant": tenant_id, "as_of": as_of})
    return {currency: DatedRate(rate, rate_on) for currency, rate, rate_on in rows}


def rates_as_of(db: Session, tenant_id: UUID, as_of: date) -> dict[str, Decimal]:
    """Returns the newest rate of every currency on or before `as_of`, the company's own at 1."""
    foreign = {currency: dated.rate for currency, dated in dated_rates(db, tenant_id, as_of).items()}
    return foreign | {company_currency(db, tenant_id): Decimal(1)}


def rate_on(db: Session, tenant_id: UUID, currency: str, as_of: date) -> Decimal | None:
    """Returns the newest rate of a currency on or before `as_of`; None when there is none."""
    return rates_as_of(db, tenant_id, as_of).get(currency)


def total_of(db: Session, tenant_id: UUID, amounts: dict[str, int], into: str, as_of: date) -> ConvertedTotal:
    """Converts amounts per currency (minor units) into the company's currency `into` at the rates of `as_of`.

    Rates are selected only when a foreign currency is among them.
    """
    foreign = any(minor and currency != into for currency, minor in amounts.items())
    return total_in(amounts, dated_rates(db, tenant_id, as_of) if foreign else {}, into, as_of)


def record_rates(db: Session, actor: Actor, rates: Sequence[NewRate]) -> int:
    """Records rates, all or none, without those already in force; returns how many were added.

    Raises RuleBroken (`currency_unknown`, `rate_own_currency`, `rate_out_of_range`, `rate_in_future`,
    `period_locked`).
    """
    if not rates:
        return 0
    own = company_currency(db, actor.tenant_id)
    for each in rates:
        _validate(each, own, actor.today)
    actor = lock_counter(db, actor, "fx_rates")  # of two for one day the one recorded last is in force
    require_open(db, actor.tenant_id, [each.rate_on for each in rates])
    # Of two rates for one day in one call the later is in force, as if they had been recorded one after the other.
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
    added = len(result.all())
    if added:
        _record(db, actor, latest, added)
    return added


def rate_rows(
    db: Session, tenant_id: UUID, *, currency: str | None, offset: int, limit: int
) -> tuple[list[RateRow], int]:
    """Returns recorded rates, newest day first, and their total number."""
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


def rate_faults(
    currency: str | None, rate_on: date | None, rate: Decimal | None, *, own: str, today: date
) -> list[RuleBroken]:
    """Returns everything that is wrong with a rate at once; None for what could not be read and is not judged.

    Codes: `currency_unknown`, `rate_own_currency`, `rate_out_of_range`, `rate_in_future`.
    """
    faults: list[RuleBroken] = []
    if currency is not None:
        try:
            exponent(currency)
        except ValueError:
            faults.append(RuleBroken("currency_unknown", currency=currency))
        if currency == own:
            faults.append(RuleBroken("rate_own_currency", currency=own))
    if rate is not None and (not rate.is_finite() or not 0 < rate < RATE_BELOW or rate != round(rate, RATE_PLACES)):
        faults.append(RuleBroken("rate_out_of_range", currency=currency or ""))
    if rate_on is not None and rate_on > today:
        faults.append(RuleBroken("rate_in_future", on=rate_on.isoformat()))
    return faults


def _validate(new: NewRate, own: str, today: date) -> None:
    for fault in rate_faults(new.currency, new.rate_on, new.rate, own=own, today=today):
        raise fault


def _record(db: Session, actor: Actor, rates: Sequence[NewRate], added: int) -> None:
    """Records one event per call: the facts of a single rate, else the count and the days."""
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
