"""Posts the sure lines that a person was shown, as a batch with a result for each, and undoes such a batch.

Invariants: nothing is posted that was not shown, nor by another proposal than the one shown; undoing reverses only
receipts on which nothing depends, and says of the others that something does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import first_open_on, hold_books, lock_customers, lock_open_period
from ar.ledger.models import OpenItem
from ar.receipts.matching.commands import best_proposal, post_sure_lines
from ar.receipts.matching.inputs import PostShownLines, UndoBatch
from ar.receipts.models import BankLine, ReceiptBatch, ReceiptBatchLine, Refund
from ar.receipts.posting.reversal import allocations_in_force, discount_allocations, reverse_with_allocations
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id, new_ids
from kernel.views import DbRow


def proposal_proof(stored: Mapping[str, Any]) -> str:
    """Returns the fingerprint of a line's first proposal: customer, documents and amounts."""
    first = stored["proposals"][0]
    text = json.dumps([first["customer_id"], sorted(first["parts"])])
    return blake2b(text.encode(), digest_size=8).hexdigest()


def post_shown_lines(db: Session, actor: Actor, data: PostShownLines) -> UUID:
    """Posts the lines as shown; returns the batch with the result of each. The same key returns the first batch.

    Raises NotFound(`bank_line_not_found`) for a line that is not the company's.
    """
    request = data.model_dump(exclude={"key"})
    return idempotency.once(db, actor, f"sure:{data.key}", request, lambda: _post_shown_lines(db, actor, data))


def _post_shown_lines(db: Session, actor: Actor, data: PostShownLines) -> UUID:
    b = BankLine
    proofs = {each.line_id: each.proof for each in data.lines}
    actor = hold_books(db, actor)
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    rows = db.execute(
        sa.select(b.id, b.state, b.proposal, b.proposal_state, b.booked_on).where(
            b.tenant_id == actor.tenant_id, b.id.in_(proofs)
        )
    ).all()
    if len(rows) != len(proofs):
        raise NotFound("bank_line_not_found")
    outcomes: dict[UUID, str] = {}
    wanted: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        if row.state != "open":
            outcomes[row.id] = "decided"
        elif row.proposal_state != "sure" or proposal_proof(row.proposal) != proofs[row.id]:
            outcomes[row.id] = "changed"
        elif not open_from <= row.booked_on <= actor.today:
            outcomes[row.id] = "locked"
        else:
            wanted[row.id] = row.proposal
    posted, moved = post_sure_lines(db, actor, wanted) if wanted else ([], [])
    outcomes |= dict.fromkeys(wanted, "decided") | dict.fromkeys(moved, "changed")
    outcomes |= {line_id: "posted" for line_id, _item_id in posted}
    batch_id = _insert_batch(db, actor, [each.line_id for each in data.lines], outcomes, dict(posted))
    facts = {"booked": len(posted), "passed_over": len(proofs) - len(posted)}
    journal.record(db, actor, "bank_lines_accepted", subject_id=batch_id, data=facts)
    return batch_id


def _insert_batch(
    db: Session, actor: Actor, line_ids: Sequence[UUID], outcomes: Mapping[UUID, str], items: Mapping[UUID, UUID]
) -> UUID:
    batch_id = new_id()
    db.execute(
        sa.insert(ReceiptBatch).values(
            tenant_id=actor.tenant_id, id=batch_id, posted_by=actor.name, posted_at=actor.now
        )
    )
    shown = list(dict.fromkeys(line_ids))
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": row_id,
            "batch_id": batch_id,
            "position": position,
            "line_id": line_id,
            "outcome": outcomes[line_id],
            "receipt_item_id": items.get(line_id),
        }
        for position, (line_id, row_id) in enumerate(zip(shown, new_ids(len(shown)), strict=True), start=1)
    ]
    db.execute(sa.insert(ReceiptBatchLine), rows)
    return batch_id


