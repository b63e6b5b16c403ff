"""Reading statements: what a list, a page, a mail and a link need. Frozen views, never ORM rows.

May import the tables of statements, customers and tenants, and the kernel. Invariant: every read names its tenant;
a page costs a fixed number of statements however long its list is.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.statements.documents import Debtor, Sender
from ar.statements.inputs import Period
from ar.statements.models import Confirmation, Difference, Statement, StatementLine
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
from kernel.errors import NotFound
from kernel.mail import MailMessage
from kernel.storage import Blob
from kernel.views import select_view, value, view, views
from tenants.models import Company


def sender(db: Session, tenant_id: UUID) -> Sender:
    """The company as it stands on its papers."""
    company = Company
    row = db.execute(
        select_view(
            Sender,
            name=value(company.legal_name),
            address=value(company.address),
            phone=value(company.phone),
            contact_name=value(company.contact_name),
            contact_email=value(company.contact_email),
            bank_name=value(company.bank_name),
            bank_account=value(company.bank_account),
        ).where(company.tenant_id == tenant_id)
    ).one()
    return view(Sender, row)


def debtor(db: Session, tenant_id: UUID, customer_id: UUID, attention: str = "") -> Debtor:
    """The customer as addressed. Raises NotFound."""
    c = Customer
    row = db.execute(
        sa.select(c.number, c.name, c.language).where(c.tenant_id == tenant_id, c.id == customer_id)
    ).first()
    if row is None:
        raise NotFound("statement_customer_unknown", number=str(customer_id))
    return Debtor(number=row.number, name=row.name, attention=attention, language=row.language)


def mailing(db: Session, tenant_id: UUID, statement_id: UUID) -> Mailing:
    """What a mail about the statement needs. Raises NotFound."""
    s, c = Statement, Customer
    row = db.execute(
        sa.select(s, c.name.label("customer_name"), _answered(tenant_id).label("answered"))
        .join(c, sa.and_(c.tenant_id == s.tenant_id, c.id == s.customer_id))
        .where(s.tenant_id == tenant_id, s.id == statement_id)
    ).first()
    if row is None:
        raise NotFound("statement_not_found")
    st: Statement = row.Statement
    return Mailing(
        customer_id=st.customer_id,
        customer_name=row.customer_name,
        number=st.number,
        currency=st.currency,
        closing_minor=st.closing_minor,
        interest_minor=st.interest_minor,
        amount_in_words=st.amount_in_words,
        period_to=st.period_to,
        respond_by_on=st.respond_by_on or st.period_to,
        language=st.language,
        pdf_sha256=st.pdf_sha256,
        superseded=st.superseded_at is not None,
        answered=row.answered,
        sender=sender(db, tenant_id),
    )


def standing(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, *which: sa.ColumnElement[bool]
) -> list[StandingStatement]:
    """A customer's statements that none has superseded, the newest last."""
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
            *which,
        )
        .order_by(statement.issued_at, statement.id)
    )
    return views(StandingStatement, rows)


def currencies(db: Session, tenant_id: UUID, customer_id: UUID, period: Period) -> list[str]:
    """The currencies in which a customer has business or a balance in the month."""
    rows = db.execute(_with_business(tenant_id, period).where(OpenItem.customer_id == customer_id))
    return sorted(row.currency for row in rows)


def to_be_stated(
    db: Session, tenant_id: UUID, period: Period, customer_id: UUID | None = None
) -> list[tuple[UUID, str]]:
    """(customer, currency) with business or a balance and no standing statement of the month."""
    s, i = Statement, OpenItem
    standing = (
        sa.select(s.id)
        .where(
            s.tenant_id == tenant_id,
            s.customer_id == i.customer_id,
            s.currency == i.currency,
            s.period_from == period.from_on,
            s.period_to == period.to_on,
            s.superseded_at.is_(None),
        )
        .exists()
    )
    wanted = _with_business(tenant_id, period).where(~standing)
    if customer_id is not None:
        wanted = wanted.where(i.customer_id == customer_id)
    return [(row.customer_id, row.currency) for row in db.execute(wanted.order_by(i.customer_id, i.currency))]


