"""Changes customers: bulk upsert by number, create, edit, retire.

Invariants: a customer's number never changes; bulk work costs a constant number of statements; every change records
an event with old and new values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.customers.inputs import (
    DEFAULT_TERM_DAYS,
    AddContact,
    CreateCustomer,
    CustomerFields,
    CustomerRow,
    EditCustomer,
    customer_values,
)
from ar.customers.models import Contact, Customer
from ar.customers.register import bulk
from ar.customers.register.contacts import add_contact
from ar.customers.register.owners import is_member, owner_changes, record_owners
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.journal import record
from kernel.versions import check_version
from kernel.visibility import is_limited
from tenants.models import Membership, Tenant, User

_FIELDS = ("name", "entity_type", "tax_id", "owner_id", "language", "terms", "settlement_days", "policy_code")


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """Numbers of customers created, changed, and unchanged."""

    created: int
    updated: int
    unchanged: int


def net_terms(days: int) -> dict[str, Any]:
    """Returns net terms of `days` days from the invoice, as JSON of `ar.ledger.rules.due_dates.PaymentTerms`."""
    return _terms("invoice", 0, days, "statutory")


def upsert_customers(db: Session, actor: Actor, rows: Sequence[CustomerRow]) -> UpsertResult:
    """Creates or updates customers by number, one row each; None keeps the stored value.

    A constant number of statements whatever the number of rows. Raises RuleBroken(`owner_unknown`).
    """
    if not rows:
        return UpsertResult(0, 0, 0)
    by_number = {row.number: row for row in sorted(rows, key=lambda row: row.number)}
    owners = _owner_ids(db, actor.tenant_id, by_number.values())
    known = _existing_numbers(db, actor.tenant_id, list(by_number))
    created = _insert_new(db, actor, [row for row in by_number.values() if row.number not in known], owners)
    ids = dict(created)
    changes: dict[UUID, dict[str, list[Any]]] = {}
    stored = _lock_by_number(db, actor.tenant_id, [number for number in by_number if number not in created])
    updates: list[tuple[UUID, str, dict[str, Any]]] = []
    moved: list[tuple[UUID, dict[str, Any], dict[str, Any]]] = []
    defaults = _defaults(db, actor.tenant_id) if any(customer.retired_at for customer in stored) else {}
    for customer in stored:
        ids[customer.number] = customer.id
        if customer.retired_at is not None:  # as good as new
            created[customer.number] = customer.id
            given = _given_columns(by_number[customer.number], owners)
            updates.append((customer.id, customer.number, defaults | given))
            continue
        before = {name: getattr(customer, name) for name in _FIELDS}
        given = _given_columns(by_number[customer.number], owners)
        if "terms" in given:  # a file says days alone: what was agreed on days off stays
            given["terms"]["roll"] = before["terms"].get("roll", "statutory")
        after = {**before, **given}
        if after != before:
            moved.append((customer.id, before, after))
            changes[customer.id] = _differences(before, after)
            updates.append((customer.id, customer.number, after))
    bulk.update_customers(db, actor, updates)
    record_owners(db, actor, owner_changes(moved))
    touched = bulk.upsert_contacts(db, actor, [(ids[number], row) for number, row in by_number.items()])
    new = set(created.values())
    for customer_id in touched - new:
        changes.setdefault(customer_id, {})["contact"] = [None, None]
    bulk.record_events(
        db, actor, [(customer_id, "customer_created", {"number": number}) for number, customer_id in created.items()]
    )
    bulk.record_events(
        db, actor, [(changed, "customer_changed", {"changes": differences}) for changed, differences in changes.items()]
    )
    return UpsertResult(len(created), len(changes), len(by_number) - len(created) - len(changes))


def restore_customers(db: Session, actor: Actor, values: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Puts back earlier values of customers, given as id → field → value as JSON; for what undoes a bulk change."""
    customer = Customer
    stored = db.execute(
        sa.select(customer.id, customer.number, *(getattr(customer, name) for name in _FIELDS))
        .where(customer.tenant_id == actor.tenant_id, customer.id.in_(list(values)))
        .order_by(customer.id)
        .with_for_update(key_share=True)
    ).all()
    updates: list[tuple[UUID, str, dict[str, Any]]] = []
    changes: list[tuple[UUID, str, dict[str, Any]]] = []
    moved: list[tuple[UUID, dict[str, Any], dict[str, Any]]] = []
    for row in stored:
        before = {name: getattr(row, name) for name in _FIELDS}
        given = dict(values[row.id])
        if given.get("owner_id"):
            given["owner_id"] = UUID(given["owner_id"])
        after = {**before, **given}
        updates.append((row.id, row.number, after))
        moved.append((row.id, before, after))
        changes.append((row.id, "customer_changed", {"changes": _differences(before, after)}))
    bulk.update_customers(db, actor, updates)
    record_owners(db, actor, owner_changes(moved))
    bulk.record_events(db, actor, changes)


