"""Posts what gives invoiced goods back: a document of the ledger on each invoice that billed them (R100).

Invariants: an invoice gives back no more than it billed of the note and was not credited yet, and no more tax than is
left in it; what comes back together is credited together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.commands import DocumentRefused, SubmittedDocument, post_document, posting_day
from ar.ledger.lookups import credited
from ar.sales.deliveries.billing.commands import rates_of_note, tax_by_rate
from ar.sales.deliveries.inputs import ReturnGoods
from ar.sales.orders.facts import order_facts
from ar.sales.rules.returns import BilledPart, CreditPart, lines_by_credit, split_return
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id
from kernel.money import exponent
from kernel.views import DbRow

#: The invoices that stand of a note, and of its order without a note; the note's own first, each the latest first.
_BILLED: Final = sa.text("""
    SELECT i.document_no, CAST(sum(i.amount_minor) AS bigint) AS minor
    FROM order_invoice AS i
    WHERE i.tenant_id = :tenant AND i.order_id = :order AND (i.delivery_id = :delivery OR i.delivery_id IS NULL)
        AND NOT EXISTS (SELECT FROM entry AS m WHERE m.tenant_id = :tenant AND m.reverses_id = i.entry_id)
    GROUP BY i.document_no
    ORDER BY bool_and(i.delivery_id IS NULL), max(i.recorded_at) DESC, i.document_no DESC
""")


@dataclass(frozen=True, slots=True)
class Credit:
    """A document that gives goods back: its item, and what of them it gives back (minor units)."""

    item_id: UUID
    amount_minor: int


def credit_goods(
    db: Session, actor: Actor, note: DbRow, data: ReturnGoods, rows: Sequence[Mapping[str, Any]]
) -> list[Credit]:
    """Posts the documents that give back what was signed for among `rows`; each line at its own rate of tax.

    Raises RuleBroken for what the ledger refuses.
    """
    signed = {row["position"]: row["amount_minor"] for row in rows if row["was_signed"]}
    currency = order_facts(db, actor.tenant_id, note.order_id).currency
    rates = rates_of_note(db, actor, note.id)
    tax = tax_by_rate((rates[at], minor) for at, minor in signed.items()) if any(rates.values()) else None
    billed = _billed(db, actor, note, currency)
    parts = split_return(sum(signed.values()), tax, billed)
    return [Credit(_post(db, actor, note, data, currency, part), part.amount_minor) for part in parts]


def _billed(db: Session, actor: Actor, note: DbRow, currency: str) -> list[BilledPart]:
    asked = {"tenant": actor.tenant_id, "order": note.order_id, "delivery": note.id}
    found = []
    for row in db.connection().execute(_BILLED, asked).all():
        invoice = credited(db, actor.tenant_id, note.customer_id, currency, row.document_no)
        if invoice is None:
            continue
        whole = max(0, invoice.amount_minor - invoice.credited_minor)
        tax_left = max(0, invoice.tax_minor - invoice.credited_tax_minor)
        found.append(BilledPart(row.document_no, min(row.minor, whole), tax_left, whole))
    return found


def _post(db: Session, actor: Actor, note: DbRow, data: ReturnGoods, currency: str, part: CreditPart) -> UUID:
    customer = Customer
    number = db.execute(
        sa.select(customer.number).where(customer.tenant_id == actor.tenant_id, customer.id == note.customer_id)
    ).scalar_one()
    document = SubmittedDocument(
        customer=number,
        document_on=posting_day(db, actor, data.returned_on).isoformat(),
        currency=currency,
        amount=str(Decimal(part.amount_minor).scaleb(-exponent(currency))),
        reference=part.document_no,
        allocate="1" if part.document_no else "",
        memo=f"{note.number}: {data.reason}"[:500],
        key=str(new_id()),
    )
    try:
        return post_document(db, actor, "goods_return", document, computed_tax_minor=part.tax_minor)
    except DocumentRefused as refused:  # nobody typed it, so the fault itself is said, at no field
        code, params = next(iter(refused.faults.values()))
        raise RuleBroken(code, **params) from refused


def rows_by_credit(rows: Sequence[Mapping[str, Any]], given_back: Sequence[Credit]) -> list[dict[str, Any]]:
    """Returns the rows of a return, each with the credit that gives it back; a line that two give back is two rows."""
    signed = [row for row in rows if row["was_signed"]]
    found = [{**row, "credit_item_id": None} for row in rows if not given_back or not row["was_signed"]]
    if given_back:
        lines = [(row["quantity"], row["amount_minor"]) for row in signed]
        parts = lines_by_credit(lines, [(each.item_id, each.amount_minor) for each in given_back])
        for row, of_row in zip(signed, parts, strict=True):
            for item_id, quantity, amount in of_row:
                found.append({**row, "quantity": quantity, "amount_minor": amount, "credit_item_id": item_id})
    return found