def statement_page(db: Session, tenant_id: UUID, statement_id: UUID, today: date) -> StatementPage:
    """One statement for the team, the hash of its stored PDF recomputed. Raises NotFound."""
    mail, blob = MailMessage, Blob
    shown = statement_view(db, tenant_id, statement_id, today)
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
            blob.tenant_id == tenant_id, blob.sha256 == shown.pdf_sha256
        )
    ).scalar_one()
    return StatementPage(shown, views(DeliveryView, mails), answer(db, tenant_id, statement_id), stored)


def statement_view(db: Session, tenant_id: UUID, statement_id: UUID, today: date) -> StatementView:
    """One statement with its lines. Raises NotFound."""
    s, c, k, n = Statement, Customer, Confirmation, aliased(Statement)
    row = db.execute(
        sa.select(
            s,
            c.number.label("customer_no"),
            c.name.label("customer_name"),
            status_word(today).label("status"),
            n.id.label("superseded_by"),
            Blob.size_bytes,
        )
        .join(c, sa.and_(c.tenant_id == s.tenant_id, c.id == s.customer_id))
        .join(Blob, sa.and_(Blob.tenant_id == s.tenant_id, Blob.sha256 == s.pdf_sha256))
        .outerjoin(k, sa.and_(k.tenant_id == s.tenant_id, k.statement_id == s.id))
        .outerjoin(n, sa.and_(n.tenant_id == s.tenant_id, n.supersedes_id == s.id))
        .where(s.tenant_id == tenant_id, s.id == statement_id)
    ).first()
    if row is None:
        raise NotFound("statement_not_found")
    st: Statement = row.Statement
    same = {name: getattr(st, name) for name in _SAME}
    return StatementView(
        **same,
        customer_no=row.customer_no,
        customer_name=row.customer_name,
        aging=tuple((part["bucket"], part["minor"]) for part in st.aging),
        pdf_bytes=row.size_bytes,
        superseded_by=row.superseded_by,
        status=row.status,
        lines=_lines(db, tenant_id, statement_id),
    )


_SAME: Final = (
    *("id", "number", "customer_id", "currency", "period_from", "period_to", "opening_minor", "debits_minor"),
    *("credits_minor", "closing_minor", "overdue_minor", "language", "amount_in_words", "pdf_sha256"),
    *("supersedes_id", "superseded_at", "sent_to", "respond_by_on", "issued_at", "issued_by", "interest_minor"),
)


def answer(db: Session, tenant_id: UUID, statement_id: UUID) -> AnswerView | None:
    """The debtor's answer with its difference lines, if there is one."""
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


def pdf_of(db: Session, tenant_id: UUID, statement_id: UUID) -> tuple[str, bytes]:
    """(number, bytes) of the stored PDF. Raises NotFound."""
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
    """Documents booked by the period's end that were open within it; the ones settled before stay out."""
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


def status_word(today: date) -> sa.Case[str]:
    """The word for where a statement stands today, one of STATUSES; the statement's confirmation must be joined."""
    s, k = Statement, Confirmation
    return sa.case(
        (s.superseded_at.is_not(None), SUPERSEDED),
        (k.outcome.is_not(None), k.outcome),
        (s.sent_to.is_(None), NOT_SENT),
        (s.respond_by_on < today, OVERDUE),
        else_=SENT,
    )


def _lines(db: Session, tenant_id: UUID, statement_id: UUID) -> tuple[LineView, ...]:
    line = StatementLine
    rows = db.execute(
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
        .where(line.tenant_id == tenant_id, line.statement_id == statement_id)
        .order_by(line.part, line.position)
    )
    return tuple(views(LineView, rows))