def retire_customers(db: Session, actor: Actor, customer_ids: Sequence[UUID]) -> None:
    """Takes customers off all lists, with their contacts, after the import that created them; nothing is deleted."""
    if not customer_ids:
        return
    customer, contact = Customer, Contact
    ids = sa.any_(sa.cast(list(customer_ids), sa.ARRAY(sa.Uuid)))
    rows = db.execute(
        sa.update(customer)
        .where(customer.tenant_id == actor.tenant_id, customer.id == ids)
        .values(retired_at=actor.now, updated_at=actor.now)
        .returning(customer.id, customer.number)
    ).all()
    db.execute(
        sa.update(contact)
        .where(contact.tenant_id == actor.tenant_id, contact.customer_id == ids, contact.active.is_(True))
        .values(active=False, retired_at=actor.now)
    )
    bulk.record_events(db, actor, [(row.id, "customer_retired", {"number": row.number}) for row in rows])


def create_customer(db: Session, actor: Actor, data: CreateCustomer) -> UUID:
    """Creates a customer; returns its id. Raises Conflict(`customer_number_taken`)."""
    written = {**bulk.stored_columns(data.number, _from_form(db, actor, data)), "updated_at": actor.now}
    stored = db.execute(
        insert(Customer)
        .values(tenant_id=actor.tenant_id, id=new_id(), number=data.number, created_at=actor.now, **written)
        .on_conflict_do_update(
            index_elements=[Customer.tenant_id, Customer.number],
            set_={**written, "retired_at": None},
            where=Customer.retired_at.is_not(None),
        )
        .returning(Customer.id)
    ).first()
    if stored is None:
        raise Conflict("customer_number_taken", number=data.number)
    customer_id: UUID = stored.id
    record(db, actor, "customer_created", customer_id=customer_id, subject_id=customer_id, data={"number": data.number})
    if data.contact_name or data.contact_email:
        contact = AddContact(
            customer_id=customer_id, name=data.contact_name or data.contact_email, email=data.contact_email
        )
        add_contact(db, actor, contact)
    return customer_id


def edit_customer(db: Session, actor: Actor, customer_id: UUID, data: EditCustomer) -> bool:
    """Changes a customer; returns False when nothing differs.

    Raises NotFound, RuleBroken(`owner_unknown`), Conflict(`changed_meanwhile`).
    """
    stored = db.execute(
        sa.select(Customer)
        .where(Customer.tenant_id == actor.tenant_id, Customer.id == customer_id)
        .with_for_update(key_share=True)
    ).scalar_one_or_none()
    if stored is None:
        raise NotFound("customer_not_found")
    check_version(data, customer_values(stored))
    before = {name: getattr(stored, name) for name in _FIELDS}
    after = _from_form(db, actor, data)
    if after["terms"].items() <= before["terms"].items():
        after["terms"] = before["terms"]
    if after == before:
        return False
    bulk.update_customers(db, actor, [(customer_id, stored.number, after)])
    record_owners(db, actor, owner_changes([(customer_id, before, after)]))
    record(
        db,
        actor,
        "customer_changed",
        customer_id=customer_id,
        subject_id=customer_id,
        data={"changes": _differences(before, after)},
    )
    return True


def _terms(base: str, months: int, days: int, roll: str) -> dict[str, Any]:
    return {
        "base": base,
        "cutoff_day": None,
        "months": months,
        "days": days,
        "fixed_pay_days": [],
        "grace_days": 0,
        "roll": roll,
    }


def _from_form(db: Session, actor: Actor, data: CustomerFields) -> dict[str, Any]:
    return {
        "name": data.name,
        "entity_type": data.entity_type,
        "tax_id": data.tax_id,
        "owner_id": _owner_of_form(db, actor, data.owner_id),
        "language": data.language,
        "terms": _terms(data.term_base, data.term_months, data.term_days, data.term_roll),
        "settlement_days": data.settlement_days,
        "policy_code": data.policy_code,
    }


