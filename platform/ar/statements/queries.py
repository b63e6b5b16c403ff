"""Queries statements for pages, mails and portal links, and what is to be issued for a month.

Invariant: every query names its tenant; a page costs a fixed number of SQL statements. The list is in `list_queries`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.statements.documents import Debtor, Sender
from ar.statements.inputs import Period
from ar.statements.models import Confirmation, Difference, PlannedStatement, Statement, StatementLine
from ar.statements.views import (
    NOT_SENT,
    OVERDUE,
    SENT,
    SUPERSEDED,
    AnswerView,
    DeliveryView,
    DifferenceView,
    LineView,
    Mailing,
    StandingStatement,
    StatementPage,
    StatementView,
)
from kernel.binds import TENANT, TODAY
from kernel.db import columns
from kernel.errors import NotFound
from kernel.mail import MailMessage
from kernel.storage import Blob
from kernel.views import select_view, value, view, views
from tenants.models import Company

_STATEMENT: Final = sa.bindparam("statement", type_=sa.Uuid)


def sender(db: Session, tenant_id: UUID) -> Sender:
    """Returns the company as it is printed on its statements."""
    return view(Sender, columns(db, _sender(), {"tenant": tenant_id}).one())


@cache
def _sender() -> sa.Select[*tuple[Any, ...]]:
    company = Company
    return select_view(
        Sender,
        name=value(company.legal_name),
        address=value(company.address),
        phone=value(company.phone),
        contact_name=value(company.contact_name),
        contact_email=value(company.contact_email),
        bank_name=value(company.bank_name),
        bank_account=value(company.bank_account),
    ).where(company.tenant_id == TENANT)


def debtors(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> dict[UUID, Debtor]:
    """Returns the customers as addressed, by id and without unknown ones; nobody's attention is asked for."""
    c = Customer
    rows = db.execute(
        sa.select(c.id, c.number, c.name, c.language).where(
            c.tenant_id == tenant_id, c.id == sa.any_(sa.cast(list(customer_ids), sa.ARRAY(sa.Uuid)))
        )
    )
    return {row.id: Debtor(number=row.number, name=row.name, attention="", language=row.language) for row in rows}


def mailing(db: Session, tenant_id: UUID, statement_id: UUID) -> Mailing:
    """Returns the facts for mails about the statement. Raises NotFound(`statement_not_found`)."""
    statement, customer = Statement, Customer
    row = db.execute(
        sa.select(statement, customer.name.label("customer_name"), _answered(tenant_id).label("answered"))
        .join(customer, sa.and_(customer.tenant_id == statement.tenant_id, customer.id == statement.customer_id))
        .where(statement.tenant_id == tenant_id, statement.id == statement_id)
    ).first()
    if row is None:
        raise NotFound("statement_not_found")
    frozen: Statement = row.Statement
    return Mailing(
        customer_id=frozen.customer_id,
        customer_name=row.customer_name,
        number=frozen.number,
        currency=frozen.currency,
        closing_minor=frozen.closing_minor,
        interest_minor=frozen.interest_minor,
        amount_in_words=frozen.amount_in_words,
        period_to=frozen.period_to,
        respond_by_on=frozen.respond_by_on or frozen.period_to,
        language=frozen.language,
        pdf_sha256=frozen.pdf_sha256,
        superseded=frozen.superseded_at is not None,
        answered=row.answered,
        sender=sender(db, tenant_id),
    )


def standing_statements(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, *conditions: sa.ColumnElement[bool]
) -> list[StandingStatement]:
    """Returns a customer's statements that are not superseded, the newest last."""
    statement = Statement
    rows = db.execute(
        select_view(
            StandingStatement,
            id=value(statement.id),
            number=value(statement.number),
            period_to=value(statement.period_to),
            answered=value(_answered(tenant_id)),
            sent_to=value(statement.sent_to),
            pdf_sha256=value(statement.pdf_sha256),
        )
        .where(
            statement.tenant_id == tenant_id,
            statement.customer_id == customer_id,
            statement.currency == currency,
            statement.superseded_at.is_(None),
            *conditions,
        )
        .order_by(statement.issued_at, statement.id)
    )
    return views(StandingStatement, rows)


def standing_since(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], from_on: date
) -> dict[tuple[UUID, str], list[date]]:
    """Returns the last days of the customers' standing statements that begin on `from_on`, by (customer, currency)."""
    s = Statement
    rows = db.execute(
        sa.select(s.customer_id, s.currency, s.period_to).where(
            s.tenant_id == tenant_id,
            s.customer_id == sa.any_(sa.cast(list(customer_ids), sa.ARRAY(sa.Uuid))),
            s.period_from == from_on,
            s.superseded_at.is_(None),
        )
    )
    found: dict[tuple[UUID, str], list[date]] = {}
    for customer_id, currency, to_on in rows:
        found.setdefault((customer_id, currency), []).append(to_on)
    return found


