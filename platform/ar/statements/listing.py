"""The list of statements: newest first, with their answers and the state of their newest mail.

Invariant: three statements whatever the size; counts are of all that match but for the status asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.statements.models import Confirmation, Statement
from ar.statements.queries import status_word
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
    """Statements, newest first, with their answers and the state of their newest mail.

    `status` is one of STATUSES, or UNANSWERED for what was sent and waits for an answer, late or not.
    """
    statement, customer, confirmation = Statement, Customer, Confirmation
    word = status_word(today)
    base = (
        sa.select()
        .select_from(statement)
        .join(customer, sa.and_(customer.tenant_id == statement.tenant_id, customer.id == statement.customer_id))
        .outerjoin(
            confirmation,
            sa.and_(confirmation.tenant_id == statement.tenant_id, confirmation.statement_id == statement.id),
        )
        .where(statement.tenant_id == tenant_id, *_matching(q, month, customer_id))
    )
    counts = {
        row.status: row.number
        for row in db.execute(base.add_columns(word.label("status"), sa.func.count().label("number")).group_by(word))
    }
    words = WAITING if status == UNANSWERED else (status,) if status else ()
    wanted = base.where(word.in_(words)) if words else base
    rows = db.execute(
        wanted.add_columns(
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
                status=value(word),
                pdf_sha256=value(statement.pdf_sha256),
                signer_name=value(confirmation.signer_name),
                signer_title=value(confirmation.signer_title),
                confirmed_at=value(confirmation.confirmed_at),
                remote_address=value(confirmation.remote_address),
                mail_state=LATER,
            )
        )
        .order_by(statement.issued_at.desc(), statement.number.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    states = _mail_states(db, tenant_id, [row.id for row in rows])
    lines = [view(StatementRow, row, mail_state=states.get(row.id)) for row in rows]
    return StatementList(lines, sum(counts.get(one, 0) for one in words or counts), counts)


def _matching(q: str, month: str, customer_id: UUID | None) -> list[sa.ColumnElement[bool]]:
    s, c = Statement, Customer
    wanted: list[sa.ColumnElement[bool]] = []
    if q:
        wanted.append(
            sa.or_(
                s.number.icontains(q, autoescape=True),
                c.name.icontains(q, autoescape=True),
                c.number.icontains(q, autoescape=True),
            )
        )
    if month:
        wanted.append(sa.func.to_char(s.period_to, "YYYY-MM") == month)
    if customer_id:
        wanted.append(s.customer_id == customer_id)
    return wanted


def _mail_states(db: Session, tenant_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    m = MailMessage
    rows = db.execute(
        sa.select(m.subject_id, m.state)
        .ext(distinct_on(m.subject_id))
        .where(m.tenant_id == tenant_id, m.purpose == "statement", m.subject_id.in_(list(ids)))
        .order_by(m.subject_id, m.id.desc())
    )
    return {row.subject_id: row.state for row in rows}
