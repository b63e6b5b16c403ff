"""The table of what happened to invoices on their way: added, never changed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from kernel.columns import Day, Id, Moment, Tenanted, Text, one_of, tenant_fk
from kernel.db import Base

SENDING_KINDS: Final = ("sent", "received")


class InvoiceSending(Tenanted, Base):
    """An invoice was sent, or the customer confirmed that it came, on a day; of each kind the newest row counts.

    `detail`: how it went, or who confirmed. An invoice by instalments is one entry, so it is sent once.
    """

    __tablename__ = "invoice_sending"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("entry_id", "entry"),
        one_of("kind", *SENDING_KINDS),
        sa.Index("ix_invoice_sending_entry", "tenant_id", "entry_id", "kind"),
        sa.Index("ix_invoice_sending_customer", "tenant_id", "customer_id"),
    )
    customer_id: Mapped[Id]
    entry_id: Mapped[Id]
    kind: Mapped[Text]
    happened_on: Mapped[Day]
    detail: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
