"""Tables of bills received, their steps and reminders.

Invariants: the terms of the bill never change; every step is a row that is never edited; `state`, `state_on`,
`notice_by_on` and `notified_on` are a projection of the steps, written with them and audited by `doctor`.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    Minor,
    MinorOrNone,
    Moment,
    Tenanted,
    TenantKeyed,
    Text,
    one_of,
    tenant_fk,
)
from kernel.db import Base

KINDS = ("bank", "finance_company", "commercial")
STATES = (
    "held",
    "pledged",
    "endorsed",
    "discounted",
    "discounted_recourse",
    "presented",
    "honoured",
    "dishonoured",
    "cancelled",
)
EVENTS = (
    "received",
    "pledged",
    "returned",
    "endorsed",
    "discounted",
    "discounted_recourse",
    "presented",
    "honoured",
    "dishonoured",
    "notified",
    "undone",
    "cancelled",
)
REMINDERS = ("present", "present_last", "notice")


class Bill(Tenanted, Base):
    """An acceptance received from a customer (票据法 art. 22). `item_id`: its credit in the ledger.

    `attempt`: 1, or one more than the last cancelled bill of the same number.
    """

    __tablename__ = "bill"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "item_id"),
        sa.UniqueConstraint("tenant_id", "number", "attempt"),
        sa.Index(
            "ix_bill_number", "tenant_id", "number", unique=True, postgresql_where=sa.text("state <> 'cancelled'")
        ),
        sa.Index("ix_bill_state", "tenant_id", "state", "matures_on"),
        sa.Index("ix_bill_customer", "tenant_id", "customer_id", "matures_on"),
        one_of("kind", *KINDS),
        one_of("state", *STATES),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.CheckConstraint("issued_on < matures_on", name="dates_in_order"),
        sa.CheckConstraint("received_on BETWEEN issued_on AND matures_on", name="received_in_time"),
    )
    number: Mapped[Text]
    attempt: Mapped[int] = mapped_column(sa.SmallInteger)
    kind: Mapped[Text]
    customer_id: Mapped[Id]
    item_id: Mapped[Id]
    drawer: Mapped[Text]
    acceptor: Mapped[Text]
    payee: Mapped[Text]
    issued_on: Mapped[Day]
    matures_on: Mapped[Day]
    received_on: Mapped[Day]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    transferable: Mapped[bool]
    note: Mapped[Text]
    state: Mapped[Text]
    state_on: Mapped[Day]
    notice_by_on: Mapped[DayOrNone]
    notified_on: Mapped[DayOrNone]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class BillEvent(Tenanted, Base):
    """One step of a bill. `happened_on` is the legally relevant date, `effective_on` the posting date.

    `entry_id`: its entry; `mirror_id`: the item that reverses the bill's credit. Of a discount: `rate_ppm` a year
    (18,000 is 1.8 %), `days`, `interest_minor` kept by the bank.
    """

    __tablename__ = "bill_event"
    __table_args__ = (
        tenant_fk("bill_id", "bill"),
        tenant_fk("entry_id", "entry"),
        tenant_fk("mirror_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "bill_id", "position"),
        one_of("kind", *EVENTS),
        sa.CheckConstraint("effective_on >= happened_on", name="booked_not_before"),
    )
    bill_id: Mapped[Id]
    position: Mapped[int]
    kind: Mapped[Text]
    from_state: Mapped[Text]
    to_state: Mapped[Text]
    happened_on: Mapped[Day]
    effective_on: Mapped[Day]
    entry_id: Mapped[IdOrNone]
    mirror_id: Mapped[IdOrNone]
    counterparty: Mapped[Text]
    rate_ppm: Mapped[int | None]
    days: Mapped[int | None]
    interest_minor: Mapped[MinorOrNone]
    note: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class BillReminder(TenantKeyed, Base):
    """A reminder mailed to the finance people, once per bill, kind and deadline."""

    __tablename__ = "bill_reminder"
    __table_args__ = (tenant_fk("bill_id", "bill"), one_of("kind", *REMINDERS))
    bill_id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[Text] = mapped_column(primary_key=True)
    until_on: Mapped[Day] = mapped_column(primary_key=True)
    reminded_at: Mapped[Moment]
