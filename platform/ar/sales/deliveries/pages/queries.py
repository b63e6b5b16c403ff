"""Queries of the pages of deliveries: lists, one note, what is left to invoice.

Invariant: a constant number of statements per page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.sales.deliveries.billing.proposals import deliveries_to_invoice
from ar.sales.deliveries.messages import MODE_NAMES, STATE_NAMES
from ar.sales.deliveries.models import Delivery, DeliveryReturn, SignOff
from ar.sales.deliveries.notes import OPEN_STATES, note_positions
from ar.sales.deliveries.pages.views import (
    AskedView,
    InvoiceView,
    NoteLineView,
    NoteList,
    NotePage,
    NoteRow,
    ReturnView,
    SignOffView,
    ToInvoiceRow,
)
from ar.sales.deliveries.planning import NUMBER_PREFIX
from ar.sales.orders.models import Order, OrderDecision, OrderInvoice, OrderLine
from ar.sales.rules.scans import readings
from kernel.errors import NotFound
from kernel.storage import Stored, load
from kernel.views import select_view, value, views
from tenants.models import User
from web import filters
from web.paging import PageAsked

#: Notes on the warehouse's page; each is asked for what holds it.
WAREHOUSE_MAX: Final = 30


@dataclass(frozen=True)
class NoteFilters:
    """Filters of the list in the URL. `state` "": all; `q`: number of note or order, or the customer."""

    q: str = filters.text(max_length=80)
    state: str = filters.choice("", *STATE_NAMES)
    mode: str = filters.choice("", *MODE_NAMES)


def note_list(db: Session, tenant_id: UUID, wanted: NoteFilters, asked: PageAsked) -> NoteList:
    """Returns the notes, the latest planned first."""
    note, where = Delivery, _conditions(wanted)
    found = db.execute(
        sa.select(note.state, sa.func.count().label("notes"))
        .select_from(note)
        .join(Order, sa.and_(Order.tenant_id == note.tenant_id, Order.id == note.order_id))
        .join(Customer, sa.and_(Customer.tenant_id == note.tenant_id, Customer.id == note.customer_id))
        .where(note.tenant_id == tenant_id, *where)
        .group_by(note.state)
    )
    counts = {row.state: row.notes for row in found}
    total = counts.get(wanted.state, 0) if wanted.state else sum(counts.values())
    state = [note.state == wanted.state] if wanted.state else []
    rows = db.execute(
        _rows(tenant_id)
        .where(*where, *state)
        .order_by(note.planned_on.desc(), note.number.desc())
        .offset(asked.page(total).offset)
        .limit(asked.limit)
    )
    return NoteList(views(NoteRow, rows), total, counts)


def open_notes(db: Session, tenant_id: UUID) -> list[NoteRow]:
    """Returns the notes that wait in the warehouse, picked ones first, then by the day they are planned for."""
    note = Delivery
    rows = db.execute(
        _rows(tenant_id)
        .where(note.state.in_(OPEN_STATES))
        .order_by(note.state, note.planned_on, note.number)
        .limit(WAREHOUSE_MAX)
    )
    return views(NoteRow, rows)


def notes_of_driver(db: Session, tenant_id: UUID, driver_id: UUID) -> list[NoteRow]:
    """Returns the notes that a driver has to deliver, those on their way first."""
    note = Delivery
    rows = db.execute(
        _rows(tenant_id)
        .where(note.driver_id == driver_id, note.state.in_((*OPEN_STATES, "shipped")))
        .order_by(note.state.desc(), note.planned_on, note.number)
    )
    return views(NoteRow, rows)


def notes_of_order(db: Session, tenant_id: UUID, order_id: UUID) -> list[NoteRow]:
    """Returns the notes of an order, the first planned first."""
    note = Delivery
    return views(
        NoteRow, db.execute(_rows(tenant_id).where(note.order_id == order_id).order_by(note.planned_on, note.number))
    )


def find_note(db: Session, tenant_id: UUID, number: str) -> UUID:
    """Returns the id of the note with a number, as scanned or typed. Raises NotFound(`delivery_number_unknown`)."""
    note, read = Delivery, readings(number, NUMBER_PREFIX)
    # As it stands, by the index of numbers; else in whatever case.
    for written in (note.number, sa.func.upper(note.number)):
        rows = db.execute(
            sa.select(note.id, sa.func.upper(note.number).label("number")).where(
                note.tenant_id == tenant_id, written.in_([number.strip(), *read])
            )
        ).all()
        if rows:
            found: UUID = min(rows, key=lambda row: read.index(row.number) if row.number in read else -1).id
            return found
    raise NotFound("delivery_number_unknown", number=number.strip())


def note_row(db: Session, tenant_id: UUID, delivery_id: UUID) -> NoteRow:
    """Returns one note. Raises NotFound(`delivery_not_found`)."""
    found = views(NoteRow, db.execute(_rows(tenant_id).where(Delivery.id == delivery_id)))
    if not found:
        raise NotFound("delivery_not_found")
    return found[0]


def note_lines(db: Session, tenant_id: UUID, row: NoteRow) -> list[NoteLineView]:
    """Returns the lines of a note with their products."""
    line = OrderLine
    rows = db.execute(
        sa.select(line.line_no, line.product, line.unit).where(
            line.tenant_id == tenant_id, line.order_id == row.order_id
        )
    )
    products = {each.line_no: (each.product, each.unit) for each in rows}
    return [
        NoteLineView(
            position=each.position,
            product=products[each.order_line_no][0],
            unit=products[each.order_line_no][1],
            batch=each.batch,
            quantity=each.quantity,
            signed=each.signed,
            back=each.unsigned_back + each.signed_back,
            outstanding=each.outstanding,
            amount_minor=each.amount_minor,
        )
        for each in note_positions(db, tenant_id, row.id)
    ]


def note_page(db: Session, tenant_id: UUID, delivery_id: UUID) -> NotePage:
    """Returns one note with all that hangs on it. Raises NotFound(`delivery_not_found`)."""
    row = note_row(db, tenant_id, delivery_id)
    billed = deliveries_to_invoice(db, tenant_id, [row.order_id]).get(delivery_id)
    return NotePage(
        row=row,
        lines=note_lines(db, tenant_id, row),
        signed=_sign_offs(db, tenant_id, delivery_id),
        returns=_returns(db, tenant_id, delivery_id),
        invoices=_invoices(db, tenant_id, delivery_id),
        asked=_last_asked(db, tenant_id, delivery_id),
        left_minor=0 if billed is None else billed.left_minor,
    )


def notes_to_invoice(db: Session, tenant_id: UUID) -> list[ToInvoiceRow]:
    """Returns the notes of which something is signed for and not invoiced, the longest signed first."""
    note, signed = Delivery, SignOff
    orders = db.execute(
        sa.select(note.order_id)
        .join(signed, sa.and_(signed.tenant_id == note.tenant_id, signed.delivery_id == note.id))
        .join(Order, sa.and_(Order.tenant_id == note.tenant_id, Order.id == note.order_id))
        .where(note.tenant_id == tenant_id, Order.state != "completed")
        .distinct()
    ).scalars()
    left = {
        each.delivery_id: each
        for each in deliveries_to_invoice(db, tenant_id, list(orders)).values()
        if each.left_minor > 0 and each.signed_on is not None
    }
    rows = views(NoteRow, db.execute(_rows(tenant_id).where(note.id.in_(left)))) if left else []
    found = [
        ToInvoiceRow(row, signed_on, left[row.id].left_minor)
        for row in rows
        if (signed_on := left[row.id].signed_on) is not None
    ]
    return sorted(found, key=lambda each: (each.signed_on, each.note.number))


def evidence(db: Session, tenant_id: UUID, delivery_id: UUID, sha256: str) -> tuple[Stored, str]:
    """Returns a scan, photo or drawn signature of a note, and its file's name. Raises NotFound(`blob_not_found`)."""
    signed = SignOff
    row = db.execute(
        sa.select(signed.file_sha256, signed.file_name)
        .where(
            signed.tenant_id == tenant_id,
            signed.delivery_id == delivery_id,
            sa.or_(signed.file_sha256 == sha256, signed.signature_sha256 == sha256),
        )
        .limit(1)
    ).first()
    if row is None:
        raise NotFound("blob_not_found")
    return load(db, tenant_id, sha256), row.file_name if row.file_sha256 == sha256 else "signature.svg"


