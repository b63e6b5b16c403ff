"""Links invoices of the ledger to the order that they bill, so that each amount counts once.

Invariants: of an invoice no more is linked than it came to, of an order no more than it came to, so what was billed is
not billed again, whatever was credited since; an invoice from before the order bills none of it; a link is inserted and
never changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import lock_credit
from ar.ledger.models import Entry, OpenItem
from ar.sales.orders.amounts import order_amounts
from ar.sales.orders.commands import recommit, recommit_locked
from ar.sales.orders.entering import locked_order
from ar.sales.orders.facts import find_order
from ar.sales.orders.inputs import BillOrder
from ar.sales.orders.models import OrderInvoice
from kernel import journal
from kernel.actor import Actor
from kernel.errors import NotFound, RuleBroken
from kernel.ids import new_id
from kernel.views import DbRow

#: Kinds of documents that bill goods.
BILLING_KINDS: Final = ("invoice",)
#: What stands between the numbers in a reference that names several papers.
_BETWEEN_NAMES: Final = re.compile(r"[\s,;+&、，；]+")

_NAMED: Final = sa.text("""
    SELECT o.id AS order_id, d.id AS delivery_id
    FROM delivery AS d JOIN sales_order AS o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
    WHERE d.tenant_id = :tenant AND d.customer_id = :customer AND o.currency = :currency AND d.state <> 'cancelled'
        AND d.number = ANY(:names)
    UNION
    SELECT o.id, d.id
    FROM sales_order AS o JOIN delivery AS d ON d.tenant_id = o.tenant_id AND d.order_id = o.id
    WHERE o.tenant_id = :tenant AND o.customer_id = :customer AND o.currency = :currency AND d.state <> 'cancelled'
        AND d.invoice_no = :document_no
    UNION
    SELECT o.id, NULL FROM sales_order AS o
    WHERE o.tenant_id = :tenant AND o.customer_id = :customer AND o.currency = :currency AND o.number = ANY(:names)
    ORDER BY delivery_id NULLS LAST, order_id
""")
_NOTE: Final = sa.text("""
    SELECT d.order_id, d.amount_minor - CAST(coalesce(billed.minor, 0) AS bigint) AS room_minor
    FROM delivery AS d
    LEFT JOIN LATERAL (
        SELECT sum(i.amount_minor) AS minor FROM order_invoice AS i
        WHERE i.tenant_id = :tenant AND i.delivery_id = d.id AND NOT EXISTS (
            SELECT FROM entry AS m WHERE m.tenant_id = :tenant AND m.reverses_id = i.entry_id)
    ) AS billed ON true
    WHERE d.tenant_id = :tenant AND d.id = :delivery
""")


def bill_order(db: Session, actor: Actor, data: BillOrder) -> UUID:
    """Links an invoice to an order; returns the link's id. What it bills is no longer committed beside the invoice.

    Raises NotFound (`order_not_found`, `invoice_not_found`, `delivery_not_found`), RuleBroken (`invoice_of_other`,
    `invoice_before_order`, `invoice_linked`, `order_billed`).
    """
    actor, order = locked_order(db, actor, data.order_id)
    invoice = _invoice(db, actor.tenant_id, data.entry_id)
    if invoice.customer_id != order.customer_id or invoice.currency != order.currency:
        raise RuleBroken("invoice_of_other", number=order.number, document_no=invoice.document_no)
    # Goods that left before the paper of their order was dated are billed by the note that they left with.
    if data.delivery_id is None and invoice.document_on < order.ordered_on:
        raise RuleBroken("invoice_before_order", number=order.number, document_no=invoice.document_no)
    free_minor = invoice.amount_minor - _linked_minor(db, actor.tenant_id, data.entry_id)
    amounts = order_amounts(db, actor.tenant_id, data.order_id)
    room_minor = max(order.total_minor, amounts.shipped_minor) - amounts.invoiced_minor
    if data.delivery_id is not None:
        room_minor = min(room_minor, _room_of_note(db, actor.tenant_id, order, data.delivery_id))
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


def bill_named_orders(db: Session, actor: Actor, item_ids: Collection[UUID]) -> int:
    """Links posted invoices to the notes and orders that they name, as far as these allow; returns how many links.

    An invoice names a delivery note in its reference, or is the one that went with the goods; what the notes leave of
    it bills the orders that it names. Passes over what bills nothing, names nothing of its customer, or is linked.
    """
    invoices = _unlinked(db, actor.tenant_id, item_ids)
    if not invoices:
        return 0
    actor = lock_credit(db, actor, {each.customer_id for each in invoices})
    linked = 0
    for invoice in invoices:
        for order_id, delivery_id in _named(db, actor.tenant_id, invoice):
            try:
                with db.begin_nested():
                    data = BillOrder(order_id=order_id, entry_id=invoice.entry_id, delivery_id=delivery_id)
                    bill_order(db, actor, data)
            except RuleBroken:
                continue
            linked += 1
    return linked


def recommit_reversed(db: Session, actor: Actor, item_ids: Collection[UUID]) -> None:
    """Tells credit again what the orders commit that these reversed invoices billed, from the day of the reversal on.

    In the transaction that reverses them, so that no order passes on room that the goods still take. The caller holds
    the customers.
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
        order = find_order(db, actor.tenant_id, row.order_id, locked=True)
        recommit_locked(db, actor, order, effective_on=min(row.reversed_on, actor.today))


def _unlinked(db: Session, tenant_id: UUID, item_ids: Collection[UUID]) -> list[DbRow]:
    """Returns the invoices of these items that bill no order yet."""
    item = OpenItem
    return list(
        db.execute(
            sa.select(item.entry_id, item.customer_id, item.currency, item.document_no, item.reference)
            .distinct()
            .where(
                item.tenant_id == tenant_id,
                item.id == sa.any_(sa.cast(sorted(item_ids), sa.ARRAY(sa.Uuid))),
                item.kind.in_(BILLING_KINDS),
                ~sa.exists().where(OrderInvoice.tenant_id == tenant_id, OrderInvoice.entry_id == item.entry_id),
            )
            .order_by(item.entry_id)
        )
    )


def _named(db: Session, tenant_id: UUID, invoice: DbRow) -> list[tuple[UUID, UUID | None]]:
    """Returns (order, note) of each note that an invoice names, then (order, None) of each order."""
    reference = invoice.reference or ""
    values = {
        "tenant": tenant_id,
        "customer": invoice.customer_id,
        "currency": invoice.currency,
        "document_no": invoice.document_no,
        "names": sorted({reference, *_BETWEEN_NAMES.split(reference)} - {""}),
    }
    return [(row.order_id, row.delivery_id) for row in db.connection().execute(_NAMED, values)]


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


def _room_of_note(db: Session, tenant_id: UUID, order: DbRow, delivery_id: UUID) -> int:
    """Returns what of a note of the order is not invoiced by name (minor units). Raises NotFound."""
    db.flush()
    row = db.connection().execute(_NOTE, {"tenant": tenant_id, "delivery": delivery_id}).first()
    if row is None or row.order_id != order.id:
        raise NotFound("delivery_not_found")
    return int(row.room_minor)
