"""Reads the customer file: what is missing of it, and who is on the blacklist.

Invariant: a constant number of statements whatever the number of customers.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.file.models import BlacklistEntry, CustomerDocument, FileSettings, IdentityCheck, Questionnaire
from ar.customers.models import Customer
from ar.customers.rules.customer_file import (
    COUNTING_STATES,
    DEFAULT_FILE_POLICY,
    CustomerFileFacts,
    DocumentFacts,
    FilePolicy,
    Gap,
    find_gaps,
    gap_codes,
)
from ar.customers.rules.identity_numbers import doubt_about, is_unified_code
from kernel.binds import TENANT
from kernel.db import columns
from kernel.views import from_json, json_view, value
from tenants.models import Tenant


def blacklisted_since(db: Session, tenant_id: UUID, customer_ids: Collection[UUID], timezone: str) -> dict[UUID, date]:
    """Returns the customers on the blacklist with the local day of their entry (R079)."""
    entry = BlacklistEntry
    day = sa.cast(sa.func.timezone(timezone, entry.listed_at), sa.Date)
    rows = db.execute(
        sa.select(entry.customer_id, day.label("since")).where(
            entry.tenant_id == tenant_id, _is_one_of(entry.customer_id, customer_ids), entry.state == "listed"
        )
    )
    return {row.customer_id: row.since for row in rows}


def file_gaps(db: Session, tenant_id: UUID, customer_ids: Collection[UUID], today: date) -> dict[UUID, list[str]]:
    """Returns the codes of what keeps the file of each customer incomplete on `today` (R025), `missing:licence`.

    Customers whose file is complete are absent. `messages.gap_sentences` says the codes in words.
    """
    found = {customer_id: gap_codes(gaps) for customer_id, gaps in all_gaps(db, tenant_id, customer_ids, today).items()}
    return {customer_id: codes for customer_id, codes in found.items() if codes}


def all_gaps(db: Session, tenant_id: UUID, customer_ids: Collection[UUID] | None, today: date) -> dict[UUID, list[Gap]]:
    """Returns every gap, also what lapses soon, of the customers (None: of all); customers without one are absent."""
    policy = file_policy(db, tenant_id)
    asked: dict[str, Any] = {"tenant": tenant_id}
    if customer_ids is not None:
        asked["customers"] = sorted(customer_ids)
    found = {}
    for row in columns(db, _file_facts(of_all=customer_ids is None), asked).all():
        facts = CustomerFileFacts(
            entity_type=row.entity_type,
            unified_code=is_unified_code(row.tax_id),
            tax_id_doubtful=not row.is_checked and doubt_about(row.entity_type, row.tax_id) is not None,
            documents=from_json(DocumentFacts, row.documents),
        )
        gaps = find_gaps(facts, policy, today)
        if gaps:
            found[row.id] = gaps
    return found


@cache
def _file_facts(*, of_all: bool) -> sa.Select[*tuple[Any, ...]]:
    """Selects what the gaps of customers are found by; built once, since pages wait for it."""
    customer, check = Customer, IdentityCheck
    is_checked = (
        sa.select(check.id)
        .where(check.tenant_id == TENANT, check.customer_id == customer.id, check.tax_id == customer.tax_id)
        .exists()
    )
    chosen = () if of_all else (customer.id == sa.any_(sa.bindparam("customers", type_=sa.ARRAY(sa.Uuid))),)
    return sa.select(
        customer.id,
        customer.entity_type,
        customer.tax_id,
        is_checked.label("is_checked"),
        _documents().label("documents"),
    ).where(customer.tenant_id == TENANT, customer.retired_at.is_(None), *chosen)


def customers_with_files(tenant_id: UUID) -> sa.Select[Any]:
    """Selects the customers of whom something is kept: a document, answers, an entry of the blacklist, a group."""
    customer = Customer
    kept = (
        *(
            sa.select(model.customer_id).where(model.tenant_id == tenant_id)
            for model in (CustomerDocument, Questionnaire, BlacklistEntry)
        ),
        sa.select(customer.group_head_id).where(customer.tenant_id == tenant_id, customer.group_head_id.is_not(None)),
    )
    found = sa.union_all(*kept).subquery("kept")
    return sa.select(found.c.customer_id)


def file_policy(db: Session, tenant_id: UUID) -> FilePolicy:
    """Returns what the company's customer files must hold."""
    return file_policy_version(db, tenant_id)[1]


def file_policy_version(db: Session, tenant_id: UUID) -> tuple[int, FilePolicy]:
    """Returns the version and what the files must hold; a company that never said it has the preset, version 0."""
    row = columns(db, _newest_settings(), {"tenant": tenant_id}).first()
    return (0, DEFAULT_FILE_POLICY) if row is None else (row.version, FilePolicy.model_validate(row.data))


@cache
def _newest_settings() -> sa.Select[*tuple[Any, ...]]:
    settings = FileSettings
    newest = sa.select(settings.version, settings.data).order_by(settings.version.desc()).limit(1)
    return newest.where(settings.tenant_id == TENANT)


def _documents() -> sa.ScalarSelect[Any]:
    """Returns the documents of a customer that count, as JSON; their day is that of the company's own clock."""
    document = CustomerDocument
    timezone = sa.select(Tenant.timezone).where(Tenant.id == TENANT).scalar_subquery()
    line = json_view(
        DocumentFacts,
        kind=value(document.kind),
        state=value(document.state),
        received_on=value(sa.cast(sa.func.timezone(timezone, document.uploaded_at), sa.Date)),
        expires_on=value(document.expires_on),
    )
    return (
        sa.select(sa.func.jsonb_agg(line))
        .where(
            document.tenant_id == TENANT,
            document.customer_id == Customer.id,
            document.state.in_(sorted(COUNTING_STATES)),
        )
        .correlate(Customer)
        .scalar_subquery()
    )


def _is_one_of(column: Any, customer_ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid)))  # type: ignore[no-any-return]
