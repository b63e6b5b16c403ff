"""Reading statements: what a list, a page, a mail and a link need. Frozen views, never ORM rows.

May import the tables of statements, customers and tenants, and the kernel. Invariant: every read names its tenant;
a page costs a fixed number of statements however long its list is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
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
    UNANSWERED,
    WAITING,
    AnswerView,
    DeliveryView,
    DifferenceView,
    LineView,
    Mailing,
    StandingStatement,
    StatementList,
    StatementPage,
    StatementRow,
    StatementView,
)
from kernel.errors import NotFound
from kernel.mail import MailMessage
from kernel.storage import Blob
from tenants.models import Company


def sender(db: Session, tenant_id: UUID) -> Sender:
    """The company as it stands on its papers."""
    c = Company
    row = db.execute(
        sa.select(c.legal_name, c.address, c.phone, c.contact_name, c.contact_email, c.bank_name, c.bank_account).where(
            c.tenant_id == tenant_id
        )
    ).one()
    return Sender(*row)


def debtor(db: Session, tenant_id: UUID, customer_id: UUID, attention: str = "") -> Debtor:
    """The customer as addressed. Raises NotFound."""
    c = Customer
    row = db.execute(
        sa.select(c.number, c.name, c.language).where(c.tenant_id == tenant_id, c.id == customer_id)
    ).first()
    if row is None:
        raise NotFound("statement_customer_unknown", number=str(customer_id))
    return Debtor(row.number, row.name, attention, row.language)


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


def standing_statement(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, period_to: date
) -> StandingStatement | None:
    """The statement as of `period_to` that is in force, whether answered or not; None when there is none."""
    found = standing(db, tenant_id, customer_id, currency, Statement.period_to == period_to)
    return found[-1] if found else None


def standing(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, *which: sa.ColumnElement[bool]
) -> list[StandingStatement]:
    """A customer's statements that none has superseded, the newest last."""
    s = Statement
    rows = db.execute(
        sa.select(s.id, s.number, s.period_to, _answered(tenant_id), s.sent_to, s.pdf_sha256)
        .where(
            s.tenant_id == tenant_id,
            s.customer_id == customer_id,
            s.currency == currency,
            s.superseded_at.is_(None),
            *which,
        )
        .order_by(s.issued_at, s.id)
    )
    return [StandingStatement(*row) for row in rows]


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
    s, c, k = Statement, Customer, Confirmation
    word = _status(today)
    base = (
        sa.select()
        .select_from(s)
        .join(c, sa.and_(c.tenant_id == s.tenant_id, c.id == s.customer_id))
        .outerjoin(k, sa.and_(k.tenant_id == s.tenant_id, k.statement_id == s.id))
        .where(s.tenant_id == tenant_id, *_matching(q, month, customer_id))
    )
    counts = {
        row.status: row.number
        for row in db.execute(base.add_columns(word.label("status"), sa.func.count().label("number")).group_by(word))
    }
    words = WAITING if status == UNANSWERED else (status,) if status else ()
    wanted = base.where(word.in_(words)) if words else base
    rows = db.execute(
        wanted.add_columns(
            *(s.id, s.number, s.customer_id, c.number.label("customer_no"), c.name.label("customer_name")),
            *(s.currency, s.period_from, s.period_to, s.closing_minor, s.overdue_minor, s.sent_to, s.respond_by_on),
            *(s.issued_at, word.label("status"), s.pdf_sha256),
            *(k.signer_name, k.signer_title, k.confirmed_at, k.remote_address),
        )
        .order_by(s.issued_at.desc(), s.number.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    states = _mail_states(db, tenant_id, [row.id for row in rows])
    views = [StatementRow(**row._mapping, mail_state=states.get(row.id)) for row in rows]
    return StatementList(views, sum(counts.get(one, 0) for one in words or counts), counts)


def statement_page(db: Session, tenant_id: UUID, statement_id: UUID, today: date) -> StatementPage:
    """One statement for the team, the hash of its stored PDF recomputed. Raises NotFound."""
    m, b = MailMessage, Blob
    view = statement_view(db, tenant_id, statement_id, today)
    mails = db.execute(
        sa.select(m.id, m.purpose, m.to_address, m.state, m.reason, m.created_at, m.sent_at)
        .where(m.tenant_id == tenant_id, m.subject_id == statement_id)
        .order_by(m.id)
    )
    stored = db.execute(
        sa.select(sa.func.encode(sa.func.sha256(b.content), "hex")).where(
            b.tenant_id == tenant_id, b.sha256 == view.pdf_sha256
        )
    ).scalar_one()
    return StatementPage(view, [DeliveryView(*row) for row in mails], answer(db, tenant_id, statement_id), stored)


def statement_view(db: Session, tenant_id: UUID, statement_id: UUID, today: date) -> StatementView:
    """One statement with its lines. Raises NotFound."""
    s, c, k, n = Statement, Customer, Confirmation, aliased(Statement)
    row = db.execute(
        sa.select(
            s,
            c.number.label("customer_no"),
            c.name.label("customer_name"),
            _status(today).label("status"),
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
    k, d, n = Confirmation, Difference, StatementLine
    row = db.execute(sa.select(k).where(k.tenant_id == tenant_id, k.statement_id == statement_id)).scalar_one_or_none()
    if row is None:
        return None
    lines = db.execute(
        sa.select(d.document_no, n.kind, d.our_minor, d.their_minor, d.reason, d.note)
        .outerjoin(
            n,
            sa.and_(
                n.tenant_id == d.tenant_id,
                n.statement_id == statement_id,
                n.part == "open",
                n.item_id == d.item_id,
            ),
        )
        .where(d.tenant_id == tenant_id, d.confirmation_id == row.id)
        .order_by(d.position)
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
        differences=tuple(DifferenceView(*line) for line in lines),
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


def _status(today: date) -> sa.Case[str]:
    s, k = Statement, Confirmation
    return sa.case(
        (s.superseded_at.is_not(None), SUPERSEDED),
        (k.outcome.is_not(None), k.outcome),
        (s.sent_to.is_(None), NOT_SENT),
        (s.respond_by_on < today, OVERDUE),
        else_=SENT,
    )


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


def _lines(db: Session, tenant_id: UUID, statement_id: UUID) -> tuple[LineView, ...]:
    n = StatementLine
    columns: list[Any] = [n.id, n.part, n.line_on, n.document_no, n.kind, n.due_on, n.debit_minor, n.credit_minor]
    rows = db.execute(
        sa.select(*columns, n.balance_minor, n.item_id)
        .where(n.tenant_id == tenant_id, n.statement_id == statement_id)
        .order_by(n.part, n.position)
    )
    return tuple(LineView(*tuple[Any, ...](row)) for row in rows)
