"""Drafts of documents, saved as typed; they are in no balance and may be dated in a closed period.

Invariants: saving states the version that was opened, so that no concurrent change is overwritten unseen; a draft is
posted once; posted and discarded drafts stay as rows.
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
from ar.ledger.books.locks import lock_customers
from ar.ledger.documents.commands import find_buyer, parse_document, post_parsed
from ar.ledger.documents.inputs import SubmittedDocument, TypedDocument
from ar.ledger.documents.models import DocumentDraft
from ar.ledger.documents.parsing import Buyer
from kernel import idempotency
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class Draft:
    """A stored draft; `version` is a hash of its typed values, so that equal values are no conflict."""

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
    """A line of the list of drafts; values as typed, because they need not be valid yet."""

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


def save_draft(db: Session, actor: Actor, kind: str, data: SubmittedDocument) -> UUID:
    """Saves a typed document as a new draft and returns its id; the same key again returns the first one."""
    request = {"kind": kind, **data.typed.model_dump()}
    return idempotency.once(db, actor, f"draft:{data.key}", request, lambda: _save_draft(db, actor, kind, data))


def _save_draft(db: Session, actor: Actor, kind: str, data: SubmittedDocument) -> UUID:
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


def change_draft(db: Session, actor: Actor, draft_id: UUID, data: SubmittedDocument) -> None:
    """Saves new values of a draft. Raises NotFound, Conflict (`draft_closed`, `draft_changed`)."""
    buyer_id = _buyer_id(db, actor.tenant_id, data.typed)
    _lock_draft(db, actor.tenant_id, draft_id, data)
    _update(db, actor, draft_id, customer_id=buyer_id, typed=data.typed.model_dump())


def post_draft(db: Session, actor: Actor, draft_id: UUID, data: SubmittedDocument) -> UUID:
    """Posts the submitted values and closes the draft; returns the item's id, also when the same key comes again.

    Raises DocumentRefused, NotFound, Conflict (`draft_closed`, `draft_changed`) and what posting raises.
    """
    request = {"draft": draft_id, **data.typed.model_dump()}
    return idempotency.once(
        db, actor, f"draft_post:{data.key}", request, lambda: _post_draft(db, actor, draft_id, data)
    )


def _post_draft(db: Session, actor: Actor, draft_id: UUID, data: SubmittedDocument) -> UUID:
    kind = load_draft(db, actor.tenant_id, draft_id).kind
    document = parse_document(db, actor, kind, data.typed)
    if document.allocate:
        actor = lock_customers(db, actor, [document.buyer.id])
    _lock_draft(db, actor.tenant_id, draft_id, data)
    item_id = post_parsed(db, actor, document)
    typed = data.typed.model_dump()
    _update(db, actor, draft_id, customer_id=document.buyer.id, typed=typed, state="posted", item_id=item_id)
    return item_id


def discard_draft(db: Session, actor: Actor, draft_id: UUID) -> None:
    """Discards a draft. Idempotent. Raises NotFound, Conflict(`draft_closed`) when it is posted."""
    state = load_draft(db, actor.tenant_id, draft_id, lock=True).state
    if state == "posted":
        raise Conflict("draft_closed")
    if state == "draft":
        _update(db, actor, draft_id, state="discarded")


def load_draft(db: Session, tenant_id: UUID, draft_id: UUID, *, lock: bool = False) -> Draft:
    """Returns a draft in any state; `lock` locks its row. Raises NotFound(`draft_not_found`)."""
    draft = DocumentDraft
    statement = sa.select(
        draft.id, draft.kind, draft.typed, draft.state, draft.item_id, draft.updated_at, draft.updated_by
    ).where(draft.tenant_id == tenant_id, draft.id == draft_id)
    row = db.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise NotFound("draft_not_found")
    typed = TypedDocument.model_validate(row.typed)
    return Draft(
        id=row.id,
        kind=row.kind,
        typed=typed,
        version=typed_version(typed),
        state=row.state,
        item_id=row.item_id,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def list_drafts(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[DraftLine], int]:
    """Returns a page of the drafts still to be posted, last changed first, and their number. Two statements."""
    draft, customer = DocumentDraft, Customer
    unposted = (draft.tenant_id == tenant_id, draft.state == "draft")
    total = db.execute(sa.select(sa.func.count()).select_from(draft).where(*unposted)).scalar_one()

    def typed(name: str) -> sa.ColumnElement[Any]:
        return sa.func.coalesce(draft.typed[name].astext, "")

    rows = db.execute(
        select_view(
            DraftLine,
            id=value(draft.id),
            kind=value(draft.kind),
            customer=value(typed("customer")),
            customer_name=value(customer.name),
            number=value(typed("number")),
            document_on=value(typed("document_on")),
            amount=value(typed("amount")),
            currency=value(typed("currency")),
            updated_at=value(draft.updated_at),
            updated_by=value(draft.updated_by),
        )
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == draft.customer_id))
        .where(*unposted)
        .order_by(draft.updated_at.desc(), draft.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return views(DraftLine, rows), total


def customers_with_drafts(tenant_id: UUID) -> sa.Select[Any]:
    """Selects the ids of the customers that drafts still to be posted are for."""
    draft = DocumentDraft
    return sa.select(draft.customer_id).where(
        draft.tenant_id == tenant_id, draft.state == "draft", draft.customer_id.is_not(None)
    )


def typed_version(typed: TypedDocument) -> str:
    """Returns a 32-digit hash of the typed values."""
    return hashlib.sha256(json.dumps(typed.model_dump(), sort_keys=True).encode()).hexdigest()[:32]


def _lock_draft(db: Session, tenant_id: UUID, draft_id: UUID, data: SubmittedDocument) -> None:
    """Locks the draft until COMMIT. Raises Conflict (`draft_closed`, `draft_changed`) when it is not as opened."""
    stored = load_draft(db, tenant_id, draft_id, lock=True)
    if stored.state != "draft":
        raise Conflict("draft_closed")
    if stored.version != data.version and stored.version != typed_version(data.typed):
        raise Conflict("draft_changed", name=stored.updated_by)


def _update(db: Session, actor: Actor, draft_id: UUID, **values: object) -> None:
    draft = DocumentDraft
    db.execute(
        sa.update(draft)
        .where(draft.tenant_id == actor.tenant_id, draft.id == draft_id)
        .values(**values, updated_at=actor.now, updated_by=actor.name)
    )


def _buyer_id(db: Session, tenant_id: UUID, typed: TypedDocument) -> UUID | None:
    buyer = find_buyer(db, tenant_id, typed.customer)
    return buyer.id if isinstance(buyer, Buyer) else None
