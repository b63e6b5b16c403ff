"""Revalues foreign-currency receivables at the rate of a day and posts the exchange difference (期末调汇).

The method is cumulative: the receivables at the day's rate, less every movement at the rate of its own day, less the
balance already posted to `receivables_fx`. One figure contains realised and unrealised differences, and a second run of
the same day posts nothing. Invariant: the entry is in the company's currency only; no rate is guessed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from ar.ledger.books.locks import hold_books, lock_books_alone
from ar.ledger.books.posting import post_entry, reverse_entry
from ar.ledger.books.posting_rules import RECEIVABLES
from ar.ledger.closing.fx.inputs import Revalue, ReverseRevaluation
from ar.ledger.closing.fx.models import FxRate
from ar.ledger.closing.fx.rates import company_currency
from ar.ledger.models import Entry, Posting
from ar.ledger.rules.conversion import DatedRate, convert
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import NotFound, RuleBroken
from kernel.views import select_view, value, views

KIND: Final = "revaluation"
ADJUSTMENT: Final = "receivables_fx"
DIFFERENCE: Final = "exchange_difference"
SHOWN_MAX: Final = 24


@dataclass(frozen=True, slots=True)
class ReceivablesMovement:
    """Net movement of the receivables of a currency on a day (minor units, debit +)."""

    currency: str
    on: date
    minor: int


@dataclass(frozen=True, slots=True)
class CurrencyValuation:
    """One currency's balance with its value at the day's rate and its carrying amount (company's minor units).

    `carrying_minor`: every movement at the rate of its own day. `missing_on`: the first day without a rate, where both
    are None.
    """

    currency: str
    balance_minor: int
    rate: DatedRate | None
    value_minor: int | None
    carrying_minor: int | None
    missing_on: date | None

    @property
    def difference_minor(self) -> int | None:
        """Gain (+) or loss (-) on the carrying amount, before differences already posted."""
        if self.value_minor is None or self.carrying_minor is None:
            return None
        return self.value_minor - self.carrying_minor


@dataclass(frozen=True, slots=True)
class Revaluation:
    """Preview of a revaluation; `posted_minor` is the adjustment account's balance from earlier runs."""

    as_of: date
    currency: str
    lines: tuple[CurrencyValuation, ...]
    posted_minor: int

    @property
    def missing(self) -> tuple[CurrencyValuation, ...]:
        """Lines for which a rate is missing."""
        return tuple(line for line in self.lines if line.missing_on is not None)

    @property
    def total_minor(self) -> int | None:
        """Total difference (minor units); None while a rate is missing."""
        return None if self.missing else sum(line.difference_minor or 0 for line in self.lines)

    @property
    def to_post_minor(self) -> int | None:
        """Amount to post: the total difference less `posted_minor`; 0 when there is nothing to post."""
        return None if self.total_minor is None else self.total_minor - self.posted_minor


@dataclass(frozen=True, slots=True)
class PostedRevaluation:
    """A posted revaluation; `minor` is its gain (+) or loss (-)."""

    entry_id: UUID
    effective_on: date
    recorded_at: datetime
    recorded_by: str
    minor: int
    reversed_on: date | None


def value_movements(
    movements: Iterable[ReceivablesMovement], rates: Mapping[str, Sequence[DatedRate]], into: str, as_of: date
) -> tuple[CurrencyValuation, ...]:
    """Values each currency's movements at the rate of `as_of` and at the rate of each movement's day. Pure.

    `rates`: per currency ascending by day; the newest on or before a day is in force.
    """
    by_currency: dict[str, list[ReceivablesMovement]] = {}
    for movement in movements:
        by_currency.setdefault(movement.currency, []).append(movement)
    return tuple(
        _value_currency(each, rates.get(currency, ()), into, as_of) for currency, each in sorted(by_currency.items())
    )


def _value_currency(
    movements: list[ReceivablesMovement], rates: Sequence[DatedRate], into: str, as_of: date
) -> CurrencyValuation:
    currency, balance = movements[0].currency, sum(movement.minor for movement in movements)
    now = _rate_in_force(rates, as_of)
    carrying = 0
    for movement in sorted(movements, key=lambda each: each.on):
        then = _rate_in_force(rates, movement.on)
        if then is None or now is None:
            return CurrencyValuation(currency, balance, now, None, None, movement.on)
        carrying += convert(movement.minor, currency, into, then.rate)
    return CurrencyValuation(
        currency, balance, now, convert(balance, currency, into, now.rate) if now else None, carrying, None
    )


def _rate_in_force(rates: Sequence[DatedRate], on: date) -> DatedRate | None:
    at = bisect_right(rates, on, key=lambda each: each.rate_on)
    return rates[at - 1] if at else None


def preview_revaluation(db: Session, tenant_id: UUID, as_of: date) -> Revaluation:
    """Returns the revaluation as of a day without posting it; cost follows the foreign-currency documents."""
    into = company_currency(db, tenant_id)
    movements = _load_movements(db, tenant_id, into, as_of)
    rates = _load_rates(db, tenant_id, sorted({each.currency for each in movements}), as_of)
    return Revaluation(
        as_of, into, value_movements(movements, rates, into, as_of), _load_posted_minor(db, tenant_id, into, as_of)
    )


def post_revaluation(db: Session, actor: Actor, as_of: date) -> UUID:
    """Posts the exchange difference as of a day as one entry in the company's currency; returns its id.

    Raises RuleBroken (`revaluation_in_future`, `rate_missing`, `nothing_to_revalue`, `period_locked`).
    """
    if as_of > actor.today:
        raise RuleBroken("revaluation_in_future", today=actor.today.isoformat())
    actor = lock_counter(db, actor, KIND)
    actor = lock_books_alone(db, actor)
    preview = preview_revaluation(db, actor.tenant_id, as_of)
    for line in preview.missing:
        raise RuleBroken("rate_missing", currency=line.currency, on=(line.missing_on or as_of).isoformat())
    minor = preview.to_post_minor
    if not minor:
        raise RuleBroken("nothing_to_revalue", as_of=as_of.isoformat())
    gain, loss = max(minor, 0), max(-minor, 0)
    legs = [(ADJUSTMENT, preview.currency, gain, loss), (DIFFERENCE, preview.currency, loss, gain)]
    entry_id = post_entry(db, actor, KIND, as_of, legs, memo="")
    lines = [
        {
            "currency": line.currency,
            "balance_minor": line.balance_minor,
            "rate": format(line.rate.rate.normalize(), "f") if line.rate else None,
            "difference_minor": line.difference_minor,
        }
        for line in preview.lines
    ]
    data = {"as_of": as_of.isoformat(), "currency": preview.currency, "amount_minor": minor, "lines": lines}
    journal.record(db, actor, "exchange_revalued", subject_id=entry_id, data=data)
    return entry_id


def revalue_receivables(db: Session, actor: Actor, data: Revalue) -> UUID:
    """Posts a revaluation from a form; a form sent twice posts once. Raises as `post_revaluation`."""
    request = data.model_dump(exclude={"key"})
    return idempotency.once(db, actor, f"revalue:{data.key}", request, lambda: post_revaluation(db, actor, data.as_of))


def reverse_revaluation(db: Session, actor: Actor, entry_id: UUID, data: ReverseRevaluation) -> UUID:
    """Reverses a revaluation on a day from its own to today; returns the mirror's id.

    Raises NotFound(`entry_not_found`) for another kind of entry, Conflict(`already_reversed`), RuleBroken
    (`effective_too_early`, `effective_in_future`, `period_locked`).
    """
    e = Entry
    posted_on = db.execute(
        sa.select(e.effective_on).where(e.tenant_id == actor.tenant_id, e.id == entry_id, e.kind == KIND)
    ).scalar_one_or_none()
    if posted_on is None:
        raise NotFound("entry_not_found")
    if data.on < posted_on:
        raise RuleBroken("effective_too_early", since_on=posted_on.isoformat())
    if data.on > actor.today:
        raise RuleBroken("effective_in_future", until_on=actor.today.isoformat())
    actor = hold_books(db, actor)
    mirror_id = reverse_entry(db, actor, entry_id, data.on, memo=data.reason)
    facts = {"as_of": posted_on.isoformat(), "effective_on": data.on.isoformat(), "reason": data.reason}
    journal.record(db, actor, "revaluation_reversed", subject_id=entry_id, data=facts)
    return mirror_id


def posted_revaluations(db: Session, tenant_id: UUID) -> list[PostedRevaluation]:
    """Returns posted revaluations, newest first."""
    entry, posting, mirror = Entry, Posting, aliased(Entry)
    rows = db.execute(
        select_view(
            PostedRevaluation,
            entry_id=value(entry.id),
            effective_on=value(entry.effective_on),
            recorded_at=value(entry.recorded_at),
            recorded_by=value(entry.recorded_by),
            minor=value(posting.debit_minor - posting.credit_minor),
            reversed_on=value(
                sa.select(mirror.effective_on)
                .where(mirror.tenant_id == tenant_id, mirror.reverses_id == entry.id)
                .scalar_subquery()
            ),
        )
        .join(posting, sa.and_(posting.tenant_id == tenant_id, posting.entry_id == entry.id))
        .where(entry.tenant_id == tenant_id, entry.kind == KIND, posting.account_code == ADJUSTMENT)
        .order_by(entry.effective_on.desc(), entry.id.desc())
        .limit(SHOWN_MAX)
    )
    return views(PostedRevaluation, rows)


def _load_movements(db: Session, tenant_id: UUID, into: str, as_of: date) -> list[ReceivablesMovement]:
    entry, posting = Entry, Posting
    moved = sa.cast(sa.func.sum(posting.debit_minor - posting.credit_minor), sa.BigInteger)
    rows = db.execute(
        select_view(
            ReceivablesMovement, currency=value(posting.currency), on=value(entry.effective_on), minor=value(moved)
        )
        .join(entry, sa.and_(entry.tenant_id == tenant_id, entry.id == posting.entry_id))
        .where(
            posting.tenant_id == tenant_id,
            posting.account_code == RECEIVABLES,
            posting.currency != into,
            entry.effective_on <= as_of,
        )
        .group_by(posting.currency, entry.effective_on)
    )
    return [movement for movement in views(ReceivablesMovement, rows) if movement.minor]


def _load_rates(db: Session, tenant_id: UUID, currencies: list[str], as_of: date) -> dict[str, list[DatedRate]]:
    """Returns the rates per currency ascending by day, the last recorded of each day."""
    f = FxRate
    rows = db.execute(
        sa.select(f.currency, f.rate_on, f.rate)
        .where(f.tenant_id == tenant_id, f.currency.in_(currencies), f.rate_on <= as_of)
        .ext(distinct_on(f.currency, f.rate_on))
        .order_by(f.currency, f.rate_on, f.id.desc())
    )
    found: dict[str, list[DatedRate]] = {}
    for currency, rate_on, rate in rows:
        found.setdefault(currency, []).append(DatedRate(rate, rate_on))
    return found


def _load_posted_minor(db: Session, tenant_id: UUID, into: str, as_of: date) -> int:
    entry, posting = Entry, Posting
    balance = sa.cast(sa.func.coalesce(sa.func.sum(posting.debit_minor - posting.credit_minor), 0), sa.BigInteger)
    return int(
        db.execute(
            sa.select(balance)
            .join(entry, sa.and_(entry.tenant_id == tenant_id, entry.id == posting.entry_id))
            .where(posting.tenant_id == tenant_id, posting.account_code == ADJUSTMENT, posting.currency == into)
            .where(entry.effective_on <= as_of)
        ).scalar_one()
    )
