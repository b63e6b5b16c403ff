"""Reads when invoices were sent and came, and the list of those whose receipt nobody confirmed (R108).

Invariant: a constant number of statements; of each kind the newest row counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.ledger.receivables.sending.models import InvoiceSending
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class Sending:
    """When an invoice was sent and when its receipt was confirmed, with how and by whom; None: not yet."""

    sent_on: date | None = None
    sent_how: str = ""
    received_on: date | None = None
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True)
class UnconfirmedInvoice:
    """An open invoice whose receipt nobody confirmed; `open_minor` in minor units of `currency`, all instalments."""

    item_id: UUID
    document_no: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    document_on: date
    due_on: date
    currency: str
    open_minor: int
    sent_on: date | None
    all: int


def sending_of(db: Session, tenant_id: UUID, entry_id: UUID) -> Sending:
    """Returns when the invoice of an entry was sent and came."""
    row = InvoiceSending
    found: dict[str, Any] = {}
    rows = db.execute(
        sa.select(row.kind, row.happened_on, row.detail)
        .where(row.tenant_id == tenant_id, row.entry_id == entry_id)
        .order_by(row.recorded_at, row.id)
    )
    for each in rows:
        found[each.kind] = each
    sent, received = found.get("sent"), found.get("received")
    return Sending(
        sent_on=sent.happened_on if sent else None,
        sent_how=sent.detail if sent else "",
        received_on=received.happened_on if received else None,
        confirmed_by=received.detail if received else "",
    )


def unconfirmed_invoices(
    db: Session, tenant_id: UUID, *, unsent: bool, offset: int, limit: int
) -> Sequence[UnconfirmedInvoice]:
    """Returns open invoices whose receipt is not confirmed, the soonest due first; `unsent`: those not even sent."""
    item, customer = OpenItem, Customer
    conditions = [
        item.tenant_id == tenant_id,
        item.kind == "invoice",
        item.side == 1,
        item.open_minor > 0,
        ~_happened(tenant_id, "received"),
    ]
    if unsent:
        conditions.append(~_happened(tenant_id, "sent"))
    by_invoice = (item.entry_id, item.document_no, item.document_on, item.currency)
    by_customer = (customer.id, customer.number, customer.name)
    first_due = sa.type_coerce(sa.func.min(item.due_on), sa.Date)
    rows = db.execute(
        select_view(
            UnconfirmedInvoice,
            item_id=value(sa.func.array_agg(aggregate_order_by(item.id, item.due_on, item.id))[1]),
            document_no=value(item.document_no),
            customer_id=value(customer.id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            document_on=value(item.document_on),
            due_on=value(first_due),
            currency=value(item.currency),
            open_minor=value(sa.cast(sa.func.sum(item.open_minor), sa.BigInteger)),
            sent_on=value(_sent_on(tenant_id)),
            all=value(sa.func.count().over()),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .where(*conditions)
        .group_by(*by_invoice, *by_customer)
        .order_by(first_due, item.document_no)
        .offset(offset)
        .limit(limit)
    )
    return views(UnconfirmedInvoice, rows)


def _happened(tenant_id: UUID, kind: str) -> sa.Exists:
    """Whether the invoice of an open item was sent, or came."""
    row = InvoiceSending
    return sa.exists().where(row.tenant_id == tenant_id, row.entry_id == OpenItem.entry_id, row.kind == kind)


def _sent_on(tenant_id: UUID) -> sa.ScalarSelect[date]:
    row = InvoiceSending
    return (
        sa.select(row.happened_on)
        .where(row.tenant_id == tenant_id, row.entry_id == OpenItem.entry_id, row.kind == "sent")
        .order_by(row.recorded_at.desc(), row.id.desc())
        .limit(1)
        .correlate(OpenItem)
        .scalar_subquery()
    )
