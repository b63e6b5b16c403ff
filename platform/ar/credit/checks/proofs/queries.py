"""Reads proofs of payment for their list and their page.

Invariant: a constant number of statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.models import PaymentProof
from ar.customers.models import Customer
from kernel.binds import TENANT
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views

#: So many proofs of the same paper are named.
SAME_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One proof of payment of an order."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    order_id: UUID
    kind: str
    currency: str
    amount_minor: int
    reference: str
    file_sha256: str
    file_name: str
    state: str
    uploaded_by: str
    uploaded_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str | None


def proofs(
    db: Session, tenant_id: UUID, *, state: str, offset: int, limit: int
) -> tuple[list[ProofRow], dict[str, int]]:
    """Returns one page of proofs, the oldest that waits first, and their number by state."""
    x = PaymentProof
    counted = sa.select(x.state, sa.func.count().label("number")).where(x.tenant_id == tenant_id).group_by(x.state)
    counts = {row.state: row.number for row in db.execute(counted)}
    statement = _select(tenant_id).where(x.tenant_id == tenant_id)
    if state != "all":
        statement = statement.where(x.state == state)
    waits = sa.case((x.state == "uploaded", 0), else_=1)
    rows = db.execute(statement.order_by(waits, x.uploaded_at, x.id).offset(offset).limit(limit))
    return views(ProofRow, rows), counts


def proof(db: Session, tenant_id: UUID, proof_id: UUID) -> ProofRow:
    """Returns one proof. Raises NotFound(`proof_not_found`)."""
    x = PaymentProof
    row = db.execute(_select(tenant_id).where(x.tenant_id == tenant_id, x.id == proof_id)).first()
    if row is None:
        raise NotFound("proof_not_found")
    return view(ProofRow, row)


def same_paper(db: Session, tenant_id: UUID, of: ProofRow) -> list[ProofRow]:
    """Returns the other proofs that are the same file, or the same number of the same customer; rejected ones apart."""
    x = PaymentProof
    same_number = sa.and_(x.customer_id == of.customer_id, x.kind == of.kind, x.reference == of.reference)
    same = sa.or_(x.file_sha256 == of.file_sha256, *((same_number,) if of.reference else ()))
    others = (x.tenant_id == tenant_id, x.id != of.id, x.state != "rejected", same)
    return views(ProofRow, db.execute(_select(tenant_id).where(*others).order_by(x.uploaded_at, x.id).limit(SAME_MAX)))


def _select(tenant_id: UUID) -> sa.Select[Any]:
    x, c = PaymentProof, Customer
    return select_view(
        ProofRow,
        id=value(x.id),
        customer_id=value(x.customer_id),
        customer_no=value(c.number),
        customer_name=value(c.name),
        order_id=value(x.order_id),
        kind=value(x.kind),
        currency=value(x.currency),
        amount_minor=value(x.amount_minor),
        reference=value(x.reference),
        file_sha256=value(x.file_sha256),
        file_name=value(x.file_name),
        state=value(x.state),
        uploaded_by=value(x.uploaded_by),
        uploaded_at=value(x.uploaded_at),
        decided_by=value(x.decided_by),
        decided_at=value(x.decided_at),
        decision_note=value(x.decision_note),
    ).join(c, sa.and_(c.tenant_id == tenant_id, c.id == x.customer_id))


def waiting_proofs() -> sa.Select[Any]:
    """Selects the proofs that wait for finance (binds: tenant)."""
    return sa.select(PaymentProof.id).where(PaymentProof.tenant_id == TENANT, PaymentProof.state == "uploaded")
