"""Loads quotations and contracts for their pages.

Invariant: a constant number of statements per page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.lookups import matches
from ar.customers.models import Customer
from ar.sales.contracts.messages import QUOTATION_STATE_NAMES
from ar.sales.contracts.models import Contract, ContractCopy, ContractLine, Quotation
from kernel.errors import NotFound
from kernel.views import DbRow, select_view, value, view, views
from web import filters


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A contract in a list."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    form: str
    state: str
    title: str
    currency: str
    amount_minor: int | None
    term_days: int | None
    starts_on: date
    ends_on: date | None

    def ends_within(self, today: date, days: int) -> bool:
        """Whether a sealed contract ends within so many days, or has passed its end."""
        return self.state == "sealed" and self.ends_on is not None and self.ends_on <= today + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line of a contract; `quantity` None: as much as is ordered."""

    line_no: int
    product: str
    specification: str
    unit: str
    quantity: Decimal | None
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """Where one of the three copies is."""

    place: str
    holder: str
    received_on: date
    recorded_by: str


@dataclass(frozen=True, slots=True)
class RelatedContract:
    """A supplement of a contract, or the contract that replaces it."""

    id: UUID
    number: str
    form: str
    state: str


@dataclass(frozen=True)
class ContractPage:
    """One contract with its lines, copies, supplements and replacements."""

    row: ContractRow
    details: DbRow
    lines: tuple[PricedLine, ...]
    copies: tuple[KeptCopy, ...]
    related: tuple[RelatedContract, ...]


@dataclass(frozen=True)
class QuotationFilters:
    """Filters of the list in the URL."""

    q: str = filters.text()
    state: str = filters.choice("all", *QUOTATION_STATE_NAMES)