def undo_batch(db: Session, actor: Actor, batch_id: UUID, data: UndoBatch) -> None:
    """Reverses the receipts of a batch on which nothing depends; their lines wait for matching again.

    The same key again changes nothing. Raises NotFound(`batch_not_found`), Conflict(`batch_undone`).
    """
    if not idempotency.first_time(db, actor, f"undo-batch:{data.key}", {"batch": batch_id}):
        return
    rows = _lines_to_undo(db, actor.tenant_id, batch_id)
    actor = lock_customers(db, actor, [row.customer_id for row in rows])
    _lock_batch(db, actor.tenant_id, batch_id)
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    counts = {"undone": 0, "depends": 0}
    for row in rows:
        line = _lock_line(db, actor.tenant_id, row.line_id)
        depends = row.document_on < open_from or _something_depends(db, actor.tenant_id, row, line)
        outcome = "depends" if depends else "undone"
        counts[outcome] += 1
        if not depends:
            reverse_with_allocations(db, actor, row.receipt_item_id, row.document_on, _("Batch undone"))
            _reopen_line(db, actor, row.line_id)
        _record_outcome(db, actor.tenant_id, row.id, outcome)
    batch = ReceiptBatch
    db.execute(
        sa.update(batch)
        .where(batch.tenant_id == actor.tenant_id, batch.id == batch_id)
        .values(undone_by=actor.name, undone_at=actor.now)
    )
    journal.record(db, actor, "receipt_batch_undone", subject_id=batch_id, data=counts)


def _lines_to_undo(db: Session, tenant_id: UUID, batch_id: UUID) -> Sequence[DbRow]:
    each, item = ReceiptBatchLine, OpenItem
    return db.execute(
        sa.select(each.id, each.line_id, each.receipt_item_id, item.customer_id, item.document_on)
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == each.receipt_item_id))
        .where(each.tenant_id == tenant_id, each.batch_id == batch_id, each.outcome == "posted")
        .order_by(each.line_id)
    ).all()


def _lock_batch(db: Session, tenant_id: UUID, batch_id: UUID) -> None:
    batch = ReceiptBatch
    row = db.execute(
        sa.select(batch.undone_by).where(batch.tenant_id == tenant_id, batch.id == batch_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("batch_not_found")
    if row.undone_by is not None:
        raise Conflict("batch_undone", by=row.undone_by)


def _lock_line(db: Session, tenant_id: UUID, line_id: UUID) -> DbRow:
    b = BankLine
    return db.execute(
        sa.select(b.state, b.receipt_item_id, b.proposal)
        .where(b.tenant_id == tenant_id, b.id == line_id)
        .with_for_update()
    ).one()


def _something_depends(db: Session, tenant_id: UUID, row: DbRow, line: DbRow) -> bool:
    """Tells that the receipt is no longer as it was posted, or that a refund or a discount rests on it."""
    if line.state != "matched" or line.receipt_item_id != row.receipt_item_id:
        return True
    parts = sorted(best_proposal(line.proposal).parts)
    paid = allocations_in_force(db, tenant_id, row.receipt_item_id)
    if sorted((each.debit_item_id, each.amount_minor) for each in paid) != parts:
        return True
    r, mirror = Refund, OpenItem
    refund = sa.exists().where(
        r.tenant_id == tenant_id, r.credit_item_id == row.receipt_item_id, r.state.in_(("asked", "paid"))
    )
    reversal = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == row.receipt_item_id)
    if db.execute(sa.select(sa.or_(refund, reversal))).scalar_one():
        return True
    return bool(discount_allocations(db, tenant_id, [item_id for item_id, _minor in parts]))


def _reopen_line(db: Session, actor: Actor, line_id: UUID) -> None:
    b = BankLine
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == line_id)
        .values(
            state="open",
            customer_id=None,
            receipt_item_id=None,
            proposal_state="likely",
            decided_by=actor.name,
            decided_at=actor.now,
        )
    )


def _record_outcome(db: Session, tenant_id: UUID, row_id: UUID, outcome: str) -> None:
    each = ReceiptBatchLine
    db.execute(sa.update(each).where(each.tenant_id == tenant_id, each.id == row_id).values(undo_outcome=outcome))
