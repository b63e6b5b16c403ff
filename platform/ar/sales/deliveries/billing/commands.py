"""Posts invoices of what was signed for: dated and due from the day of the signature (R104).

Invariants: what was delivered may always be invoiced, whatever holds the customer; an invoice that went with the
goods is posted with their signature and not before; nothing is invoiced twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.commands import NewItem, next_document_number, post_items, posting_day
from ar.ledger.models import OpenItem
from ar.ledger.rules.due_dates import PaymentTerms, collection_end_on, due_on
from ar.ledger.rules.shares import share_of, tax_within
from ar.sales.deliveries.billing.inputs import InvoiceDelivery, RegisterInvoice
from ar.sales.deliveries.billing.proposals import deliveries_to_invoice
from ar.sales.deliveries.notes import (
    GONE_STATES,
    OPEN_STATES,
    locked_delivery,
    record_event,
    require_state,
    update_note,
)
from ar.sales.orders.billing import bill_order
from ar.sales.orders.facts import order_facts
from ar.sales.orders.inputs import BillOrder
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.views import DbRow
from tenants.queries import work_calendar

INVOICE_PREFIX: Final = "INV"

#: By line of a note: its rate of tax, and what was signed for less what came back of it without a document.
#: Lines that name no rate carry no tax here.
_LINES: Final = sa.text("""
    SELECT dl.position, ol.tax_rate_bps, CAST(coalesce(signed.minor, 0) - coalesce(back.minor, 0) AS bigint) AS minor
    FROM delivery_line AS dl
    JOIN sales_order_line AS ol
        ON ol.tenant_id = :tenant AND ol.order_id = dl.order_id AND ol.line_no = dl.order_line_no
    LEFT JOIN LATERAL (
        SELECT sum(sl.amount_minor) AS minor
        FROM sign_off AS s JOIN sign_off_line AS sl ON sl.tenant_id = :tenant AND sl.sign_off_id = s.id
        WHERE s.tenant_id = :tenant AND s.delivery_id = :delivery AND sl.position = dl.position
            AND s.reverses_id IS NULL AND NOT EXISTS (
                SELECT FROM sign_off AS c WHERE c.tenant_id = :tenant AND c.reverses_id = s.id)
    ) AS signed ON true
    LEFT JOIN LATERAL (
        SELECT sum(r.amount_minor) AS minor FROM delivery_return AS r
        WHERE r.tenant_id = :tenant AND r.delivery_id = :delivery AND r.position = dl.position
            AND r.was_signed AND r.credit_item_id IS NULL
    ) AS back ON true
    WHERE dl.tenant_id = :tenant AND dl.delivery_id = :delivery
""")

_INVOICED: Final = sa.text("""
    SELECT CAST(coalesce(sum(i.amount_minor), 0) AS bigint) AS minor, CAST(coalesce(sum(t.minor), 0) AS bigint) AS tax
    FROM order_invoice AS i
    CROSS JOIN LATERAL (
        SELECT sum(p.credit_minor - p.debit_minor) AS minor FROM posting AS p
        WHERE p.tenant_id = :tenant AND p.entry_id = i.entry_id AND p.account_code = 'output_tax'
    ) AS t
    WHERE i.tenant_id = :tenant AND i.delivery_id = :delivery AND NOT EXISTS (
        SELECT FROM entry AS m WHERE m.tenant_id = :tenant AND m.reverses_id = i.entry_id)
