"""Links invoices of the ledger to the order that they bill, so that each amount counts once.

Invariants: of an invoice no more is linked than it came to, of an order no more than it came to,
so what was billed is not billed again, whatever was credited since; a link is inserted and never changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.models import Entry, OpenItem
from ar.sales.orders.amounts import order_amounts
from ar.sales.orders.commands import recommit
from ar.sales.orders.entering import locked_order
from ar.sales.orders.inputs import BillOrder
from ar.sales.orders.models import Order, OrderInvoice
from kernel import journal
from kernel.actor import Actor
from kernel.errors import NotFound, RuleBroken
from kernel.ids import new_id
from kernel.views import DbRow

#: Kinds of documents that bill goods.
BILLING_KINDS: Final = ("invoice",)


def bill_order(db: Session, actor: Actor, data: BillOrder) -> UUID:
    """Links an invoice to an order; returns the link's id. What it bills is no longer committed beside the invoice.

    Raises NotFound (`order_not_found`, `invoice_not_found`), RuleBroken (`invoice_of_other`, `invoice_linked`,
    `order_billed`).
    """
    actor, order = locked_order(db, actor, data.order_id)
    invoice = _invoice(db, actor.tenant_id, data.entry_id)
    if invoice.customer_id != order.customer_id or invoice.currency != order.currency:
        raise RuleBroken("invoice_of_other", number=order.number, document_no=invoice.document_no)
    free_minor = invoice.amount_minor - _linked_minor(db, actor.tenant_id, data.entry_id)
    amounts = order_amounts(db, actor.tenant_id, data.order_id)
    room_minor = max(order.total_minor, amounts.shipped_minor) - amounts.invoiced_minor
    asked_minor = min(free_minor, room_minor) if data.amount_minor is None else data.amount_minor
    if free_minor <= 0 or asked_minor > free_minor:
        raise RuleBroken("invoice_linked", document_no=invoice.document_no)
    if room_minor <= 0 or asked_minor > room_minor:
        raise RuleBroken("order_billed", number=order.number)
    link_id = new_id()
    db.execute(
        sa.insert(OrderInvoice).values(
            tenant_id=actor.tenant_id,
            id=link_id,
            order_id=order.id,
            delivery_id=data.delivery_id,
            entry_id=data.entry_id,
            document_no=invoice.document_no,
            invoiced_on=invoice.document_on,
            amount_minor=asked_minor,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {"number": order.number, "document_no": invoice.document_no, "amount_minor": asked_minor}
    journal.record(
        db,
        actor,
        "order_billed",
        customer_id=order.customer_id,
        subject_id=order.id,
        data={**facts, "currency": order.currency},
    )
    recommit(db, actor, order.id, effective_on=min(max(invoice.document_on, order.ordered_on), actor.today))
    return link_id


def bill_named_orders(db: Session, actor: Actor, item_ids: Sequence[UUID]) -> int:
    """Links posted invoices to the orders that their reference names, as far as both allow; returns how many links.

    Passes over what bills nothing, names no order of its customer, or is linked already.
    """
    item, order = OpenItem, Order
    rows = db.execute(
        sa.select(item.entry_id, order.id.label("order_id"))
        .distinct()
        .join(
            order,
            sa.and_(
                order.tenant_id == actor.tenant_id,
                order.customer_id == item.customer_id,
                order.currency == item.currency,
                order.number == item.reference,
            ),
        )
        .where(
            item.tenant_id == actor.tenant_id,
            item.id == sa.any_(sa.cast(list(item_ids), sa.ARRAY(sa.Uuid))),
            item.kind.in_(BILLING_KINDS),
            ~sa.exists().where(OrderInvoice.tenant_id == actor.tenant_id, OrderInvoice.entry_id == item.entry_id),
        )
        .order_by(order.id, item.entry_id)
    ).all()
    linked = 0
    for row in rows:
        try:
            with db.begin_nested():
                bill_order(db, actor, BillOrder(order_id=row.order_id, entry_id=row.entry_id))
        except RuleBroken:
            continue
        linked += 1
    return linked


def recommit_billed_orders(db: Session, actor: Actor, item_ids: Collection[UUID]) -> int:
    """Tells credit again what the orders commit that these documents billed and bill no more; returns how many orders.

    From the day of the reversal on, so that any day between counts the amount once.
    """
    link, item, mirror = OrderInvoice, OpenItem, sa.orm.aliased(Entry)
    rows = db.execute(
        sa.select(link.order_id, sa.func.min(mirror.effective_on).label("reversed_on"))
        .join(item, sa.and_(item.tenant_id == actor.tenant_id, item.entry_id == link.entry_id))
        .join(mirror, sa.and_(mirror.tenant_id == actor.tenant_id, mirror.reverses_id == link.entry_id))
        .where(
            link.tenant_id == actor.tenant_id,
            item.id == sa.any_(sa.cast(sorted(item_ids), sa.ARRAY(sa.Uuid))),
        )
        .group_by(link.order_id)
        .order_by(link.order_id)
    ).all()
    for row in rows:
        recommit(db, actor, row.order_id, effective_on=min(row.reversed_on, actor.today))
    return len(rows)


def _invoice(db: Session, tenant_id: UUID, entry_id: UUID) -> DbRow:
    """Returns the invoice of an entry, its instalments together, that was not reversed."""
    item, mirror = OpenItem, sa.orm.aliased(Entry)
    row = db.execute(
        sa.select(
            item.customer_id,
            item.currency,
            item.document_no,
            item.document_on,
            sa.cast(sa.func.sum(item.amount_minor), sa.BigInteger).label("amount_minor"),
        )
        .where(
            item.tenant_id == tenant_id,
            item.entry_id == entry_id,
            item.kind.in_(BILLING_KINDS),
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == entry_id),
        )
        .group_by(item.customer_id, item.currency, item.document_no, item.document_on)
    ).first()
    if row is None:
        raise NotFound("invoice_not_found")
    return row


def _linked_minor(db: Session, tenant_id: UUID, entry_id: UUID) -> int:
    link = OrderInvoice
    total: Any = sa.cast(sa.func.coalesce(sa.func.sum(link.amount_minor), 0), sa.BigInteger)
    return int(db.execute(sa.select(total).where(link.tenant_id == tenant_id, link.entry_id == entry_id)).scalar_one())
