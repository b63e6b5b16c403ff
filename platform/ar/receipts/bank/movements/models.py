"""Tables of bank movements: statements, lines met again, possible duplicates, and breaks accounted for.

Invariant: what the bank stated and what a person said of it is never changed; a question is answered once.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from kernel.columns import (
    DayOrNone,
    Id,
    IdOrNone,
    Json,
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


class BankStatement(Tenanted, Base):
    """A statement of one account as a file stated it; the same statement in another file is not stored again.

    Balances are signed minor units, None where the bank did not state them; `first_on`, `last_on`: days of its lines.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (
        tenant_fk("bank_account_id", "bank_account"),
        tenant_fk("file_id", "bank_file"),
        sa.UniqueConstraint("tenant_id", "file_id", "ordinal"),
        sa.Index("ix_bank_statement_account", "tenant_id", "bank_account_id", "last_on"),
    )
    bank_account_id: Mapped[Id]
    file_id: Mapped[Id]
    ordinal: Mapped[int]
    number: Mapped[Text]
    opening_minor: Mapped[MinorOrNone]
    closing_minor: Mapped[MinorOrNone]
    closed_on: Mapped[DayOrNone]
    first_on: Mapped[DayOrNone]
    last_on: Mapped[DayOrNone]
    lines: Mapped[int]
    total_minor: Mapped[Minor]
    recorded_at: Mapped[Moment]


class BankLineSighting(Tenanted, Base):
    """A known line met again in another statement: how it was recognised, and the bank's words where they differ."""

    __tablename__ = "bank_line_sighting"
    __table_args__ = (
        tenant_fk("line_id", "bank_line"),
        tenant_fk("statement_id", "bank_statement"),
        one_of("evidence", "entry", "statement", "balance", "content", "person"),
        sa.Index("ix_bank_line_sighting_line", "tenant_id", "line_id"),
        sa.Index("ix_bank_line_sighting_statement", "tenant_id", "statement_id"),
    )
    line_id: Mapped[Id]
    statement_id: Mapped[Id]
    statement_position: Mapped[int]
    evidence: Mapped[Text]
    words: Mapped[Text]
    recorded_at: Mapped[Moment]


class PossibleDuplicate(Tenanted, Base):
    """A movement of a file that may be the stored line `like_line_id`; it is no line until a person says different.

    `movement`: what the bank reported, as the arguments of `formats.events.Line`.
    """

    __tablename__ = "possible_duplicate"
    __table_args__ = (
        tenant_fk("bank_account_id", "bank_account"),
        tenant_fk("file_id", "bank_file"),
        tenant_fk("statement_id", "bank_statement"),
        tenant_fk("like_line_id", "bank_line"),
        tenant_fk("line_id", "bank_line"),
        one_of("state", "open", "same", "different"),
        sa.CheckConstraint("(state = 'different') = (line_id IS NOT NULL)", name="different_has_line"),
        sa.Index("ix_possible_duplicate_open", "tenant_id", "state", "recorded_at"),
        sa.Index("ix_possible_duplicate_like", "tenant_id", "like_line_id"),
    )
    bank_account_id: Mapped[Id]
    file_id: Mapped[Id]
    statement_id: Mapped[Id]
    statement_position: Mapped[int]
    like_line_id: Mapped[Id]
    movement: Mapped[Json]
    state: Mapped[Text]
    line_id: Mapped[IdOrNone]
    recorded_at: Mapped[Moment]
    decided_by: Mapped[TextOrNone]
    decided_at: Mapped[MomentOrNone]


class ChainBreakNote(Tenanted, Base):
    """A person's account of a break between two statements: why the balances do not continue there."""

    __tablename__ = "chain_break_note"
    __table_args__ = (
        tenant_fk("bank_account_id", "bank_account"),
        tenant_fk("before_statement_id", "bank_statement"),
        tenant_fk("after_statement_id", "bank_statement"),
        sa.Index("ix_chain_break_note_account", "tenant_id", "bank_account_id"),
    )
    bank_account_id: Mapped[Id]
    before_statement_id: Mapped[Id]
    after_statement_id: Mapped[Id]
    off_minor: Mapped[Minor]
    reason: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
