"""Answers other slices on customers: numbers to ids, search, reachable contacts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.blacklist.messages import STATE_NAMES as BLACKLIST_STATES
from ar.customers.blacklist.queries import BlacklistLine, open_entry
from ar.customers.file.messages import gap_sentence, gap_sentences
from ar.customers.file.queries import all_gaps, blacklisted_since, customers_with_files, file_gaps
from ar.customers.models import Contact
from ar.customers.queries import ContactView, CustomerFacts, find_numbers, matches
from ar.customers.register.owner_queries import select_nobodys
from ar.customers.register.standing import Standing, standing
from ar.customers.register.visibility import limit_to_visible_customers
from ar.customers.rules.customer_file import Gap

__all__ = [
    "BLACKLIST_STATES",
    "ContactView",
    "CustomerFacts",
    "CustomerStanding",
    "ReachableContact",
    "blacklisted_since",
    "customers_with_files",
    "file_gaps",
    "find_contact",
    "find_contacts",
    "find_numbers",
    "gap_sentence",
    "gap_sentences",
    "limit_to_visible_customers",
    "matches",
    "reachable",
    "select_nobodys",
]


@dataclass(frozen=True, slots=True)
class CustomerStanding:
    """What stands for and against a customer's credit, for its page: gaps, blacklist, group and size."""

    gaps: Sequence[Gap]
    blacklist: BlacklistLine | None
    standing: Standing

    @property
    def is_closed(self) -> bool:
        """Whether no limit above zero is possible (R025)."""
        return any(gap.closes for gap in self.gaps)


def customer_standing(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> CustomerStanding:
    """Returns the standing of a customer. Raises NotFound(`customer_not_found`)."""
    return CustomerStanding(
        gaps=all_gaps(db, tenant_id, [customer_id], today).get(customer_id, []),
        blacklist=open_entry(db, tenant_id, customer_id),
        standing=standing(db, tenant_id, customer_id),
    )


@dataclass(frozen=True, slots=True)
class ReachableContact:
    """A contact that can be written to."""

    id: UUID
    name: str
    email: str


def reachable() -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions of a reachable contact: active, with an address that did not bounce."""
    return (Contact.active.is_(True), Contact.suppressed_at.is_(None), Contact.email != "")


def is_reachable(db: Session, tenant_id: UUID, customer_id: UUID | None, address: str) -> bool:
    """Returns True when the address is that of a reachable contact of the customer."""
    contact = Contact
    found = db.execute(
        sa.select(contact.id).where(
            contact.tenant_id == tenant_id, contact.customer_id == customer_id, contact.email == address, *reachable()
        )
    ).first()
    return found is not None


def find_contact(db: Session, tenant_id: UUID, customer_id: UUID, purpose: str) -> ReachableContact | None:
    """Returns the reachable contact for a purpose (`statements`, `dunning`), else the first reachable one, or None."""
    return find_contacts(db, tenant_id, [customer_id], purpose).get(customer_id)


def find_contacts(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], purpose: str
) -> dict[UUID, ReachableContact]:
    """Returns by customer what `find_contact` finds for each; customers without a reachable contact are left out."""
    contact = Contact
    rows = db.execute(
        sa.select(contact.customer_id, contact.id, contact.name, contact.email)
        .where(
            contact.tenant_id == tenant_id,
            contact.customer_id == sa.any_(sa.cast(list(customer_ids), sa.ARRAY(sa.Uuid))),
            *reachable(),
        )
        .order_by(contact.customer_id, contact.purposes.contains([purpose]).desc(), contact.created_at, contact.id)
    )
    found: dict[UUID, ReachableContact] = {}
    for row in rows:
        found.setdefault(row.customer_id, ReachableContact(id=row.id, name=row.name, email=row.email))
    return found
