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
from ar.customers.models import Contact, Customer
from ar.customers.queries import ContactView, CustomerFacts, find_numbers, matches
from ar.customers.register.owner_queries import select_nobodys
from ar.customers.register.standing import Standing, standing
from ar.customers.register.visibility import limit_to_visible_customers
from ar.customers.rules.customer_file import Gap
from kernel.errors import NotFound

__all__ = [
    "BLACKLIST_STATES",
    "ContactView",
    "CustomerFacts",
    "CustomerStanding",
    "CustomerToCall",
    "PersonToCall",
    "ReachableContact",
    "blacklisted_since",
    "customers_with_files",
    "file_gaps",
    "find_contact",
    "find_contacts",
    "find_numbers",
    "gap_sentence",
    "gap_sentences",
    "has_reachable_contact",
    "has_telephone",
    "limit_to_visible_customers",
    "matches",
    "people_to_call",
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


@dataclass(frozen=True, slots=True)
class PersonToCall:
    """An active contact with a telephone number."""

    name: str
    title: str
    phone: str


@dataclass(frozen=True, slots=True)
class CustomerToCall:
    """A customer, and whom to call there."""

    id: UUID
    number: str
    name: str
    people: tuple[PersonToCall, ...]


def people_to_call(db: Session, tenant_id: UUID, customer_id: UUID | None) -> CustomerToCall:
    """Returns a customer with the contacts that have a telephone. Raises NotFound(`customer_not_found`)."""
    customer, contact = Customer, Contact
    found = db.execute(
        sa.select(customer.id, customer.number, customer.name).where(
            customer.tenant_id == tenant_id, customer.id == customer_id, customer.retired_at.is_(None)
        )
    ).first()
    if found is None:
        raise NotFound("customer_not_found")
    rows = db.execute(
        sa.select(contact.name, contact.title, contact.phone)
        .where(contact.tenant_id == tenant_id, contact.customer_id == found.id, *has_telephone())
        .order_by(contact.created_at, contact.id)
    )
    return CustomerToCall(found.id, found.number, found.name, tuple(PersonToCall(**row._mapping) for row in rows))


def has_telephone() -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions of a contact whom one may call."""
    return (Contact.active.is_(True), Contact.phone != "")


def is_reachable(db: Session, tenant_id: UUID, customer_id: UUID | None, address: str) -> bool:
    """Returns True when the address is that of a reachable contact of the customer."""
    contact = Contact
    found = db.execute(
        sa.select(contact.id).where(
            contact.tenant_id == tenant_id, contact.customer_id == customer_id, contact.email == address, *reachable()
        )
    ).first()
    return found is not None


def has_reachable_contact(db: Session, tenant_id: UUID, customer_id: UUID) -> bool:
    """Returns True when somebody at the customer can be written to."""
    return find_contact(db, tenant_id, customer_id, "") is not None


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
