"""Takes proofs of payment for an order, and lets finance accept or reject them (R045, A04).

Invariants: only an accepted proof counts, for its own order and currency; who uploaded one never accepts it; nothing is
deleted.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.models import PaymentProof
from ar.credit.checks.proofs.inputs import DecideProof, UploadProof
from ar.ledger.commands import lock_customers
from kernel import idempotency, journal, storage
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import parse_positive_amount
from kernel.uploads import PICTURES, UploadedFile, base_name, media_type_of, require_shown_anywhere

SIZE_MAX: Final = 12 * 1000 * 1000


class ProofOrder(NamedTuple):
    """The order that a proof is for."""

    customer_id: UUID
    order_id: UUID
    order_no: str
    currency: str


def upload_proof(db: Session, actor: Actor, order: ProofOrder, data: UploadProof, file: UploadedFile | None) -> UUID:
    """Takes a proof of payment for an order; returns its id. It counts once finance accepts it.

    Idempotent by `data.key`. Raises NotFound(`customer_not_found`), RuleBroken(`proof_file_missing`,
    `proof_file_size`, `proof_file_heic`, `proof_file_kind`), what parsing an amount raises.
    """
    if file is None or not file.content:
        raise RuleBroken("proof_file_missing")
    digest = hashlib.sha256(file.content).hexdigest()
    asked = {"order": order.order_id, "file": digest, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"proof:{data.key}", asked, lambda: _upload(db, actor, order, data, file))


def _upload(db: Session, actor: Actor, order: ProofOrder, data: UploadProof, file: UploadedFile) -> UUID:
    actor = lock_customers(db, actor, [order.customer_id])
    name = base_name(file.name)
    if len(file.content) > SIZE_MAX:
        raise RuleBroken("proof_file_size", name=name)
    require_shown_anywhere(file, "proof_file_heic")
    media_type = media_type_of(file, PICTURES)
    if media_type is None:
        raise RuleBroken("proof_file_kind", name=name)
    proof_id = new_id()
    minor = parse_positive_amount(data.amount, order.currency)
    db.execute(
        sa.insert(PaymentProof).values(
            tenant_id=actor.tenant_id,
            id=proof_id,
            customer_id=order.customer_id,
            order_id=order.order_id,
            kind=data.kind,
            currency=order.currency,
            amount_minor=minor,
            reference=data.reference,
            file_sha256=storage.store(db, actor, file.content, media_type),
            file_name=name,
            state="uploaded",
            uploaded_by=actor.name,
            uploaded_by_id=actor.user_id,
            uploaded_at=actor.now,
        )
    )
    facts = {"order_no": order.order_no, "amount_minor": minor, "currency": order.currency, "proof_kind": data.kind}
    journal.record(db, actor, "proof_uploaded", customer_id=order.customer_id, subject_id=proof_id, data=facts)
    return proof_id


def decide_proof(db: Session, actor: Actor, proof_id: UUID, data: DecideProof) -> UUID:
    """Accepts or rejects a proof; returns its order's id. Deciding the same again changes nothing.

    Raises NotFound(`proof_not_found`), Conflict(`proof_decided`), RuleBroken(`proof_own`, `proof_reason_needed`).
    """
    proof = PaymentProof
    found = sa.select(
        proof.customer_id, proof.order_id, proof.state, proof.uploaded_by_id, proof.currency, proof.amount_minor
    ).where(proof.tenant_id == actor.tenant_id, proof.id == proof_id)
    row = db.execute(found).first()
    if row is None:
        raise NotFound("proof_not_found")
    actor = lock_customers(db, actor, [row.customer_id])
    row = db.execute(found).one()
    order_id = UUID(str(row.order_id))
    if row.state == data.outcome:
        return order_id
    if row.state != "uploaded":
        raise Conflict("proof_decided")
    if actor.user_id is not None and actor.user_id == row.uploaded_by_id:
        raise RuleBroken("proof_own")
    if data.outcome == "rejected" and not data.note:
        raise RuleBroken("proof_reason_needed")
    db.execute(
        sa.update(proof)
        .where(proof.tenant_id == actor.tenant_id, proof.id == proof_id)
        .values(state=data.outcome, decided_by=actor.name, decided_at=actor.now, decision_note=data.note)
    )
    facts = {"amount_minor": row.amount_minor, "currency": row.currency, "outcome": data.outcome, "note": data.note}
    event = "proof_accepted" if data.outcome == "accepted" else "proof_rejected"
    journal.record(db, actor, event, customer_id=row.customer_id, subject_id=proof_id, data=facts)
    return order_id