def _rows(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    note, order, customer, driver = Delivery, Order, Customer, User
    return (
        select_view(
            NoteRow,
            id=value(note.id),
            number=value(note.number),
            order_id=value(note.order_id),
            order_no=value(order.number),
            customer_id=value(note.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            mode=value(note.mode),
            state=value(note.state),
            planned_on=value(note.planned_on),
            shipped_on=value(note.shipped_on),
            carrier=value(note.carrier),
            tracking_no=value(note.tracking_no),
            driver_id=value(note.driver_id),
            driver=value(sa.func.coalesce(driver.name, "")),
            picker_up=value(note.picker_up),
            amount_minor=value(note.amount_minor),
            currency=value(order.currency),
            is_history=value(note.is_history),
            held_codes=value(note.held_codes),
            invoice_no=value(note.invoice_no),
        )
        .select_from(note)
        .join(order, sa.and_(order.tenant_id == tenant_id, order.id == note.order_id))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == note.customer_id))
        .outerjoin(driver, driver.id == note.driver_id)
        .where(note.tenant_id == tenant_id)
    )


def _conditions(wanted: NoteFilters) -> Sequence[sa.ColumnElement[bool]]:
    note, found = Delivery, []
    if wanted.mode:
        found.append(note.mode == wanted.mode)
    if wanted.q:
        columns = (note.number, Order.number, Customer.number, Customer.name, note.tracking_no)
        found.append(sa.or_(*(column.icontains(wanted.q, autoescape=True) for column in columns)))
    return found