@dataclass(frozen=True, slots=True)
class QuotationRow:
    """A quotation in a list."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    quoted_on: date
    valid_to: date | None
    currency: str
    state: str
    lines: list[dict[str, str]]
    note: str
    approval_id: UUID | None
    recorded_by: str
    recorded_at: datetime


def contract_list(
    db: Session, tenant_id: UUID, last_on: date, *, q: str = "", state: str = "all", offset: int, limit: int
) -> tuple[list[ContractRow], dict[str, int]]:
    """Returns one page of contracts and the number by state; `expiring` are sealed ones that end by `last_on`."""
    contract = Contract
    soon = sa.and_(contract.state == "sealed", contract.ends_on <= last_on)
    where = [contract.tenant_id == tenant_id, *_found(tenant_id, q, contract.number, contract.title)]
    joined = _of_customer(tenant_id, contract.customer_id)
    counted = sa.select(
        contract.state, sa.func.count().label("contracts"), sa.func.count().filter(soon).label("expiring")
    ).join(Customer, joined)
    rows = db.execute(counted.where(*where).group_by(contract.state)).all()
    counts: dict[str, int] = {row.state: row.contracts for row in rows}
    counts["expiring"] = sum(row.expiring for row in rows)
    if state == "expiring":
        where.append(soon)
    elif state != "all":
        where.append(contract.state == state)
    order = (contract.ends_on, contract.id) if state == "expiring" else (contract.starts_on.desc(), contract.id.desc())
    chosen = _contracts(tenant_id).where(*where).order_by(*order).offset(offset).limit(limit)
    return views(ContractRow, db.execute(chosen).all()), counts


def contract_page(db: Session, tenant_id: UUID, contract_id: UUID) -> ContractPage:
    """Returns one contract. Raises NotFound(`contract_not_found`)."""
    contract, quotation, base, replaced = Contract, Quotation, aliased(Contract), aliased(Contract)
    more = (
        contract.deal_ref,
        contract.their_number,
        contract.quotation_id,
        contract.supplements_id,
        contract.replaces_id,
        contract.checklist,
        contract.clauses,
        contract.file_sha256,
        contract.file_name,
        contract.approval_id,
        contract.recorded_at,
        contract.recorded_by,
        contract.reviewed_at,
        contract.reviewed_by,
        contract.sealed_at,
        contract.sealed_by,
        contract.ended_at,
        contract.ended_by,
        contract.ended_reason,
        quotation.number.label("quotation_no"),
        base.number.label("supplements_no"),
        replaced.number.label("replaces_no"),
    )
    row = db.execute(
        _contracts(tenant_id)
        .add_columns(*more)
        .outerjoin(quotation, sa.and_(quotation.tenant_id == tenant_id, quotation.id == contract.quotation_id))
        .outerjoin(base, sa.and_(base.tenant_id == tenant_id, base.id == contract.supplements_id))
        .outerjoin(replaced, sa.and_(replaced.tenant_id == tenant_id, replaced.id == contract.replaces_id))
        .where(contract.tenant_id == tenant_id, contract.id == contract_id)
    ).first()
    if row is None:
        raise NotFound("contract_not_found")
    line, copy, later = ContractLine, ContractCopy, aliased(Contract)
    lines = select_view(
        PricedLine,
        line_no=value(line.line_no),
        product=value(line.product),
        specification=value(line.specification),
        unit=value(line.unit),
        quantity=value(line.quantity),
        unit_price=value(line.unit_price),
    ).where(line.tenant_id == tenant_id, line.contract_id == contract_id, line.dropped.is_(False))
    copies = select_view(
        KeptCopy,
        place=value(copy.place),
        holder=value(copy.holder),
        received_on=value(copy.received_on),
        recorded_by=value(copy.recorded_by),
    ).where(copy.tenant_id == tenant_id, copy.contract_id == contract_id)
    related = select_view(
        RelatedContract,
        id=value(later.id),
        number=value(later.number),
        form=value(later.form),
        state=value(later.state),
    ).where(later.tenant_id == tenant_id, sa.or_(later.supplements_id == contract_id, later.replaces_id == contract_id))
    return ContractPage(
        row=view(ContractRow, row),
        details=row,
        lines=tuple(views(PricedLine, db.execute(lines.order_by(line.line_no)).all())),
        copies=tuple(views(KeptCopy, db.execute(copies.order_by(copy.place)).all())),
        related=tuple(views(RelatedContract, db.execute(related.order_by(later.recorded_at)).all())),
    )


def quotation_list(
    db: Session, tenant_id: UUID, *, q: str = "", state: str = "all", offset: int, limit: int
) -> tuple[list[QuotationRow], dict[str, int]]:
    """Returns one page of quotations, the newest first, and the number by state."""
    quotation = Quotation
    where = [quotation.tenant_id == tenant_id, *_found(tenant_id, q, quotation.number)]
    joined = _of_customer(tenant_id, quotation.customer_id)
    counted = sa.select(quotation.state, sa.func.count().label("quotations")).join(Customer, joined).where(*where)
    rows = db.execute(counted.group_by(quotation.state))
    counts: dict[str, int] = {row.state: row.quotations for row in rows}
    if state != "all":
        where.append(quotation.state == state)
    chosen = _quotations(tenant_id).where(*where).order_by(quotation.quoted_on.desc(), quotation.id.desc())
    return views(QuotationRow, db.execute(chosen.offset(offset).limit(limit)).all()), counts


def quotation_page(db: Session, tenant_id: UUID, quotation_id: UUID) -> QuotationRow:
    """Returns one quotation. Raises NotFound(`quotation_not_found`)."""
    row = db.execute(_quotations(tenant_id).where(Quotation.id == quotation_id)).first()
    if row is None:
        raise NotFound("quotation_not_found")
    return view(QuotationRow, row)


def approved_quotations(db: Session, tenant_id: UUID, customer_id: UUID) -> list[tuple[str, str]]:
    """Returns (id, number) of the approved quotations of a customer, for a form."""
    quotation = Quotation
    rows = db.execute(
        sa.select(quotation.id, quotation.number)
        .where(
            quotation.tenant_id == tenant_id,
            quotation.customer_id == customer_id,
            quotation.state == "approved",
        )
        .order_by(quotation.quoted_on.desc(), quotation.number)
    )
    return [(str(row.id), row.number) for row in rows]


def sealed_contracts(db: Session, tenant_id: UUID, customer_id: UUID) -> list[tuple[str, str]]:
    """Returns (id, number and title) of the sealed contracts of a customer, for a form."""
    contract = Contract
    rows = db.execute(
        sa.select(contract.id, contract.number, contract.title)
        .where(
            contract.tenant_id == tenant_id,
            contract.customer_id == customer_id,
            contract.state == "sealed",
            contract.form != "supplement",
        )
        .order_by(contract.starts_on.desc(), contract.number)
    )
    return [(str(row.id), f"{row.number} {row.title}".strip()) for row in rows]


def _found(tenant_id: UUID, q: str, *columns: Any) -> list[sa.ColumnElement[bool]]:
    """Returns the conditions of a search in these columns and the customer."""
    if not q:
        return []
    text = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    named = [column.ilike(text, escape="\\") for column in columns]
    of_customer = matches(tenant_id, q)
    return [sa.or_(*named, sa.and_(*of_customer)) if of_customer else sa.or_(*named)]


def _of_customer(tenant_id: UUID, customer_id: Any) -> sa.ColumnElement[bool]:
    return sa.and_(Customer.tenant_id == tenant_id, Customer.id == customer_id)


def _contracts(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    contract, customer = Contract, Customer
    return select_view(
        ContractRow,
        id=value(contract.id),
        number=value(contract.number),
        customer_id=value(contract.customer_id),
        customer_no=value(customer.number),
        customer_name=value(customer.name),
        form=value(contract.form),
        state=value(contract.state),
        title=value(contract.title),
        currency=value(contract.currency),
        amount_minor=value(contract.amount_minor),
        term_days=value(contract.term_days),
        starts_on=value(contract.starts_on),
        ends_on=value(contract.ends_on),
    ).join(customer, _of_customer(tenant_id, contract.customer_id))


def _quotations(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    quotation, customer = Quotation, Customer
    return (
        select_view(
            QuotationRow,
            id=value(quotation.id),
            number=value(quotation.number),
            customer_id=value(quotation.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            quoted_on=value(quotation.quoted_on),
            valid_to=value(quotation.valid_to),
            currency=value(quotation.currency),
            state=value(quotation.state),
            lines=value(quotation.lines),
            note=value(quotation.note),
            approval_id=value(quotation.approval_id),
            recorded_by=value(quotation.recorded_by),
            recorded_at=value(quotation.recorded_at),
        )
        .join(customer, _of_customer(tenant_id, quotation.customer_id))
        .where(quotation.tenant_id == tenant_id)
    )
