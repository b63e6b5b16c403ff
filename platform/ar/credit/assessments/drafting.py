"""Starts, saves and discards an assessment (Annex 1): prefilled from what is known, scored whenever it is saved.

Invariants: under the customer's lock; one assessment of a customer is undecided at a time; what was submitted is never
edited, what was returned may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.assessments.inputs import SaveAssessment, StartAssessment
from ar.credit.assessments.messages import HEADER_LABELS, score_fault_params
from ar.credit.assessments.models import Assessment
from ar.credit.assessments.trading import half_years, main_currency
from ar.credit.policy.queries import credit_policy, size_of
from ar.credit.rules.policy import CreditPolicy
from ar.credit.rules.scoring import ITEMS, Grade, ScoreFault, score_of
from ar.credit.rules.suggestion import MonthOfSales, suggest
from ar.credit.rules.ten_thousands import parse_ten_thousands, ten_thousands
from ar.customers.models import Contact, Customer
from ar.ledger.commands import lock_customers
from ar.ledger.lookups import company_currency
from ar.receipts.models import PayerAccount
from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import NotFound, RuleBroken
from kernel.ids import new_id
from kernel.versions import check_version
from kernel.views import DbRow
from tenants.models import User

EDITABLE: Final = ("draft", "rejected")
UNDECIDED: Final = (*EDITABLE, "submitted")
#: A score that was not given yet.
NO_SCORE: Final = -1


def start_assessment(db: Session, actor: Actor, data: StartAssessment) -> UUID:
    """Starts a draft, prefilled; returns its id (R040, R046). Its currency is that of most sales.

    Raises NotFound(`customer_not_found`), RuleBroken(`assessment_open`).
    """
    actor = lock_customers(db, actor, [data.customer_id])
    undecided = undecided_assessment(db, actor.tenant_id, data.customer_id)
    if undecided is not None:
        raise RuleBroken("assessment_open", number=undecided.number)
    policy = credit_policy(db, actor.tenant_id)
    by_currency = half_years(db, actor.tenant_id, [data.customer_id], actor.today).get(data.customer_id, {})
    currency = main_currency(by_currency, company_currency(db, actor.tenant_id))
    assessment_id, year = new_id(), actor.today.year
    number = document_number("CA", year, take_numbers(db, actor.tenant_id, f"assessment:{year}")[0])
    db.execute(
        sa.insert(Assessment).values(
            tenant_id=actor.tenant_id,
            id=assessment_id,
            number=number,
            customer_id=data.customer_id,
            assessed_on=actor.today,
            state="draft",
            header=_prefilled_header(db, actor.tenant_id, data.customer_id),
            **_scored([None] * len(ITEMS), policy),
            trading=by_currency[currency].as_json()
            if currency in by_currency
            else {"currency": currency, "months": []},
            forecast={"monthly_minor": None, "note": ""},
            guarantees="",
            note="",
            round=0,
            currency=currency,
            prepared_by=actor.name,
            prepared_by_id=actor.user_id,
            prepared_at=actor.now,
        )
    )
    return assessment_id


def save_assessment(db: Session, actor: Actor, assessment_id: UUID, data: SaveAssessment) -> DbRow:
    """Saves what the author wrote, scored, with the trading record and the suggestion of today; returns the row.

    Raises NotFound(`assessment_not_found`), Conflict(`changed_meanwhile`), RuleBroken(`assessment_not_draft`,
    `score_points`, `score_band`, `assessment_limit_unreadable`, `assessment_forecast_unreadable`).
    """
    actor, row = lock_assessment(db, actor, assessment_id)
    if row.state not in EDITABLE:
        raise RuleBroken("assessment_not_draft", number=row.number)
    check_version(data, form_values(row))
    policy = credit_policy(db, actor.tenant_id)
    scored = _scored(data.points or [None] * len(ITEMS), policy)
    by_currency = half_years(db, actor.tenant_id, [row.customer_id], actor.today).get(row.customer_id, {})
    trading = by_currency.get(row.currency)
    limit_minor = amount_of(data.limit, row.currency, "assessment_limit_unreadable")
    forecast_minor = amount_of(data.forecast, row.currency, "assessment_forecast_unreadable")
    is_scored = NO_SCORE not in scored["scores"]
    sales: Sequence[MonthOfSales] = trading.sales if trading else ()
    grade, size = Grade(scored["grade"]) if is_scored else None, size_of(db, actor.tenant_id, row.customer_id)
    suggestion = suggest(sales, row.currency, data.term_days, grade, policy, size=size)
    written = {name: getattr(data, name) for name in HEADER_LABELS}
    assessment = Assessment
    saved = db.execute(
        sa.update(assessment)
        .where(assessment.tenant_id == actor.tenant_id, assessment.id == assessment_id)
        .values(
            assessed_on=actor.today,
            header={**row.header, **written},
            **scored,
            trading=trading.as_json() if trading else {"currency": row.currency, "months": []},
            forecast={"monthly_minor": forecast_minor, "note": data.forecast_note},
            guarantees=data.guarantees,
            note=data.note,
            limit_minor=limit_minor,
            term_days=data.term_days,
            suggestion=suggestion.as_json(),
        )
        .returning(*assessment.__table__.columns)
    )
    return saved.one()


def discard_assessment(db: Session, actor: Actor, assessment_id: UUID) -> None:
    """Discards a draft or a returned assessment; it stays on the list of what was discarded.

    Raises NotFound(`assessment_not_found`), RuleBroken(`assessment_not_draft`).
    """
    actor, row = lock_assessment(db, actor, assessment_id)
    if row.state not in EDITABLE:
        raise RuleBroken("assessment_not_draft", number=row.number)
    set_state(db, actor, assessment_id, state="withdrawn", decided_at=actor.now)
    facts = {"number": row.number}
    journal.record(db, actor, "assessment_discarded", customer_id=row.customer_id, subject_id=assessment_id, data=facts)


def undecided_assessment(db: Session, tenant_id: UUID, customer_id: UUID) -> DbRow | None:
    """Returns (id, number) of the customer's assessment that is not decided yet; None when there is none."""
    assessment = Assessment
    return db.execute(
        sa.select(assessment.id, assessment.number).where(
            assessment.tenant_id == tenant_id,
            assessment.customer_id == customer_id,
            assessment.state.in_(UNDECIDED),
        )
    ).first()


