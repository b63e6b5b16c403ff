"""Documents booked by hand: invoice, debit note, credit note, goods returned. From what was typed to the books.

May import the reading, posting, allocation, the customers' look-ups, tenants and the kernel. Invariants: the same
form twice books one document; running numbers have no gap; a credit pays the document it names at once or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.lookups import matches
from ar.customers.models import Customer
from ar.ledger.books.allocation import NewAllocation, allocate, lock_customers
from ar.ledger.books.period_lock import locked_through
from ar.ledger.books.posting import post_items
from ar.ledger.documents.inputs import PREFIXES, SentDocument, TypedDocument
from ar.ledger.documents.parsing import Buyer, Document, Fault, Ground, read_document
from ar.ledger.messages import MESSAGES
from ar.ledger.models import OpenItem
from ar.ledger.rules.due_dates import Terms
from kernel import idempotency
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import RuleBroken
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.queries import tenant, work_calendar

NAMED_MAX = 5


class DocumentRefused(RuleBroken):
    """What was typed is no document yet; `faults`: field → code and parameters of its sentence."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        super().__init__("document_refused", fields={name: code for name, (code, _params) in faults.items()})
        self.faults = faults

    def texts(self) -> dict[str, str]:
        """Field → sentence in the current language."""
        return {name: _sentence(code, params) for name, (code, params) in self.faults.items()}


def _sentence(code: str, params: Mapping[str, object]) -> str:
    shown = dict(params)
    for name in [name for name in params if name.endswith("_minor")]:
        shown[name.removesuffix("_minor")] = format_with_symbol(
            int(str(params[name])), str(params["currency"]), current_language()
        )
    return _(MESSAGES[code], **shown)


def post_document(db: Session, actor: Actor, kind: str, data: SentDocument) -> UUID:
    """Books what was typed; returns the id of the item (of the first instalment).

    The same key again returns the first answer. Raises DocumentRefused with every fault by field; Conflict
    (`document_exists`, `idempotency_key_reused`), RuleBroken for what changed meanwhile.
    """
    request = {"kind": kind, **data.typed.model_dump()}
    return idempotency.once(
        db, actor, f"document:{data.key}", request, lambda: book(db, actor, understood(db, actor, kind, data.typed))
    )


def understood(db: Session, actor: Actor, kind: str, typed: TypedDocument) -> Document:
    """The document that was typed, ready to be booked; books nothing. Raises DocumentRefused."""
    buyer = find_buyer(db, actor.tenant_id, typed.customer)
    known = buyer if isinstance(buyer, Buyer) else None
    read = read_document(kind, typed, known, ground(db, actor))
    faults = read if isinstance(read, dict) else {}
    if not isinstance(buyer, Buyer):
        faults = {"customer": buyer, **faults}
    if isinstance(read, Document) and read.allocate and not _named(db, actor.tenant_id, read):
        faults = {"reference": ("reference_unknown", {"document_no": read.reference})}
    if faults or isinstance(read, dict):
        raise DocumentRefused(faults)
    return read


def book(db: Session, actor: Actor, document: Document) -> UUID:
    """Books a document that was understood; returns the id of its (first) item."""
    if document.allocate:
        lock_customers(db, actor.tenant_id, [document.buyer.id])
    number = document.number or next_number(
        db, actor, document.kind, PREFIXES[document.kind], document.document_on.year
    )
    item_id = post_items(db, actor, document.items(number), memo=document.memo)[0]
    if document.allocate:
        _pay_named(db, actor, document, item_id)
    return item_id


def ground(db: Session, actor: Actor) -> Ground:
    """The company's day, currency, calendar and lock."""
    calendar = work_calendar(db, actor.tenant_id)
    return Ground(
        actor.today,
        tenant(db, actor.tenant_id).currency,
        calendar.is_working_day,
        locked_through(db, actor.tenant_id),
    )


