"""Reads of the customer file: look-ups for bulk work, the list, one customer's form and contacts.

May import models, search, tenants and kernel. Invariant: frozen views, and a constant number of statements
per page. What a customer owes is read from the ledger's table by name: the ledger stands above this slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ar.customers.models import Contact, Customer
from ar.customers.search import normalise, terms, wanted_words
from kernel.errors import NotFound
from tenants.models import Membership, Tenant, User

_ITEM = sa.table(
    "open_item",
    sa.column("tenant_id", sa.Uuid),
    sa.column("customer_id", sa.Uuid),
    sa.column("currency", sa.Text),
    sa.column("side", sa.SmallInteger),
    sa.column("due_on", sa.Date),
    sa.column("open_minor", sa.BigInteger),
)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What work on many customers needs of one; `terms` is `ar.ledger.due_dates.Terms` as JSON."""

    id: UUID
    number: str
    name: str
    terms: dict[str, Any]
    settlement_days: int
    language: str
    policy_code: str | None


@dataclass(frozen=True, slots=True)
class Owed:
    """Open and overdue in one currency, minor units: debits less credits; overdue counts debits only."""

    currency: str
    open_minor: int
    overdue_minor: int


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """One line of the list."""

    id: UUID
    number: str
    name: str
    owner_name: str | None
    terms: dict[str, Any]
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class CustomerList:
    """A page of the list and how many match in all."""

    lines: list[CustomerLine]
    total: int


@dataclass(frozen=True, slots=True)
class ContactView:
    """A person at the customer; `suppressed_reason` says why mail is not sent there."""

    id: UUID
    name: str
    title: str
    email: str
    phone: str
    purposes: tuple[str, ...]
    active: bool
    suppressed_reason: str | None


@dataclass(frozen=True, slots=True)
class CustomerDetail:
    """Everything the form and the page of one customer show of the customer file."""

    id: UUID
    number: str
    name: str
    entity_type: str
    tax_id: str
    owner_id: UUID | None
    owner_name: str | None
    language: str
    terms: dict[str, Any]
    settlement_days: int
    policy_code: str | None
    contacts: list[ContactView] = field(default_factory=list)


def find_numbers(db: Session, tenant_id: UUID, numbers: Iterable[str]) -> dict[str, CustomerFacts]:
    """The customers of these numbers, by number; unknown numbers are absent. One statement."""
    c = Customer
    rows = db.execute(
        sa.select(c.id, c.number, c.name, c.terms, c.settlement_days, c.language, c.policy_code).where(
            c.tenant_id == tenant_id, c.number == sa.any_(sa.cast(list(numbers), ARRAY(sa.Text)))
        )
    )
    return {row.number: CustomerFacts(*row) for row in rows}


def customer_list(
    db: Session,
    tenant_id: UUID,
    *,
    today: date,
    q: str = "",
    owner_id: UUID | None = None,
    state: str = "all",
    sort: str = "name",
    offset: int = 0,
    limit: int = 50,
) -> CustomerList:
    """A page of customers with what each owes. `state`: all, open, overdue; `sort`: name, number, open, overdue,
    with a minus for falling (amounts compare in the tenant's currency). Two statements.
    """
    found = _matching(tenant_id, q, owner_id, state, today)
    total = db.execute(sa.select(sa.func.count()).select_from(found.subquery())).scalar_one()
    c = Customer
    page = (
        found.add_columns(c.number, c.name, c.terms, c.owner_id)
        .order_by(*_order(tenant_id, sort, today), c.id)
        .offset(offset)
        .limit(limit)
        .cte("page")
    )
    at = sa.func.row_number().over().label("at")
    numbered = sa.select(page, at).subquery("numbered")
    rows = db.execute(
        sa.select(numbered, User.name.label("owner_name"), _owed(tenant_id, numbered.c.id, today).label("owed"))
        .outerjoin(User, User.id == numbered.c.owner_id)
        .order_by(numbered.c.at)
    ).all()
    lines = [
        CustomerLine(r.id, r.number, r.name, r.owner_name, r.terms, tuple(Owed(*owed) for owed in r.owed or ()))
        for r in rows
    ]
    return CustomerList(lines, total)


