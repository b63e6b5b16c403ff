"""Tables of the customer file: documents with their verification, questionnaires, blacklist, owners, and its rules.

Invariants: a document's file and dates never change, a newer one replaces it; blacklist entries end but stay; changes
of owner, questionnaires and settings are inserted and never changed.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    Json,
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

DOCUMENT_STATES: Final = ("uploaded", "verified", "archived", "rejected", "replaced")
BLACKLIST_STATES: Final = ("proposed", "listed", "refused", "delisted")


class FileSettings(TenantKeyed, Base):
    """A version of what a customer file must hold, by entity type, and when it is renewed; the highest counts."""

    __tablename__ = "file_settings"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    data: Mapped[Json] = mapped_column(JSONB)
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class CustomerDocument(Tenanted, Base):
    """A document of the customer (R022): its file by hash, verified against the original by a named person (R023)."""

    __tablename__ = "customer_document"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("replaces_id", "customer_document"),
        tenant_fk("file_sha256", "blob", target_column="sha256"),
        sa.Index("ix_customer_document_customer", "tenant_id", "customer_id", "kind"),
        sa.Index("ix_customer_document_expires", "tenant_id", "expires_on"),
        one_of("state", *DOCUMENT_STATES),
    )
    customer_id: Mapped[Id]
    kind: Mapped[Text]
    number: Mapped[Text]
    issued_on: Mapped[DayOrNone]
    expires_on: Mapped[DayOrNone]
    file_sha256: Mapped[Text]
    file_name: Mapped[Text]
    state: Mapped[Text]
    replaces_id: Mapped[IdOrNone]
    note: Mapped[Text]
    uploaded_by: Mapped[Text]
    uploaded_by_id: Mapped[IdOrNone]
    uploaded_at: Mapped[Moment]
    original_seen: Mapped[bool]
    verified_by: Mapped[TextOrNone]
    verified_at: Mapped[MomentOrNone]
    verification_note: Mapped[TextOrNone]
    archived_by: Mapped[TextOrNone]
    archived_at: Mapped[MomentOrNone]
    archived_place: Mapped[TextOrNone]


class IdentityCheck(Tenanted, Base):
    """A named person held a tax or register number that its check character contradicts against the public register."""

    __tablename__ = "identity_check"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_identity_check_customer", "tenant_id", "customer_id"),
    )
    customer_id: Mapped[Id]
    tax_id: Mapped[Text]
    source: Mapped[Text]
    note: Mapped[Text]
    checked_by: Mapped[Text]
    checked_by_id: Mapped[IdOrNone]
    checked_at: Mapped[Moment]


class Questionnaire(Tenanted, Base):
    """The opening questionnaire of a customer (R026, without what A12 leaves out); the last counts."""

    __tablename__ = "questionnaire"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_questionnaire_customer", "tenant_id", "customer_id", "answered_at"),
    )
    customer_id: Mapped[Id]
    answers: Mapped[Json] = mapped_column(JSONB)
    answered_by: Mapped[Text]
    answered_at: Mapped[Moment]


class BlacklistEntry(Tenanted, Base):
    """A customer on the blacklist (R079), from its approved entry to its approved exit."""

    __tablename__ = "blacklist_entry"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index(
            "ix_blacklist_entry_open",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=sa.text("state IN ('proposed', 'listed')"),
        ),
        one_of("state", *BLACKLIST_STATES),
        sa.CheckConstraint("state NOT IN ('listed', 'delisted') OR listed_at IS NOT NULL", name="listed_when"),
    )
    customer_id: Mapped[Id]
    state: Mapped[Text]
    reason: Mapped[Text]
    proposed_by: Mapped[Text]
    proposed_by_id: Mapped[IdOrNone]
    proposed_at: Mapped[Moment]
    approval_id: Mapped[IdOrNone]
    listed_at: Mapped[MomentOrNone]
    exit_reason: Mapped[TextOrNone]
    exit_approval_id: Mapped[IdOrNone]
    delisted_at: Mapped[MomentOrNone]


class OwnerChange(Tenanted, Base):
    """A customer changed hands (R003, R004): from whom to whom, from which day, decided by whom and why."""

    __tablename__ = "owner_change"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_owner_change_customer", "tenant_id", "customer_id", "changed_at"),
    )
    customer_id: Mapped[Id]
    from_id: Mapped[IdOrNone]
    to_id: Mapped[IdOrNone]
    changed_on: Mapped[Day]
    reason: Mapped[Text]
    changed_by: Mapped[Text]
    changed_at: Mapped[Moment]


class FileReminder(TenantKeyed, Base):
    """A reminder of a lapsing or missing document, mailed to the owner once per document and deadline (R024)."""

    __tablename__ = "file_reminder"
    __table_args__ = (tenant_fk("customer_id", "customer"),)
    customer_id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[Text] = mapped_column(primary_key=True)
    due_on: Mapped[Day] = mapped_column(primary_key=True)
    reminded_at: Mapped[Moment]
