"""Key figures of receivables, each with one definition: DSO, delinquency, collection effectiveness, bad debt.

Pure: standard library only. Amounts are minor units of one currency, sales gross of tax as the receivables are, days
calendar days. Invariants: computed as exact fractions and rounded half up once, at the end; a zero denominator gives
None (n/a), never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

PLACES: Final = 2


class MonthSales(NamedTuple):
    """Credit sales of a month (minor units, gross) and its calendar days."""

    sales_minor: int
    days: int


def rounded(value: Fraction, places: int = PLACES) -> Decimal:
    """Rounds half up (away from zero) to `places` decimals."""
    scaled, sign = abs(value) * 10**places, -1 if value < 0 else 1
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(sign * whole).scaleb(-places)


def _ratio(numerator: int, denominator: int, factor: int = 1) -> Decimal | None:
    return rounded(Fraction(numerator * factor, denominator)) if denominator else None


def dso(ending_minor: int, sales_minor: int, days: int) -> Decimal | None:
    """Returns days sales outstanding, simple: ending receivables ÷ credit sales of the period × its days."""
    return _ratio(ending_minor, sales_minor, days)


def countback_dso(ending_minor: int, months: Sequence[MonthSales]) -> Decimal | None:
    """Returns days sales outstanding by countback: sales, newest month first, until the receivables are used up.

    The last month counts in proportion. None when the given months do not cover the receivables.
    """
    left, days = max(ending_minor, 0), Fraction(0)
    for month in months:
        if not left:
            break
        if month.sales_minor > 0:
            taken = min(left, month.sales_minor)
            days += Fraction(month.days * taken, month.sales_minor)
            left -= taken
        else:
            days += month.days
    return None if left else rounded(days)


def best_possible_dso(current_minor: int, sales_minor: int, days: int) -> Decimal | None:
    """Returns best possible DSO, with nothing past due: receivables not past due ÷ sales × days."""
    return _ratio(current_minor, sales_minor, days)


def average_days_delinquent(past_due_minor: int, sales_minor: int, days: int) -> Decimal | None:
    """Returns average days delinquent, DSO less best possible DSO: past-due receivables ÷ sales × days."""
    return _ratio(past_due_minor, sales_minor, days)


def collection_effectiveness(
    opening_minor: int, sales_minor: int, ending_minor: int, ending_current_minor: int
) -> Decimal | None:
    """Returns the collection effectiveness index in per cent: collected ÷ collectable in the period."""
    owed = opening_minor + sales_minor
    return _ratio(owed - ending_minor, owed - ending_current_minor, 100)


def percentage(part_minor: int, whole_minor: int) -> Decimal | None:
    """Returns a part in per cent of the whole: a bucket of all receivables, receipts of invoices."""
    return _ratio(part_minor, whole_minor, 100)


def receivables_shown(owed_minor: int, unapplied_minor: int, *, netted: bool) -> int:
    """Returns the receivables as the company shows them: after unapplied credits (`netted`) or before them."""
    return owed_minor - unapplied_minor if netted else owed_minor


def overdue_ratio(past_due_minor: int, receivables_minor: int) -> Decimal | None:
    """Returns past-due receivables in per cent of the receivables shown (`receivables_shown`).

    None where these are not positive; more than 100 where credits make them smaller than what is past due.
    """
    return _ratio(past_due_minor, receivables_minor, 100) if receivables_minor > 0 else None


def days_to_pay(weighted_days: int, paid_minor: int) -> Decimal | None:
    """Returns the average days from a document to the day its money came, weighted by amount.

    `weighted_days`: the sum of amount × days. None when nothing was paid.
    """
    return _ratio(weighted_days, paid_minor) if paid_minor > 0 else None


def bad_debt_ratio(written_off_minor: int, sales_minor: int) -> Decimal | None:
    """Returns bad debts written off in per cent of credit sales."""
    return _ratio(written_off_minor, sales_minor, 100)
