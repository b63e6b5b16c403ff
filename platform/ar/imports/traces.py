"""Records what an import wrote, so that it can be listed and undone.

Invariant: append-only, in the transaction that wrote it; a document or a customer without a trace was not imported, or
before imports were traced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Contact, Customer
from ar.imports.models import ImportCustomer, ImportRecord
from kernel.actor import Actor
from kernel.arrays import array_text

#: Columns of a customer that a file may change.
STATE = ("name", "entity_type", "tax_id", "owner_id", "language", "terms", "settlement_days")
#: Key of a state: e-mail → name of the customer's active contacts.
CONTACTS = "contacts"
_INSERT_DOCUMENTS = sa.text(
    "INSERT INTO import_document (tenant_id, item_id, job_id) SELECT CAST(:tenant AS uuid), i, CAST(:job AS uuid) "
    "FROM unnest(CAST(:ids AS uuid[])) AS i RETURNING true"
)
_INSERT_ALLOCATIONS = sa.text(
    "INSERT INTO import_allocation (tenant_id, allocation_id, job_id) "
    "SELECT CAST(:tenant AS uuid), i, CAST(:job AS uuid) FROM unnest(CAST(:ids AS uuid[])) AS i RETURNING true"
)


def record_documents(db: Session, actor: Actor, job_id: UUID | None, item_ids: Sequence[UUID]) -> None:
    """Records the documents that an import posted; nothing without an import."""
    _record(db, actor, job_id, _INSERT_DOCUMENTS, item_ids)


def record_allocations(db: Session, actor: Actor, job_id: UUID | None, allocation_ids: Sequence[UUID]) -> None:
    """Records the allocations that an import made; nothing without an import."""
    _record(db, actor, job_id, _INSERT_ALLOCATIONS, allocation_ids)


def record_others(
    db: Session,
    actor: Actor,
    job_id: UUID | None,
    kind: str,
    ids: Sequence[UUID],
    before: Mapping[UUID, dict[str, Any] | None] | None = None,
) -> None:
    """Records what an import wrote of a kind of `ImportRecord`; nothing without an import."""
    if job_id is None or not ids:
        return
    known = before or {}
    own = {"tenant_id": actor.tenant_id, "job_id": job_id, "kind": kind}
    db.execute(sa.insert(ImportRecord), [{**own, "record_id": each, "before": known.get(each)} for each in ids])


def record_again(db: Session, actor: Actor, kind: str, again: Mapping[UUID, UUID]) -> None:
    """Records for the imports that wrote these records that they stand under a new id by now, given as old → new."""
    r = ImportRecord
    wanted = sa.cast(sorted(again), sa.ARRAY(sa.Uuid))
    rows = db.execute(
        sa.select(r.job_id, r.record_id).where(
            r.tenant_id == actor.tenant_id, r.kind == kind, r.record_id == sa.any_(wanted)
        )
    ).all()
    for row in rows:
        record_others(db, actor, row.job_id, kind, [again[row.record_id]])


def others(db: Session, tenant_id: UUID, job_id: UUID) -> dict[str, dict[UUID, dict[str, Any] | None]]:
    """Returns what an import wrote beside documents and customers, by kind: id → what it changed there."""
    r = ImportRecord
    rows = db.execute(
        sa.select(r.kind, r.record_id, r.before).where(r.tenant_id == tenant_id, r.job_id == job_id)
    ).all()
    found: dict[str, dict[UUID, dict[str, Any] | None]] = {}
    for row in rows:
        found.setdefault(row.kind, {})[row.record_id] = row.before
    return found


def _record(db: Session, actor: Actor, job_id: UUID | None, statement: sa.TextClause, ids: Sequence[UUID]) -> None:
    if job_id is not None and ids:
        db.connection().execute(statement, {"tenant": actor.tenant_id, "job": job_id, "ids": array_text(ids)})


def customer_states(db: Session, tenant_id: UUID, numbers: Sequence[str]) -> dict[UUID, dict[str, Any]]:
    """Returns id → what a file may change, of the customers of these numbers that are there and not retired."""
    return _states(db, tenant_id, Customer.number, sa.Text(), numbers)


def customer_states_by_id(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Returns id → what a file may change, of these customers."""
    return _states(db, tenant_id, Customer.id, sa.Uuid(), ids)


def _states(
    db: Session, tenant_id: UUID, column: Any, kind: sa.types.TypeEngine[Any], values: Sequence[object]
) -> dict[UUID, dict[str, Any]]:
    c = Customer
    wanted = sa.cast(sa.literal(array_text(values), sa.types.NullType()), sa.ARRAY(kind))
    named = sa.func.jsonb_object_agg(Contact.email, Contact.name)
    contacts = (
        sa.select(sa.func.coalesce(named, sa.text("'{}'::jsonb")))
        .where(Contact.tenant_id == tenant_id, Contact.customer_id == c.id, Contact.active.is_(True))
        .scalar_subquery()
    )
    rows = db.execute(
        sa.select(c.id, contacts.label(CONTACTS), *(getattr(c, name) for name in STATE)).where(
            c.tenant_id == tenant_id, c.retired_at.is_(None), column == sa.any_(wanted)
        )
    )
    return {
        row.id: {**{name: _json(getattr(row, name)) for name in STATE}, CONTACTS: getattr(row, CONTACTS)}
        for row in rows
    }


def record_customers(
    db: Session, actor: Actor, job_id: UUID, before: Mapping[UUID, dict[str, Any]], numbers: Sequence[str]
) -> None:
    """Records the customers that an import created (`before` has them not) or changed, with both states."""
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "customer_id": customer_id,
            "job_id": job_id,
            "before": before.get(customer_id),
            "after": state,
        }
        for customer_id, state in customer_states(db, actor.tenant_id, numbers).items()
        if before.get(customer_id) != state
    ]
    if rows:
        db.execute(sa.insert(ImportCustomer), rows)


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