def load_assessment(db: Session, tenant_id: UUID, assessment_id: UUID) -> DbRow:
    """Returns all columns of an assessment. Raises NotFound(`assessment_not_found`)."""
    assessment = Assessment
    row = db.execute(
        sa.select(*assessment.__table__.columns).where(
            assessment.tenant_id == tenant_id, assessment.id == assessment_id
        )
    ).first()
    if row is None:
        raise NotFound("assessment_not_found")
    return row


def lock_assessment(db: Session, actor: Actor, assessment_id: UUID) -> tuple[Actor, DbRow]:
    """Locks the customer of an assessment until COMMIT; returns the actor at the moment after, and all columns."""
    actor = lock_customers(db, actor, [load_assessment(db, actor.tenant_id, assessment_id).customer_id])
    return actor, load_assessment(db, actor.tenant_id, assessment_id)


def set_state(db: Session, actor: Actor, assessment_id: UUID, **values: Any) -> None:
    """Writes the state of an assessment and what belongs to it."""
    assessment = Assessment
    db.execute(
        sa.update(assessment)
        .where(assessment.tenant_id == actor.tenant_id, assessment.id == assessment_id)
        .values(**values)
    )


def form_values(row: DbRow) -> dict[str, Any]:
    """Returns an assessment as its form shows it: field → text."""
    forecast_minor = row.forecast["monthly_minor"]
    points = {
        f"points_{item.code}": "" if score == NO_SCORE else str(score)
        for item, score in zip(ITEMS, row.scores, strict=True)
    }
    return {
        **{name: str(row.header.get(name, "")) for name in HEADER_LABELS},
        **points,
        "guarantees": row.guarantees,
        "forecast": "" if forecast_minor is None else ten_thousands(forecast_minor, row.currency),
        "forecast_note": row.forecast["note"],
        "limit": "" if row.limit_minor is None else ten_thousands(row.limit_minor, row.currency),
        "term_days": "" if row.term_days is None else str(row.term_days),
        "note": row.note,
    }


def amount_of(text: str, currency: str, code: str) -> int | None:
    """Returns minor units of an amount typed in ten thousands, None for an empty text. Raises RuleBroken(`code`)."""
    if not text:
        return None
    try:
        return parse_ten_thousands(text, currency)
    except ValueError:
        raise RuleBroken(code) from None


def _scored(points: Sequence[int | None], policy: CreditPolicy) -> Mapping[str, Any]:
    """Returns the columns of the score, what is not given counting 0. Raises RuleBroken for a score out of a band."""
    try:
        found = score_of([point or 0 for point in points], policy.weights, literal_raw=policy.literal_raw)
    except ScoreFault as fault:
        raise RuleBroken(fault.code, **score_fault_params(fault)) from None
    return {
        "scores": [NO_SCORE if point is None else point for point in points],
        "weights": list(policy.weights),
        "literal_raw": policy.literal_raw,
        "raw": found.raw,
        "score": found.score,
        "grade": found.grade,
    }


def _prefilled_header(db: Session, tenant_id: UUID, customer_id: UUID) -> dict[str, Any]:
    """Returns the header by field (`HEADER_LABELS`), with `name` and `number` of the customer (R040)."""
    customer, owner = Customer, User
    row = db.execute(
        sa.select(customer.number, customer.name, customer.tax_id, owner.name.label("owner_name"))
        .outerjoin(owner, owner.id == customer.owner_id)
        .where(customer.tenant_id == tenant_id, customer.id == customer_id)
    ).one()
    contact = Contact
    telephone = db.execute(
        sa.select(contact.phone)
        .where(contact.tenant_id == tenant_id, contact.customer_id == customer_id, contact.active, contact.phone != "")
        .order_by(contact.created_at, contact.id)
        .limit(1)
    ).scalar()
    account = PayerAccount
    paid_from = db.execute(
        sa.select(account.bank, account.account_key)
        .where(account.tenant_id == tenant_id, account.customer_id == customer_id)
        .order_by(account.confirmed_at.is_(None), account.first_seen_on.desc())
        .limit(1)
    ).first()
    known = {
        "telephone": telephone,
        "taxpayer_no": row.tax_id,
        "sales_representative": row.owner_name,
        "main_bank": paid_from.bank if paid_from else None,
        "bank_account": paid_from.account_key if paid_from else None,
    }
    before = _last_header(db, tenant_id, customer_id)
    lines = {name: before.get(name) or known.get(name) or "" for name in HEADER_LABELS}
    if row.owner_name:
        lines["sales_representative"] = row.owner_name
    return {"name": row.name, "number": row.number, **lines}


def _last_header(db: Session, tenant_id: UUID, customer_id: UUID) -> dict[str, Any]:
    assessment = Assessment
    found = db.execute(
        sa.select(assessment.header)
        .where(assessment.tenant_id == tenant_id, assessment.customer_id == customer_id)
        .order_by(assessment.prepared_at.desc())
        .limit(1)
    ).scalar()
    return found or {}
