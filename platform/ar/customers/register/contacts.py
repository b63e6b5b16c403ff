"""Changes a customer's contacts: adds, deactivates, and takes an address out of use after a bounce.

Invariant: a contact is never deleted; who is given anew with an address is the contact of that address.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.customers.inputs import AddContact, contact_values
from ar.customers.models import Contact, Customer
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.journal import record
from kernel.versions import check_version


def add_contact(db: Session, actor: Actor, data: AddContact) -> UUID:
    """Adds a contact, or updates and reactivates the one of the same e-mail, also after a bounce; returns its id.

    Raises NotFound(`customer_not_found`), Conflict(`changed_meanwhile`).
    """
    known = db.execute(
        sa.select(Customer.id).where(Customer.tenant_id == actor.tenant_id, Customer.id == data.customer_id)
    ).first()
    if known is None:
        raise NotFound("customer_not_found")
    purposes = sorted(set(data.purposes)) if data.email else []
    values = {
        "name": data.name,
        "title": data.title,
        "phone": data.phone,
        "purposes": purposes,
        "active": True,
        "suppressed_at": None,
        "suppressed_reason": None,
        "retired_at": None,
    }
    stored = _lock_contact(db, actor.tenant_id, data.customer_id, data.email)
    if stored is not None and contact_values(stored) != contact_values(data):
        check_version(data, contact_values(stored))
    bounced = stored.suppressed_reason or "" if stored is not None and stored.suppressed_at else None
    contact_id: UUID = db.execute(
        insert(Contact)
        .values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            customer_id=data.customer_id,
            email=data.email,
            created_at=actor.now,
            **values,
        )
        .on_conflict_do_update(index_elements=[Contact.tenant_id, Contact.customer_id, Contact.email], set_=values)
        .returning(Contact.id)
    ).scalar_one()
    record(
        db,
        actor,
        "contact_added",
        customer_id=data.customer_id,
        subject_id=contact_id,
        data={
            "name": data.name,
            "email": data.email,
            "purposes": purposes,
            **({"bounce_cleared": bounced} if bounced is not None else {}),
        },
    )
    return contact_id


def _lock_contact(db: Session, tenant_id: UUID, customer_id: UUID, email: str) -> Contact | None:
    """Returns the customer's contact of this address, locked; None when there is none."""
    contact = Contact
    return db.execute(
        sa.select(contact)
        .where(contact.tenant_id == tenant_id, contact.customer_id == customer_id, contact.email == email)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def deactivate_contact(db: Session, actor: Actor, customer_id: UUID, contact_id: UUID) -> bool:
    """Deactivates a contact, which stays stored; returns False where somebody did so before.

    Raises NotFound(`contact_not_found`).
    """
    of_customer = (
        Contact.tenant_id == actor.tenant_id,
        Contact.customer_id == customer_id,
        Contact.id == contact_id,
    )
    row = db.execute(
        sa.update(Contact)
        .where(*of_customer, Contact.active.is_(True))
        .values(active=False)
        .returning(Contact.name, Contact.email)
    ).first()
    if row is None:
        if db.execute(sa.select(Contact.id).where(*of_customer)).first() is None:
            raise NotFound("contact_not_found")
        return False
    record(
        db,
        actor,
        "contact_deactivated",
        customer_id=customer_id,
        subject_id=contact_id,
        data={"name": row.name, "email": row.email},
    )
    return True


def suppress_contact(db: Session, actor: Actor, *, customer_id: UUID | None, email: str, reason: str | None) -> None:
    """Suppresses mail to a customer's contact after a permanent bounce.

    An earlier suppression keeps its time and reason; `add_contact` ends it.
    """
    contact = Contact
    db.execute(
        sa.update(contact)
        .where(
            contact.tenant_id == actor.tenant_id,
            contact.customer_id == customer_id,
            contact.email == email,
            contact.suppressed_at.is_(None),
        )
        .values(suppressed_at=actor.now, suppressed_reason=reason or "mail refused")
    )
