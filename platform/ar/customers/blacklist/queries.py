"""Reads the blacklist: its entries, the newest first, and one of them.

Invariant: a constant number of statements per page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.file.models import BlacklistEntry
from ar.customers.models import Customer
from kernel.binds import TENANT
from kernel.db import columns
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views


@dataclass(frozen=True, slots=True)
class BlacklistLine:
    """An entry of the blacklist; `exit_approval_id`: its exit was proposed."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    state: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    approval_id: UUID | None
    listed_at: datetime | None
    exit_reason: str | None
    exit_approval_id: UUID | None
    delisted_at: datetime | None


def entries(
    db: Session, tenant_id: UUID, *, state: str = "all", offset: int = 0, limit: int = 50
) -> tuple[list[BlacklistLine], dict[str, int]]:
    """Returns a page of entries and how many there are by state. Two statements."""
    entry = BlacklistEntry
    counts = db.execute(
        sa.select(entry.state, sa.func.count().label("number"))
        .where(entry.tenant_id == tenant_id)
        .group_by(entry.state)
    )
    lines = _lines(tenant_id)
    if state != "all":
        lines = lines.where(entry.state == state)
    rows = db.execute(lines.order_by(entry.proposed_at.desc(), entry.id.desc()).offset(offset).limit(limit))
    return views(BlacklistLine, rows), {row.state: row.number for row in counts}


def entry_line(db: Session, tenant_id: UUID, entry_id: UUID) -> BlacklistLine:
    """Returns one entry. Raises NotFound(`blacklist_not_found`)."""
    row = db.execute(_lines(tenant_id).where(BlacklistEntry.id == entry_id)).first()
    if row is None:
        raise NotFound("blacklist_not_found")
    return view(BlacklistLine, row)


def open_entry(db: Session, tenant_id: UUID, customer_id: UUID) -> BlacklistLine | None:
    """Returns the entry of a customer that is listed or proposed; None without one."""
    row = columns(db, _open_entry(), {"tenant": tenant_id, "customer": customer_id}).first()
    return None if row is None else view(BlacklistLine, row)


@cache
def _open_entry() -> sa.Select[*tuple[Any, ...]]:
    entry = BlacklistEntry
    of_customer = entry.customer_id == sa.bindparam("customer", type_=sa.Uuid)
    return _lines(TENANT).where(of_customer, entry.state.in_(("proposed", "listed")))


def _lines(tenant_id: Any) -> sa.Select[*tuple[Any, ...]]:
    entry, customer = BlacklistEntry, Customer
    return (
        select_view(
            BlacklistLine,
            id=value(entry.id),
            customer_id=value(entry.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            state=value(entry.state),
            reason=value(entry.reason),
            proposed_by=value(entry.proposed_by),
            proposed_at=value(entry.proposed_at),
            approval_id=value(entry.approval_id),
            listed_at=value(entry.listed_at),
            exit_reason=value(entry.exit_reason),
            exit_approval_id=value(entry.exit_approval_id),
            delisted_at=value(entry.delisted_at),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == entry.customer_id))
        .where(entry.tenant_id == tenant_id)
    )
