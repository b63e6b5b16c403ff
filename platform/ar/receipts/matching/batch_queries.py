"""Queries of the pages of sure lines and of batches posted from them.

Invariant: read only; a fixed number of statements.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.commands import first_open_on, locked_through
from ar.ledger.models import OpenItem
from ar.receipts.bank.queries import waiting_lines
from ar.receipts.matching.batches import proposal_proof
from ar.receipts.matching.commands import best_proposal
from ar.receipts.models import BankAccount, BankLine, ReceiptBatch, ReceiptBatchLine
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.views import LATER, select_view, value, view, views

#: So many sure lines are shown, and posted, at once.
SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class SureLine:
    """A sure line with what posting it pays: documents as (number, minor units); `proof`: what the form sends back."""

    id: UUID
    proof: str
    booked_on: date
    account: str
    payer_name: str
    remittance: str
    currency: str
    amount_minor: int
    customer_name: str
    documents: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A line of a batch with its result."""

    line_id: UUID
    outcome: str
    undo_outcome: str | None
    receipt_item_id: UUID | None
    receipt_no: str | None
    booked_on: date
    payer_name: str
    remittance: str
    currency: str
    amount_minor: int
    customer_name: str | None


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A batch with its lines, in the order shown."""

    id: UUID
    posted_by: str
    posted_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    lines: tuple[BatchLine, ...]

    @property
    def posted(self) -> list[BatchLine]:
        """Returns the lines that were posted."""
        return [line for line in self.lines if line.outcome == "posted"]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch in the list; `posted`: number of receipts."""

    id: UUID
    posted_by: str
    posted_at: datetime
    undone_by: str | None
    posted: int


def sure_lines(db: Session, actor: Actor) -> tuple[list[SureLine], int]:
    """Returns the first sure lines that can be posted, in booking order, and the number of all."""
    b, a, tenant_id = BankLine, BankAccount, actor.tenant_id
    wanted = (
        *waiting_lines(tenant_id),
        b.proposal_state == "sure",
        b.booked_on.between(first_open_on(locked_through(db, tenant_id)), actor.today),
    )
    total = db.execute(sa.select(sa.func.count()).select_from(b).where(*wanted)).scalar_one()
    rows = db.execute(
        sa.select(
            b.id,
            b.booked_on,
            b.payer_name,
            b.remittance,
            b.currency,
            b.amount_minor,
            b.proposal,
            a.name.label("account"),
        )
        .join(a, sa.and_(a.tenant_id == tenant_id, a.id == b.bank_account_id))
        .where(*wanted)
        .order_by(b.booked_on, b.id)
        .limit(SHOWN_MAX)
    ).all()
    firsts = {row.id: best_proposal(row.proposal) for row in rows}
    numbers = _document_numbers(db, tenant_id, (item_id for each in firsts.values() for item_id, _minor in each.parts))
    names = _customer_names(db, tenant_id, (each.customer_id for each in firsts.values()))
    return [
        view(
            SureLine,
            row,
            proof=proposal_proof(row.proposal),
            customer_name=names.get(firsts[row.id].customer_id, ""),
            documents=tuple((numbers.get(item_id, ""), minor) for item_id, minor in firsts[row.id].parts),
        )
        for row in rows
    ], total


def totals(lines: Iterable[SureLine | BatchLine]) -> list[tuple[str, int, int]]:
    """Returns (currency, number, sum in minor units) of the lines."""
    sums: dict[str, tuple[int, int]] = {}
    for line in lines:
        count, minor = sums.get(line.currency, (0, 0))
        sums[line.currency] = (count + 1, minor + line.amount_minor)
    return [(currency, count, minor) for currency, (count, minor) in sorted(sums.items())]


def batch_page(db: Session, tenant_id: UUID, batch_id: UUID) -> BatchPage:
    """Returns a batch. Raises NotFound(`batch_not_found`)."""
    batch, each, line, customer, item = ReceiptBatch, ReceiptBatchLine, BankLine, Customer, OpenItem
    head = db.execute(
        select_view(
            BatchPage,
            id=value(batch.id),
            posted_by=value(batch.posted_by),
            posted_at=value(batch.posted_at),
            undone_by=value(batch.undone_by),
            undone_at=value(batch.undone_at),
            lines=LATER,
        ).where(batch.tenant_id == tenant_id, batch.id == batch_id)
    ).first()
    if head is None:
        raise NotFound("batch_not_found")
    rows = db.execute(
        select_view(
            BatchLine,
            line_id=value(each.line_id),
            outcome=value(each.outcome),
            undo_outcome=value(each.undo_outcome),
            receipt_item_id=value(each.receipt_item_id),
            receipt_no=value(item.document_no),
            booked_on=value(line.booked_on),
            payer_name=value(line.payer_name),
            remittance=value(line.remittance),
            currency=value(line.currency),
            amount_minor=value(line.amount_minor),
            customer_name=value(customer.name),
        )
        .select_from(each)
        .join(line, sa.and_(line.tenant_id == tenant_id, line.id == each.line_id))
        .outerjoin(item, sa.and_(item.tenant_id == tenant_id, item.id == each.receipt_item_id))
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .where(each.tenant_id == tenant_id, each.batch_id == batch_id)
        .order_by(each.position)
    )
    return view(BatchPage, head, lines=tuple(views(BatchLine, rows)))


def batch_list(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[BatchRow], int]:
    """Returns the batches, the newest first, and their number."""
    batch, each = ReceiptBatch, ReceiptBatchLine
    total = db.execute(sa.select(sa.func.count()).select_from(batch).where(batch.tenant_id == tenant_id)).scalar_one()
    posted = sa.select(sa.func.count()).where(
        each.tenant_id == tenant_id, each.batch_id == batch.id, each.outcome == "posted"
    )
    rows = db.execute(
        select_view(
            BatchRow,
            id=value(batch.id),
            posted_by=value(batch.posted_by),
            posted_at=value(batch.posted_at),
            undone_by=value(batch.undone_by),
            posted=value(posted.scalar_subquery()),
        )
        .where(batch.tenant_id == tenant_id)
        .order_by(batch.posted_at.desc(), batch.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return views(BatchRow, rows), total


def _document_numbers(db: Session, tenant_id: UUID, item_ids: Iterable[UUID]) -> dict[UUID, str]:
    item = OpenItem
    rows = db.execute(
        sa.select(item.id, item.document_no).where(item.tenant_id == tenant_id, item.id.in_(list(item_ids)))
    )
    return {row.id: row.document_no for row in rows}


def _customer_names(db: Session, tenant_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    customer = Customer
    rows = db.execute(
        sa.select(customer.id, customer.name).where(customer.tenant_id == tenant_id, customer.id.in_(list(ids)))
    )
    return {row.id: row.name for row in rows}