def _owner_of_form(db: Session, actor: Actor, owner_id: UUID | None) -> UUID | None:
    """Returns the owner; who sees their own customers only owns what they write (R003).

    Raises RuleBroken(`owner_not_yours`, `owner_unknown`).
    """
    if is_limited(db):
        if owner_id not in (None, actor.user_id):
            raise RuleBroken("owner_not_yours")
        return actor.user_id
    if owner_id is not None and not is_member(db, actor.tenant_id, owner_id):
        raise RuleBroken("owner_unknown", email=str(owner_id))
    return owner_id


def _owner_ids(db: Session, tenant_id: UUID, rows: Iterable[CustomerRow]) -> dict[str, UUID]:
    """Returns the rows' owners by lower-cased e-mail. Raises RuleBroken(`owner_unknown`)."""
    emails = {row.owner_email.lower() for row in rows if row.owner_email}
    owners = member_ids(db, tenant_id, emails) if emails else {}
    for email in sorted(emails - owners.keys()):
        raise RuleBroken("owner_unknown", email=email)
    return owners


def member_ids(db: Session, tenant_id: UUID, emails: Iterable[str]) -> dict[str, UUID]:
    """Returns the ids of active members by lower-cased e-mail; others are absent."""
    rows = db.execute(
        sa.select(sa.func.lower(User.email).label("email"), User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.active.is_(True),
            sa.func.lower(User.email).in_([email.lower() for email in emails]),
        )
    )
    return {row.email: row.id for row in rows}


def _existing_numbers(db: Session, tenant_id: UUID, numbers: list[str]) -> set[str]:
    return set(
        db.execute(
            sa.select(Customer.number).where(
                Customer.tenant_id == tenant_id, Customer.number == sa.any_(sa.cast(numbers, sa.ARRAY(sa.Text)))
            )
        ).scalars()
    )


def _lock_by_number(db: Session, tenant_id: UUID, numbers: list[str]) -> Sequence[sa.Row[Any]]:
    if not numbers:
        return []
    customer = Customer
    return db.execute(
        sa.select(customer.id, customer.number, customer.retired_at, *(getattr(customer, name) for name in _FIELDS))
        .where(customer.tenant_id == tenant_id, customer.number == sa.any_(sa.cast(numbers, sa.ARRAY(sa.Text))))
        .order_by(customer.id)
        .with_for_update(key_share=True)
    ).all()


def _given_columns(row: CustomerRow, owners: Mapping[str, UUID]) -> dict[str, Any]:
    """Returns the columns that a row gives."""
    values: dict[str, Any] = {
        "name": row.name,
        "entity_type": row.entity_type,
        "tax_id": row.tax_id,
        "owner_id": owners[row.owner_email.lower()] if row.owner_email else None,
        "language": row.language,
        "terms": None if row.term_days is None else net_terms(row.term_days),
        "settlement_days": row.settlement_days,
        "policy_code": row.policy_code,
    }
    return {name: value for name, value in values.items() if value is not None}


def _insert_new(db: Session, actor: Actor, rows: Sequence[CustomerRow], owners: Mapping[str, UUID]) -> dict[str, UUID]:
    """Inserts customers with defaults; returns number → id of those inserted."""
    if not rows:
        return {}
    defaults = _defaults(db, actor.tenant_id)
    ids = new_ids(len(rows))
    filled = [
        (new, row.number, {**defaults, **_given_columns(row, owners)}) for new, row in zip(ids, rows, strict=True)
    ]
    return bulk.insert_customers(db, actor, filled)


def _defaults(db: Session, tenant_id: UUID) -> dict[str, Any]:
    """Returns what a new customer has where nothing is said, its name aside."""
    return {
        "entity_type": "company",
        "tax_id": "",
        "owner_id": None,
        "language": db.execute(sa.select(Tenant.language).where(Tenant.id == tenant_id)).scalar_one(),
        "terms": net_terms(DEFAULT_TERM_DAYS),
        "settlement_days": 0,
        "policy_code": None,
    }


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Returns field → [old, new], as JSON."""
    return {name: [_as_json(before[name]), _as_json(after[name])] for name in _FIELDS if before[name] != after[name]}


def _as_json(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
