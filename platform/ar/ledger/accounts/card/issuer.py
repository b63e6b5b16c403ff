"""The tenant's company as printed on account cards and receipts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.db import columns
from kernel.views import select_view, value, view
from tenants.models import Company


@dataclass(frozen=True, slots=True)
class Issuer:
    """Name and address of the company that issues the document."""

    name: str
    address: str
    phone: str
    tax_id: str


def load_issuer(db: Session, tenant_id: UUID) -> Issuer:
    """Returns the tenant's company."""
    company = Company
    row = columns(
        db,
        select_view(
            Issuer,
            name=value(company.legal_name),
            address=value(company.address),
            phone=value(company.phone),
            tax_id=value(company.tax_id),
        ).where(company.tenant_id == tenant_id),
    ).one()
    return view(Issuer, row)
