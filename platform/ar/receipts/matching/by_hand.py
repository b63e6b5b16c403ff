"""Matching by a person: book one bank line, take a match back (setting aside is in `bank_files`).

May import the ledger, this slice and the kernel. Invariants: of two people on one line the second is told what
happened; what was taken back is remembered; a form sent twice has one effect.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.commands import TakeBack, lock_customers, reverse_item, take_back
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.matching.commands import as_receipt, mark_matched
from ar.receipts.matching.loading import line_columns
from ar.receipts.models import BankAccount, BankLine
from ar.receipts.posting.booking import book_receipts
from ar.receipts.posting.commands import choose_parts, refuse
from ar.receipts.posting.inputs import ApplyLine
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.views import DbRow


def apply_line(db: Session, actor: Actor, line_id: UUID, data: ApplyLine) -> UUID:
    """Books a bank line as this customer's receipt with its allocations; returns the receipt's item id.

    The same key again: the first answer. Raises NotFound(`bank_line_not_found`, `customer_not_found`), Conflict
    (`line_matched`, `line_set_aside`, `allocation_exceeds_open`), RuleBroken(`line_not_a_receipt`) and what booking
    and choosing raise.
    """
    request = {"line": line_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"match:{data.key}", request, lambda: _apply_line(db, actor, line_id, data))


def _apply_line(db: Session, actor: Actor, line_id: UUID, data: ApplyLine) -> UUID:
    lock_customers(db, actor.tenant_id, [data.customer_id])
    row = _hold(db, actor.tenant_id, line_id)
    _refuse_decided(row)
    if row.side != 1 or row.is_reversal:
        raise RuleBroken("line_not_a_receipt")
    parts = choose_parts(
        db,
        actor,
        data.customer_id,
        row.currency,
        row.amount_minor,
        how=data.how,
        typed=data.parts,
        designation=row.remittance,
        costs_first=data.costs_first,
        line_id=line_id,
    )
    receipt = as_receipt(row, data.customer_id, parts, data.booked_on)
    item_id = book_receipts(db, actor, [receipt], confirmed=True)[0]
    mark_matched(db, actor, [(line_id, data.customer_id, item_id)])
    facts = _facts(row, receipt_id=str(item_id), documents=len(parts))
    journal.record(db, actor, "bank_line_matched", customer_id=data.customer_id, subject_id=line_id, data=facts)
    return item_id


def undo_match(db: Session, actor: Actor, line_id: UUID) -> None:
    """Takes a match back: the receipt's allocations, then the receipt; the line waits again.

    What it had paid is remembered as refused, so that no machine pays it again from this line. Raises NotFound,
    Conflict(`line_not_matched`) and what reversing raises.
    """
    b = BankLine
    customer_id = db.execute(
        sa.select(b.customer_id).where(b.tenant_id == actor.tenant_id, b.id == line_id)
    ).scalar_one_or_none()
    if customer_id is not None:
        lock_customers(db, actor.tenant_id, [customer_id])
    row = _hold(db, actor.tenant_id, line_id)
    if row.state != "matched" or row.customer_id != customer_id:
        raise Conflict("line_not_matched")
    paid = _standing_allocations(db, actor.tenant_id, row.receipt_item_id)
    for allocation_id, _debit_id in paid:
        take_back(db, actor, row.receipt_item_id, allocation_id, TakeBack())
    if not _is_reversed(db, actor.tenant_id, row.receipt_item_id):
        reverse_item(db, actor, row.receipt_item_id, memo=_("Bank line match undone"))
    refuse(
        db,
        actor,
        list(dict.fromkeys(debit_id for _allocation_id, debit_id in paid)),
        credit_id=row.receipt_item_id,
        line_id=line_id,
    )
    _decide(db, actor, line_id, state="open", customer_id=None, receipt_item_id=None, proposal_state="likely")
    facts = _facts(row, receipt_id=str(row.receipt_item_id))
    journal.record(db, actor, "bank_line_undone", customer_id=customer_id, subject_id=line_id, data=facts)


def _hold(db: Session, tenant_id: UUID, line_id: UUID) -> Any:
    """The line under its lock, with its account's code and the receipt's number. Raises NotFound."""
    b, a, i = BankLine, BankAccount, OpenItem
    row = db.execute(
        sa.select(
            *line_columns(),
            b.payer_bank,
            b.bank_account_id,
            b.side,
            b.is_reversal,
            b.state,
            b.reason,
            b.customer_id,
            b.receipt_item_id,
            b.decided_by,
            a.account_code,
            sa.select(i.document_no)
            .where(i.tenant_id == tenant_id, i.id == b.receipt_item_id)
            .scalar_subquery()
            .label("receipt_no"),
        )
        .join(a, sa.and_(a.tenant_id == tenant_id, a.id == b.bank_account_id))
        .where(b.tenant_id == tenant_id, b.id == line_id)
        .with_for_update(of=b)
    ).first()
    if row is None:
        raise NotFound("bank_line_not_found")
    return row


def _refuse_decided(row: DbRow) -> None:
    """Says what another person has made of it meanwhile."""
    if row.state == "matched":
        raise Conflict("line_matched", by=row.decided_by or "", number=row.receipt_no or "")
    if row.state == "set_aside":
        raise Conflict("line_set_aside", by=row.decided_by or "", reason=row.reason)


def _decide(db: Session, actor: Actor, line_id: UUID, **values: object) -> None:
    b = BankLine
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == line_id)
        .values(decided_by=actor.name, decided_at=actor.now, **values)
    )


def _standing_allocations(db: Session, tenant_id: UUID, credit_id: UUID) -> list[tuple[UUID, UUID]]:
    """(allocation, debit item) of what the receipt pays now, in the order they were made."""
    a, back = Allocation, aliased(Allocation)
    taken_back = sa.exists().where(back.tenant_id == tenant_id, back.reverses_id == a.id)
    reversal = sa.exists().where(OpenItem.tenant_id == tenant_id, OpenItem.reverses_id == credit_id)
    rows = db.execute(
        sa.select(a.id, a.debit_item_id)
        .where(a.tenant_id == tenant_id, a.credit_item_id == credit_id, a.reverses_id.is_(None), ~taken_back, ~reversal)
        .order_by(a.id)
    )
    return [(allocation_id, item_id) for allocation_id, item_id in rows]


def _is_reversed(db: Session, tenant_id: UUID, item_id: UUID) -> bool:
    i = OpenItem
    return bool(
        db.execute(sa.select(sa.exists().where(i.tenant_id == tenant_id, i.reverses_id == item_id))).scalar_one()
    )


def _facts(row: DbRow, **more: object) -> dict[str, object]:
    return {
        "booked_on": row.booked_on.isoformat(),
        "currency": row.currency,
        "amount_minor": row.amount_minor,
        "payer": row.payer_name,
        **more,
    }
