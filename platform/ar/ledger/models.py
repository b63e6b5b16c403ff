"""Tables of the ledger: entries and their postings, open items, allocations, and what closes a period.

Design overview:
- An *entry* is one journal entry: dated, balanced per currency, never edited, reversed by a mirrored entry.
- A *posting* is one line of an entry: a debit or a credit of one account, with the customer on receivables.
- An *open item* is a document (or one instalment) posted by an entry, with the amount of it that is still open.
- An *allocation* applies an amount of a credit item to a debit item from a day on; a negative row unapplies it.
- Money has two days (ADR 0028): a credit's `came_on` is the day it came, an allocation's `effective_on` the day it was
  applied. Interest and discount ask the first, aging, statements and the account card the second.
- A *lock* closes all days through a date: no entry and no allocation may take effect in a locked period.

Invariants: rows are inserted or reversed, never updated (grants and triggers enforce it), except the projections
`open_minor` and `cleared_on`, which the transaction of the allocation maintains, and of a bill `came_on` and
`conditional`, which its steps maintain; the nightly examination checks them;
an allocation stays within one customer and one currency (foreign keys); nothing is dated in a locked period (trigger).
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column

from ar.ledger.rules.due_dates import ROLLS, STATUTORY
from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    Minor,
    Moment,
    Tenanted,
    TenantKeyed,
    Text,
    TextOrNone,
    one_of,
    tenant_fk,
)
from kernel.db import Base

DEBIT_KINDS = ("invoice", "debit_note", "opening", "interest", "refund", "recovery")
CREDIT_KINDS = (
    "credit_note",
    "goods_return",
    "receipt",
    "bill",
    "discount",
    "write_off",
    "interest_waiver",
    "interest_credit",
    "bad_debt",
)
#: Why a credit note was given: the price was wrong, goods came back or were missing, goodwill.
CREDIT_REASONS = ("price", "goods", "goodwill")
#: Stands in a key for a customer's owner where there is none.
NOBODY: Final = UUID(int=0)
KINDS = (*DEBIT_KINDS, *CREDIT_KINDS, "reversal")


class Account(TenantKeyed, Base):
    """An account of the tenant's chart of accounts, by its stable code (`receivables`, `bank`, `revenue`…)."""

    __tablename__ = "account"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    code: Mapped[Text] = mapped_column(primary_key=True)
    kind: Mapped[Text]
    number: Mapped[Text]


class Entry(Tenanted, Base):
    """A journal entry whose postings balance per currency. A reversal is a new entry; an entry has at most one."""

    __tablename__ = "entry"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        tenant_fk("reverses_id", "entry"),
        sa.UniqueConstraint("tenant_id", "reverses_id"),
        sa.Index("ix_entry_date", "tenant_id", "effective_on"),
    )
    kind: Mapped[Text]
    effective_on: Mapped[Day]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
    reverses_id: Mapped[IdOrNone]
    memo: Mapped[Text]


class Posting(Tenanted, Base):
    """One line of an entry: a debit or a credit of one account; on `receivables` it names the customer."""

    __tablename__ = "posting"
    __table_args__ = (
        tenant_fk("entry_id", "entry"),
        tenant_fk("account_code", "account", target_column="code"),
        tenant_fk("customer_id", "customer"),
        sa.CheckConstraint("debit_minor >= 0 AND credit_minor >= 0", name="not_negative"),
        sa.CheckConstraint("(debit_minor = 0) <> (credit_minor = 0)", name="one_side"),
        sa.CheckConstraint("account_code <> 'receivables' OR customer_id IS NOT NULL", name="receivable_has_customer"),
        sa.Index("ix_posting_entry", "tenant_id", "entry_id"),
        sa.Index("ix_posting_customer", "tenant_id", "customer_id", "account_code"),
        sa.Index("ix_posting_account", "tenant_id", "account_code", "entry_id"),
    )
    entry_id: Mapped[Id]
    account_code: Mapped[Text]
    customer_id: Mapped[IdOrNone]
    currency: Mapped[Currency]
    debit_minor: Mapped[Minor]
    credit_minor: Mapped[Minor]


def _compared(column: str) -> MappedColumn[str | None]:
    """A number without width, case and joiners: stored, as row-level security lets no index over an expression help."""
    key = f"translate(upper(normalize({column}, NFKC) COLLATE \"C\"), '-_./# ', '')"
    return mapped_column(sa.Text(collation="C"), sa.Computed(key, persisted=True))


