"""Queries of returns: the lines that wait for a decision, and what one of them may be the return of.

Invariant: read only; proposals are computed from the books as they are now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.models import BankAccount, BankLine, Receipt, Refund
from ar.receipts.rules.mentions import normalised_account, number_key
from ar.receipts.rules.returns import Sent, rank_candidates
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views

#: So long after a payment it can still come back; banks allow 13 months at most.
RETURN_DAYS_MAX: Final = 400
PROPOSALS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A bank line by which money goes back; `side` -1: a payment to us went back, +1: one of ours came back."""

    id: UUID
    bank_account_id: UUID
    account: str
    booked_on: date
    currency: str
    side: int
    amount_minor: int
    payer_name: str
    payer_account: str
    remittance: str
    bank_reference: str
    end_to_end_id: str
    return_reason: str
    return_state: str | None
    returned_item_id: UUID | None
    state: str
    reason: str
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class ReturnSubject:
    """What a line may be the return of: a receipt, a refund, or a line not posted yet, with the reasons.

    `documents`: (number, minor units) that the receipt pays and that would be open again.
    """

    subject: str
    id: UUID
    number: str
    on: date
    currency: str
    amount_minor: int
    customer_id: UUID | None
    customer_name: str
    reasons: tuple[str, ...] = ()
    documents: tuple[tuple[str, int], ...] = ()


def waiting_returns(db: Session, tenant_id: UUID, *, limit: int = 50, offset: int = 0) -> tuple[list[ReturnLine], int]:
    """Returns the returns that nobody has decided, the oldest first, and their number."""
    b = BankLine
    rows = db.execute(
        _lines(tenant_id).where(b.return_state == "open").order_by(b.booked_on, b.id).offset(offset).limit(limit)
    )
    total = db.execute(
        sa.select(sa.func.count()).select_from(b).where(b.tenant_id == tenant_id, b.return_state == "open")
    ).scalar_one()
    return views(ReturnLine, rows), total


def return_line(db: Session, tenant_id: UUID, line_id: UUID) -> ReturnLine:
    """Returns a line that is or was a return. Raises NotFound(`bank_line_not_found`)."""
    row = db.execute(_lines(tenant_id).where(BankLine.id == line_id, BankLine.return_state.is_not(None))).first()
    if row is None:
        raise NotFound("bank_line_not_found")
    return view(ReturnLine, row)


def proposed_subjects(db: Session, tenant_id: UUID, line: ReturnLine) -> list[ReturnSubject]:
    """Returns what the line may be the return of, the likeliest first."""
    if line.side > 0:
        subjects, sent = _refunds(db, tenant_id, line)
    else:
        subjects, sent = _receipts(db, tenant_id, line)
        open_subjects, open_sent = _open_lines(db, tenant_id, line)
        subjects, sent = {**subjects, **open_subjects}, [*sent, *open_sent]
    returned = _sent(line.id, line, line.booked_on, line.payer_name, line.payer_account, line.remittance, line)
    found = rank_candidates(returned, sent)[:PROPOSALS_MAX]
    return [_with_reasons(subjects[UUID(str(each.id))], each.reasons) for each in found]


def find_receipt(db: Session, tenant_id: UUID, line: ReturnLine, number: str) -> ReturnSubject | None:
    """Returns the receipt of this number in the line's currency, whatever its amount; None when there is none."""
    rows = db.execute(_receipt_rows(tenant_id, line).where(OpenItem.document_no == number.strip()))
    subjects, _sent_ones = _receipt_subjects(db, tenant_id, rows.all())
    return next(iter(subjects.values()), None)


def _with_reasons(subject: ReturnSubject, reasons: tuple[str, ...]) -> ReturnSubject:
    return replace(subject, reasons=reasons)


