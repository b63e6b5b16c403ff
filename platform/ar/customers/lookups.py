"""What other slices may ask of customers: numbers to ids, search, the contacts that can be written to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Contact
from ar.customers.queries import ContactView, CustomerFacts, find_numbers, matches

__all__ = [
    "ContactView",
    "CustomerFacts",
    "ReachableContact",
    "find_contact",
    "find_numbers",
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
    """Returns what makes a contact one that can be written to: active, with an address that no server refused."""
    return (Contact.active.is_(True), Contact.suppressed_at.is_(None), Contact.email != "")


def find_contact(db: Session, tenant_id: UUID, customer_id: UUID, purpose: str) -> ReachableContact | None:
    """Returns the reachable contact for a purpose (`statements`, `dunning`), else the first reachable one, or None."""
    c = Contact
    row = db.execute(
        sa.select(c.id, c.name, c.email)
        .where(c.tenant_id == tenant_id, c.customer_id == customer_id, *reachable())
        .order_by(c.purposes.contains([purpose]).desc(), c.created_at, c.id)
        .limit(1)
    ).first()
    return ReachableContact(id=row.id, name=row.name, email=row.email) if row else None
