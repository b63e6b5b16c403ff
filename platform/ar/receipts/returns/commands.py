"""Books returns of the bank, or decides that a line is none.

Invariants: a return is booked once, through the ledger: what the receipt paid is open again from the day on which the
bank took the money back, or the first day possible after it; the receipt stays in the history with its reversal, and
its bank line is not matched again. Of two people deciding one line the second is told.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import lock_customers
from ar.ledger.models import OpenItem
from ar.receipts.bank.movements.matching_jobs import queue_matching
from ar.receipts.models import BankLine, Refund
from ar.receipts.posting.reversal import reverse_with_allocations
from ar.receipts.returns.inputs import BookReturn, DismissReturn
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.views import DbRow


def book_return(db: Session, actor: Actor, line_id: UUID, data: BookReturn) -> UUID:
    """Books the line as the return of a receipt, a refund or an open line; returns the id of what came back.

    The same key returns the first result. Raises NotFound (`bank_line_not_found`, `return_subject_gone`), Conflict
    (`return_decided`, `already_reversed`), RuleBroken (`return_amount_differs`, `return_other_currency`,
    `return_before_payment`).
    """
    request = {"line": line_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"return:{data.key}", request, lambda: _book_return(db, actor, line_id, data))


def _book_return(db: Session, actor: Actor, line_id: UUID, data: BookReturn) -> UUID:
    if data.subject == "line":
        return _offset_open_line(db, actor, line_id, data.subject_id)
    item_id = _refund_item(db, actor.tenant_id, data.subject_id) if data.subject == "refund" else data.subject_id
    item = OpenItem
    found = db.execute(
        sa.select(item.customer_id).where(
            item.tenant_id == actor.tenant_id, item.id == item_id, item.kind == data.subject
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("return_subject_gone")
    actor = lock_customers(db, actor, [found])
    line = _lock_waiting(db, actor.tenant_id, [line_id])[0]
    document = db.execute(
        sa.select(item.document_no, item.document_on, item.currency, item.amount_minor, item.side).where(
            item.tenant_id == actor.tenant_id, item.id == item_id
        )
    ).one()
    _require_fitting(line, document)
    memo = _("Sent back by the bank on %(day)s", day=line.booked_on.isoformat())
    reverse_with_allocations(db, actor, item_id, line.booked_on, memo)
    reason = _("Return of %(number)s", number=document.document_no)
    _decide(db, actor, line_id, return_state="booked", returned_item_id=item_id, state="set_aside", reason=reason)
    facts = {
        "number": document.document_no,
        "booked_on": line.booked_on.isoformat(),
        "currency": line.currency,
        "amount_minor": line.amount_minor,
        "line_id": str(line_id),
    }
    journal.record(db, actor, "return_booked", customer_id=found, subject_id=item_id, data=facts)
    return item_id


def dismiss_return(db: Session, actor: Actor, line_id: UUID, data: DismissReturn) -> None:
    """Decides that a line is no return: money out is set aside, money in is matched like any other.

    The same key again changes nothing. Raises NotFound(`bank_line_not_found`), Conflict(`return_decided`).
    """
    request = {"line": line_id, **data.model_dump(exclude={"key"})}
    if not idempotency.first_time(db, actor, f"return:{data.key}", request):
        return
    line = _lock_waiting(db, actor.tenant_id, [line_id])[0]
    if line.side > 0:
        _decide(db, actor, line_id, return_state="dismissed", reason=data.reason)
        queue_matching(db, actor, line.file_id)
    else:
        _decide(db, actor, line_id, return_state="dismissed", state="set_aside", reason=data.reason)
    journal.record(db, actor, "return_dismissed", subject_id=line_id, data={"reason": data.reason})


def _offset_open_line(db: Session, actor: Actor, line_id: UUID, other_id: UUID) -> UUID:
    """Sets a payment that was never posted and its return aside together."""
    rows = {row.id: row for row in _lock_lines(db, actor.tenant_id, [line_id, other_id])}
    if line_id not in rows:
        raise NotFound("bank_line_not_found")
    line, other = rows[line_id], rows.get(other_id)
    _require_waiting(line)
    if other is None or other.state != "open" or other.bank_account_id != line.bank_account_id:
        raise NotFound("return_subject_gone")
    if other.amount_minor != line.amount_minor or other.side == line.side:
        raise RuleBroken("return_amount_differs", number=other.remittance)
    if other.booked_on > line.booked_on:
        raise RuleBroken("return_before_payment")
    came, went = other.booked_on.isoformat(), line.booked_on.isoformat()
    _decide(
        db,
        actor,
        line_id,
        return_state="booked",
        state="set_aside",
        reason=_("Return of the payment of %(day)s", day=came),
    )
    _decide(db, actor, other_id, state="set_aside", reason=_("Sent back by the bank on %(day)s", day=went))
    journal.record(db, actor, "return_offset", subject_id=line_id, data={"line_id": str(other_id)})
    return other_id


def _refund_item(db: Session, tenant_id: UUID, refund_id: UUID) -> UUID:
    r = Refund
    item_id = db.execute(
        sa.select(r.refund_item_id).where(r.tenant_id == tenant_id, r.id == refund_id, r.state == "paid")
    ).scalar_one_or_none()
    if item_id is None:
        raise NotFound("return_subject_gone")
    return item_id


def _require_fitting(line: DbRow, document: DbRow) -> None:
    """Raises RuleBroken unless the line can be the return of the document; a bank may add its charge."""
    if document.currency != line.currency:
        raise RuleBroken("return_other_currency", found=line.currency, currency=document.currency)
    if document.side != line.side or document.amount_minor > line.amount_minor:
        raise RuleBroken("return_amount_differs", number=document.document_no)
    if document.side > 0 and document.amount_minor != line.amount_minor:
        raise RuleBroken("return_amount_differs", number=document.document_no)
    if document.document_on > line.booked_on:
        raise RuleBroken("return_before_payment")


def _lock_waiting(db: Session, tenant_id: UUID, line_ids: list[UUID]) -> list[DbRow]:
    """Locks lines that wait as returns. Raises NotFound(`bank_line_not_found`), Conflict(`return_decided`)."""
    rows = _lock_lines(db, tenant_id, line_ids)
    if len(rows) != len(line_ids):
        raise NotFound("bank_line_not_found")
    for row in rows:
        _require_waiting(row)
    return rows


def _require_waiting(row: DbRow) -> None:
    if row.return_state != "open":
        raise Conflict("return_decided", by=row.decided_by or "")


def _lock_lines(db: Session, tenant_id: UUID, line_ids: list[UUID]) -> list[DbRow]:
    b = BankLine
    return list(
        db.execute(
            sa.select(
                b.id,
                b.bank_account_id,
                b.file_id,
                b.booked_on,
                b.currency,
                b.side,
                b.amount_minor,
                b.remittance,
                b.state,
                b.return_state,
                b.decided_by,
            )
            .where(b.tenant_id == tenant_id, b.id.in_(line_ids))
            .order_by(b.id)
            .with_for_update()
        )
    )


def _decide(db: Session, actor: Actor, line_id: UUID, **values: object) -> None:
    b = BankLine
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == line_id)
        .values(decided_by=actor.name, decided_at=actor.now, **values)
    )