def currencies_with_business(db: Session, tenant_id: UUID, customer_id: UUID, period: Period) -> list[str]:
    """Returns the currencies in which a customer has business or a balance in the month."""
    rows = db.execute(_with_business(tenant_id, period).where(OpenItem.customer_id == customer_id))
    return sorted(row.currency for row in rows)


def statements_to_issue(
    db: Session, tenant_id: UUID, period: Period, customer_id: UUID | None = None
) -> list[tuple[UUID, str]]:
    """Returns (customer id, currency) with business or a balance, and no statement of the month standing or planned."""
    statement, planned, item = Statement, PlannedStatement, OpenItem
    waiting = (
        sa.select(planned.number)
        .where(
            planned.tenant_id == tenant_id,
            planned.customer_id == item.customer_id,
            planned.currency == item.currency,
            planned.period_from == period.from_on,
            planned.period_to == period.to_on,
            planned.outcome.is_(None),
        )
        .exists()
    )
    standing = (
        sa.select(statement.id)
        .where(
            statement.tenant_id == tenant_id,
            statement.customer_id == item.customer_id,
            statement.currency == item.currency,
            statement.period_from == period.from_on,
            statement.period_to == period.to_on,
            statement.superseded_at.is_(None),
        )
        .exists()
    )
    query = _with_business(tenant_id, period).where(~standing, ~waiting)
    if customer_id is not None:
        query = query.where(item.customer_id == customer_id)
    return [(row.customer_id, row.currency) for row in db.execute(query.order_by(item.customer_id, item.currency))]


def statement_page(db: Session, tenant_id: UUID, statement_id: UUID, today: date) -> StatementPage:
    """Returns one statement for the team, with the recomputed hash of its PDF. Raises NotFound."""
    mail, blob = MailMessage, Blob
    statement = statement_view(db, tenant_id, statement_id, today)
    mails = db.execute(
        select_view(
            DeliveryView,
            id=value(mail.id),
            purpose=value(mail.purpose),
            to_address=value(mail.to_address),
            state=value(mail.state),
            reason=value(mail.reason),
            created_at=value(mail.created_at),
            sent_at=value(mail.sent_at),
        )
        .where(mail.tenant_id == tenant_id, mail.subject_id == statement_id)
        .order_by(mail.id)
    )
    stored = db.execute(
        sa.select(sa.func.encode(sa.func.sha256(blob.content), "hex")).where(
            blob.tenant_id == tenant_id, blob.sha256 == statement.pdf_sha256
        )
    ).scalar_one()
    return StatementPage(statement, views(DeliveryView, mails), find_answer(db, tenant_id, statement_id), stored)


def statement_view(db: Session, tenant_id: UUID, statement_id: UUID, today: date) -> StatementView:
    """Returns one statement with its lines. Raises NotFound(`statement_not_found`)."""
    asked = {"tenant": tenant_id, "statement": statement_id}
    row = columns(db, _statement(), {**asked, "today": today}).first()
    if row is None:
        raise NotFound("statement_not_found")
    same = {name: getattr(row, name) for name in _FROZEN_COLUMNS}
    return StatementView(
        **same,
        customer_no=row.customer_no,
        customer_name=row.customer_name,
        aging=tuple((part["bucket"], part["minor"]) for part in row.aging),
        pdf_bytes=row.size_bytes,
        superseded_by=row.superseded_by,
        status=row.status,
        lines=tuple(views(LineView, columns(db, _lines(), asked))),
    )


@cache
def _statement() -> sa.Select[*tuple[Any, ...]]:
    """Selects one statement (binds: tenant, statement, today). Cached: every opening of a link asks it."""
    statement, customer, confirmation, newer = Statement, Customer, Confirmation, aliased(Statement)
    return (
        sa.select(
            *(getattr(statement, name) for name in _FROZEN_COLUMNS),
            statement.aging,
            customer.number.label("customer_no"),
            customer.name.label("customer_name"),
            status_expression(TODAY).label("status"),
            newer.id.label("superseded_by"),
            Blob.size_bytes,
        )
        .join(customer, sa.and_(customer.tenant_id == statement.tenant_id, customer.id == statement.customer_id))
        .join(Blob, sa.and_(Blob.tenant_id == statement.tenant_id, Blob.sha256 == statement.pdf_sha256))
        .outerjoin(
            confirmation,
            sa.and_(confirmation.tenant_id == statement.tenant_id, confirmation.statement_id == statement.id),
        )
        .outerjoin(newer, sa.and_(newer.tenant_id == statement.tenant_id, newer.supersedes_id == statement.id))
        .where(statement.tenant_id == TENANT, statement.id == _STATEMENT)
    )


