"""Adds up what a customer owes or will owe, and sets it against the limit of a day.

Source: R064, A07, `docs/policy.md`. Exposure = open receivables + signed and not invoiced + shipped and not signed +
released orders + unmatured bills - unapplied money. Invariants: amounts are minor units of one currency; the same
currency is never converted; equality with the limit passes; absent, zero and unlimited are three things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an exposure, each counted once on its way from order to invoice (minor units, not negative)."""

    open_receivables_minor: int = 0
    signed_not_invoiced_minor: int = 0
    shipped_not_signed_minor: int = 0
    released_orders_minor: int = 0
    unmatured_bills_minor: int = 0
    unapplied_minor: int = 0

    @property
    def exposure_minor(self) -> int:
        """Returns what is owed and committed less unapplied money; negative where money was paid ahead."""
        return (
            self.open_receivables_minor
            + self.signed_not_invoiced_minor
            + self.shipped_not_signed_minor
            + self.released_orders_minor
            + self.unmatured_bills_minor
            - self.unapplied_minor
        )

    def map(self, change: Callable[[int], int]) -> Parts:
        """Returns the parts with `change` applied to each amount, as a conversion into another currency."""
        return Parts(*(change(getattr(self, field.name)) for field in fields(Parts)))

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Parts)))


@dataclass(frozen=True, slots=True)
class DatedLimit:
    """A limit in minor units of `currency`, in force on both days and between; `amount_minor` None: unlimited."""

    kind: str
    currency: str
    amount_minor: int | None
    valid_from: date
    valid_to: date | None
    term_days: int | None = None
    grade: str | None = None

    def is_in_force(self, on: date) -> bool:
        """Whether the limit counts on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class LimitOnDay:
    """What may be owed on a day: `regular_minor` None where there is no limit at all, or it is `unlimited`."""

    currency: str | None
    regular_minor: int | None
    temporary_minor: int
    unlimited: bool
    term_days: int | None
    grade: str | None

    @property
    def is_absent(self) -> bool:
        """Whether no regular limit was ever granted for the day."""
        return self.regular_minor is None and not self.unlimited

    @property
    def total_minor(self) -> int | None:
        """Returns regular plus temporary; None when absent or unlimited."""
        return None if self.regular_minor is None else self.regular_minor + self.temporary_minor

    @property
    def gives_credit(self) -> bool:
        """Whether anything may be owed at all."""
        return self.unlimited or bool(self.total_minor)


NO_LIMIT = LimitOnDay(None, None, 0, False, None, None)


def limit_on(limits: Iterable[DatedLimit], on: date) -> LimitOnDay:
    """Returns the limit of a day from the limits of one customer: the regular one, and the temporary ones on top.

    A temporary limit in another currency than the regular one, or without one, adds nothing.
    """
    in_force = [each for each in limits if each.is_in_force(on)]
    regular = next((each for each in in_force if each.kind == "regular"), None)
    if regular is None:
        return NO_LIMIT
    temporary = sum(
        each.amount_minor or 0 for each in in_force if each.kind == "temporary" and each.currency == regular.currency
    )
    unlimited = regular.amount_minor is None
    return LimitOnDay(
        currency=regular.currency,
        regular_minor=regular.amount_minor,
        temporary_minor=0 if unlimited else temporary,
        unlimited=unlimited,
        term_days=regular.term_days,
        grade=regular.grade,
    )


def available_minor(limit: LimitOnDay, exposure_minor: int) -> int | None:
    """Returns how much more may be owed, never below zero; None when there is no limit to be measured by."""
    total = limit.total_minor
    return None if total is None else max(0, total - exposure_minor)


def excess_bps(over_minor: int, limit_minor: int) -> int | None:
    """Returns an excess as a share of the limit in basis points, rounded up; None where the limit is zero."""
    return None if limit_minor <= 0 else -(-over_minor * 10_000 // limit_minor)


def is_over(limit: LimitOnDay, exposure_minor: int) -> bool:
    """Whether an exposure is over the limit: above it (equality passes), or anything owed where none was granted."""
    if limit.unlimited:
        return False
    return exposure_minor > (limit.total_minor or 0)
