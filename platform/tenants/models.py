"""Defines the tables of companies and people.

Invariant: `tenant`, `app_user` and `membership` are the registry, with those of `sign_in.models`; every other table
carries its tenant.
"""

from __future__ import annotations

from datetime import time
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import Currency, Json, Moment, MomentOrNone, TenantKeyed, Text, one_of
from kernel.db import Base
from kernel.ids import new_id


class Tenant(Base):
    """A subscribing company. `run_at` is the local time of its daily run."""

    __tablename__ = "tenant"
    __table_args__ = (
        sa.UniqueConstraint("slug"),
        sa.CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'", name="slug_form"),
        one_of("state", "active", "suspended"),
        one_of("language", "zh_CN", "en"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[Text]
    name: Mapped[Text]
    timezone: Mapped[Text]
    currency: Mapped[Currency]
    language: Mapped[Text]
    run_at: Mapped[time] = mapped_column(sa.Time)
    state: Mapped[Text]
    created_at: Mapped[Moment]


class User(Base):
    """A person who signs in; may belong to several companies. `session_version` is raised with each password.

    The password itself is in `sign_in.models.UserPassword`, which nobody finds inside a company.
    """

    __tablename__ = "app_user"
    __table_args__ = (sa.UniqueConstraint("email"), one_of("language", "zh_CN", "en"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[Text]
    name: Mapped[Text]
    has_password: Mapped[bool] = mapped_column(server_default=sa.false(), default=False)
    language: Mapped[Text]
    session_version: Mapped[int]
    created_at: Mapped[Moment]


class Membership(Base):
    """A person's roles in one company. `removed_at`: older sessions do not reach it, also when invited anew."""

    __tablename__ = "membership"
    __table_args__ = (sa.Index("ix_membership_user", "user_id"),)
    tenant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("app_user.id"), primary_key=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    active: Mapped[bool]
    created_at: Mapped[Moment]
    removed_at: Mapped[MomentOrNone]


class Company(TenantKeyed, Base):
    """The company's letterhead and settings. `sales_see_all`: salespeople see every customer, not only their own.

    `calendar_overrides`: the company's own days, ISO day → {working, reason}. `calendar_notices`: official notices that
    a person entered, year → {off, working: ISO days; source, recorded_on, recorded_by}; the journal keeps earlier ones.
    """

    __tablename__ = "company"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]), one_of("calendar", "CN", "MON-FRI"))
    legal_name: Mapped[Text]
    address: Mapped[Text]
    phone: Mapped[Text]
    tax_id: Mapped[Text]
    bank_name: Mapped[Text]
    bank_account: Mapped[Text]
    contact_name: Mapped[Text]
    contact_email: Mapped[Text]
    policy_code: Mapped[Text]
    review_mode: Mapped[bool]
    sales_see_all: Mapped[bool] = mapped_column(server_default=sa.false())
    calendar: Mapped[Text]
    calendar_overrides: Mapped[Json] = mapped_column(JSONB)
    calendar_notices: Mapped[Json] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))
