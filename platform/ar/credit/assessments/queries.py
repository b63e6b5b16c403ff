"""Loads assessments for their list, their own page and the customer's page.

Invariant: a constant number of statements per page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.assessments.drafting import UNDECIDED, load_assessment
from ar.credit.assessments.models import Assessment, AssessmentOpinion
from ar.customers.lookups import file_gaps, gap_sentences
from ar.customers.models import Customer
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.views import DbRow, select_view, value, views
from tenants.approvals.models import Approval
from tenants.approvals.queries import ApprovalPage, approval_page
from web import filters

#: An assessment that lapses within so many days is due to be made again.
LAPSING_DAYS: Final = 30
VIEWS: Final = ("all", "undecided", "approved", "lapsing", "lapsed", "superseded", "withdrawn")


@dataclass(frozen=True)
class AssessmentFilters:
    """Filters of the list. `show`: a state, or those in force that lapse soon or have lapsed."""

    show: str = filters.choice(*VIEWS)
    grade: str = filters.choice("", "A", "B", "C", "D")
    customer: str = filters.text(max_length=80)


@dataclass(frozen=True, slots=True)
class AssessmentLine:
    """An assessment in a list; limit in minor units. `waits_for`: the role whose sign-off is open."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    state: str
    assessed_on: date
    score: int
    grade: str
    currency: str
    limit_minor: int | None
    term_days: int | None
    valid_through_on: date | None
    prepared_by: str
    waits_for: str | None

    def lapses_by(self, day: date) -> bool:
        """Whether it is in force and through no later than `day`."""
        return self.state == "approved" and self.valid_through_on is not None and self.valid_through_on <= day


@dataclass(frozen=True, slots=True)
class Opinion:
    """One sign-off: limit in minor units, term in days; `position` 0 is the author."""

    round: int
    position: int
    role: str
    limit_minor: int
    term_days: int
    note: str
    given_by: str
    given_at: datetime


@dataclass(frozen=True)
class AssessmentPage:
    """One assessment for its page; `approval` is None of a draft. `gaps`: what the customer file lacks, in words."""

    row: DbRow
    customer_no: str
    customer_name: str
    opinions: tuple[Opinion, ...]
    approval: ApprovalPage | None
    gaps: tuple[str, ...]

    @property
    def signs(self) -> tuple[Opinion, ...]:
        """Returns the sign-offs of the round that counts."""
        return tuple(each for each in self.opinions if each.round == self.row.round)


def assessment_list(
    db: Session, tenant_id: UUID, wanted: AssessmentFilters, today: date, *, offset: int = 0, limit: int = 50
) -> tuple[list[AssessmentLine], dict[str, int]]:
    """Returns a page of the list, the newest first, and the number of rows of each view."""
    assessment, customer = Assessment, Customer
    shown = _conditions(today)
    of_customer = _of_customer(wanted)
    counted = [sa.func.count().filter(shown[name]).label(name) for name in VIEWS]
    only = [] if not wanted.grade else [assessment.grade == wanted.grade, assessment.state != "draft"]
    counts = db.execute(
        sa.select(*counted)
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == assessment.customer_id))
        .where(assessment.tenant_id == tenant_id, of_customer, *only)
    ).one()
    rows = db.execute(
        _lines(tenant_id)
        .where(shown[wanted.show], of_customer, *only)
        .order_by(*_order(wanted.show))
        .offset(offset)
        .limit(limit)
    )
    return views(AssessmentLine, rows), dict(counts._mapping)


def customer_assessments(db: Session, tenant_id: UUID, customer_id: UUID, *, limit: int = 6) -> list[AssessmentLine]:
    """Returns the latest assessments of a customer, the one in force first, without what was discarded."""
    assessment = Assessment
    rows = db.execute(
        _lines(tenant_id)
        .where(assessment.customer_id == customer_id, assessment.state != "withdrawn")
        .order_by((assessment.state == "approved").desc(), assessment.prepared_at.desc())
        .limit(limit)
    )
    return views(AssessmentLine, rows)


def assessment_page(db: Session, actor: Actor, assessment_id: UUID) -> AssessmentPage:
    """Returns one assessment as this person sees it. Raises NotFound(`assessment_not_found`)."""
    row, customer_name = assessment_facts(db, actor.tenant_id, assessment_id)
    gaps = file_gaps(db, actor.tenant_id, [row.customer_id], actor.today).get(row.customer_id, [])
    return AssessmentPage(
        row=row,
        customer_no=row.header["number"],
        customer_name=customer_name,
        opinions=opinions_of(db, actor.tenant_id, assessment_id),
        approval=approval_page(db, actor, row.approval_id) if row.approval_id else None,
        gaps=tuple(gap_sentences(gaps)),
    )


