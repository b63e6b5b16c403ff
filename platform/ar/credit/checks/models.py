"""Tables of shipping holds, overrides, over-limit requests and proofs of payment."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ar.credit.limits.models import REQUEST_STATES
from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    Json,
    JsonList,
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

#: Who or what placed a hold on shipments: the collection ladder, a person, a danger signal, a limit review.
HOLD_KINDS: Final = ("ladder", "hand", "signal", "review")
PROOF_KINDS: Final = ("cheque", "pay_in_slip", "transfer_receipt")


class ShippingHold(Tenanted, Base):
    """A stop of shipments to a customer, until the end of `until_on` or until it is lifted (R080).

    `source_id`: the ladder's action, the signal or the review behind it. Lifting one leaves the others in force.
    """

    __tablename__ = "shipping_hold"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        one_of("kind", *HOLD_KINDS),
        sa.Index("ix_shipping_hold_open", "tenant_id", "customer_id", postgresql_where=sa.text("lifted_at IS NULL")),
        sa.Index(
            "ix_shipping_hold_source",
            "tenant_id",
            "kind",
            "source_id",
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL AND source_id IS NOT NULL"),
        ),
    )
    customer_id: Mapped[Id]
    kind: Mapped[Text]
    source_id: Mapped[IdOrNone]
    reason: Mapped[Text]
    until_on: Mapped[DayOrNone]
    placed_by: Mapped[Text]
    placed_at: Mapped[Moment]
    lifted_by: Mapped[TextOrNone]
    lifted_at: Mapped[MomentOrNone]
    lifted_reason: Mapped[TextOrNone]
    #: The notice of the stop to the customer (Civil Code 528), once it was written.
    notice_number: Mapped[TextOrNone]
    notice_sha256: Mapped[TextOrNone]
    notice_mail_id: Mapped[IdOrNone]


class CheckOverride(Tenanted, Base):
    """A named person lets a customer pass one check until the end of a day, with a reason (R126)."""

    __tablename__ = "check_override"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_check_override_customer", "tenant_id", "customer_id", "until_on"),
    )
    customer_id: Mapped[Id]
    code: Mapped[Text]
    until_on: Mapped[Day]
    reason: Mapped[Text]
    granted_by: Mapped[Text]
    granted_by_id: Mapped[IdOrNone]
    granted_at: Mapped[Moment]
    ended_at: Mapped[MomentOrNone]
    ended_by: Mapped[TextOrNone]


class OverLimitRequest(Tenanted, Base):
    """A request to let one order pass over limit or term (Annex 2, R064, R301).

    An approved one serves that order alone, up to `order_minor`, for no longer a term than `order_term_days` (None:
    there was none in writing) and through `valid_until_on`. `facts`: the figures that the deciders saw.
    """

    __tablename__ = "over_limit_request"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_over_limit_request_order", "tenant_id", "order_id"),
        sa.Index("ix_over_limit_request_customer", "tenant_id", "customer_id"),
        one_of("state", *REQUEST_STATES),
        sa.CheckConstraint("order_minor >= 0", name="not_negative"),
        sa.CheckConstraint("order_term_days >= 0", name="term_not_negative"),
    )
    number: Mapped[Text]
    customer_id: Mapped[Id]
    order_id: Mapped[Id]
    order_no: Mapped[Text]
    currency: Mapped[Currency]
    order_minor: Mapped[Minor]
    order_term_days: Mapped[int | None] = mapped_column(sa.Integer)
    reasons: Mapped[JsonList]
    facts: Mapped[Json] = mapped_column(JSONB)
    excess_minor: Mapped[MinorOrNone]
    excess_bps: Mapped[int | None] = mapped_column(sa.BigInteger)
    excess_days: Mapped[int | None] = mapped_column(sa.Integer)
    reason: Mapped[Text]
    payment_expected_on: Mapped[DayOrNone]
    guarantee: Mapped[Text]
    valid_until_on: Mapped[Day]
    state: Mapped[Text]
    conditions: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    requested_by: Mapped[Text]
    requested_by_id: Mapped[IdOrNone]
    requested_at: Mapped[Moment]
    decided_at: Mapped[MomentOrNone]


class PaymentProof(Tenanted, Base):
    """A cheque, pay-in slip or transfer receipt for one order, accepted by finance before it counts (R045, grade C)."""

    __tablename__ = "payment_proof"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_payment_proof_order", "tenant_id", "order_id"),
        one_of("kind", *PROOF_KINDS),
        one_of("state", "uploaded", "accepted", "rejected"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
    )
    customer_id: Mapped[Id]
    order_id: Mapped[Id]
    kind: Mapped[Text]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    reference: Mapped[Text]
    file_sha256: Mapped[Text]
    file_name: Mapped[Text]
    state: Mapped[Text]
    uploaded_by: Mapped[Text]
    uploaded_by_id: Mapped[IdOrNone]
    uploaded_at: Mapped[Moment]
    decided_by: Mapped[TextOrNone]
    decided_at: Mapped[MomentOrNone]
    decision_note: Mapped[TextOrNone]