#: Columns of the statement that the view shows under the same name.
_FROZEN_COLUMNS: Final = (
    *("id", "number", "customer_id", "currency", "period_from", "period_to", "opening_minor", "debits_minor"),
    *("credits_minor", "closing_minor", "overdue_minor", "language", "amount_in_words", "pdf_sha256"),
    *("supersedes_id", "superseded_at", "sent_to", "respond_by_on", "issued_at", "issued_by", "interest_minor"),
)


def find_answer(db: Session, tenant_id: UUID, statement_id: UUID) -> AnswerView | None:
    """Returns the debtor's answer with its differences; None before."""
    confirmation, difference, line = Confirmation, Difference, StatementLine
    row = db.execute(
        sa.select(confirmation).where(confirmation.tenant_id == tenant_id, confirmation.statement_id == statement_id)
    ).scalar_one_or_none()
    if row is None:
        return None
    lines = db.execute(
        select_view(
            DifferenceView,
            document_no=value(difference.document_no),
            kind=value(line.kind),
            our_minor=value(difference.our_minor),
            their_minor=value(difference.their_minor),
            reason=value(difference.reason),
            note=value(difference.note),
        )
        .outerjoin(
            line,
            sa.and_(
                line.tenant_id == difference.tenant_id,
                line.statement_id == statement_id,
                line.part == "open",
                line.item_id == difference.item_id,
            ),
        )
        .where(difference.tenant_id == tenant_id, difference.confirmation_id == row.id)
        .order_by(difference.position)
    )
    return AnswerView(
        reference=row.reference,
        outcome=row.outcome,
        signer_name=row.signer_name,
        signer_title=row.signer_title,
        code_sent_to=row.code_sent_to,
        pdf_sha256=row.pdf_sha256,
        remote_address=row.remote_address,
        user_agent=row.user_agent,
        language=row.language,
        confirmed_at=row.confirmed_at,
        differences=tuple(views(DifferenceView, lines)),
    )


def stored_pdf(db: Session, tenant_id: UUID, statement_id: UUID) -> tuple[str, bytes]:
    """Returns (number, bytes) of the stored PDF. Raises NotFound(`statement_not_found`)."""
    s = Statement
    row = db.execute(
        sa.select(s.number, Blob.content)
        .join(Blob, sa.and_(Blob.tenant_id == s.tenant_id, Blob.sha256 == s.pdf_sha256))
        .where(s.tenant_id == tenant_id, s.id == statement_id)
    ).first()
    if row is None:
        raise NotFound("statement_not_found")
    return row.number, bytes(row.content)


def _with_business(tenant_id: UUID, period: Period) -> sa.Select[UUID, str]:
    """Selects (customer id, currency) of documents dated by the period's end that were open within the period."""
    i = OpenItem
    return (
        sa.select(i.customer_id, i.currency)
        .where(
            i.tenant_id == tenant_id,
            i.document_on <= period.to_on,
            sa.or_(i.cleared_on.is_(None), i.cleared_on >= period.from_on),
        )
        .distinct()
    )


def _answered(tenant_id: UUID) -> sa.Exists:
    k = Confirmation
    return sa.select(k.id).where(k.tenant_id == tenant_id, k.statement_id == Statement.id).exists()


def status_expression(today: date | sa.BindParameter[Any]) -> sa.Case[str]:
    """Selects a statement's status today, one of STATUSES; the statement's confirmation must be joined."""
    statement, confirmation = Statement, Confirmation
    return sa.case(
        (statement.superseded_at.is_not(None), SUPERSEDED),
        (confirmation.outcome.is_not(None), confirmation.outcome),
        (statement.sent_to.is_(None), NOT_SENT),
        (statement.respond_by_on < today, OVERDUE),
        else_=SENT,
    )


@cache
def _lines() -> sa.Select[*tuple[Any, ...]]:
    """Selects the lines of one statement (binds: tenant, statement)."""
    line = StatementLine
    return (
        select_view(
            LineView,
            id=value(line.id),
            part=value(line.part),
            on=value(line.line_on),
            document_no=value(line.document_no),
            kind=value(line.kind),
            due_on=value(line.due_on),
            debit_minor=value(line.debit_minor),
            credit_minor=value(line.credit_minor),
            balance_minor=value(line.balance_minor),
            item_id=value(line.item_id),
        )
        .where(line.tenant_id == TENANT, line.statement_id == _STATEMENT)
        .order_by(line.part, line.position)
    )