def _lines(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    b, a = BankLine, BankAccount
    return (
        select_view(
            ReturnLine,
            id=value(b.id),
            bank_account_id=value(b.bank_account_id),
            account=value(a.name),
            booked_on=value(b.booked_on),
            currency=value(b.currency),
            side=value(b.side),
            amount_minor=value(b.amount_minor),
            payer_name=value(b.payer_name),
            payer_account=value(b.payer_account),
            remittance=value(b.remittance),
            bank_reference=value(b.bank_reference),
            end_to_end_id=value(b.end_to_end_id),
            return_reason=value(b.return_reason),
            return_state=value(b.return_state),
            returned_item_id=value(b.returned_item_id),
            state=value(b.state),
            reason=value(b.reason),
            decided_by=value(b.decided_by),
        )
        .join(a, sa.and_(a.tenant_id == b.tenant_id, a.id == b.bank_account_id))
        .where(b.tenant_id == tenant_id, a.tenant_id == tenant_id)
    )


def _receipt_rows(tenant_id: UUID, line: ReturnLine) -> sa.Select[*tuple[Any, ...]]:
    """Selects receipts that still stand, of the line's currency and not after it."""
    item, receipt, paid_by, customer, mirror = OpenItem, Receipt, BankLine, Customer, aliased(OpenItem)
    return (
        sa.select(
            item.id,
            item.document_no,
            item.document_on,
            item.currency,
            item.amount_minor,
            item.customer_id,
            customer.name.label("customer_name"),
            sa.func.coalesce(receipt.payer_name, "").label("payer_name"),
            sa.func.coalesce(receipt.payer_account, "").label("payer_account"),
            sa.func.coalesce(receipt.remittance, "").label("remittance"),
            sa.func.coalesce(paid_by.bank_reference, "").label("bank_reference"),
            sa.func.coalesce(paid_by.end_to_end_id, "").label("end_to_end_id"),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .outerjoin(receipt, sa.and_(receipt.tenant_id == tenant_id, receipt.id == item.id))
        .outerjoin(paid_by, sa.and_(paid_by.tenant_id == tenant_id, paid_by.id == receipt.bank_line_id))
        .where(
            item.tenant_id == tenant_id,
            item.kind == "receipt",
            item.side == -1,
            item.currency == line.currency,
            item.document_on.between(line.booked_on - timedelta(days=RETURN_DAYS_MAX), line.booked_on),
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id),
        )
    )


def _receipts(db: Session, tenant_id: UUID, line: ReturnLine) -> tuple[dict[UUID, ReturnSubject], list[Sent]]:
    fits = [OpenItem.amount_minor == line.amount_minor]
    # A bank adds its charge to a return: then the bank's or the payer's reference leads to the receipt.
    if line.end_to_end_id:
        fits.append(BankLine.end_to_end_id == line.end_to_end_id)
    if line.bank_reference:
        fits.append(BankLine.bank_reference == line.bank_reference)
    rows = db.execute(
        _receipt_rows(tenant_id, line)
        .where(sa.or_(*fits))
        .order_by(OpenItem.document_on.desc(), OpenItem.id)
        .limit(200)
    ).all()
    return _receipt_subjects(db, tenant_id, rows)


def _receipt_subjects(
    db: Session, tenant_id: UUID, rows: Sequence[Any]
) -> tuple[dict[UUID, ReturnSubject], list[Sent]]:
    documents = _documents_paid(db, tenant_id, [row.id for row in rows])
    subjects: dict[UUID, ReturnSubject] = {}
    sent: list[Sent] = []
    for row in rows:
        subjects[row.id] = ReturnSubject(
            subject="receipt",
            id=row.id,
            number=row.document_no,
            on=row.document_on,
            currency=row.currency,
            amount_minor=row.amount_minor,
            customer_id=row.customer_id,
            customer_name=row.customer_name,
            documents=tuple(documents[row.id]),
        )
        name = row.payer_name or row.customer_name
        numbers = [number for number, _minor in documents[row.id]]
        sent.append(_sent(row.id, row, row.document_on, name, row.payer_account, row.remittance, row, numbers))
    return subjects, sent


def _documents_paid(db: Session, tenant_id: UUID, credit_ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, int]]]:
    """Returns by receipt the documents that it pays now, with the amounts in minor units."""
    allocation, item = Allocation, OpenItem
    paid: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
    rows = db.execute(
        sa.select(
            allocation.credit_item_id,
            item.document_no,
            sa.cast(sa.func.sum(allocation.amount_minor), sa.BigInteger).label("minor"),
        )
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == allocation.debit_item_id))
        .where(allocation.tenant_id == tenant_id, allocation.credit_item_id.in_(credit_ids))
        .group_by(allocation.credit_item_id, item.document_no)
        .order_by(allocation.credit_item_id, item.document_no)
    )
    for row in rows:
        if row.minor:
            paid[row.credit_item_id].append((row.document_no, row.minor))
    return paid