""")


def register_invoice(db: Session, actor: Actor, delivery_id: UUID, data: RegisterInvoice) -> None:
    """Notes the invoice that goes with goods before they are signed for; the books get it with the signature.

    Raises NotFound(`delivery_not_found`), Conflict(`delivery_moved_on`), RuleBroken (`delivery_invoice_day`,
    `delivery_invoice_number`, `delivery_invoice_taken`).
    """
    actor, note = locked_delivery(db, actor, delivery_id)
    require_state(note, (*OPEN_STATES, "shipped"))
    if not data.number:
        raise RuleBroken("delivery_invoice_number")
    if data.invoiced_on > actor.today:
        raise RuleBroken("delivery_invoice_day", today=actor.today.isoformat())
    _require_free(db, actor, data.number)
    update_note(db, actor, delivery_id, invoice_no=data.number, invoice_on=data.invoiced_on)
    facts = {"document_no": data.number, "on": data.invoiced_on.isoformat()}
    record_event(db, actor, "delivery_invoice_registered", note, **facts)


def invoice_delivery(db: Session, actor: Actor, delivery_id: UUID, data: InvoiceDelivery) -> UUID:
    """Posts the invoice of what was signed for of a note and is not invoiced yet; returns its item's id.

    Its day is that of the last signature, or the first open day after it; it is due from the signature on either way.
    Raises NotFound(`delivery_not_found`), RuleBroken (`delivery_nothing_to_invoice`, `period_locked`), Conflict
    (`delivery_moved_on`, `document_exists`).
    """
    actor, note = locked_delivery(db, actor, delivery_id)
    require_state(note, GONE_STATES)
    return post_signed(db, actor, note, data.number)


def post_signed(db: Session, actor: Actor, note: DbRow, number: str = "") -> UUID:
    """Posts what is signed for and not invoiced of a note that the caller has locked; see `invoice_delivery`."""
    waiting = deliveries_to_invoice(db, actor.tenant_id, [note.order_id]).get(note.id)
    if waiting is None or waiting.left_minor <= 0 or waiting.signed_on is None:
        raise RuleBroken("delivery_nothing_to_invoice", number=note.number)
    facts = order_facts(db, actor.tenant_id, note.order_id)
    terms, settlement_days = _terms(db, actor, note.customer_id, facts.term_days)
    due = due_on(terms, waiting.signed_on, work_calendar(db, actor.tenant_id).is_working_day)
    posted_on = posting_day(db, actor, waiting.signed_on)
    document_no = number or next_document_number(db, actor, "invoice", INVOICE_PREFIX, posted_on.year)
    item = NewItem(
        customer_id=note.customer_id,
        kind="invoice",
        document_no=document_no,
        document_on=posted_on,
        due_on=due,
        collection_end_on=collection_end_on(due, settlement_days),
        currency=facts.currency,
        amount_minor=waiting.left_minor,
        reference=note.number,
        tax_minor=tax_to_invoice(db, actor, note.id, waiting.left_minor),
        due_as_given=True,
    )
    (item_id,) = post_items(db, actor, [item], memo=f"{facts.order_no} · {note.number} · {waiting.signed_on}")
    entry_id = _entry_of(db, actor, item_id)
    record_event(
        db,
        actor,
        "delivery_invoiced",
        note,
        document_no=document_no,
        amount_minor=waiting.left_minor,
        currency=facts.currency,
        recognised_on=waiting.signed_on.isoformat(),
    )
    bill_order(db, actor, BillOrder(order_id=note.order_id, entry_id=entry_id, delivery_id=note.id))
    return item_id


def post_waiting_invoice(db: Session, actor: Actor, note: DbRow) -> UUID | None:
    """Posts the invoice that went with the goods, now that they are signed for; None where none did or it is posted.

    A second signature on the same note is left to the list "to invoice": the invoice's number is used.
    """
    if note.invoice_no is None or _is_used(db, actor, note.invoice_no):
        return None
    waiting = deliveries_to_invoice(db, actor.tenant_id, [note.order_id]).get(note.id)
    if waiting is None or waiting.left_minor <= 0:
        return None
    return post_signed(db, actor, note, note.invoice_no)


def _entry_of(db: Session, actor: Actor, item_id: UUID) -> UUID:
    item = OpenItem
    statement = sa.select(item.entry_id).where(item.tenant_id == actor.tenant_id, item.id == item_id)
    return db.execute(statement).scalar_one()


def _terms(db: Session, actor: Actor, customer_id: UUID, term_days: int | None) -> tuple[PaymentTerms, int]:
    """Returns the term in writing of the order, with the customer's word on days off; else the customer's terms."""
    customer = Customer
    row = db.execute(
        sa.select(customer.terms, customer.settlement_days).where(
            customer.tenant_id == actor.tenant_id, customer.id == customer_id
        )
    ).one()
    terms = PaymentTerms.from_json(row.terms)
    if term_days is not None:
        terms = PaymentTerms(days=term_days, roll=terms.roll)
    elif terms.base == "fixed":
        terms = PaymentTerms(roll=terms.roll)
    return terms, row.settlement_days


def rates_of_note(db: Session, actor: Actor, delivery_id: UUID) -> dict[int, int | None]:
    """Returns the rate of tax of each line of a note in basis points, by position; None: no rate was named."""
    return {row.position: row.tax_rate_bps for row in _lines(db, actor, delivery_id)}


def tax_by_rate(lines: Iterable[tuple[int | None, int]]) -> int:
    """Returns the tax within (rate in basis points, minor units) of lines, each rate rounded once."""
    sums: Counter[int] = Counter()
    for rate, minor in lines:
        sums[rate or 0] += minor
    return sum(tax_within(minor, rate) for rate, minor in sums.items())


def tax_to_invoice(db: Session, actor: Actor, delivery_id: UUID, left_minor: int) -> int:
    """Returns the tax (minor units) within what is left to invoice of a note: the last invoice takes the rest."""
    lines = _lines(db, actor, delivery_id)
    row = db.connection().execute(_INVOICED, {"tenant": actor.tenant_id, "delivery": delivery_id}).one()
    open_minor = sum(line.minor for line in lines) - row.minor
    tax = tax_by_rate((line.tax_rate_bps, line.minor) for line in lines) - row.tax
    return share_of(left_minor, open_minor, tax) if open_minor > 0 and tax > 0 else 0


def _lines(db: Session, actor: Actor, delivery_id: UUID) -> Sequence[DbRow]:
    return db.connection().execute(_LINES, {"tenant": actor.tenant_id, "delivery": delivery_id}).all()


def _is_used(db: Session, actor: Actor, number: str) -> bool:
    item = OpenItem
    statement = sa.select(
        sa.exists().where(item.tenant_id == actor.tenant_id, item.kind == "invoice", item.document_no == number)
    )
    return db.execute(statement).scalar_one()


def _require_free(db: Session, actor: Actor, number: str) -> None:
    if _is_used(db, actor, number):
        raise RuleBroken("delivery_invoice_taken", number=number)
