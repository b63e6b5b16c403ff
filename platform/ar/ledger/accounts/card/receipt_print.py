"""Prints a receipt of payment (收款收据): payer, amount in figures and words, documents paid.

Invariants: a reversed receipt is not printed; the documents paid are those allocated now, the remainder is shown as on
account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.accounts.card.issuer import Issuer
from ar.ledger.messages import KIND_NAMES
from ar.ledger.models import Allocation, OpenItem
from kernel import pdf
from kernel.amount_in_words import amount_in_words
from kernel.db import columns
from kernel.errors import Conflict, NotFound
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.money import format_minor, split_figure, symbol
from kernel.views import LATER, select_view, value, view, views


@dataclass(frozen=True, slots=True)
class Paid:
    """A document that the receipt pays, with the amount allocated (minor units, positive)."""

    document_no: str
    kind: str
    document_on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """A receipt as printed; `open_minor` is its unapplied amount."""

    number: str
    received_on: date
    currency: str
    amount_minor: int
    open_minor: int
    reference: str | None
    payer_no: str
    payer: str
    language: str
    paid: tuple[Paid, ...]


def receipt_facts(db: Session, tenant_id: UUID, item_id: UUID) -> ReceiptFacts:
    """Returns a receipt for printing. Two statements.

    Raises NotFound(`item_not_found`) for an item that is no receipt, Conflict(`already_reversed`) for a reversed one.
    """
    item, customer, reversal = OpenItem, Customer, aliased(OpenItem)
    is_reversed = sa.exists().where(reversal.tenant_id == tenant_id, reversal.reverses_id == item.id)
    row = columns(
        db,
        select_view(
            ReceiptFacts,
            number=value(item.document_no),
            received_on=value(sa.type_coerce(item.came_on, sa.Date)),
            currency=value(item.currency),
            amount_minor=value(item.amount_minor),
            open_minor=value(item.open_minor),
            reference=value(item.reference),
            payer_no=value(customer.number),
            payer=value(customer.name),
            language=value(customer.language),
            paid=LATER,
        )
        .add_columns(is_reversed.label("reversed"))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .where(item.tenant_id == tenant_id, item.id == item_id, item.kind == "receipt"),
    ).first()
    if row is None:
        raise NotFound("item_not_found")
    if row.reversed:
        raise Conflict("already_reversed", document_no=row.number)
    return view(ReceiptFacts, row, paid=_paid_documents(db, tenant_id, item_id))


def print_receipt(facts: ReceiptFacts, issuer: Issuer) -> pdf.Rendered:
    """Renders the PDF in the payer's language; equal facts give equal bytes."""
    with use_language(facts.language):
        return pdf.render("receipt", _pdf_values(facts, issuer))


def _paid_documents(db: Session, tenant_id: UUID, item_id: UUID) -> tuple[Paid, ...]:
    """Returns the amount allocated per document, net of unapplied allocations."""
    allocation, item = Allocation, OpenItem
    minor = sa.cast(sa.func.sum(allocation.amount_minor), sa.BigInteger)
    rows = columns(
        db,
        select_view(
            Paid,
            document_no=value(item.document_no),
            kind=value(item.kind),
            document_on=value(item.document_on),
            amount_minor=value(minor),
        )
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == allocation.debit_item_id))
        .where(allocation.tenant_id == tenant_id, allocation.credit_item_id == item_id)
        .group_by(item.document_no, item.kind, item.document_on)
        .having(minor != 0)
        .order_by(item.document_on, item.document_no),
    )
    return tuple(views(Paid, rows))


def _pdf_values(facts: ReceiptFacts, issuer: Issuer) -> dict[str, Any]:
    language, currency = facts.language, facts.currency

    def money(minor: int) -> str:
        return format_minor(minor, currency, language)

    whole, fraction = split_figure(facts.amount_minor, currency, language)
    rows = [
        [paid.document_no, _(KIND_NAMES[paid.kind]), paid.document_on.isoformat(), money(paid.amount_minor)]
        for paid in facts.paid
    ]
    if facts.open_minor:
        rows.append([_("On account, not yet applied"), "", "", money(facts.open_minor)])
    tax = _("Tax number %(number)s", number=issuer.tax_id) if issuer.tax_id else ""
    return {
        "language": language,
        "number": facts.number,
        "date": facts.received_on.isoformat(),
        "footer": "",
        "issuer": {"name": issuer.name, "lines": [issuer.address, issuer.phone, tax]},
        "payer": {"name": facts.payer, "lines": [facts.payer_no]},
        "facts": [[_("Number"), facts.number], [_("Received on"), facts.received_on.isoformat()]],
        "amount": {"symbol": symbol(currency, language), "whole": whole, "fraction": fraction},
        "words": amount_in_words(facts.amount_minor, currency, language),
        "reference": facts.reference or "",
        "rows": rows,
        "total": money(facts.amount_minor),
        "labels": {
            "title": _("Receipt of payment"),
            # Typst fills the braces itself.
            "page": _("Page {page} of {pages}"),
            "payer": _("Received from"),
            "issuer": _("Received by"),
            "amount": _("Amount received"),
            "words": _("In words"),
            "for": _("In payment of"),
            "document": _("Document"),
            "kind": _("Kind"),
            "date": _("Date"),
            "applied": _("Amount"),
            "total": _("Total"),
            "reference": _("Reference"),
            "cashier": _("Cashier"),
            "accountant": _("Accountant"),
            "seal": _("Seal of the receiving company"),
        },
    }
