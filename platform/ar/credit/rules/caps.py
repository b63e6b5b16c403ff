"""Caps what an assessment may grant: the longest term of its grade and size, and no limit where there is none.

Pure. Source: R045, R342, A04. More than the cap is granted order by order, by an over-limit request (Annex 2).
"""

from __future__ import annotations

from datetime import date

from ar.credit.rules.policy import CreditPolicy, Size
from ar.credit.rules.scoring import Grade
from ar.credit.rules.suggestion import MONTH_DAYS
from ar.ledger.rules.due_dates import add_months


def cap_months(policy: CreditPolicy, grade: Grade, size: Size | None = None) -> int:
    """Returns for how many whole months of 30 days a class gives credit: A 2, B 1, C and D none, as shipped."""
    return policy.longest_term_days(grade, size) // MONTH_DAYS


def term_cap_days(policy: CreditPolicy, grade: Grade, size: Size | None, on: date) -> int:
    """Returns the longest term in days; counted in calendar months from `on` where the company says so."""
    if policy.cap_in_months:
        return (add_months(on, cap_months(policy, grade, size)) - on).days
    return policy.longest_term_days(grade, size)


def cap_fault(
    policy: CreditPolicy, grade: Grade, size: Size | None, limit_minor: int, term_days: int, on: date
) -> str | None:
    """Returns what is above the cap of the class, `assessment_no_credit` or `assessment_term_cap`; None: nothing."""
    cap = term_cap_days(policy, grade, size, on)
    if cap == 0:
        return "assessment_no_credit" if limit_minor or term_days else None
    return "assessment_term_cap" if term_days > cap else None
