"""Suggests a credit limit from the customer's average monthly sales, the term and the class.

Pure. Source: R062, R342, A09. Formula: (sales of the last full months ÷ their number) × (term ÷ 30) × factor of the
class: the grade's, or that of the grade and size where the policy names one,
rounded half up to 1,000 of the currency, never below zero. Invariant: a suggestion carries every figure it was made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from ar.credit.rules.policy import CreditPolicy, Size
from ar.credit.rules.scoring import Grade
from ar.ledger.rules.due_dates import add_months
from ar.ledger.rules.shares import half_up
from kernel.money import exponent

MONTHS: Final = 6
MONTHS_LEAST: Final = 3
MONTH_DAYS: Final = 30
ROUNDED_TO: Final = 1_000
BPS: Final = 10_000


class NoSuggestion(StrEnum):
    """Why no limit can be suggested."""

    TOO_FEW_MONTHS = "too_few_months"
    NO_GRADE = "no_grade"
    NO_TERM = "no_term"


@dataclass(frozen=True, slots=True)
class MonthOfSales:
    """Net sales of a calendar month in minor units, gross of tax as the receivables are; `first_on` its first day."""

    first_on: date
    sales_minor: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested limit in minor units of `currency`, and what it was made of; `suggested_minor` None says why not.

    `average_minor` is for people to read, rounded half up; the suggestion itself is rounded once, from the sum.
    """

    currency: str
    suggested_minor: int | None
    why_none: NoSuggestion | None
    months: tuple[MonthOfSales, ...]
    sales_minor: int
    average_minor: int | None
    term_days: int | None
    grade: Grade | None
    size: Size | None
    factor_bps: int | None
    rounded_to_minor: int

    def as_json(self) -> dict[str, Any]:
        """Returns the suggestion as `huikuan credit suggest --json` prints it; sales are gross of tax."""
        formula = {
            "months": [
                {"month": each.first_on.isoformat()[:7], "sales_minor": each.sales_minor} for each in self.months
            ],
            "month_count": len(self.months),
            "sales_minor": self.sales_minor,
            "average_minor": self.average_minor,
            "basis": "gross",
            "term_days": self.term_days,
            "month_days": MONTH_DAYS,
            "grade": self.grade,
            "size": self.size,
            "factor_bps": self.factor_bps,
            "rounded_to_minor": self.rounded_to_minor,
            "why_none": self.why_none,
        }
        return {"suggested_minor": self.suggested_minor, "currency": self.currency, "formula": formula}


def full_months(as_of: date, first_sale_on: date | None) -> list[date]:
    """Returns the first days of the last six calendar months that ended by `as_of`, the oldest first.

    Months before the one of the first sale are no history and are left out; without any sale there are none.
    """
    tomorrow = as_of + timedelta(days=1)
    firsts = [add_months(tomorrow.replace(day=1), -back) for back in range(MONTHS, 0, -1)]
    return [] if first_sale_on is None else [first for first in firsts if first >= first_sale_on.replace(day=1)]


def suggest(
    months: Sequence[MonthOfSales],
    currency: str,
    term_days: int | None,
    grade: Grade | None,
    policy: CreditPolicy,
    *,
    size: Size | None,
) -> Suggestion:
    """Suggests a limit from months of history (A09): six, or three at least; else none, and says why."""
    total, count = sum(each.sales_minor for each in months), len(months)
    unit = ROUNDED_TO * 10 ** exponent(currency)
    factor_bps = None if grade is None else policy.suggestion_factor_bps(grade, size)
    suggested, why = None, None
    if count < MONTHS_LEAST:
        why = NoSuggestion.TOO_FEW_MONTHS
    elif term_days is None:
        why = NoSuggestion.NO_TERM
    elif factor_bps is None:
        why = NoSuggestion.NO_GRADE
    else:
        suggested = unit * half_up(max(total, 0) * term_days * factor_bps, count * MONTH_DAYS * BPS * unit)
    return Suggestion(
        currency=currency,
        suggested_minor=suggested,
        why_none=why,
        months=tuple(months),
        sales_minor=total,
        average_minor=None if not count else (2 * total + count) // (2 * count),
        term_days=term_days,
        grade=grade,
        size=size,
        factor_bps=factor_bps,
        rounded_to_minor=unit,
    )
