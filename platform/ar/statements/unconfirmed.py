"""Queries the statements that customers were sent and never answered (R126).

Invariants: one statement whatever the number of customers; a confirmed later one covers the earlier ones of its
currency, since it carries their balance forward.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from ar.statements.mails import PURPOSE
from ar.statements.models import Confirmation, Statement
from kernel.mail import MailMessage


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
    return {row.customer_id: UnconfirmedStatement(row.number, row.sent_on) for row in rows}


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
