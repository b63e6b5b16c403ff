"""Blobs by content hash: a document is rendered once, stored once, and never rendered again.

Invariant: `sha256` is the hash of `content` (doctor recomputes it); rows are never updated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import Moment, TenantKeyed, Text
from kernel.db import Base
from kernel.errors import NotFound


class Blob(TenantKeyed, Base):
    """Bytes of a tenant, keyed by their hash."""

    __tablename__ = "blob"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    sha256: Mapped[Text] = mapped_column(primary_key=True)
    media_type: Mapped[Text]
    size_bytes: Mapped[int]
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    stored_at: Mapped[Moment]


@dataclass(frozen=True)
class Stored:
    """A loaded blob."""

    sha256: str
    media_type: str
    content: bytes


def store(db: Session, actor: Actor, content: bytes, media_type: str) -> str:
    """Stores bytes once; returns their SHA-256 in hex."""
    return store_many(db, actor, [content], media_type)[0]


def store_many(db: Session, actor: Actor, contents: Sequence[bytes], media_type: str) -> list[str]:
    """Stores each of several files once; returns their SHA-256 in hex, in the same order."""
    hashes = [hashlib.sha256(content).hexdigest() for content in contents]
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "sha256": sha256,
            "media_type": media_type,
            "size_bytes": len(content),
            "content": content,
            "stored_at": actor.now,
        }
        # In one order everywhere, so that two transactions that store the same files never wait for each other.
        for sha256, content in sorted(zip(hashes, contents, strict=True))
    ]
    if rows:
        db.execute(insert(Blob).on_conflict_do_nothing(), rows)
    return hashes


def load(db: Session, tenant_id: UUID, sha256: str) -> Stored:
    """Loads the blob of a hash. Raises NotFound(`blob_not_found`)."""
    row = db.execute(
        sa.select(Blob.media_type, Blob.content).where(Blob.tenant_id == tenant_id, Blob.sha256 == sha256)
    ).first()
    if row is None:
        raise NotFound("blob_not_found")
    return Stored(sha256=sha256, media_type=row.media_type, content=row.content)
