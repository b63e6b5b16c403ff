"""Tables of receipts: bank accounts, files, statements and lines, payer accounts, refusals, receipts, refunds.

Invariants: a bank line is stored once (`line_key`, `occurrence`); its data from the bank never changes, only our
decision on it does (enforced by column grants); a file is stored once by its hash; a receipt's row records the source
of an open item's money and is never changed.
"""

from __future__ import annotations

from typing import Any

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
    Text,
    TextOrNone,
    one_of,
    tenant_fk,
)
from kernel.db import Base

METHODS = ("transfer", "cash", "cheque", "card", "other")


class BankAccount(Tenanted, Base):
    """An account of the company at a bank, or its cash box. `account_key`: the normalised number, may be ''.

    `chain_breaks`, `chain_through_on`: what follows from its statements (`rules.statement_chain`), kept with every
    file that is read: breaks not accounted for, and the day through which the chain of balances is whole.
    """

    __tablename__ = "bank_account"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        one_of("account_code", "bank", "cash"),
        sa.Index(
            "ix_bank_account_key",
            "tenant_id",
            "account_key",
            "currency",
            unique=True,
            postgresql_where=sa.text("account_key <> ''"),
        ),
    )
    name: Mapped[Text]
    bank_name: Mapped[Text]
    account_no: Mapped[Text]
    account_key: Mapped[Text]
    currency: Mapped[Currency]
    account_code: Mapped[Text]
    active: Mapped[bool]
    chain_breaks: Mapped[JsonList] = mapped_column(JSONB, server_default=sa.text("'[]'::jsonb"), default=list)
    chain_through_on: Mapped[DayOrNone]
    created_at: Mapped[Moment]
    created_by: Mapped[Text]


class BankFile(Tenanted, Base):
    """An uploaded statement file with its report: reading → read | mapping | asking (for its account) | refused.

    `accounts`: the accounts in the file, each with our account; `statements`: balances and their differences from the
    lines; `problems`: what could not be parsed, by line, as code and params. A table that waits in `mapping` has its
    `questions` (line, code, params) and a `sample` for the page; `mapping` is what a person answered.
    """

    __tablename__ = "bank_file"
    __table_args__ = (
        tenant_fk("sha256", "blob", target_column="sha256"),
        tenant_fk("bank_account_id", "bank_account"),
        sa.UniqueConstraint("tenant_id", "sha256"),
        one_of("state", "reading", "mapping", "asking", "read", "refused"),
        sa.Index("ix_bank_file_uploaded", "tenant_id", "uploaded_at"),
    )
    sha256: Mapped[Text]
    filename: Mapped[Text]
    size_bytes: Mapped[int]
    format: Mapped[Text]
    encoding: Mapped[Text]
    state: Mapped[Text]
    readings: Mapped[int]
    bank_account_id: Mapped[IdOrNone]
    lines_total: Mapped[int]
    lines_new: Mapped[int]
    lines_known: Mapped[int]
    lines_bad: Mapped[int]
    lines_asked: Mapped[int] = mapped_column(server_default=sa.text("0"), default=0)
    lines_pending: Mapped[int] = mapped_column(server_default=sa.text("0"), default=0)
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    sample: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    questions: Mapped[JsonList] = mapped_column(JSONB, server_default=sa.text("'[]'::jsonb"), default=list)
    accounts: Mapped[JsonList] = mapped_column(JSONB)
    statements: Mapped[JsonList] = mapped_column(JSONB)
    problems: Mapped[JsonList] = mapped_column(JSONB)
    from_on: Mapped[DayOrNone]
    to_on: Mapped[DayOrNone]
    uploaded_by: Mapped[Text]
    uploaded_at: Mapped[Moment]
    finished_at: Mapped[MomentOrNone]


