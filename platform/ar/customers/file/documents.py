"""Changes the documents of a customer file: upload, verify, archive, reject; confirms a doubtful number.

Invariants: a document's file and dates never change, a newer one replaces it once it is verified; whoever uploaded a
document does not verify it (R023); a number is confirmed as it stands, so that a changed one is doubted anew.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.file.inputs import ArchiveDocument, ConfirmNumber, RejectDocument, UploadDocument, VerifyDocument
from ar.customers.file.models import CustomerDocument, IdentityCheck
from ar.customers.file.queries import file_policy
from ar.customers.models import Customer
from ar.customers.rules.customer_file import COUNTING_STATES, VERIFIED_STATES, DocumentKind
from ar.customers.rules.identity_numbers import doubt_about
from kernel import journal, storage
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.uploads import PICTURES, UploadedFile, base_name, media_type_of, require_shown_anywhere
from kernel.views import DbRow

#: The largest file: a photo of a phone in full size.
SIZE_MAX: Final = 12 * 1000 * 1000


def upload_document(
    db: Session, actor: Actor, customer_id: UUID, data: UploadDocument, file: UploadedFile | None
) -> UUID:
    """Puts a document into a customer's file, to be verified; returns its id. One that waited is replaced by it.

    Raises NotFound(`customer_not_found`), RuleBroken (`file_no_document`, `file_document_kind`, `file_document_size`,
    `file_issued_later`, `file_dates_order`, `file_expired`, `file_end_needed`).
    """
    entity_type = lock_customer(db, actor, customer_id).entity_type
    _check_dates(db, actor, entity_type, data)
    name, media_type, content = _checked(file)
    document = CustomerDocument
    earlier = None
    if data.kind is not DocumentKind.OTHER:
        earlier = _latest_id(db, actor.tenant_id, customer_id, data.kind)
        db.execute(
            sa.update(document)
            .where(
                document.tenant_id == actor.tenant_id,
                document.customer_id == customer_id,
                document.kind == data.kind.value,
                document.state == "uploaded",
            )
            .values(state="replaced")
        )
    document_id = new_id()
    db.execute(
        sa.insert(document).values(
            tenant_id=actor.tenant_id,
            id=document_id,
            customer_id=customer_id,
            kind=data.kind.value,
            number=data.number,
            issued_on=data.issued_on,
            expires_on=data.expires_on,
            file_sha256=storage.store(db, actor, content, media_type),
            file_name=name,
            state="uploaded",
            replaces_id=earlier,
            note=data.note,
            uploaded_by=actor.name,
            uploaded_by_id=actor.user_id,
            uploaded_at=actor.now,
            original_seen=False,
        )
    )
    _record(db, actor, "document_uploaded", customer_id, document_id, kind=data.kind.value, number=data.number)
    return document_id


def verify_document(db: Session, actor: Actor, customer_id: UUID, document_id: UUID, data: VerifyDocument) -> None:
    """Verifies a document against its original (R023); the older one of its kind is replaced.

    Raises NotFound(`document_not_found`), Conflict(`document_settled`), Forbidden(`file_own_document`),
    RuleBroken(`file_original_needed`).
    """
    lock_customer(db, actor, customer_id)
    row = _lock_document(db, actor.tenant_id, customer_id, document_id)
    if row.state != "uploaded":
        raise Conflict("document_settled")
    if actor.user_id is None or actor.user_id == row.uploaded_by_id:
        raise Forbidden("file_own_document")
    if not data.original_seen:
        raise RuleBroken("file_original_needed")
    document = CustomerDocument
    if row.kind != DocumentKind.OTHER:
        db.execute(
            sa.update(document)
            .where(
                document.tenant_id == actor.tenant_id,
                document.customer_id == customer_id,
                document.kind == row.kind,
                document.state.in_(sorted(VERIFIED_STATES)),
            )
            .values(state="replaced")
        )
    _update(
        db,
        actor,
        document_id,
        state="verified",
        original_seen=True,
        verified_by=actor.name,
        verified_at=actor.now,
        verification_note=data.note or None,
    )
    _record(db, actor, "document_verified", customer_id, document_id, kind=row.kind, number=row.number)


def archive_document(db: Session, actor: Actor, customer_id: UUID, document_id: UUID, data: ArchiveDocument) -> None:
    """Notes where the sealed copy of a verified document lies (R023).

    Raises NotFound(`document_not_found`), Conflict(`document_settled`).
    """
    row = _lock_document(db, actor.tenant_id, customer_id, document_id)
    if row.state != "verified":
        raise Conflict("document_settled")
    _update(
        db,
        actor,
        document_id,
        state="archived",
        archived_by=actor.name,
        archived_at=actor.now,
        archived_place=data.place,
    )
    _record(db, actor, "document_archived", customer_id, document_id, kind=row.kind, place=data.place)


def reject_document(db: Session, actor: Actor, customer_id: UUID, document_id: UUID, data: RejectDocument) -> None:
    """Refuses a document that counts, also one that was verified by mistake; the gate follows.

    Raises NotFound(`document_not_found`), Conflict(`document_settled`).
    """
    row = _lock_document(db, actor.tenant_id, customer_id, document_id)
    if row.state not in COUNTING_STATES:
        raise Conflict("document_settled")
    _update(db, actor, document_id, state="rejected", verification_note=data.reason)
    _record(db, actor, "document_rejected", customer_id, document_id, kind=row.kind, reason=data.reason)


def confirm_number(db: Session, actor: Actor, customer_id: UUID, data: ConfirmNumber) -> UUID:
    """Notes that a named person held a doubtful number against the register, so that the gate opens (A11).

    Raises NotFound(`customer_not_found`), Conflict(`number_not_doubtful`), Forbidden(`file_needs_a_person`).
    """
    row = lock_customer(db, actor, customer_id)
    if actor.user_id is None:
        raise Forbidden("file_needs_a_person")
    if doubt_about(row.entity_type, row.tax_id) is None:
        raise Conflict("number_not_doubtful")
    check_id = new_id()
    db.execute(
        sa.insert(IdentityCheck).values(
            tenant_id=actor.tenant_id,
            id=check_id,
            customer_id=customer_id,
            tax_id=row.tax_id,
            source=data.source,
            note=data.note,
            checked_by=actor.name,
            checked_by_id=actor.user_id,
            checked_at=actor.now,
        )
    )
    journal.record(
        db,
        actor,
        "number_confirmed",
        customer_id=customer_id,
        subject_id=check_id,
        data={"tax_id": row.tax_id, "source": data.source, "reason": data.note},
    )
    return check_id


def lock_customer(db: Session, actor: Actor, customer_id: UUID) -> DbRow:
    """Locks a customer against other changes of its file; returns its legal form and number.

    Raises NotFound(`customer_not_found`).
    """
    customer = Customer
    row = db.execute(
        sa.select(customer.id, customer.number, customer.entity_type, customer.tax_id)
        .where(customer.tenant_id == actor.tenant_id, customer.id == customer_id)
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    return row


def _check_dates(db: Session, actor: Actor, entity_type: str, data: UploadDocument) -> None:
    if data.issued_on is not None and data.issued_on > actor.today:
        raise RuleBroken("file_issued_later")
    if data.expires_on is not None:
        if data.issued_on is not None and data.expires_on < data.issued_on:
            raise RuleBroken("file_dates_order")
        if data.expires_on < actor.today:
            raise RuleBroken("file_expired")
        return
    asked = file_policy(db, actor.tenant_id).requirements_of(entity_type)
    if not data.no_end and any(each.kind is data.kind and each.expires for each in asked):
        raise RuleBroken("file_end_needed")


def _checked(file: UploadedFile | None) -> tuple[str, str, bytes]:
    """Returns the base name, media type and content of an acceptable file."""
    if file is None or not file.content:
        raise RuleBroken("file_no_document")
    name = base_name(file.name)
    if len(file.content) > SIZE_MAX:
        raise RuleBroken("file_document_size", name=name)
    require_shown_anywhere(file, "file_document_heic")
    media_type = media_type_of(file, PICTURES)
    if media_type is None:
        raise RuleBroken("file_document_kind", name=name)
    return name, media_type, file.content


def _latest_id(db: Session, tenant_id: UUID, customer_id: UUID, kind: DocumentKind) -> UUID | None:
    document = CustomerDocument
    return db.execute(
        sa.select(document.id)
        .where(
            document.tenant_id == tenant_id,
            document.customer_id == customer_id,
            document.kind == kind.value,
            document.state.in_(sorted(COUNTING_STATES)),
        )
        .order_by(document.uploaded_at.desc(), document.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _lock_document(db: Session, tenant_id: UUID, customer_id: UUID, document_id: UUID) -> DbRow:
    document = CustomerDocument
    row = db.execute(
        sa.select(document.id, document.kind, document.number, document.state, document.uploaded_by_id)
        .where(document.tenant_id == tenant_id, document.customer_id == customer_id, document.id == document_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("document_not_found")
    return row


def _update(db: Session, actor: Actor, document_id: UUID, **values: Any) -> None:
    document = CustomerDocument
    db.execute(
        sa.update(document).where(document.tenant_id == actor.tenant_id, document.id == document_id).values(**values)
    )


def _record(db: Session, actor: Actor, event: str, customer_id: UUID, document_id: UUID, **facts: Any) -> None:
    facts = {"kind": str(facts.pop("kind")), **facts}
    journal.record(db, actor, event, customer_id=customer_id, subject_id=document_id, data=facts)
