"""Defines the tables of the customer file.

Invariant: a customer has at most one owner (R003) and one number per tenant; contacts are deactivated and customers
retired, never deleted.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import Id, IdOrNone, Json, Moment, MomentOrNone, Tenanted, Text, TextOrNone, one_of, tenant_fk
from kernel.db import Base

SURVEY_EXEMPTIONS: Final = ("government", "institution", "large_good", "small_risk", "cash")


class Customer(Tenanted, Base):
    """A company that buys on credit. `sort_key` is pinyin.

    `terms` is `ar.ledger.rules.due_dates.PaymentTerms` as JSON. `retired_at`: the import that created it was undone
    and nothing else uses it; it is on no list, and its number is as good as unused until somebody writes it again.

    `group_head_id`: the customer whose limit covers this one, its `parent` or the `payer` of its debts; a head has no
    head of its own. `size_class`: large, medium or small (R342). `survey_exemption`: why no survey is asked (R030).
    """

    __tablename__ = "customer"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_customer_owner", "tenant_id", "owner_id"),
        sa.Index("ix_customer_sort", "tenant_id", "sort_key", "number"),
        sa.Index("ix_customer_words", "search_words", postgresql_using="gin"),
        one_of("language", "zh_CN", "en"),
        tenant_fk("group_head_id", "customer"),
        sa.Index("ix_customer_group", "tenant_id", "group_head_id"),
        one_of("group_kind", "parent", "payer"),
        one_of("size_class", "large", "medium", "small"),
        one_of("survey_exemption", *SURVEY_EXEMPTIONS),
        sa.CheckConstraint("(group_head_id IS NULL) = (group_kind IS NULL)", name="group_whole"),
        sa.CheckConstraint("group_head_id <> id", name="not_own_head"),
    )
    number: Mapped[Text]
    name: Mapped[Text]
    sort_key: Mapped[Text]
    search_words: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    entity_type: Mapped[Text]
    tax_id: Mapped[Text]
    owner_id: Mapped[IdOrNone]
    language: Mapped[Text]
    timezone: Mapped[TextOrNone]
    terms: Mapped[Json] = mapped_column(JSONB)
    settlement_days: Mapped[int]
    policy_code: Mapped[TextOrNone]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    retired_at: Mapped[MomentOrNone]
    group_head_id: Mapped[IdOrNone]
    group_kind: Mapped[TextOrNone]
    size_class: Mapped[TextOrNone]
    survey_exemption: Mapped[TextOrNone]


class Contact(Tenanted, Base):
    """A person at the customer. `purposes`: statements, dunning, signing. `suppressed_at`: mail bounced.

    `retired_at`: deactivated with the import that added it, so that the next import may bring it back.
    """

    __tablename__ = "contact"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.UniqueConstraint("tenant_id", "customer_id", "email"),
    )
    customer_id: Mapped[Id]
    name: Mapped[Text]
    title: Mapped[Text]
    email: Mapped[Text]
    phone: Mapped[Text]
    purposes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    active: Mapped[bool]
    suppressed_at: Mapped[MomentOrNone]
    suppressed_reason: Mapped[TextOrNone]
    created_at: Mapped[Moment]
    retired_at: Mapped[MomentOrNone]