def assessment_facts(db: Session, tenant_id: UUID, assessment_id: UUID) -> tuple[DbRow, str]:
    """Returns all columns of an assessment, and the customer's name. Raises NotFound(`assessment_not_found`)."""
    row, customer = load_assessment(db, tenant_id, assessment_id), Customer
    name = db.execute(
        sa.select(customer.name).where(customer.tenant_id == tenant_id, customer.id == row.customer_id)
    ).scalar_one_or_none()
    if name is None:
        raise NotFound("assessment_not_found")
    return row, name


def opinions_of(db: Session, tenant_id: UUID, assessment_id: UUID) -> tuple[Opinion, ...]:
    """Returns every sign-off of an assessment, round by round."""
    opinion = AssessmentOpinion
    rows = db.execute(
        select_view(
            Opinion,
            round=value(opinion.round),
            position=value(opinion.position),
            role=value(opinion.role),
            limit_minor=value(opinion.limit_minor),
            term_days=value(opinion.term_days),
            note=value(opinion.note),
            given_by=value(opinion.given_by),
            given_at=value(opinion.given_at),
        )
        .where(opinion.tenant_id == tenant_id, opinion.assessment_id == assessment_id)
        .order_by(opinion.round, opinion.position)
    )
    return tuple(views(Opinion, rows))


def select_waiting() -> sa.Select[Any]:
    """Selects the person's returned assessments, and of their customers those that lapse soon (binds as NavLine)."""
    assessment, customer = Assessment, Customer
    tenant, person = sa.bindparam("tenant", type_=sa.Uuid), sa.bindparam("person", type_=sa.Uuid)
    soon = sa.cast(sa.bindparam("today", type_=sa.Date) + LAPSING_DAYS, sa.Date)
    returned = sa.and_(assessment.state == "rejected", assessment.prepared_by_id == person)
    lapsing = sa.and_(assessment.state == "approved", assessment.valid_through_on <= soon, customer.owner_id == person)
    return (
        sa.select(assessment.id)
        .join(customer, sa.and_(customer.tenant_id == tenant, customer.id == assessment.customer_id))
        .where(assessment.tenant_id == tenant, sa.or_(returned, lapsing))
    )


def _lines(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    assessment, customer, approval = Assessment, Customer, Approval
    waits_for = sa.case((assessment.state == "submitted", approval.waits_for))
    return (
        select_view(
            AssessmentLine,
            id=value(assessment.id),
            number=value(assessment.number),
            customer_id=value(assessment.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            state=value(assessment.state),
            assessed_on=value(assessment.assessed_on),
            score=value(assessment.score),
            grade=value(assessment.grade),
            currency=value(assessment.currency),
            limit_minor=value(assessment.limit_minor),
            term_days=value(assessment.term_days),
            valid_through_on=value(assessment.valid_through_on),
            prepared_by=value(assessment.prepared_by),
            waits_for=value(waits_for),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == assessment.customer_id))
        .outerjoin(approval, sa.and_(approval.tenant_id == tenant_id, approval.id == assessment.approval_id))
        .where(assessment.tenant_id == tenant_id)
    )


def _conditions(today: date) -> Mapping[str, sa.ColumnElement[bool]]:
    """Returns the condition of each view."""
    assessment = Assessment
    in_force = sa.and_(assessment.state == "approved", assessment.valid_through_on >= today)
    return {
        "all": assessment.state != "withdrawn",
        "undecided": assessment.state.in_(UNDECIDED),
        "approved": in_force,
        "lapsing": sa.and_(in_force, assessment.valid_through_on <= today + timedelta(days=LAPSING_DAYS)),
        "lapsed": sa.and_(assessment.state == "approved", assessment.valid_through_on < today),
        "superseded": assessment.state == "superseded",
        "withdrawn": assessment.state == "withdrawn",
    }


def _order(show: str) -> tuple[Any, ...]:
    assessment = Assessment
    first = (assessment.valid_through_on,) if show in ("lapsing", "lapsed") else ()
    return (*first, assessment.assessed_on.desc(), assessment.number.desc())


def _of_customer(wanted: AssessmentFilters) -> sa.ColumnElement[bool]:
    text = wanted.customer
    if not text:
        return sa.true()
    return sa.or_(Customer.number == text, Customer.name.contains(text, autoescape=True))
