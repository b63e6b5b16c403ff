"""Drafts: documents not yet booked, kept as typed. They count nowhere and may be dated in a closed period.

May import documents, the ledger's tables and the kernel. Invariants: whoever saves names the version that was opened,
so that nobody's typing is lost unseen; a draft is booked once, and what was booked or discarded stays as a row.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.books.allocation import lock_customers
from ar.ledger.documents.commands import book, find_buyer, understood
from ar.ledger.documents.inputs import SentDocument, TypedDocument
from ar.ledger.documents.parsing import Buyer
from ar.ledger.models import DocumentDraft
from kernel import idempotency
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is stored; `version` names what was typed, so that equal typing is no conflict."""

    id: UUID
    kind: str
    typed: TypedDocument
    version: str
    state: str
    item_id: UUID | None
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of the list: what was typed, as typed, since nothing of it needs to be readable yet."""

    id: UUID
    kind: str
    customer: str
    customer_name: str | None
    number: str
    document_on: str
    amount: str
    currency: str
    updated_at: datetime
    updated_by: str


def save_draft(db: Session, actor: Actor, kind: str, data: SentDocument) -> UUID:
    """Keeps what was typed as a new draft; the same key again returns the first one."""
    request = {"kind": kind, **data.typed.model_dump()}
    return idempotency.once(db, actor, f"draft:{data.key}", request, lambda: _save_draft(db, actor, kind, data))


def _save_draft(db: Session, actor: Actor, kind: str, data: SentDocument) -> UUID:
    draft_id = new_id()
    db.execute(
        sa.insert(DocumentDraft).values(
            tenant_id=actor.tenant_id,
            id=draft_id,
            kind=kind,
            customer_id=_buyer_id(db, actor.tenant_id, data.typed),
            typed=data.typed.model_dump(),
            state="draft",
            created_at=actor.now,
            created_by=actor.name,
            updated_at=actor.now,
            updated_by=actor.name,
        )
    )
    return draft_id


def change_draft(db: Session, actor: Actor, draft_id: UUID, data: SentDocument) -> None:
    """Keeps what was typed now. Raises NotFound, Conflict(`draft_closed`, `draft_changed`)."""
    buyer_id = _buyer_id(db, actor.tenant_id, data.typed)
    _held(db, actor.tenant_id, draft_id, data)
    _update(db, actor, draft_id, customer_id=buyer_id, typed=data.typed.model_dump())


def post_draft(db: Session, actor: Actor, draft_id: UUID, data: SentDocument) -> UUID:
    """Books what was typed now and closes the draft; returns the item's id. The same key again returns it too.

    Raises DocumentRefused, NotFound, Conflict (`draft_closed`, `draft_changed`) and what posting raises.
    """
    request = {"draft": draft_id, **data.typed.model_dump()}
    return idempotency.once(
        db, actor, f"draft_post:{data.key}", request, lambda: _post_draft(db, actor, draft_id, data)
    )


def _post_draft(db: Session, actor: Actor, draft_id: UUID, data: SentDocument) -> UUID:
    kind = draft(db, actor.tenant_id, draft_id).kind
    document = understood(db, actor, kind, data.typed)
    if document.allocate:
        lock_customers(db, actor.tenant_id, [document.buyer.id])
    _held(db, actor.tenant_id, draft_id, data)
    item_id = book(db, actor, document)
    typed = data.typed.model_dump()
    _update(db, actor, draft_id, customer_id=document.buyer.id, typed=typed, state="posted", item_id=item_id)
    return item_id


def discard_draft(db: Session, actor: Actor, draft_id: UUID) -> None:
    """Puts the draft away; a second time changes nothing. Raises NotFound, Conflict(`draft_closed`) when booked."""
    state = draft(db, actor.tenant_id, draft_id, hold=True).state
    if state == "posted":
        raise Conflict("draft_closed")
    if state == "draft":
        _update(db, actor, draft_id, state="discarded")


def draft(db: Session, tenant_id: UUID, draft_id: UUID, *, hold: bool = False) -> Draft:
    """One draft in whatever state. Raises NotFound."""
    d = DocumentDraft
    statement = sa.select(d.id, d.kind, d.typed, d.state, d.item_id, d.updated_at, d.updated_by).where(
        d.tenant_id == tenant_id, d.id == draft_id
    )
    row = db.execute(statement.with_for_update() if hold else statement).first()
    if row is None:
        raise NotFound("draft_not_found")
    typed = TypedDocument.model_validate(row.typed)
    return Draft(
        id=row.id,
        kind=row.kind,
        typed=typed,
        version=version_of(typed),
        state=row.state,
        item_id=row.item_id,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def drafts(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[DraftLine], int]:
    """A page of the drafts that wait, the last changed first, and how many there are. Two statements."""
    d, customer = DocumentDraft, Customer
    waiting = (d.tenant_id == tenant_id, d.state == "draft")
    total = db.execute(sa.select(sa.func.count()).select_from(d).where(*waiting)).scalar_one()

    def typed(name: str) -> sa.ColumnElement[Any]:
        return sa.func.coalesce(d.typed[name].astext, "")

    rows = db.execute(
        select_view(
            DraftLine,
            id=value(d.id),
            kind=value(d.kind),
            customer=value(typed("customer")),
            customer_name=value(customer.name),
            number=value(typed("number")),
            document_on=value(typed("document_on")),
            amount=value(typed("amount")),
            currency=value(typed("currency")),
            updated_at=value(d.updated_at),
            updated_by=value(d.updated_by),
        )
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == d.customer_id))
        .where(*waiting)
        .order_by(d.updated_at.desc(), d.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return views(DraftLine, rows), total


def version_of(typed: TypedDocument) -> str:
    """What was typed, as a short name."""
    return hashlib.sha256(json.dumps(typed.model_dump(), sort_keys=True).encode()).hexdigest()[:32]


def _held(db: Session, tenant_id: UUID, draft_id: UUID, data: SentDocument) -> None:
    """The draft's row, held until COMMIT and still as it was opened."""
    stored = draft(db, tenant_id, draft_id, hold=True)
    if stored.state != "draft":
        raise Conflict("draft_closed")
    if stored.version != data.version and stored.version != version_of(data.typed):
        raise Conflict("draft_changed", name=stored.updated_by)


def _update(db: Session, actor: Actor, draft_id: UUID, **values: object) -> None:
    d = DocumentDraft
    db.execute(
        sa.update(d)
        .where(d.tenant_id == actor.tenant_id, d.id == draft_id)
        .values(**values, updated_at=actor.now, updated_by=actor.name)
    )


def _buyer_id(db: Session, tenant_id: UUID, typed: TypedDocument) -> UUID | None:
    buyer = find_buyer(db, tenant_id, typed.customer)
    return buyer.id if isinstance(buyer, Buyer) else None