class OpenItem(Tenanted, Base):
    """A document owed by the customer (`side` +1) or a credit (`side` -1), with its open amount.

    `amount_minor` and `open_minor` are positive minor units on either side. A document paid by instalments is several
    items of one entry, numbered from 1; `instalment_no` 0 is a whole document. `discount_bps` is granted on payments
    that came by `discount_until_on` (2/10 net 30: 200, the tenth day). `roll`: what the customer's terms said, when
    it was posted, of a last day that falls on a day off (`rules.due_dates.Roll`).

    A number belongs to one document of its kind. A reversal that `frees_number` (its import was undone) gives it free:
    the next document of that number is its next `edition`, counted from 0.

    Of a credit, `came_on` is the day it came: of money the day at the bank, of a bill the day of its honour, of any
    other credit its own date. `conditional`: a bill not yet paid; `came_on` is the day it was handed over.
    `credit_reason`: why a credit note was given (None: not said).

    `number_key` and `reference_key` are the document's number and reference as payments are searched for them.
    """

    __tablename__ = "open_item"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("entry_id", "entry"),
        tenant_fk("reverses_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "kind", "document_no", "edition", "instalment_no"),
        # A number belongs to one whole document or to one set of instalments, whose first carries it here.
        sa.Index(
            "ix_open_item_document",
            "tenant_id",
            "kind",
            "document_no",
            "edition",
            unique=True,
            postgresql_where=sa.text("instalment_no <= 1"),
        ),
        sa.Index("ix_open_item_freed", "tenant_id", "reference", postgresql_where=sa.text("frees_number")),
        sa.Index("ix_open_item_entry", "tenant_id", "entry_id"),
        sa.UniqueConstraint("tenant_id", "reverses_id"),
        sa.UniqueConstraint("tenant_id", "customer_id", "currency", "id"),
        one_of("kind", *KINDS),
        sa.CheckConstraint("side IN (1, -1)", name="side_known"),
        sa.CheckConstraint("instalment_no >= 0", name="instalment_counts"),
        sa.CheckConstraint("edition >= 0", name="edition_counts"),
        sa.CheckConstraint("NOT frees_number OR (kind = 'reversal' AND reference <> '')", name="number_freed"),
        sa.CheckConstraint("(side = -1) = (came_on IS NOT NULL)", name="credit_came"),
        sa.CheckConstraint("NOT conditional OR kind = 'bill'", name="conditional_bill"),
        one_of("credit_reason", *CREDIT_REASONS),
        sa.CheckConstraint("credit_reason IS NULL OR kind = 'credit_note'", name="credit_note_reason"),
        sa.CheckConstraint("(discount_bps IS NULL) = (discount_until_on IS NULL)", name="discount_whole"),
        sa.CheckConstraint("discount_bps BETWEEN 1 AND 9999", name="discount_within"),
        one_of("roll", *ROLLS),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("open_minor BETWEEN 0 AND amount_minor", name="open_within"),
        sa.CheckConstraint("(open_minor = 0) = (cleared_on IS NOT NULL)", name="cleared_when_nothing_open"),
        sa.Index("ix_open_item_customer", "tenant_id", "customer_id", "document_on"),
        sa.Index(
            "ix_open_item_open", "tenant_id", "customer_id", "currency", postgresql_where=sa.text("open_minor > 0")
        ),
        # Lists are read in the order of these, so that a page costs its rows whatever is open (ADR 0039).
        sa.Index(
            "ix_open_item_due", "tenant_id", "due_on", "document_no", "id", postgresql_where=sa.text("open_minor > 0")
        ),
        sa.Index(
            "ix_open_item_dated",
            "tenant_id",
            "document_on",
            "document_no",
            "id",
            postgresql_where=sa.text("open_minor > 0"),
        ),
        sa.Index(
            "ix_open_item_credit",
            "tenant_id",
            "due_on",
            "document_no",
            "id",
            postgresql_where=sa.text("open_minor > 0 AND side < 0"),
        ),
        sa.Index("ix_open_item_receipt", "tenant_id", "document_on", postgresql_where=sa.text("kind = 'receipt'")),
        sa.Index("ix_open_item_cleared", "tenant_id", "cleared_on"),
        sa.Index("ix_open_item_came", "tenant_id", "came_on", postgresql_where=sa.text("came_on IS NOT NULL")),
        sa.Index("ix_open_item_number", "tenant_id", "document_no", postgresql_ops={"document_no": "text_pattern_ops"}),
        sa.Index("ix_open_item_sum", "tenant_id", "open_minor", postgresql_where=sa.text("open_minor > 0")),
        sa.Index(
            "ix_open_item_number_key",
            "tenant_id",
            "number_key",
            postgresql_where=sa.text("open_minor > 0 AND side > 0"),
        ),
        sa.Index(
            "ix_open_item_reference_key",
            "tenant_id",
            "reference_key",
            postgresql_where=sa.text("open_minor > 0 AND side > 0 AND reference_key IS NOT NULL"),
        ),
    )
    customer_id: Mapped[Id]
    entry_id: Mapped[Id]
    kind: Mapped[Text]
    side: Mapped[int] = mapped_column(sa.SmallInteger)
    document_no: Mapped[Text]
    edition: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    instalment_no: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    document_on: Mapped[Day]
    due_on: Mapped[Day]
    collection_end_on: Mapped[Day]
    discount_bps: Mapped[int | None] = mapped_column(sa.Integer)
    discount_until_on: Mapped[DayOrNone]
    roll: Mapped[Text] = mapped_column(server_default=STATUTORY)
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    open_minor: Mapped[Minor]
    cleared_on: Mapped[DayOrNone]
    reverses_id: Mapped[IdOrNone]
    frees_number: Mapped[bool] = mapped_column(server_default=sa.false())
    reference: Mapped[TextOrNone]
    number_key: Mapped[str | None] = _compared("document_no")
    reference_key: Mapped[str | None] = _compared("reference")
    came_on: Mapped[DayOrNone]
    conditional: Mapped[bool] = mapped_column(server_default=sa.false())
    credit_reason: Mapped[TextOrNone]
    recorded_at: Mapped[Moment]