def find_buyer(db: Session, tenant_id: UUID, text: str) -> Buyer | Fault:
    """The customer of that number, else of that name, else the only one that a search finds; or why there is none."""
    if not text:
        return ("customer_missing", {})
    c = Customer
    columns = (c.id, c.number, c.name, c.terms, c.settlement_days)
    exact = sa.or_(c.number == text, c.name == text)
    found = db.execute(sa.select(*columns).where(c.tenant_id == tenant_id, exact).limit(NAMED_MAX)).all()
    found = [row for row in found if row.number == text] or found
    if not found and (searched := matches(tenant_id, text)):
        statement = sa.select(*columns).where(c.tenant_id == tenant_id, *searched)
        found = db.execute(statement.order_by(c.sort_key, c.number).limit(NAMED_MAX)).all()
    if not found:
        return ("customer_unknown", {"text": text})
    if len(found) > 1:
        return ("customer_several", {"text": text, "found": "; ".join(f"{row.number} {row.name}" for row in found)})
    row = found[0]
    return Buyer(
        id=row.id,
        number=row.number,
        name=row.name,
        terms=Terms.from_json(row.terms),
        settlement_days=row.settlement_days,
    )


def document_rows(db: Session, tenant_id: UUID, item_id: UUID) -> list[OpenItem]:
    """All items of the document that an item belongs to, in their order."""
    i, asked = OpenItem, aliased(OpenItem)
    return list(
        db.execute(
            sa.select(i)
            .join(asked, sa.and_(asked.tenant_id == tenant_id, asked.entry_id == i.entry_id))
            .where(i.tenant_id == tenant_id, asked.id == item_id)
            .order_by(i.instalment_no)
        ).scalars()
    )


def item_json(item: OpenItem) -> dict[str, Any]:
    """Returns an item of a document for a program."""
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


def suggestions(db: Session, tenant_id: UUID, text: str) -> list[tuple[str, str]]:
    """Numbers and names that a search finds, for the list below the field; at most twenty."""
    searched = matches(tenant_id, text)
    if not searched:
        return []
    c = Customer
    statement = sa.select(c.number, c.name).where(c.tenant_id == tenant_id, *searched)
    return [(row.number, row.name) for row in db.execute(statement.order_by(c.sort_key, c.number).limit(20))]


def next_number(db: Session, actor: Actor, kind: str, prefix: str, year: int) -> str:
    """The next running number of a kind and year: `INV-2026-000123`. Numbers that were typed before are passed over."""
    counter = f"document:{kind}:{year}"
    number = take_numbers(db, actor.tenant_id, counter)[0]
    taken = _taken_from(db, actor.tenant_id, kind, document_number(prefix, year, number), f"{prefix}-{year}-")
    ahead = 0
    while document_number(prefix, year, number + ahead) in taken:
        ahead += 1
    if ahead:
        take_numbers(db, actor.tenant_id, counter, ahead)
    return document_number(prefix, year, number + ahead)


def _taken_from(db: Session, tenant_id: UUID, kind: str, number: str, prefix: str) -> frozenset[str]:
    """Empty when the number is free, which is the rule; else all of that prefix."""
    i = OpenItem
    own = (i.tenant_id == tenant_id, i.kind == kind)
    if not db.execute(sa.select(sa.exists().where(*own, i.document_no == number))).scalar_one():
        return frozenset()
    return frozenset(
        db.execute(sa.select(i.document_no).where(*own, i.document_no.startswith(prefix, autoescape=True))).scalars()
    )


def _named(db: Session, tenant_id: UUID, document: Document) -> list[tuple[UUID, int]]:
    """The items of the document that a credit names, with what is open, earliest due first."""
    i = OpenItem
    rows = db.execute(
        sa.select(i.id, i.open_minor)
        .where(
            i.tenant_id == tenant_id,
            i.customer_id == document.buyer.id,
            i.currency == document.currency,
            i.side == 1,
            i.document_no == document.reference,
        )
        .order_by(i.due_on, i.instalment_no)
    )
    return [(row.id, row.open_minor) for row in rows]


def _pay_named(db: Session, actor: Actor, document: Document, credit_id: UUID) -> None:
    """Allocates the credit to the document it names, as far as that is open; the rest stays unapplied."""
    left, wanted = document.amount_minor, []
    for item_id, open_minor in _named(db, actor.tenant_id, document):
        part = min(left, open_minor)
        if part:
            wanted.append(NewAllocation(item_id, credit_id, part))
            left -= part
    allocate(db, actor, wanted)
