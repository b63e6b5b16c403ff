"""Queries the list of statements, newest first, with answers and the state of the newest mail; and who never answered.

Invariants: three statements whatever the size; the counts per status ignore the status filter. A confirmed later
statement covers the earlier ones of its currency, since it carries their balance forward.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.statements.mails import PURPOSE
from ar.statements.models import Confirmation, Statement
from ar.statements.queries import status_expression
from ar.statements.views import (
    UNANSWERED,
    WAITING,
    StatementList,
    StatementRow,
)
from kernel.mail import MailMessage
from kernel.views import LATER, value, view, view_columns


def statement_list(
    db: Session,
    tenant_id: UUID,
    *,
    today: date,
    status: str = "",
    q: str = "",
    month: str = "",
    customer_id: UUID | None = None,
    offset: int = 0,
    limit: int = 50,
) -> StatementList:
    """Returns one page of statements, newest first, with answers and the state of the newest mail.

    `status` is one of STATUSES, or UNANSWERED for statements sent and not answered, overdue or not.
    """
    statement, customer, confirmation = Statement, Customer, Confirmation
    status_column = status_expression(today)
    base = (
        sa.select()
        .select_from(statement)
        .join(customer, sa.and_(customer.tenant_id == statement.tenant_id, customer.id == statement.customer_id))
        .outerjoin(
            confirmation,
            sa.and_(confirmation.tenant_id == statement.tenant_id, confirmation.statement_id == statement.id),
        )
        .where(statement.tenant_id == tenant_id, *_conditions(q, month, customer_id))
    )
    counts = {
        row.status: row.number
        for row in db.execute(
            base.add_columns(status_column.label("status"), sa.func.count().label("number")).group_by(status_column)
        )
    }
    statuses = WAITING if status == UNANSWERED else (status,) if status else ()
    page_query = base.where(status_column.in_(statuses)) if statuses else base
    rows = db.execute(
        page_query.add_columns(
            *view_columns(
                StatementRow,
                id=value(statement.id),
                number=value(statement.number),
                customer_id=value(statement.customer_id),
                customer_no=value(customer.number),
                customer_name=value(customer.name),
                currency=value(statement.currency),
                period_from=value(statement.period_from),
                period_to=value(statement.period_to),
                closing_minor=value(statement.closing_minor),
                overdue_minor=value(statement.overdue_minor),
                sent_to=value(statement.sent_to),
                respond_by_on=value(statement.respond_by_on),
                issued_at=value(statement.issued_at),
                status=value(status_column),
                signer_name=value(confirmation.signer_name),
                signer_title=value(confirmation.signer_title),
                confirmed_at=value(confirmation.confirmed_at),
                mail_state=LATER,
            )
        )
        .order_by(statement.issued_at.desc(), statement.number.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    states = _mail_states(db, tenant_id, [row.id for row in rows])
    lines = [view(StatementRow, row, mail_state=states.get(row.id)) for row in rows]
    return StatementList(lines, sum(counts.get(one, 0) for one in statuses or counts), counts)


def _conditions(q: str, month: str, customer_id: UUID | None) -> list[sa.ColumnElement[bool]]:
    statement, customer = Statement, Customer
    conditions: list[sa.ColumnElement[bool]] = []
    if q:
        conditions.append(
            sa.or_(
                statement.number.icontains(q, autoescape=True),
                customer.name.icontains(q, autoescape=True),
                customer.number.icontains(q, autoescape=True),
            )
        )
    if month:
        conditions.append(sa.func.to_char(statement.period_to, "YYYY-MM") == month)
    if customer_id:
        conditions.append(statement.customer_id == customer_id)
    return conditions


def _mail_states(db: Session, tenant_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    mail = MailMessage
    rows = db.execute(
        sa.select(mail.subject_id, mail.state)
        .ext(distinct_on(mail.subject_id))
        .where(mail.tenant_id == tenant_id, mail.purpose == "statement", mail.subject_id.in_(list(ids)))
        .order_by(mail.subject_id, mail.id.desc())
    )
    return {row.subject_id: row.state for row in rows}


class UnconfirmedStatement(NamedTuple):
    """A statement without an answer, by its number, and the local day on which it was first sent."""

    number: str
    sent_on: date


def oldest_unconfirmed(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], timezone: str
) -> dict[UUID, UnconfirmedStatement]:
    """Returns, by customer, the statement that has waited longest for an answer; customers without one are absent."""
    statement, mail = Statement, MailMessage
    sent_at = (
        sa.select(sa.func.min(mail.sent_at))
        .where(
            mail.tenant_id == tenant_id,
            mail.subject_id == statement.id,
            mail.purpose == PURPOSE,
            mail.state == "sent",
        )
        .scalar_subquery()
    )
    sent_on = sa.cast(sa.func.timezone(timezone, sa.func.coalesce(sent_at, statement.issued_at)), sa.Date)
    rows = db.execute(
        sa.select(statement.customer_id, statement.number, sent_on.label("sent_on"))
        .where(
            statement.tenant_id == tenant_id,
            statement.customer_id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid))),
            statement.superseded_at.is_(None),
            statement.sent_to.is_not(None),
            sa.not_(_answered(tenant_id)),
            sa.not_(_covered(tenant_id)),
        )
        .order_by(statement.customer_id, sent_on, statement.number)
        .ext(distinct_on(statement.customer_id))
    )
    return {row.customer_id: UnconfirmedStatement(number=row.number, sent_on=row.sent_on) for row in rows}


def _answered(tenant_id: UUID) -> sa.Exists:
    answer = Confirmation
    return sa.select(answer.id).where(answer.tenant_id == tenant_id, answer.statement_id == Statement.id).exists()


def _covered(tenant_id: UUID) -> sa.Exists:
    """Whether a later statement of the customer in the same currency was agreed to."""
    later, answer = aliased(Statement), Confirmation
    return (
        sa.select(later.id)
        .join(answer, sa.and_(answer.tenant_id == tenant_id, answer.statement_id == later.id))
        .where(
            later.tenant_id == tenant_id,
            later.customer_id == Statement.customer_id,
            later.currency == Statement.currency,
            later.period_to > Statement.period_to,
            answer.outcome == "agrees",
        )
        .exists()
    )
