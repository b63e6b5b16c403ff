"""Writes many customers and contacts with one statement each, whatever the number of rows.

Invariant: every statement binds its tenant; stored_columns derived from a customer's texts (sort key, search words) are
computed here only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.inputs import PURPOSES, CustomerRow
from ar.customers.rules.search import search_words, sort_key
from kernel.actor import Actor
from kernel.ids import new_id, new_ids
from kernel.journal import JournalEvent

CompleteRow = tuple[UUID, str, dict[str, Any]]

_TYPES = {
    "id": "uuid",
    "number": "text",
    "name": "text",
    "sort_key": "text",
    "search_words": "text",
    "entity_type": "text",
    "tax_id": "text",
    "owner_id": "uuid",
    "language": "text",
    "terms": "text",
    "settlement_days": "integer",
    "policy_code": "text",
}
_NAMES = ", ".join(_TYPES)
_UNNEST = f"unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in _TYPES.items())}) AS v ({_NAMES})"


def _sql_value(name: str) -> str:
    """Returns the SQL of a column from its array: search words are joined into one text, terms are JSON text."""
    made = {"search_words": "string_to_array(v.search_words, ' ')", "terms": "CAST(v.terms AS jsonb)"}
    return made.get(name, f"v.{name}")


_VALUES = ", ".join(_sql_value(name) for name in _TYPES)


def insert_customers(db: Session, actor: Actor, rows: Sequence[CompleteRow]) -> dict[str, UUID]:
    """Inserts customers (id, number, columns) except for existing numbers; returns number → id."""
    statement = sa.text(
        f"INSERT INTO customer (tenant_id, created_at, updated_at, {_NAMES}) "  # noqa: S608 - column names of ours
        f"SELECT :tenant, :now, :now, {_VALUES} FROM {_UNNEST} "
        "ON CONFLICT (tenant_id, number) DO NOTHING RETURNING number, id"
    )
    inserted = db.execute(statement, {"tenant": actor.tenant_id, "now": actor.now, **_column_arrays(rows)})
    return {row.number: row.id for row in inserted}


def update_customers(db: Session, actor: Actor, rows: Sequence[CompleteRow]) -> None:
    """Updates all columns of customers by id; one that was retired is back."""
    if not rows:
        return
    changed = [name for name in _TYPES if name not in ("id", "number")]
    changes = ", ".join(f"{name} = {_sql_value(name)}" for name in changed)
    statement = sa.text(
        f"UPDATE customer SET updated_at = :now, retired_at = NULL, {changes} FROM {_UNNEST} "  # noqa: S608 - column names of ours
        "WHERE customer.tenant_id = :tenant AND customer.id = v.id"
    )
    db.execute(statement, {"tenant": actor.tenant_id, "now": actor.now, **_column_arrays(rows)})


def stored_columns(number: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the stored columns of one customer, with those derived from its texts."""
    name, tax_id = values["name"], values["tax_id"]
    return {**values, "sort_key": sort_key(name), "search_words": search_words(number, name, tax_id)}


def _column_arrays(rows: Sequence[CompleteRow]) -> dict[str, list[Any]]:
    arrays: dict[str, list[Any]] = {name: [] for name in _TYPES}
    for customer_id, number, values in rows:
        row = {"id": customer_id, "number": number, **stored_columns(number, values)}
        row["search_words"] = " ".join(row["search_words"])
        row["terms"] = json.dumps(row["terms"])
        for name, array in arrays.items():
            array.append(row[name])
    return arrays


def upsert_contacts(db: Session, actor: Actor, rows: Iterable[tuple[UUID, CustomerRow]]) -> set[UUID]:
    """Adds the rows' contacts and renames known ones; returns the customers' ids.

    Inactive ones stay inactive, save those that were retired with an import.
    """
    named = [(customer_id, row.contact_name or "", row.contact_email or "") for customer_id, row in rows]
    named = [contact for contact in named if contact[1] or contact[2]]
    if not named:
        return set()
    touched = db.execute(
        sa.text(
            "INSERT INTO contact (tenant_id, id, customer_id, name, title, email, phone, purposes, active, created_at) "
            "SELECT :tenant, v.id, v.customer_id, v.name, '', v.email, '', "
            "CASE WHEN v.email = '' THEN ARRAY[]::text[] ELSE CAST(:purposes AS text[]) END, true, :now "
            "FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS uuid[]), CAST(:names AS text[]), "
            "CAST(:emails AS text[])) AS v (id, customer_id, name, email) "
            "ON CONFLICT (tenant_id, customer_id, email) DO UPDATE SET retired_at = NULL, "
            "name = CASE WHEN excluded.name = '' THEN contact.name ELSE excluded.name END, "
            "active = contact.active OR contact.retired_at IS NOT NULL "
            "WHERE contact.retired_at IS NOT NULL OR (excluded.name <> '' AND contact.name <> excluded.name) "
            "RETURNING customer_id"
        ),
        {
            "tenant": actor.tenant_id,
            "now": actor.now,
            "purposes": sorted(PURPOSES),
            "ids": new_ids(len(named)),
            "customers": [contact[0] for contact in named],
            "names": [contact[1] for contact in named],
            "emails": [contact[2] for contact in named],
        },
    )
    return set(touched.scalars())


def restore_contacts(db: Session, actor: Actor, rows: Sequence[tuple[UUID, str, str | None]]) -> None:
    """Puts contacts back, given by (customer, e-mail, earlier name); None: it was not there, so it is retired."""
    if not rows:
        return
    changed = db.execute(
        sa.text(
            "UPDATE contact SET name = coalesce(v.name, contact.name), active = contact.active AND v.name IS NOT NULL, "
            "retired_at = CASE WHEN v.name IS NULL AND contact.active THEN CAST(:now AS timestamptz) "
            "ELSE contact.retired_at END "
            "FROM unnest(CAST(:customers AS uuid[]), CAST(:emails AS text[]), CAST(:names AS text[])) "
            "AS v (customer_id, email, name) "
            "WHERE contact.tenant_id = :tenant AND contact.customer_id = v.customer_id AND contact.email = v.email "
            "RETURNING contact.customer_id, contact.name, contact.email, v.name IS NULL AS is_retired"
        ),
        {
            "tenant": actor.tenant_id,
            "now": actor.now,
            "customers": [customer_id for customer_id, _email, _name in rows],
            "emails": [email for _customer_id, email, _name in rows],
            "names": [name for _customer_id, _email, name in rows],
        },
    ).all()
    record_events(
        db,
        actor,
        [
            (row.customer_id, "contact_deactivated", {"name": row.name, "email": row.email})
            if row.is_retired
            else (row.customer_id, "customer_changed", {"changes": {"contact": [None, None]}})
            for row in changed
        ],
    )


def record_events(db: Session, actor: Actor, events: Sequence[tuple[UUID, str, dict[str, Any]]]) -> None:
    """Records many journal events in one statement."""
    if not events:
        return
    db.execute(
        sa.insert(JournalEvent),
        [
            {
                "tenant_id": actor.tenant_id,
                "id": new_id(),
                "at": actor.now,
                "kind": kind,
                "actor_kind": actor.kind,
                "actor_name": actor.name,
                "user_id": actor.user_id,
                "customer_id": customer_id,
                "subject_id": customer_id,
                "data": data,
                "sealed_in": None,
            }
            for customer_id, kind, data in events
        ],
    )
