"""Reads what stands in one customer's file: documents, checks of its number, and what is asked of its legal form.

Invariant: a constant number of statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.file.models import CustomerDocument, IdentityCheck
from ar.customers.file.queries import all_gaps, file_policy
from ar.customers.models import Customer
from ar.customers.rules.customer_file import CLOSING, COUNTING_STATES, Gap, Requirement
from ar.customers.rules.identity_numbers import doubt_about
from kernel.errors import NotFound
from kernel.storage import Blob
from kernel.views import LATER, select_view, value, view, views


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document of the file. `expires_on` None: no last day is known. `replaces_id`: the one it was put in for."""

    id: UUID
    kind: str
    number: str
    issued_on: date | None
    expires_on: date | None
    file_sha256: str
    file_name: str
    size_bytes: int
    state: str
    note: str
    uploaded_by: str
    uploaded_by_id: UUID | None
    uploaded_at: datetime
    verified_by: str | None
    verified_at: datetime | None
    verification_note: str | None
    archived_by: str | None
    archived_at: datetime | None
    archived_place: str | None

    @property
    def counts(self) -> bool:
        """Whether it is no history: neither rejected nor replaced."""
        return self.state in COUNTING_STATES


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """A named person held the number against a register."""

    tax_id: str
    source: str
    note: str
    checked_by: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """A customer's file as its page shows it. `doubt`: why its number cannot be taken as it is, confirmed or not."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    entity_type: str
    tax_id: str
    owner_id: UUID | None
    doubt: str | None
    gaps: Sequence[Gap]
    requirements: Sequence[Requirement]
    documents: Sequence[DocumentLine]
    checks: Sequence[NumberCheck]

    @property
    def closing_gaps(self) -> list[Gap]:
        """The gaps that keep the gate closed."""
        return [gap for gap in self.gaps if gap.fault in CLOSING]

    @property
    def is_confirmed(self) -> bool:
        """Whether the number, as it stands, was held against a register."""
        return any(check.tax_id == self.tax_id for check in self.checks)

    def gap_of(self, kind: str) -> Gap | None:
        """Returns what is wrong with one kind of document."""
        return next((gap for gap in self.gaps if gap.kind == kind), None)


def customer_file(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> CustomerFile:
    """Returns the file of a customer. Raises NotFound(`customer_not_found`)."""
    customer = Customer
    row = db.execute(
        select_view(
            CustomerFile,
            customer_id=value(customer.id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            entity_type=value(customer.entity_type),
            tax_id=value(customer.tax_id),
            owner_id=value(customer.owner_id),
            doubt=LATER,
            gaps=LATER,
            requirements=LATER,
            documents=LATER,
            checks=LATER,
        ).where(customer.tenant_id == tenant_id, customer.id == customer_id)
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    return view(
        CustomerFile,
        row,
        doubt=doubt_about(row.entity_type, row.tax_id),
        gaps=all_gaps(db, tenant_id, [customer_id], today).get(customer_id, []),
        requirements=file_policy(db, tenant_id).requirements_of(row.entity_type),
        documents=views(DocumentLine, db.execute(_documents(tenant_id, customer_id))),
        checks=_checks(db, tenant_id, customer_id),
    )


def document_line(db: Session, tenant_id: UUID, customer_id: UUID, document_id: UUID) -> DocumentLine:
    """Returns one document. Raises NotFound(`document_not_found`)."""
    row = db.execute(_documents(tenant_id, customer_id).where(CustomerDocument.id == document_id)).first()
    if row is None:
        raise NotFound("document_not_found")
    return view(DocumentLine, row)


def _documents(tenant_id: UUID, customer_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    document = CustomerDocument
    return (
        select_view(
            DocumentLine,
            id=value(document.id),
            kind=value(document.kind),
            number=value(document.number),
            issued_on=value(document.issued_on),
            expires_on=value(document.expires_on),
            file_sha256=value(document.file_sha256),
            file_name=value(document.file_name),
            size_bytes=value(Blob.size_bytes),
            state=value(document.state),
            note=value(document.note),
            uploaded_by=value(document.uploaded_by),
            uploaded_by_id=value(document.uploaded_by_id),
            uploaded_at=value(document.uploaded_at),
            verified_by=value(document.verified_by),
            verified_at=value(document.verified_at),
            verification_note=value(document.verification_note),
            archived_by=value(document.archived_by),
            archived_at=value(document.archived_at),
            archived_place=value(document.archived_place),
        )
        .join(Blob, sa.and_(Blob.tenant_id == tenant_id, Blob.sha256 == document.file_sha256))
        .where(document.tenant_id == tenant_id, document.customer_id == customer_id)
        .order_by(document.uploaded_at.desc(), document.id.desc())
    )


def _checks(db: Session, tenant_id: UUID, customer_id: UUID) -> list[NumberCheck]:
    check = IdentityCheck
    rows = db.execute(
        select_view(
            NumberCheck,
            tax_id=value(check.tax_id),
            source=value(check.source),
            note=value(check.note),
            checked_by=value(check.checked_by),
            checked_at=value(check.checked_at),
        )
        .where(check.tenant_id == tenant_id, check.customer_id == customer_id)
        .order_by(check.checked_at.desc())
    )
    return views(NumberCheck, rows)
