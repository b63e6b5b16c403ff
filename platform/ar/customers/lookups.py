"""Answers other slices on customers: numbers to ids, search, reachable contacts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Contact
from ar.customers.queries import ContactView, CustomerFacts, find_numbers, matches
from ar.customers.visibility import limit_to_visible_customers

__all__ = [
    "ContactView",
    "CustomerFacts",
    "ReachableContact",
    "find_contact",
    "find_numbers",
    "limit_to_visible_customers",
    "matches",
    "reachable",
]


@dataclass(frozen=True, slots=True)
class ReachableContact:
    """A contact that can be written to."""

    id: UUID
    name: str
    email: str


def reachable() -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions of a reachable contact: active, with an address that did not bounce."""
    return (Contact.active.is_(True), Contact.suppressed_at.is_(None), Contact.email != "")


def find_contact(db: Session, tenant_id: UUID, customer_id: UUID, purpose: str) -> ReachableContact | None:
    """Returns the reachable contact for a purpose (`statements`, `dunning`), else the first reachable one, or None."""
    contact = Contact
    row = db.execute(
        sa.select(contact.id, contact.name, contact.email)
        .where(contact.tenant_id == tenant_id, contact.customer_id == customer_id, *reachable())
        .order_by(contact.purposes.contains([purpose]).desc(), contact.created_at, contact.id)
        .limit(1)
    ).first()
    return ReachableContact(id=row.id, name=row.name, email=row.email) if row else None
