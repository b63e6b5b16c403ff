"""Posts what gives invoiced goods back: a document of the ledger on each invoice that billed them (R100).

Invariants: goods are credited on an invoice that billed them, at their own rates of tax; no more tax is given back than
is left in it; what comes back together is credited together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.commands import DocumentRefused, SubmittedDocument, post_document, posting_day
from ar.ledger.lookups import credited
from ar.ledger.rules.shares import share_of
from ar.sales.deliveries.billing.commands import rates_of_note, tax_by_rate
from ar.sales.deliveries.billing.proposals import DeliveryToInvoice
from ar.sales.deliveries.inputs import ReturnGoods
from ar.sales.orders.facts import order_facts
from ar.sales.rules.returns import Billed, Invoiced, Part, Piece, Returned, Signed, billed_lines
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id
from kernel.money import exponent
from kernel.views import DbRow

#: What was signed for of a note, signature by signature, as far as these stand.
_SIGNED: Final = sa.text("""
    SELECT s.id, s.recorded_at, l.position, l.quantity, l.amount_minor
    FROM sign_off AS s JOIN sign_off_line AS l ON l.tenant_id = :tenant AND l.sign_off_id = s.id
    WHERE s.tenant_id = :tenant AND s.delivery_id = :delivery AND s.reverses_id IS NULL AND l.quantity > 0
        AND NOT EXISTS (SELECT FROM sign_off AS c WHERE c.tenant_id = :tenant AND c.reverses_id = s.id)
""")
#: What of it came back, and the invoice that was credited for it, if any.
_BACK: Final = sa.text("""
    SELECT r.recorded_at, r.position, i.reference AS document_no, r.quantity, r.amount_minor
    FROM delivery_return AS r LEFT JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = r.credit_item_id
    WHERE r.tenant_id = :tenant AND r.delivery_id = :delivery AND r.was_signed
    ORDER BY r.recorded_at, r.id
""")
#: The invoices that stand of a note, and of its order without a note; those of the order first.
_BILLS: Final = sa.text("""
    SELECT i.document_no, bool_and(i.delivery_id IS NULL) AS of_order, min(i.recorded_at) AS recorded_at,
        CAST(sum(i.amount_minor) AS bigint) AS minor
    FROM order_invoice AS i
    WHERE i.tenant_id = :tenant AND i.order_id = :order AND (i.delivery_id = :delivery OR i.delivery_id IS NULL)
        AND NOT EXISTS (SELECT FROM entry AS m WHERE m.tenant_id = :tenant AND m.reverses_id = i.entry_id)
    GROUP BY i.document_no
    ORDER BY bool_and(i.delivery_id IS NULL) DESC, min(i.recorded_at), i.document_no
""")


def billed_of_note(db: Session, actor: Actor, note: DbRow, waiting: DeliveryToInvoice) -> Billed:
    """Returns which invoice billed what of the lines of a note that the caller has locked."""
    asked = {"tenant": actor.tenant_id, "order": note.order_id, "delivery": note.id}
    connection = db.connection()
    signatures: dict[tuple[datetime, UUID], dict[int, Part]] = {}
    for row in connection.execute(_SIGNED, asked):
        parts = signatures.setdefault((row.recorded_at, row.id), {})
        parts[row.position] = Part(quantity=row.quantity, amount_minor=row.amount_minor)
    history: list[tuple[datetime, Signed | Invoiced | Returned]]
    history = [(moment, Signed(own)) for (moment, _id), own in sorted(signatures.items())]
    currency = order_facts(db, actor.tenant_id, note.order_id).currency
    # Of what the order's invoices bill without a note, this note takes what no invoice of its own does.
    of_order = max(0, waiting.signed_minor - waiting.invoiced_minor - waiting.left_minor)
    for row in connection.execute(_BILLS, asked).all():
        amount = min(row.minor, of_order) if row.of_order else row.minor
        of_order -= amount if row.of_order else 0
        invoice = credited(db, actor.tenant_id, note.customer_id, currency, row.document_no)
        left = max(0, invoice.amount_minor - invoice.credited_minor) if invoice is not None else 0
        history.append((row.recorded_at, Invoiced(row.document_no, amount, left)))
    for row in connection.execute(_BACK, asked):
        part = Part(quantity=row.quantity, amount_minor=row.amount_minor)
        event = Returned(position=row.position, document_no=row.document_no, part=part)
        history.append((row.recorded_at, event))
    # Of one moment, goods are signed for before they are invoiced, as they were added.
    return billed_lines(event for _moment, event in sorted(history, key=lambda each: each[0]))


def credit_goods(
    db: Session, actor: Actor, note: DbRow, data: ReturnGoods, pieces: Sequence[Piece]
) -> dict[str | None, UUID]:
    """Posts the documents that give pieces of a return back; returns their items by the number of the invoice.

    Raises RuleBroken for what the ledger refuses.
    """
    currency = order_facts(db, actor.tenant_id, note.order_id).currency
    rates = rates_of_note(db, actor, note.id)
    numbers = dict.fromkeys(each.document_no for each in pieces if each.document_no is not None)
    found: dict[str | None, UUID] = {}
    for number in numbers:
        own = [each for each in pieces if each.document_no == number]
        amount_minor = sum(each.amount_minor for each in own)
        tax = _tax(db, actor, note, currency, rates, own) if number else None
        found[number] = _post(db, actor, note, data, currency, number, amount_minor, tax)
    return found


def _tax(
    db: Session, actor: Actor, note: DbRow, currency: str, rates: Mapping[int, int | None], own: Sequence[Piece]
) -> int | None:
    """Returns the tax within what is credited on one invoice: by the rates of its lines.

    Of a note that names no rate, by the tax that the invoice has.
    """
    if any(rates.values()):
        return tax_by_rate((rates[each.position], each.amount_minor) for each in own)
    invoice = credited(db, actor.tenant_id, note.customer_id, currency, own[0].document_no or "")
    if invoice is None or not invoice.tax_minor:
        return None
    return share_of(sum(each.amount_minor for each in own), invoice.amount_minor, invoice.tax_minor)


def _post(
    db: Session,
    actor: Actor,
    note: DbRow,
    data: ReturnGoods,
    currency: str,
    number: str,
    amount_minor: int,
    tax_minor: int | None,
) -> UUID:
    customer = Customer
    customer_no = db.execute(
        sa.select(customer.number).where(customer.tenant_id == actor.tenant_id, customer.id == note.customer_id)
    ).scalar_one()
    document = SubmittedDocument(
        customer=customer_no,
        document_on=posting_day(db, actor, data.returned_on).isoformat(),
        currency=currency,
        amount=str(Decimal(amount_minor).scaleb(-exponent(currency))),
        reference=number,
        allocate="1" if number else "",
        memo=f"{note.number}: {data.reason}"[:500],
        key=str(new_id()),
    )
    try:
        return post_document(db, actor, "goods_return", document, computed_tax_minor=tax_minor)
    except DocumentRefused as refused:  # nobody typed it, so the fault itself is said, at no field
        code, params = next(iter(refused.faults.values()))
        raise RuleBroken(code, **params) from refused