def _open_lines(db: Session, tenant_id: UUID, line: ReturnLine) -> tuple[dict[UUID, ReturnSubject], list[Sent]]:
    """Returns the payments of this account and amount that nobody has posted yet."""
    b = BankLine
    rows = db.execute(
        sa.select(
            b.id,
            b.booked_on,
            b.currency,
            b.amount_minor,
            b.payer_name,
            b.payer_account,
            b.remittance,
            b.bank_reference,
            b.end_to_end_id,
        )
        .where(
            b.tenant_id == tenant_id,
            b.bank_account_id == line.bank_account_id,
            b.state == "open",
            b.side == 1,
            b.status == "booked",
            b.return_state.is_distinct_from("open"),
            b.amount_minor == line.amount_minor,
            b.booked_on.between(line.booked_on - timedelta(days=RETURN_DAYS_MAX), line.booked_on),
        )
        .order_by(b.booked_on.desc(), b.id)
        .limit(50)
    ).all()
    subjects = {
        row.id: ReturnSubject(
            subject="line",
            id=row.id,
            number=row.remittance,
            on=row.booked_on,
            currency=row.currency,
            amount_minor=row.amount_minor,
            customer_id=None,
            customer_name=row.payer_name,
        )
        for row in rows
    }
    return subjects, [
        _sent(row.id, row, row.booked_on, row.payer_name, row.payer_account, row.remittance, row) for row in rows
    ]


def _refunds(db: Session, tenant_id: UUID, line: ReturnLine) -> tuple[dict[UUID, ReturnSubject], list[Sent]]:
    """Returns the refunds of this amount that were paid and did not come back."""
    refund, item, customer, mirror = Refund, OpenItem, Customer, aliased(OpenItem)
    rows = db.execute(
        sa.select(
            refund.id,
            item.document_no,
            item.document_on,
            refund.currency,
            refund.amount_minor,
            refund.customer_id,
            customer.name.label("customer_name"),
            refund.payee_name,
            refund.payee_account,
        )
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == refund.refund_item_id))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == refund.customer_id))
        .where(
            refund.tenant_id == tenant_id,
            refund.state == "paid",
            refund.currency == line.currency,
            refund.amount_minor == line.amount_minor,
            item.document_on <= line.booked_on,
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id),
        )
        .order_by(item.document_on.desc(), refund.id)
        .limit(50)
    ).all()
    subjects = {
        row.id: ReturnSubject(
            subject="refund",
            id=row.id,
            number=row.document_no,
            on=row.document_on,
            currency=row.currency,
            amount_minor=row.amount_minor,
            customer_id=row.customer_id,
            customer_name=row.customer_name,
        )
        for row in rows
    }
    return subjects, [
        _sent(row.id, row, row.document_on, row.payee_name, row.payee_account, "", None, [row.document_no])
        for row in rows
    ]


def _sent(
    subject_id: UUID,
    row: Any,
    on: date,
    name: str,
    account: str,
    text: str,
    references: Any,
    numbers: Iterable[str] = (),
) -> Sent:
    named = (references.bank_reference, references.end_to_end_id) if references is not None else ()
    return Sent(
        subject_id,
        on,
        row.amount_minor,
        name,
        normalised_account(account),
        text,
        frozenset(filter(None, named)),
        frozenset(filter(None, map(number_key, numbers))),
    )
