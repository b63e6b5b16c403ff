"""Our company as it stands on the papers of the ledger. May import tenants' tables and kernel."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.db import columns
from tenants.models import Company


@dataclass(frozen=True, slots=True)
class Issuer:
    """The company that prints."""

    name: str
    address: str
    phone: str
    tax_id: str


def issuer_of(db: Session, tenant_id: UUID) -> Issuer:
    """The company's own facts."""
    c = Company
    row = columns(db, sa.select(c.legal_name, c.address, c.phone, c.tax_id).where(c.tenant_id == tenant_id)).one()
    return Issuer(*row)
