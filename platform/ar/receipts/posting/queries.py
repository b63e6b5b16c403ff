"""Queries of the receipt pages: the list, and one receipt or credit.

Invariant: read only; frozen views in a fixed number of statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.models import BankAccount, Receipt, Refund
from kernel.errors import NotFound
from kernel.views import LATER, select_view, value, view, view_columns, views
from web import filters


@dataclass(frozen=True)
class ReceiptFilters:
    """Filters of the list in the URL."""

    q: str = filters.text()
    state: str = filters.choice("all", "unapplied", "applied", "reversed")
    method: str = filters.choice("", "transfer", "cash", "cheque", "card", "other")
    from_on: date | None = filters.day()
    to_on: date | None = filters.day()


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt in the list; `method`, `account` and `payer_name` are None for an imported one."""

    id: UUID
    document_no: str
    document_on: date
    came_on: date
    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    amount_minor: int
    open_minor: int
    method: str | None
    account: str | None
    payer_name: str | None
    reversed: bool


@dataclass(frozen=True, slots=True)
class ReceiptList:
    """A page of receipts, with totals of all matching ones: (currency, count, amount, unapplied), minor units."""

    rows: list[ReceiptRow]
    totals: list[tuple[str, int, int, int]]

    @property
    def total(self) -> int:
        """Returns the number of matching receipts."""
        return sum(each[1] for each in self.totals)


@dataclass(frozen=True, slots=True)
class PaidRow:
    """An allocation of a credit; `reverses`: it unapplies another; `unapplied`: it has been unapplied."""

    id: UUID
    item_id: UUID
    document_no: str
    kind: str
    amount_minor: int
    effective_on: date
    recorded_by: str
    reverses: bool
    unapplied: bool


@dataclass(frozen=True, slots=True)
class CreditPage:
    """A receipt or other credit, with the source of its money and its allocations.

    `came_on`: the day it came, `document_on` the day it was posted; `conditional`: a bill not yet paid.
    `asked_minor`: requested as refund and not decided yet.
    """

    id: UUID
    kind: str
    side: int
    document_no: str
    document_on: date
    came_on: date
    conditional: bool
    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    amount_minor: int
    open_minor: int
    reference: str | None
    recorded_at: datetime
    reverses_id: UUID | None
    reversed_by: UUID | None
    method: str | None
    account: str | None
    payer_name: str | None
    payer_account: str | None
    remittance: str | None
    designation: str | None
    recorded_by: str | None
    bank_line_id: UUID | None
    asked_minor: int
    paid: tuple[PaidRow, ...]

    @property
    def can_be_applied(self) -> bool:
        """Tells that an amount is unapplied and the document is neither a reversal nor reversed."""
        return self.open_minor > 0 and self.reversed_by is None and self.reverses_id is None

    def as_json(self) -> dict[str, Any]:
        """Returns the receipt for a program: its amounts and what it pays."""
        return {
            "id": self.id,
            "number": self.document_no,
            "customer_no": self.customer_no,
            "received_on": self.came_on,
            "booked_on": self.document_on,
            "currency": self.currency,
            "amount_minor": self.amount_minor,
            "unapplied_minor": self.open_minor,
            "paid": [{"document_no": each.document_no, "amount_minor": each.amount_minor} for each in self.paid],
        }


