"""Posts documents entered by hand: invoices, debit notes, credit notes, goods returns.

Invariants: a form submitted twice posts one document; running numbers have no gaps; a credit is allocated to the
document it references at posting or not at all; what it gives back of a discount is in `crediting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.lookups import matches
from ar.customers.models import Customer
from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.locks import lock_customers
from ar.ledger.books.period_lock import locked_through
from ar.ledger.books.posting import post_items
from ar.ledger.documents.crediting import (
    CreditedDocument,
    as_credit_of,
    credited_document,
    take_back_discount,
    tax_left_minor,
)
from ar.ledger.documents.inputs import PREFIXES, SubmittedDocument, TypedDocument
from ar.ledger.documents.parsing import Buyer, Document, Fault, ParsingContext, parse_fields
from ar.ledger.messages import MESSAGES
from ar.ledger.models import OpenItem
from ar.ledger.rules.due_dates import PaymentTerms
from kernel import idempotency, outbox
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import RuleBroken
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.queries import tenant, work_calendar

#: News for who keeps orders: an invoice was posted whose reference may name one (`item_id`).
INVOICE_POSTED: Final = "ledger.invoice_posted"

CUSTOMERS_LISTED_MAX = 5
SUGGESTED_MAX = 20


class DocumentRefused(RuleBroken):
    """The typed document is invalid; `faults`: field → message code and parameters."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        super().__init__("document_refused", fields={name: code for name, (code, _params) in faults.items()})
        self.faults = faults

    def texts(self) -> dict[str, str]:
        """Returns field → message in the current language."""
        return {name: _message(code, params) for name, (code, params) in self.faults.items()}


def _message(code: str, params: Mapping[str, object]) -> str:
    shown = dict(params)
    for name in [name for name in params if name.endswith("_minor")]:
        shown[name.removesuffix("_minor")] = format_with_symbol(
            int(str(params[name])), str(params["currency"]), current_language()
        )
    return _(MESSAGES[code], **shown)


def post_document(
    db: Session, actor: Actor, kind: str, data: SubmittedDocument, *, computed_tax_minor: int | None = None
) -> UUID:
    """Posts a typed document; returns the id of its item (of the first instalment).

    `computed_tax_minor`: the tax within it where that follows from several rates; None: as the document says.
    The same key again returns the first result. Raises DocumentRefused with all faults by field; Conflict
    (`document_exists`, `idempotency_key_reused`); RuleBroken for a rule that failed since validation.
    """
    request = {"kind": kind, **data.typed.model_dump()}
    return idempotency.once(
        db,
        actor,
        f"document:{data.key}",
        request,
        lambda: post_parsed(
            db, actor, _with_computed_tax(parse_document(db, actor, kind, data.typed), computed_tax_minor)
        ),
    )


def _with_computed_tax(document: Document, tax_minor: int | None) -> Document:
    if tax_minor is None:
        return document
    part = replace(document.parts[0], tax_minor=tax_minor)
    return replace(document, tax_minor=tax_minor, tax_computed=True, parts=(part,))


def parse_document(db: Session, actor: Actor, kind: str, typed: TypedDocument) -> Document:
    """Validates a typed document without posting it. Raises DocumentRefused."""
    buyer = find_buyer(db, actor.tenant_id, typed.customer)
    known_buyer = buyer if isinstance(buyer, Buyer) else None
    parsed = parse_fields(kind, typed, known_buyer, parsing_context(db, actor))
    faults = parsed if isinstance(parsed, dict) else {}
    if not isinstance(buyer, Buyer):
        faults = {"customer": buyer, **faults}
    if isinstance(parsed, Document) and parsed.allocate and not _referenced_items(db, actor.tenant_id, parsed):
        faults = {"reference": ("reference_unknown", {"document_no": parsed.reference})}
    if faults or isinstance(parsed, dict):
        raise DocumentRefused(faults)
    return _credited(db, actor, parsed)[0]


def _credited(db: Session, actor: Actor, document: Document) -> tuple[Document, CreditedDocument | None]:
    """Returns a document with the tax that is left for it, and the document that it credits, if any.

    Raises DocumentRefused when more tax is typed than is left.
    """
    concerned = credited_document(db, actor.tenant_id, document)
    if concerned is not None and not document.tax_computed and document.tax_minor > tax_left_minor(concerned):
        left = {"left_minor": tax_left_minor(concerned), "currency": document.currency}
        raise DocumentRefused({"tax": ("tax_more_than_left", {"document_no": document.reference, **left})})
    return as_credit_of(document, concerned), concerned


def post_parsed(db: Session, actor: Actor, document: Document) -> UUID:
    """Posts a parsed document, allocating a credit to the document it references; returns its (first) item's id."""
    concerned = None
    if document.is_credit and document.reference:
        actor = lock_customers(db, actor, [document.buyer.id])
        document, concerned = _credited(db, actor, document)
    number = document.number or next_document_number(
        db, actor, document.kind, PREFIXES[document.kind], document.document_on.year
    )
    item_id = post_items(db, actor, document.items(number), memo=document.memo)[0]
    if document.kind == "invoice":
        outbox.put(db, actor, INVOICE_POSTED, {"item_id": str(item_id)})
    if document.allocate:
        _allocate_to_reference(db, actor, document, item_id)
    if concerned is not None and document.discount_back_minor:
        debit_no = next_document_number(db, actor, "debit_note", PREFIXES["debit_note"], document.document_on.year)
        take_back_discount(db, actor, document, concerned, item_id, debit_no)
    return item_id


