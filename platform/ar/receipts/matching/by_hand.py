"""Matches one bank line by hand, and unmatches it (setting aside is in `bank.files`).

Invariants: of two people deciding one line the second gets a conflict that names the first; unmatched items are
recorded as refused; a form sent twice has one effect.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.commands import UnapplyAllocation, lock_customers, reverse_item, unapply_allocation
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.matching.commands import mark_matched, receipt_of_line
from ar.receipts.matching.inputs import MatchBankLine
from ar.receipts.matching.loading import line_columns
from ar.receipts.models import BankAccount, BankLine
from ar.receipts.posting.bulk_posting import post_receipts
from ar.receipts.posting.commands import choose_parts, record_refusals
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.views import DbRow


def match_line(db: Session, actor: Actor, line_id: UUID, data: MatchBankLine) -> UUID:
    """Posts a bank line as this customer's receipt with its allocations; returns the receipt's item id.

    The same key returns the first result. Raises NotFound(`bank_line_not_found`, `customer_not_found`), Conflict
    (`line_matched`, `line_set_aside`, `allocation_exceeds_open`), RuleBroken(`line_not_a_receipt`) and what posting
    and `choose_parts` raise.
    """
    request = {"line": line_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"match:{data.key}", request, lambda: _match_line(db, actor, line_id, data))


def _match_line(db: Session, actor: Actor, line_id: UUID, data: MatchBankLine) -> UUID:
    actor = lock_customers(db, actor, [data.customer_id])
    row = _lock_line(db, actor.tenant_id, line_id)
    _require_open(row)
    if row.side != 1 or row.status != "booked" or row.return_state == "open":
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
    receipt = receipt_of_line(row, data.customer_id, parts, data.booked_on)
    item_id = post_receipts(db, actor, [receipt], confirmed=True)[0]
    mark_matched(db, actor, [(line_id, data.customer_id, item_id)])
    facts = _facts(row, receipt_id=str(item_id), documents=len(parts))
    journal.record(db, actor, "bank_line_matched", customer_id=data.customer_id, subject_id=line_id, data=facts)
    return item_id


def unmatch_line(db: Session, actor: Actor, line_id: UUID) -> None:
    """Unapplies the receipt's allocations and reverses the receipt; the line waits for matching again.

    The items it paid are recorded as refused, so that they are not matched automatically again. Raises NotFound,
    Conflict(`line_not_matched`) and what reversing raises.
    """
    b = BankLine
    customer_id = db.execute(
        sa.select(b.customer_id).where(b.tenant_id == actor.tenant_id, b.id == line_id)
    ).scalar_one_or_none()
    if customer_id is not None:
        actor = lock_customers(db, actor, [customer_id])
    row = _lock_line(db, actor.tenant_id, line_id)
    if row.state != "matched" or row.customer_id != customer_id:
        raise Conflict("line_not_matched")
    paid = _allocations_in_force(db, actor.tenant_id, row.receipt_item_id)
    for allocation_id, _debit_id in paid:
        unapply_allocation(db, actor, row.receipt_item_id, allocation_id, UnapplyAllocation())
    if not _is_reversed(db, actor.tenant_id, row.receipt_item_id):
        reverse_item(db, actor, row.receipt_item_id, memo=_("Bank line match undone"))
    record_refusals(
        db,
        actor,
        list(dict.fromkeys(debit_id for _allocation_id, debit_id in paid)),
        credit_id=row.receipt_item_id,
        line_id=line_id,
    )
    _record_decision(db, actor, line_id, state="open", customer_id=None, receipt_item_id=None, proposal_state="likely")
    facts = _facts(row, receipt_id=str(row.receipt_item_id))
    journal.record(db, actor, "bank_line_undone", customer_id=customer_id, subject_id=line_id, data=facts)


def _lock_line(db: Session, tenant_id: UUID, line_id: UUID) -> Any:
    """Locks the line; returns it with its account's code and the receipt's number. Raises NotFound."""
    line, account, item = BankLine, BankAccount, OpenItem
    row = db.execute(
        sa.select(
            *line_columns(),
            line.payer_bank,
            line.bank_account_id,
            line.side,
            line.status,
            line.return_state,
            line.state,
            line.reason,
            line.customer_id,
            line.receipt_item_id,
            line.decided_by,
            account.account_code,
            sa.select(item.document_no)
            .where(item.tenant_id == tenant_id, item.id == line.receipt_item_id)
            .scalar_subquery()
            .label("receipt_no"),
        )
        .join(account, sa.and_(account.tenant_id == tenant_id, account.id == line.bank_account_id))
        .where(line.tenant_id == tenant_id, line.id == line_id)
        .with_for_update(of=line)
    ).first()
    if row is None:
        raise NotFound("bank_line_not_found")
    return row


def _require_open(row: DbRow) -> None:
    """Raises Conflict (`line_matched`, `line_set_aside`) when another person has decided the line."""
    if row.state == "matched":
        raise Conflict("line_matched", by=row.decided_by or "", number=row.receipt_no or "")
    if row.state == "set_aside":
        raise Conflict("line_set_aside", by=row.decided_by or "", reason=row.reason)


def _record_decision(db: Session, actor: Actor, line_id: UUID, **values: object) -> None:
    b = BankLine
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == line_id)
        .values(decided_by=actor.name, decided_at=actor.now, **values)
    )


def _allocations_in_force(db: Session, tenant_id: UUID, credit_id: UUID) -> list[tuple[UUID, UUID]]:
    """Returns (allocation, debit item) of the receipt's allocations in force, oldest first."""
    a, back = Allocation, aliased(Allocation)
    unapplied = sa.exists().where(back.tenant_id == tenant_id, back.reverses_id == a.id)
    reversal = sa.exists().where(OpenItem.tenant_id == tenant_id, OpenItem.reverses_id == credit_id)
    rows = db.execute(
        sa.select(a.id, a.debit_item_id)
        .where(a.tenant_id == tenant_id, a.credit_item_id == credit_id, a.reverses_id.is_(None), ~unapplied, ~reversal)
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
