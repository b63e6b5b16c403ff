"""What other slices may do with customers: register, change and retire them, and their contacts."""

from __future__ import annotations

from ar.customers.register.bulk import restore_contacts
from ar.customers.register.commands import (
    UpsertResult,
    create_customer,
    edit_customer,
    member_ids,
    net_terms,
    restore_customers,
    retire_customers,
    upsert_customers,
)
from ar.customers.register.contacts import add_contact, deactivate_contact, suppress_contact

__all__ = [
    "UpsertResult",
    "add_contact",
    "create_customer",
    "deactivate_contact",
    "edit_customer",
    "member_ids",
    "net_terms",
    "restore_contacts",
    "restore_customers",
    "retire_customers",
    "suppress_contact",
    "upsert_customers",
]
