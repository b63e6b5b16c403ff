"""Suggests a customer's limit from its sales, by the grade and term of the limit in force and its size (A09).

Invariant: read-only; without a limit in force the last approved assessment gives grade and term.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.assessments.models import Assessment
from ar.credit.assessments.trading import half_years, main_currency
from ar.credit.limits.queries import limits_in_force
from ar.credit.policy.queries import credit_policy, size_of
from ar.credit.rules.exposure import limit_on
from ar.credit.rules.scoring import Grade
from ar.credit.rules.suggestion import NoSuggestion, Suggestion, suggest
from ar.ledger.lookups import company_currency
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from kernel.views import DbRow


def suggest_limit(db: Session, tenant_id: UUID, customer_id: UUID, as_of: date) -> Suggestion:
    """Returns the suggested limit as of a day, in the currency of the limit in force, else of most sales."""
    limit = limit_on(limits_in_force(db, tenant_id, [customer_id], as_of).get(customer_id, ()), as_of)
    assessed = _assessed(db, tenant_id, customer_id, as_of)
    grade = limit.grade or (assessed.grade if assessed else None)
    term_days = limit.term_days if limit.term_days is not None else (assessed.term_days if assessed else None)
    by_currency = half_years(db, tenant_id, [customer_id], as_of).get(customer_id, {})
    currency = limit.currency or main_currency(by_currency, company_currency(db, tenant_id))
    months = by_currency[currency].sales if currency in by_currency else ()
    policy, size = credit_policy(db, tenant_id), size_of(db, tenant_id, customer_id)
    return suggest(months, currency, term_days, Grade(grade) if grade else None, policy, size=size)


def suggestion_text(found: Suggestion) -> str:
    """Returns the suggested limit and the formula behind it, or why there is none, in the current language."""
    if found.why_none is NoSuggestion.TOO_FEW_MONTHS:
        months = len(found.months)
        return _("No limit is suggested: there are sales of %(months)s full months, three are needed.", months=months)
    if found.why_none is NoSuggestion.NO_TERM:
        return _("No limit is suggested: no term was granted or assessed yet.")
    if found.suggested_minor is None:
        return _("No limit is suggested: the customer has no grade yet. Assess the customer first.")
    formula = _(
        "Sales of %(months)s months with tax, %(sales)s ÷ %(months)s = %(average)s a month; × %(days)s days ÷ 30 × "
        "%(factor)s for grade %(grade)s; rounded to %(unit)s.",
        months=len(found.months),
        sales=format_with_symbol(found.sales_minor, found.currency),
        average=format_with_symbol(found.average_minor or 0, found.currency),
        days=found.term_days,
        factor=f"{(found.factor_bps or 0) / 100:g} %",
        grade=found.grade,
        unit=format_with_symbol(found.rounded_to_minor, found.currency),
    )
    return f"{format_with_symbol(found.suggested_minor, found.currency)}\n{formula}"


def _assessed(db: Session, tenant_id: UUID, customer_id: UUID, as_of: date) -> DbRow | None:
    assessment = Assessment
    return db.execute(
        sa.select(assessment.grade, assessment.term_days)
        .where(
            assessment.tenant_id == tenant_id,
            assessment.customer_id == customer_id,
            assessment.state.in_(("approved", "superseded")),
            assessment.assessed_on <= as_of,
        )
        .order_by(assessment.assessed_on.desc(), assessment.number.desc())
        .limit(1)
    ).first()