class BankLine(Tenanted, Base):
    """A movement of a bank account as the bank reported it, and our decision on it.

    `side` +1: money in, -1: money out. `occurrence`: the n-th of its `line_key`; two identical real rows are 1 and 2.
    `status`: only `booked` is money; a pending one is not matched, and `booked_as_id` is what it became.
    `entry_id`: the bank's own id; `balance_minor`: the balance behind the line, stated by the bank or computed.
    `return_state`: the line sends money back (open: a person decides; booked; dismissed), `returned_item_id`: what came
    back. `proposal` and `proposal_state` belong to matching; `reason`: why the line was set aside.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        tenant_fk("bank_account_id", "bank_account"),
        tenant_fk("file_id", "bank_file"),
        tenant_fk("customer_id", "customer"),
        tenant_fk("receipt_item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "bank_account_id", "line_key", "occurrence"),
        one_of("state", "open", "matched", "set_aside"),
        sa.CheckConstraint("side IN (1, -1)", name="side_known"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("occurrence >= 1", name="occurrence_counts"),
        sa.CheckConstraint("(state = 'matched') = (receipt_item_id IS NOT NULL)", name="matched_has_receipt"),
        sa.Index(
            "ix_bank_line_open", "tenant_id", "side", "booked_on", "id", postgresql_where=sa.text("state = 'open'")
        ),
        sa.Index("ix_bank_line_file", "tenant_id", "file_id", "position"),
        sa.Index("ix_bank_line_date", "tenant_id", "bank_account_id", "booked_on"),
        sa.Index("ix_bank_line_receipt", "tenant_id", "receipt_item_id"),
        tenant_fk("statement_id", "bank_statement"),
        tenant_fk("booked_as_id", "bank_line"),
        tenant_fk("returned_item_id", "open_item"),
        one_of("status", "booked", "pending"),
        one_of("return_state", "open", "booked", "dismissed"),
        sa.CheckConstraint("booked_as_id IS NULL OR status = 'pending'", name="booked_once"),
        sa.Index(
            "ix_bank_line_entry", "tenant_id", "bank_account_id", "entry_id", postgresql_where=sa.text("entry_id <> ''")
        ),
        sa.Index("ix_bank_line_statement", "tenant_id", "statement_id"),
        sa.Index(
            "ix_bank_line_return", "tenant_id", "booked_on", "id", postgresql_where=sa.text("return_state = 'open'")
        ),
        sa.Index(
            "ix_bank_line_pending",
            "tenant_id",
            "bank_account_id",
            postgresql_where=sa.text("status = 'pending' AND booked_as_id IS NULL"),
        ),
    )
    bank_account_id: Mapped[Id]
    file_id: Mapped[Id]
    statement_id: Mapped[IdOrNone]
    statement_position: Mapped[int | None]
    entry_id: Mapped[Text] = mapped_column(server_default=sa.text("''"), default="")
    balance_minor: Mapped[MinorOrNone]
    balance_stated: Mapped[bool] = mapped_column(server_default=sa.text("false"), default=False)
    status: Mapped[Text] = mapped_column(server_default=sa.text("'booked'"), default="booked")
    booked_as_id: Mapped[IdOrNone]
    is_return: Mapped[bool] = mapped_column(server_default=sa.text("false"), default=False)
    return_reason: Mapped[Text] = mapped_column(server_default=sa.text("''"), default="")
    return_state: Mapped[TextOrNone]
    returned_item_id: Mapped[IdOrNone]
    position: Mapped[int]
    line_key: Mapped[Text]
    occurrence: Mapped[int]
    booked_on: Mapped[Day]
    value_on: Mapped[Day]
    currency: Mapped[Currency]
    side: Mapped[int] = mapped_column(sa.SmallInteger)
    amount_minor: Mapped[Minor]
    payer_name: Mapped[Text]
    payer_account: Mapped[Text]
    payer_bank: Mapped[Text]
    remittance: Mapped[Text]
    bank_reference: Mapped[Text]
    end_to_end_id: Mapped[Text]
    raw_kind: Mapped[Text]
    split: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    is_reversal: Mapped[bool]
    state: Mapped[Text]
    customer_id: Mapped[IdOrNone]
    receipt_item_id: Mapped[IdOrNone]
    proposal: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    proposal_state: Mapped[TextOrNone]
    reason: Mapped[Text]
    decided_by: Mapped[TextOrNone]
    decided_at: Mapped[MomentOrNone]
    recorded_at: Mapped[Moment]


class ReceiptBatch(Tenanted, Base):
    """Sure bank lines that a person posted together, as shown; undone as a whole where nothing depends on them."""

    __tablename__ = "receipt_batch"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone_whole"),
        sa.Index("ix_receipt_batch_posted", "tenant_id", "posted_at"),
    )
    posted_by: Mapped[Text]
    posted_at: Mapped[Moment]
    undone_by: Mapped[TextOrNone]
    undone_at: Mapped[MomentOrNone]


class ReceiptBatchLine(Tenanted, Base):
    """A line of a batch with its result: posted, or why it was not; `undo_outcome`: what undoing did with it."""

    __tablename__ = "receipt_batch_line"
    __table_args__ = (
        tenant_fk("batch_id", "receipt_batch"),
        tenant_fk("line_id", "bank_line"),
        tenant_fk("receipt_item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "batch_id", "position"),
        one_of("outcome", "posted", "changed", "decided", "locked"),
        one_of("undo_outcome", "undone", "depends"),
        sa.CheckConstraint("(outcome = 'posted') = (receipt_item_id IS NOT NULL)", name="posted_has_receipt"),
    )
    batch_id: Mapped[Id]
    position: Mapped[int]
    line_id: Mapped[Id]
    outcome: Mapped[Text]
    receipt_item_id: Mapped[IdOrNone]
    undo_outcome: Mapped[TextOrNone]


class PayerAccount(Tenanted, Base):
    """An account from which a customer has paid; unconfirmed until a person confirms that it is the customer's."""

    __tablename__ = "payer_account"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("first_line_id", "bank_line"),
        sa.UniqueConstraint("tenant_id", "customer_id", "account_key"),
        sa.Index("ix_payer_account_key", "tenant_id", "account_key"),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed_whole"),
    )
    customer_id: Mapped[Id]
    account_key: Mapped[Text]
    payer_name: Mapped[Text]
    bank: Mapped[Text]
    first_line_id: Mapped[IdOrNone]
    first_seen_on: Mapped[Day]
    confirmed_by: Mapped[TextOrNone]
    confirmed_at: Mapped[MomentOrNone]


