"""Tables of statements, their frozen lines, and debtors' answers with their differences.

Invariants: a number is promised once, and an unused one says why; a statement and its lines are frozen when issued; a
confirmation binds to the hash of the PDF the debtor saw; a later statement supersedes an earlier one, never edits it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    JsonList,
    Minor,
    MinorOrNone,
    Moment,
    MomentOrNone,
    Tenanted,
    TenantKeyed,
    Text,
    TextOrNone,
    one_of,
    tenant_fk,
)
from kernel.db import Base

#: How a planned statement ended: issued; stated meanwhile by a person; nothing left to state.
PLANNED_OUTCOMES = ("issued", "stated_meanwhile", "nothing_to_state")


class Statement(Tenanted, Base):
    """One customer, one currency, one period. Amounts are signed minor units (credit balances are negative).

    `interest_minor`: late interest through the period's end, where the statement states it beside the closing balance.
    """

    __tablename__ = "statement"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("supersedes_id", "statement"),
        tenant_fk("pdf_sha256", "blob", target_column="sha256"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.UniqueConstraint("tenant_id", "supersedes_id"),
        sa.Index("ix_statement_customer", "tenant_id", "customer_id", "period_to"),
        sa.Index("ix_statement_issued", "tenant_id", "issued_at"),
    )
    number: Mapped[Text]
    customer_id: Mapped[Id]
    currency: Mapped[Currency]
    period_from: Mapped[Day]
    period_to: Mapped[Day]
    opening_minor: Mapped[Minor]
    debits_minor: Mapped[Minor]
    credits_minor: Mapped[Minor]
    closing_minor: Mapped[Minor]
    overdue_minor: Mapped[Minor]
    interest_minor: Mapped[MinorOrNone]
    aging: Mapped[JsonList] = mapped_column(JSONB)
    language: Mapped[Text]
    amount_in_words: Mapped[Text]
    pdf_sha256: Mapped[Text]
    supersedes_id: Mapped[IdOrNone]
    superseded_at: Mapped[MomentOrNone]
    sent_to: Mapped[TextOrNone]
    respond_by_on: Mapped[DayOrNone]
    issued_at: Mapped[Moment]
    issued_by: Mapped[Text]


class PlannedStatement(TenantKeyed, Base):
    """A statement that a month's run draws up, with the running number that it will bear.

    The numbers of a run are taken at once when it is planned, so that no job holds the counter while it prints. A
    planned statement is settled once: `issued`, or for a reason that leaves its number unused.
    """

    __tablename__ = "planned_statement"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("statement_id", "statement"),
        one_of("outcome", *PLANNED_OUTCOMES),
        sa.CheckConstraint("(outcome IS NULL) = (settled_at IS NULL)", name="settled_with_outcome"),
        sa.CheckConstraint(
            "(outcome IS NOT DISTINCT FROM 'issued') = (statement_id IS NOT NULL)", name="issued_is_one"
        ),
        sa.Index(
            "ix_planned_statement_waiting",
            "tenant_id",
            "customer_id",
            "currency",
            "period_from",
            "period_to",
            unique=True,
            postgresql_where=sa.text("outcome IS NULL"),
        ),
    )
    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[Id]
    currency: Mapped[Currency]
    period_from: Mapped[Day]
    period_to: Mapped[Day]
    planned_at: Mapped[Moment]
    planned_by: Mapped[Text]
    outcome: Mapped[TextOrNone]
    settled_at: Mapped[MomentOrNone]
    statement_id: Mapped[IdOrNone]


class StatementLine(Tenanted, Base):
    """A movement within the period (`part` movement) or an item open at its end (`part` open), frozen."""

    __tablename__ = "statement_line"
    __table_args__ = (
        tenant_fk("statement_id", "statement"),
        sa.UniqueConstraint("tenant_id", "statement_id", "part", "position"),
        one_of("part", "movement", "open"),
    )
    statement_id: Mapped[Id]
    part: Mapped[Text]
    position: Mapped[int]
    line_on: Mapped[Day]
    document_no: Mapped[Text]
    kind: Mapped[Text]
    due_on: Mapped[DayOrNone]
    debit_minor: Mapped[Minor]
    credit_minor: Mapped[Minor]
    balance_minor: Mapped[Minor]
    item_id: Mapped[IdOrNone]


class Confirmation(Tenanted, Base):
    """A debtor's answer to one statement: signer, time, PDF hash, address and one-time code."""

    __tablename__ = "confirmation"
    __table_args__ = (
        tenant_fk("statement_id", "statement"),
        tenant_fk("token_id", "access_token"),
        tenant_fk("code_id", "one_time_code"),
        sa.UniqueConstraint("tenant_id", "statement_id"),
        sa.UniqueConstraint("tenant_id", "reference"),
        one_of("outcome", "agrees", "differs"),
        sa.CheckConstraint("authority", name="authority_ticked"),
    )
    statement_id: Mapped[Id]
    reference: Mapped[Text]
    outcome: Mapped[Text]
    signer_name: Mapped[Text]
    signer_title: Mapped[Text]
    authority: Mapped[bool]
    contact_id: Mapped[IdOrNone]
    code_sent_to: Mapped[Text]
    token_id: Mapped[Id]
    code_id: Mapped[Id]
    pdf_sha256: Mapped[Text]
    remote_address: Mapped[Text]
    user_agent: Mapped[Text]
    language: Mapped[Text]
    confirmed_at: Mapped[Moment]


class Difference(Tenanted, Base):
    """One document on which the debtor's books differ from ours (reasons of R129)."""

    __tablename__ = "difference"
    __table_args__ = (
        tenant_fk("confirmation_id", "confirmation"),
        sa.UniqueConstraint("tenant_id", "confirmation_id", "position"),
    )
    confirmation_id: Mapped[Id]
    position: Mapped[int]
    document_no: Mapped[Text]
    item_id: Mapped[IdOrNone]
    our_minor: Mapped[MinorOrNone]
    their_minor: Mapped[MinorOrNone]
    reason: Mapped[Text]
    note: Mapped[Text]
