"""The table of drafts: documents typed and not posted."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from kernel.columns import (
    IdOrNone,
    Json,
    Moment,
    Tenanted,
    Text,
    one_of,
    tenant_fk,
)
from kernel.db import Base


class DocumentDraft(Tenanted, Base):
    """A document not yet posted, as typed. It counts in no figure and may be dated in a locked period."""

    __tablename__ = "document_draft"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("item_id", "open_item"),
        one_of("state", "draft", "posted", "discarded"),
        sa.Index("ix_document_draft_state", "tenant_id", "state"),
    )
    kind: Mapped[Text]
    customer_id: Mapped[IdOrNone]
    typed: Mapped[Json]
    state: Mapped[Text]
    item_id: Mapped[IdOrNone]
    created_at: Mapped[Moment]
    created_by: Mapped[Text]
    updated_at: Mapped[Moment]
    updated_by: Mapped[Text]
