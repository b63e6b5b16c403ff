"""Registers guarantees and records when they end (R047).

Invariants: the time to claim against a guarantor neither stops nor restarts (Civil Code art. 692), so nothing prolongs
it but a new guarantee; nothing is deleted.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.inputs import EndGuarantee, RegisterGuarantee
from ar.credit.limits.models import Guarantee
from ar.credit.rules.guarantees import claim_by
from ar.ledger.commands import lock_customers
from kernel import idempotency, journal, storage
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import parse_positive_amount
from kernel.uploads import PICTURES, UploadedFile, base_name, media_type_of, require_shown_anywhere

SIZE_MAX: Final = 12 * 1000 * 1000


def register_guarantee(
    db: Session, actor: Actor, customer_id: UUID, data: RegisterGuarantee, file: UploadedFile | None = None
) -> UUID:
    """Registers a guarantee, with a scan of its paper or without; returns its id. Idempotent by `data.key`.

    Raises NotFound(`customer_not_found`), RuleBroken(`guarantee_days`, `guarantee_file_size`, `guarantee_file_kind`),
    what parsing an amount raises.
    """
    digest = None if file is None else hashlib.sha256(file.content).hexdigest()
    asked = {"customer": customer_id, "file": digest, **data.model_dump(exclude={"key"})}
    register = partial(_register, db, actor, customer_id, data, file)
    return idempotency.once(db, actor, f"guarantee:{data.key}", asked, register)


def _register(db: Session, actor: Actor, customer_id: UUID, data: RegisterGuarantee, file: UploadedFile | None) -> UUID:
    actor = lock_customers(db, actor, [customer_id])
    media_type = None if file is None else _media_type(file)
    if data.valid_to is not None and data.valid_to < data.valid_from:
        raise RuleBroken("guarantee_days")
    minor, guarantee_id = parse_positive_amount(data.amount, data.currency), new_id()
    db.execute(
        sa.insert(Guarantee).values(
            tenant_id=actor.tenant_id,
            id=guarantee_id,
            customer_id=customer_id,
            kind=data.kind,
            provider=data.provider,
            reference=data.reference,
            currency=data.currency,
            amount_minor=minor,
            valid_from=data.valid_from,
            valid_to=data.valid_to,
            claim_by_on=data.claim_by_on or claim_by(data.kind, data.valid_to),
            file_sha256=storage.store(db, actor, file.content, media_type) if file and media_type else None,
            file_name=base_name(file.name) if file else "",
            note=data.note,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {
        "guarantee_kind": data.kind,
        "provider": data.provider,
        "amount_minor": minor,
        "currency": data.currency,
        "valid_to": data.valid_to.isoformat() if data.valid_to else None,
    }
    journal.record(db, actor, "guarantee_registered", customer_id=customer_id, subject_id=guarantee_id, data=facts)
    return guarantee_id


def _media_type(file: UploadedFile) -> str:
    """Returns the media type of the scan. Raises RuleBroken(`guarantee_file_size`, …`_heic`, …`_kind`)."""
    name = base_name(file.name)
    if len(file.content) > SIZE_MAX:
        raise RuleBroken("guarantee_file_size", name=name)
    require_shown_anywhere(file, "guarantee_file_heic")
    media_type = media_type_of(file, PICTURES)
    if media_type is None:
        raise RuleBroken("guarantee_file_kind", name=name)
    return media_type


def end_guarantee(db: Session, actor: Actor, guarantee_id: UUID, data: EndGuarantee) -> UUID:
    """Records that a guarantee is no longer there; returns the customer's id.

    Raises NotFound(`guarantee_not_found`), Conflict(`guarantee_ended`).
    """
    x = Guarantee
    found = sa.select(x.customer_id, x.provider, x.ended_at).where(x.tenant_id == actor.tenant_id, x.id == guarantee_id)
    row = db.execute(found).first()
    if row is None:
        raise NotFound("guarantee_not_found")
    actor = lock_customers(db, actor, [row.customer_id])
    if db.execute(found).one().ended_at is not None:
        raise Conflict("guarantee_ended")
    db.execute(
        sa.update(x)
        .where(x.tenant_id == actor.tenant_id, x.id == guarantee_id)
        .values(ended_at=actor.now, ended_by=actor.name, ended_reason=data.reason)
    )
    facts = {"provider": row.provider, "reason": data.reason}
    journal.record(db, actor, "guarantee_ended", customer_id=row.customer_id, subject_id=guarantee_id, data=facts)
    return UUID(str(row.customer_id))