class MatchRefusal(Tenanted, Base):
    """A person's decision that this money is not for that document; it is never matched automatically again."""

    __tablename__ = "match_refusal"
    __table_args__ = (
        tenant_fk("line_id", "bank_line"),
        tenant_fk("credit_item_id", "open_item"),
        tenant_fk("item_id", "open_item"),
        sa.CheckConstraint("num_nonnulls(line_id, credit_item_id) >= 1", name="of_something"),
        sa.Index("ix_match_refusal_line", "tenant_id", "line_id"),
        sa.Index("ix_match_refusal_credit", "tenant_id", "credit_item_id"),
    )
    line_id: Mapped[IdOrNone]
    credit_item_id: Mapped[IdOrNone]
    item_id: Mapped[Id]
    refused_by: Mapped[Text]
    refused_at: Mapped[Moment]


class Receipt(Tenanted, Base):
    """The source of a receipt's money. `id` is the receipt's open item; `designation`: documents the debtor named."""

    __tablename__ = "receipt"
    __table_args__ = (
        tenant_fk("id", "open_item"),
        tenant_fk("bank_account_id", "bank_account"),
        tenant_fk("bank_line_id", "bank_line"),
        one_of("method", *METHODS),
        sa.Index("ix_receipt_line", "tenant_id", "bank_line_id"),
    )
    method: Mapped[Text]
    bank_account_id: Mapped[IdOrNone]
    bank_line_id: Mapped[IdOrNone]
    payer_name: Mapped[Text]
    payer_account: Mapped[Text]
    remittance: Mapped[Text]
    designation: Mapped[Text]
    recorded_by: Mapped[Text]
    recorded_at: Mapped[Moment]


class Refund(Tenanted, Base):
    """A refund out of an unapplied credit, by approval: asked → paid | refused | withdrawn."""

    __tablename__ = "refund"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("credit_item_id", "open_item"),
        tenant_fk("refund_item_id", "open_item"),
        tenant_fk("bank_account_id", "bank_account"),
        one_of("state", "asked", "paid", "refused", "withdrawn"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("(state = 'paid') = (refund_item_id IS NOT NULL)", name="paid_has_item"),
        sa.Index("ix_refund_credit", "tenant_id", "credit_item_id"),
        sa.Index("ix_refund_asked", "tenant_id", "asked_at"),
    )
    customer_id: Mapped[Id]
    credit_item_id: Mapped[Id]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    payee_name: Mapped[Text]
    payee_account: Mapped[Text]
    payee_bank: Mapped[Text]
    bank_account_id: Mapped[IdOrNone]
    reason: Mapped[Text]
    state: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    refund_item_id: Mapped[IdOrNone]
    asked_by: Mapped[Text]
    asked_at: Mapped[Moment]
    settled_by: Mapped[TextOrNone]
    settled_at: Mapped[MomentOrNone]