def _sign_offs(db: Session, tenant_id: UUID, delivery_id: UUID) -> list[SignOffView]:
    signed, counter = SignOff, aliased(SignOff)
    countered = sa.exists().where(counter.tenant_id == tenant_id, counter.reverses_id == signed.id)
    rows = db.execute(
        select_view(
            SignOffView,
            id=value(signed.id),
            signed_on=value(signed.signed_on),
            signed_by=value(signed.signed_by),
            channel=value(signed.channel),
            amount_minor=value(signed.amount_minor),
            file_sha256=value(signed.file_sha256),
            file_name=value(signed.file_name),
            signature_sha256=value(signed.signature_sha256),
            note=value(signed.note),
            is_counter=value(signed.reverses_id.is_not(None)),
            countered=value(countered),
            recorded_at=value(signed.recorded_at),
            recorded_by=value(signed.recorded_by),
        )
        .where(signed.tenant_id == tenant_id, signed.delivery_id == delivery_id)
        .order_by(signed.recorded_at, signed.id)
    )
    return views(SignOffView, rows)


def _returns(db: Session, tenant_id: UUID, delivery_id: UUID) -> list[ReturnView]:
    back = DeliveryReturn
    line = (back.recorded_at, back.position, back.returned_on, back.was_signed, back.reason, back.recorded_by)
    items = sa.func.array_agg(sa.distinct(back.credit_item_id), type_=sa.ARRAY(sa.Uuid))
    rows = db.execute(
        select_view(
            ReturnView,
            position=value(back.position),
            returned_on=value(back.returned_on),
            quantity=value(sa.func.sum(back.quantity)),
            amount_minor=value(sa.cast(sa.func.sum(back.amount_minor), sa.BigInteger)),
            was_signed=value(back.was_signed),
            credit_items=value(sa.func.array_remove(items, None, type_=sa.ARRAY(sa.Uuid))),
            reason=value(back.reason),
            recorded_by=value(back.recorded_by),
        )
        .where(back.tenant_id == tenant_id, back.delivery_id == delivery_id)
        .group_by(*line)
        .order_by(*line)
    )
    return views(ReturnView, rows)


def _invoices(db: Session, tenant_id: UUID, delivery_id: UUID) -> list[InvoiceView]:
    link, item = OrderInvoice, OpenItem
    rows = db.execute(
        select_view(
            InvoiceView,
            document_no=value(link.document_no),
            invoiced_on=value(link.invoiced_on),
            amount_minor=value(link.amount_minor),
            item_id=value(item.id),
        )
        .select_from(link)
        .join(item, sa.and_(item.tenant_id == tenant_id, item.entry_id == link.entry_id, item.instalment_no <= 1))
        .where(link.tenant_id == tenant_id, link.delivery_id == delivery_id)
        .order_by(link.recorded_at)
    )
    return views(InvoiceView, rows)


def _last_asked(db: Session, tenant_id: UUID, delivery_id: UUID) -> AskedView | None:
    asked = OrderDecision
    rows = db.execute(
        select_view(
            AskedView,
            checkpoint=value(asked.checkpoint),
            decision=value(asked.decision),
            reasons=value(asked.reasons),
            decided_at=value(asked.decided_at),
            decided_by=value(asked.decided_by),
        )
        .where(asked.tenant_id == tenant_id, asked.delivery_id == delivery_id)
        .order_by(asked.decided_at.desc(), asked.id.desc())
        .limit(1)
    )
    return next(iter(views(AskedView, rows)), None)