class Allocation(Tenanted, Base):
    """An amount of a credit item applied to a debit item. Unapplying adds a negative row that names the first."""

    __tablename__ = "allocation"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id", "currency", "debit_item_id"],
            ["open_item.tenant_id", "open_item.customer_id", "open_item.currency", "open_item.id"],
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id", "currency", "credit_item_id"],
            ["open_item.tenant_id", "open_item.customer_id", "open_item.currency", "open_item.id"],
        ),
        tenant_fk("reverses_id", "allocation"),
        sa.UniqueConstraint("tenant_id", "reverses_id"),
        sa.CheckConstraint("(reverses_id IS NULL) = (amount_minor > 0)", name="sign"),
        sa.CheckConstraint("amount_minor <> 0", name="not_nothing"),
        sa.CheckConstraint("debit_item_id <> credit_item_id", name="two_items"),
        sa.Index("ix_allocation_debit", "tenant_id", "debit_item_id"),
        sa.Index("ix_allocation_credit", "tenant_id", "credit_item_id"),
        sa.Index("ix_allocation_date", "tenant_id", "effective_on"),
        sa.Index("ix_allocation_recorded", "tenant_id", "recorded_at"),
    )
    customer_id: Mapped[Id]
    currency: Mapped[Currency]
    debit_item_id: Mapped[Id]
    credit_item_id: Mapped[Id]
    amount_minor: Mapped[Minor]
    effective_on: Mapped[Day]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
    reverses_id: Mapped[IdOrNone]


class AccessoryPart(TenantKeyed, Base):
    """What a document of interest or costs is for: so much of it (minor units) belongs to the debt `of_item_id`.

    Written with the document and never changed. Payments find the principal by it (Civil Code 561).
    `lowers_item_id`: of a credit, the document of which it takes so much of that part.
    """

    __tablename__ = "accessory_part"
    __table_args__ = (
        tenant_fk("item_id", "open_item"),
        tenant_fk("of_item_id", "open_item"),
        tenant_fk("lowers_item_id", "open_item"),
        sa.Index("ix_accessory_part_lowers", "tenant_id", "lowers_item_id"),
        one_of("part", "interest", "costs"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
    )
    item_id: Mapped[Id] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    of_item_id: Mapped[Id]
    part: Mapped[Text]
    amount_minor: Mapped[Minor]
    lowers_item_id: Mapped[IdOrNone]


class BooksState(TenantKeyed, Base):
    """The date through which a tenant's books are locked (None: not locked); posting takes its row lock in share."""

    __tablename__ = "books_state"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    locked_through: Mapped[DayOrNone]


class PeriodLock(Tenanted, Base):
    """One locking or unlocking, with its reason; `through_on` is the locked date after it, `before_on` before it."""

    __tablename__ = "period_lock"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]), one_of("kind", "lock", "unlock"))
    kind: Mapped[Text]
    through_on: Mapped[DayOrNone]
    before_on: Mapped[DayOrNone]
    reason: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class PeriodBalance(TenantKeyed, Base):
    """Cumulative debit and credit of an account up to a lock date, per currency; immutable while it is in force."""

    __tablename__ = "period_balance"
    __table_args__ = (tenant_fk("lock_id", "period_lock"),)
    lock_id: Mapped[Id] = mapped_column(primary_key=True)
    account_code: Mapped[Text] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    debit_minor: Mapped[Minor]
    credit_minor: Mapped[Minor]


class LedgerSum(TenantKeyed, Base):
    """What is open now by day and currency, and what is posted: documents (`items`) and minor units.

    `owed` and `credit` by due date; `owned` as `owed`, by the owner of the customer (`NOBODY`: none) too; `doubtful` by
    the last day before a document is; `posted` to receivables by effective date, debit less credit.

    A projection that triggers of `open_item` and `posting` keep in the writer's transaction; each sum is spread over
    slots so that writers do not wait for each other, and is the sum of its slots (ADR 0039).
    """

    __tablename__ = "ledger_sum"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        one_of("measure", "owed", "credit", "doubtful", "owned", "posted"),
    )
    measure: Mapped[Text] = mapped_column(primary_key=True)
    currency: Mapped[Currency] = mapped_column(primary_key=True)
    day: Mapped[Day] = mapped_column(primary_key=True)
    owner_id: Mapped[Id] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    items: Mapped[Minor]
    minor: Mapped[Minor]
