"""The kinds of approvals of the product, gathered from the slices. The only place that knows them all.

Invariant: every process that may ask for or decide an approval (web, worker, command line) has called `install`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

import ar.interest.approvals
import ar.ledger.approvals
import ar.losses.approvals
import ar.receipts.approvals
from app.messages import message_of
from ar.customers.models import Customer
from tenants.approvals import kinds
from tenants.approvals.kinds import CustomerName, Kind

#: One line per slice: `*ar.<slice>.approvals.APPROVALS,` with its import above.
APPROVALS: tuple[Kind, ...] = (
    *ar.interest.approvals.APPROVALS,
    *ar.ledger.approvals.APPROVALS,
    *ar.losses.approvals.APPROVALS,
    *ar.receipts.approvals.APPROVALS,
)


def name_customers(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, CustomerName]:
    """Number and name of customers by id."""
    c = Customer
    rows = db.execute(sa.select(c.id, c.number, c.name).where(c.tenant_id == tenant_id, c.id.in_(list(ids))))
    return {row.id: CustomerName(row.number, row.name) for row in rows}


def install() -> None:
    """Makes the gathered kinds known to this process; again does no harm."""
    kinds.install(APPROVALS, name_customers, message_of)
