"""Defines the tables of passwords, of sessions, and of links to a forgotten password.

Invariants: all are of the registry, since a person belongs to no company; nobody inside one finds a password or a
session; of a session and of a link only the SHA-256 of the secret is stored; what has ended does not begin again.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import Id, Moment, MomentOrNone, Text
from kernel.db import Base
from kernel.ids import new_id


class UserPassword(Base):
    """The hash of a person's password; the row is there once one was chosen, and `User.has_password` says so."""

    __tablename__ = "user_password"
    __table_args__ = (sa.UniqueConstraint("user_id"), sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id]
    password_hash: Mapped[Text]
    set_at: Mapped[Moment]


class PersonSession(Base):
    """A browser that a person is signed in with, until `ended_at` or `expires_at`, or until it rests for too long.

    `seen_at` is coarse: it is written every few minutes, not with every page. `address`: the client's, when it began.
    """

    __tablename__ = "person_session"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.CheckConstraint("expires_at > began_at", name="ends"),
        sa.Index("ix_person_session_user", "user_id", "began_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id]
    token_hash: Mapped[Text]
    browser: Mapped[Text]
    address: Mapped[Text]
    began_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    ended_at: Mapped[MomentOrNone]


class PasswordReset(Base):
    """A link by which a person chooses a new password; closed when it, or another way to a password, was used."""

    __tablename__ = "password_reset"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.Index("ix_password_reset_user", "user_id", "created_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id]
    token_hash: Mapped[Text]
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    closed_at: Mapped[MomentOrNone]