def receipt_list(
    db: Session, tenant_id: UUID, wanted: ReceiptFilters, *, offset: int = 0, limit: int = 50
) -> ReceiptList:
    """Returns receipts, the newest first; two statements."""
    item, customer, receipt, account = OpenItem, Customer, Receipt, BankAccount
    mirror = aliased(OpenItem)
    is_reversed = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id)
    source = (
        sa.join(item, customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .outerjoin(receipt, sa.and_(receipt.tenant_id == tenant_id, receipt.id == item.id))
        .outerjoin(account, sa.and_(account.tenant_id == tenant_id, account.id == receipt.bank_account_id))
    )
    where = [item.tenant_id == tenant_id, item.kind == "receipt", *_conditions(wanted, is_reversed)]
    sums = db.execute(
        sa.select(
            item.currency,
            sa.func.count(),
            sa.cast(sa.func.sum(item.amount_minor), sa.BigInteger),
            sa.cast(sa.func.sum(item.open_minor), sa.BigInteger),
        )
        .select_from(source)
        .where(*where)
        .group_by(item.currency)
        .order_by(item.currency)
    )
    columns = view_columns(
        ReceiptRow,
        id=value(item.id),
        document_no=value(item.document_no),
        document_on=value(item.document_on),
        came_on=value(sa.type_coerce(item.came_on, sa.Date)),
        customer_id=value(item.customer_id),
        customer_no=value(customer.number),
        customer_name=value(customer.name),
        currency=value(item.currency),
        amount_minor=value(item.amount_minor),
        open_minor=value(item.open_minor),
        method=value(receipt.method),
        account=value(account.name),
        payer_name=value(receipt.payer_name),
        reversed=value(is_reversed),
    )
    totals = [(currency, count, amount_minor, open_minor) for currency, count, amount_minor, open_minor in sums]
    rows = db.execute(
        sa.select(*columns)
        .select_from(source)
        .where(*where)
        .order_by(item.came_on.desc(), item.document_no.desc(), item.id)
        .offset(offset)
        .limit(limit)
    )
    return ReceiptList(views(ReceiptRow, rows), totals)


def credit_page(db: Session, tenant_id: UUID, item_id: UUID) -> CreditPage:
    """Returns a receipt or other credit; two statements. Raises NotFound(`item_not_found`), also for a debit item."""
    item, customer, receipt, account, refund = OpenItem, Customer, Receipt, BankAccount, Refund
    mirror = aliased(OpenItem)
    reversed_by = (
        sa.select(mirror.id).where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id).scalar_subquery()
    )
    requested = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(refund.amount_minor), 0), sa.BigInteger))
        .where(refund.tenant_id == tenant_id, refund.credit_item_id == item.id, refund.state == "asked")
        .scalar_subquery()
    )
    row = db.execute(
        select_view(
            CreditPage,
            id=value(item.id),
            kind=value(item.kind),
            side=value(item.side),
            document_no=value(item.document_no),
            document_on=value(item.document_on),
            came_on=value(sa.type_coerce(item.came_on, sa.Date)),
            conditional=value(item.conditional),
            customer_id=value(item.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            currency=value(item.currency),
            amount_minor=value(item.amount_minor),
            open_minor=value(item.open_minor),
            reference=value(item.reference),
            recorded_at=value(item.recorded_at),
            reverses_id=value(item.reverses_id),
            reversed_by=value(reversed_by),
            method=value(receipt.method),
            account=value(account.name),
            payer_name=value(receipt.payer_name),
            payer_account=value(receipt.payer_account),
            remittance=value(receipt.remittance),
            designation=value(receipt.designation),
            recorded_by=value(receipt.recorded_by),
            bank_line_id=value(receipt.bank_line_id),
            asked_minor=value(requested),
            paid=LATER,
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .outerjoin(receipt, sa.and_(receipt.tenant_id == tenant_id, receipt.id == item.id))
        .outerjoin(account, sa.and_(account.tenant_id == tenant_id, account.id == receipt.bank_account_id))
        .where(item.tenant_id == tenant_id, item.id == item_id, item.side == -1)
    ).first()
    if row is None:
        raise NotFound("item_not_found")
    return view(CreditPage, row, paid=_paid_rows(db, tenant_id, item_id))


def _paid_rows(db: Session, tenant_id: UUID, item_id: UUID) -> tuple[PaidRow, ...]:
    allocation, item, back = Allocation, OpenItem, aliased(Allocation)
    rows = db.execute(
        select_view(
            PaidRow,
            id=value(allocation.id),
            item_id=value(item.id),
            document_no=value(item.document_no),
            kind=value(item.kind),
            amount_minor=value(allocation.amount_minor),
            effective_on=value(allocation.effective_on),
            recorded_by=value(allocation.recorded_by),
            reverses=value(allocation.reverses_id.is_not(None)),
            unapplied=value(sa.exists().where(back.tenant_id == tenant_id, back.reverses_id == allocation.id)),
        )
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == allocation.debit_item_id))
        .where(allocation.tenant_id == tenant_id, allocation.credit_item_id == item_id)
        .order_by(allocation.effective_on, allocation.id)
    )
    return tuple(views(PaidRow, rows))


def _conditions(wanted: ReceiptFilters, is_reversed: sa.ColumnElement[bool]) -> list[sa.ColumnElement[bool]]:
    item, customer, receipt = OpenItem, Customer, Receipt
    limits: list[sa.ColumnElement[bool]] = []
    if wanted.state == "unapplied":
        limits.append(item.open_minor > 0)
    if wanted.state == "applied":
        limits += [item.open_minor == 0, ~is_reversed]
    if wanted.state == "reversed":
        limits.append(is_reversed)
    if wanted.method:
        limits.append(receipt.method == wanted.method)
    if wanted.from_on is not None:
        limits.append(item.came_on >= wanted.from_on)
    if wanted.to_on is not None:
        limits.append(item.came_on <= wanted.to_on)
    if wanted.q:
        texts = (item.document_no, customer.name, customer.number, receipt.payer_name, receipt.remittance)
        limits.append(sa.or_(*(text.icontains(wanted.q, autoescape=True) for text in texts)))
    return limits
