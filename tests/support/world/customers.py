"""The customer file: documents that somebody verified."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from ar.customers.file.models import CustomerDocument
from ar.customers.file.queries import file_policy
from ar.customers.models import Customer
from kernel.ids import new_id
from kernel.storage import store
from tests.support.world.ledger import Ledger


class Customers(Ledger):
    """Makers of what stands in a customer file."""

    def file_document(
        self,
        customer_id: UUID,
        kind: str = "licence",
        *,
        state: str = "verified",
        on: date | None = None,
        expires_on: date | None = None,
    ) -> UUID:
        """Writes a document as its upload (and verification) on a day leaves it, by default the world's day."""
        document_id, at = new_id(), self.actor(on).now
        verified = state in ("verified", "archived")
        with self.transaction() as db:
            db.execute(
                sa.insert(CustomerDocument).values(
                    tenant_id=self.tenant_id,
                    id=document_id,
                    customer_id=customer_id,
                    kind=kind,
                    number="",
                    expires_on=expires_on,
                    file_sha256=store(db, self.actor(on), b"%PDF-1.4 " + kind.encode(), "application/pdf"),
                    file_name=f"{kind}.pdf",
                    state=state,
                    note="",
                    uploaded_by="for a test",
                    uploaded_at=at,
                    original_seen=verified,
                    verified_by="for a test" if verified else None,
                    verified_at=at if verified else None,
                )
            )
        return document_id

    def complete_file(self, customer_id: UUID, on: date | None = None) -> None:
        """Verifies every document that the legal form of the customer asks for (R025)."""
        with self.reading() as db:
            form = db.execute(
                sa.select(Customer.entity_type).where(Customer.tenant_id == self.tenant_id, Customer.id == customer_id)
            ).scalar_one()
            asked = file_policy(db, self.tenant_id).requirements_of(form)
        for each in asked:
            if each.required:
                self.file_document(customer_id, each.kind.value, on=on)