def customer_detail(db: Session, tenant_id: UUID, customer_id: UUID) -> CustomerDetail:
    """One customer with all contacts. Two statements. Raises NotFound."""
    c = Customer
    row = db.execute(
        sa.select(
            c.id,
            c.number,
            c.name,
            c.entity_type,
            c.tax_id,
            c.owner_id,
            User.name.label("owner_name"),
            c.language,
            c.terms,
            c.settlement_days,
            c.policy_code,
        )
        .outerjoin(User, User.id == c.owner_id)
        .where(c.tenant_id == tenant_id, c.id == customer_id)
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    return CustomerDetail(*row, contacts(db, tenant_id, customer_id))


def contacts(db: Session, tenant_id: UUID, customer_id: UUID) -> list[ContactView]:
    """The contacts of a customer, those in use first."""
    k = Contact
    rows = db.execute(
        sa.select(k.id, k.name, k.title, k.email, k.phone, k.purposes, k.active, k.suppressed_reason)
        .where(k.tenant_id == tenant_id, k.customer_id == customer_id)
        .order_by(k.active.desc(), k.created_at, k.id)
    )
    return [ContactView(r[0], r[1], r[2], r[3], r[4], tuple(r[5]), r[6], r[7]) for r in rows]


def owner_choices(db: Session, tenant_id: UUID) -> list[tuple[UUID, str]]:
    """(id, name) of everybody who may own a customer."""
    rows = db.execute(
        sa.select(User.id, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == tenant_id, Membership.active.is_(True))
        .order_by(User.name)
    )
    return [(row.id, row.name) for row in rows]


def matches(tenant_id: UUID, q: str) -> Sequence[sa.ColumnElement[bool]]:
    """Conditions of a search in names, numbers and tax ids: the index narrows, then each token must stand whole."""
    if not normalise(q):
        return ()
    c = Customer
    text = sa.func.lower(sa.func.normalize(c.number + " " + c.name + " " + c.tax_id, sa.text("NFKC")))
    return (
        c.tenant_id == tenant_id,
        c.search_words.contains(sa.cast(wanted_words(q), ARRAY(sa.Text))),
        *(sa.func.strpos(text, token) > 0 for token in terms(q)),
    )


def _matching(tenant_id: UUID, q: str, owner_id: UUID | None, state: str, today: date) -> sa.Select[Any]:
    c = Customer
    found = sa.select(c.id).where(c.tenant_id == tenant_id, *matches(tenant_id, q))
    if owner_id is not None:
        found = found.where(c.owner_id == owner_id)
    if state in ("open", "overdue"):
        owing = sa.select(_ITEM.c.customer_id).where(
            _ITEM.c.tenant_id == tenant_id, _ITEM.c.customer_id == c.id, _ITEM.c.open_minor > 0
        )
        if state == "overdue":
            owing = owing.where(_ITEM.c.side == 1, _ITEM.c.due_on < today)
        found = found.where(owing.exists())
    return found


def _order(tenant_id: UUID, sort: str, today: date) -> list[sa.ColumnElement[Any]]:
    c, i = Customer, _ITEM.c
    key = sort.removeprefix("-")
    columns: list[sa.ColumnElement[Any]]
    if key in ("open", "overdue"):
        currency = sa.select(Tenant.currency).where(Tenant.id == tenant_id).scalar_subquery()
        amount = (
            sa.select(sa.func.coalesce(sa.func.sum(_overdue(today) if key == "overdue" else i.side * i.open_minor), 0))
            .where(i.tenant_id == tenant_id, i.customer_id == c.id, i.open_minor > 0, i.currency == currency)
            .scalar_subquery()
        )
        columns = [amount]
    else:
        columns = [c.number.expression] if key == "number" else [c.sort_key.expression, c.number.expression]
    return [column.desc() for column in columns] if sort.startswith("-") else columns


def _overdue(today: date) -> sa.ColumnElement[int]:
    i = _ITEM.c
    return sa.case((sa.and_(i.side == 1, i.due_on < today), i.open_minor), else_=0)


def _owed(tenant_id: UUID, customer_id: sa.ColumnElement[UUID], today: date) -> sa.ScalarSelect[Any]:
    """[[currency, open, overdue], …] of a customer as JSON: amounts are bigints, exact in JSON and Python."""
    i = _ITEM.c
    sums = (
        sa.select(
            i.currency,
            sa.cast(sa.func.sum(i.side * i.open_minor), sa.BigInteger).label("open"),
            sa.cast(sa.func.sum(_overdue(today)), sa.BigInteger).label("overdue"),
        )
        .where(i.tenant_id == tenant_id, i.customer_id == customer_id, i.open_minor > 0)
        .group_by(i.currency)
        .correlate(customer_id.table)
        .subquery("sums")
    )
    row = sa.func.jsonb_build_array(sums.c.currency, sums.c.open, sums.c.overdue)
    return sa.select(sa.func.jsonb_agg(row)).select_from(sums).scalar_subquery()