def parsing_context(db: Session, actor: Actor) -> ParsingContext:
    """Returns the company's date, currency, calendar and period lock."""
    calendar = work_calendar(db, actor.tenant_id)
    return ParsingContext(
        actor.today,
        tenant(db, actor.tenant_id).currency,
        calendar.is_working_day,
        locked_through(db, actor.tenant_id),
    )


def find_buyer(db: Session, tenant_id: UUID, text: str) -> Buyer | Fault:
    """Returns the customer of that number, else of that name, else the only match of a search; or a fault."""
    if not text:
        return ("customer_missing", {})
    customer = Customer
    columns = (customer.id, customer.number, customer.name, customer.terms, customer.settlement_days)
    exact = sa.select(*columns).where(
        customer.tenant_id == tenant_id,
        customer.retired_at.is_(None),
        sa.or_(customer.number == text, customer.name == text),
    )
    found = db.execute(exact.limit(CUSTOMERS_LISTED_MAX)).all()
    found = [row for row in found if row.number == text] or found
    if not found and (conditions := matches(tenant_id, text)):
        search = sa.select(*columns).where(customer.tenant_id == tenant_id, *conditions)
        found = db.execute(search.order_by(customer.sort_key, customer.number).limit(CUSTOMERS_LISTED_MAX)).all()
    if not found:
        return ("customer_unknown", {"text": text})
    if len(found) > 1:
        return ("customer_several", {"text": text, "found": "; ".join(f"{row.number} {row.name}" for row in found)})
    row = found[0]
    return Buyer(
        id=row.id,
        number=row.number,
        name=row.name,
        terms=PaymentTerms.from_json(row.terms),
        settlement_days=row.settlement_days,
    )


def document_items(db: Session, tenant_id: UUID, item_id: UUID) -> list[OpenItem]:
    """Returns all items of the document that `item_id` belongs to, by instalment number."""
    item, given = OpenItem, aliased(OpenItem)
    return list(
        db.execute(
            sa.select(item)
            .join(given, sa.and_(given.tenant_id == tenant_id, given.entry_id == item.entry_id))
            .where(item.tenant_id == tenant_id, given.id == item_id)
            .order_by(item.instalment_no)
        ).scalars()
    )


def item_json(item: OpenItem) -> dict[str, Any]:
    """Returns an item of a document for `--json`."""
    return {
        "id": item.id,
        "kind": item.kind,
        "document_no": item.document_no,
        "instalment_no": item.instalment_no,
        "document_on": item.document_on,
        "due_on": item.due_on,
        "collection_end_on": item.collection_end_on,
        "currency": item.currency,
        "amount_minor": item.amount_minor,
        "open_minor": item.open_minor,
    }


def suggest_customers(db: Session, tenant_id: UUID, text: str) -> list[tuple[str, str]]:
    """Returns (number, name) of customers that match a typed text, at most twenty, for the form's drop-down."""
    conditions = matches(tenant_id, text)
    if not conditions:
        return []
    customer = Customer
    statement = sa.select(customer.number, customer.name).where(customer.tenant_id == tenant_id, *conditions)
    rows = db.execute(statement.order_by(customer.sort_key, customer.number).limit(SUGGESTED_MAX))
    return [(row.number, row.name) for row in rows]


def next_document_number(db: Session, actor: Actor, kind: str, prefix: str, year: int) -> str:
    """Takes the next running number of a kind and year, such as `INV-2026-000123`; skips numbers typed before."""
    counter = f"document:{kind}:{year}"
    number = take_numbers(db, actor.tenant_id, counter)[0]
    taken = _numbers_in_use(db, actor.tenant_id, kind, document_number(prefix, year, number), f"{prefix}-{year}-")
    ahead = 0
    while document_number(prefix, year, number + ahead) in taken:
        ahead += 1
    if ahead:
        take_numbers(db, actor.tenant_id, counter, ahead)
    return document_number(prefix, year, number + ahead)


def _numbers_in_use(db: Session, tenant_id: UUID, kind: str, number: str, prefix: str) -> frozenset[str]:
    """Returns all numbers with the prefix when `number` is in use, else an empty set (the usual case)."""
    item = OpenItem
    of_kind = (item.tenant_id == tenant_id, item.kind == kind)
    if not db.execute(sa.select(sa.exists().where(*of_kind, item.document_no == number))).scalar_one():
        return frozenset()
    with_prefix = sa.select(item.document_no).where(*of_kind, item.document_no.startswith(prefix, autoescape=True))
    return frozenset(db.execute(with_prefix).scalars())


def _referenced_items(db: Session, tenant_id: UUID, document: Document) -> list[tuple[UUID, int]]:
    """Returns (id, open amount) of the items of the document that a credit references, earliest due first.

    A document taken back is none, also where the same number was issued again.
    """
    item, mirror = OpenItem, aliased(OpenItem)
    rows = db.execute(
        sa.select(item.id, item.open_minor)
        .where(
            item.tenant_id == tenant_id,
            item.customer_id == document.buyer.id,
            item.currency == document.currency,
            item.side == 1,
            item.document_no == document.reference,
            item.reverses_id.is_(None),
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id),
        )
        .order_by(item.due_on, item.instalment_no)
    )
    return [(row.id, row.open_minor) for row in rows]


def _allocate_to_reference(db: Session, actor: Actor, document: Document, credit_id: UUID) -> None:
    """Allocates the credit to the document it references, up to its open amount; the remainder stays unapplied."""
    left_minor, allocations = document.amount_minor, []
    for item_id, open_minor in _referenced_items(db, actor.tenant_id, document):
        part_minor = min(left_minor, open_minor)
        if part_minor:
            allocations.append(NewAllocation(item_id, credit_id, part_minor))
            left_minor -= part_minor
    allocate(db, actor, allocations)
