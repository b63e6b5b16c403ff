"""One box over customers, documents and amounts: grouped answers, and straight to the page for an exact number.

May import the slices below it and kernel. Invariant: one statement, each group bounded, each narrowed by an index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import matches
from ar.customers.models import Contact, Customer
from ar.ledger.models import OpenItem
from ar.statements.models import Statement
from kernel.money import exponent, parse_amount
from kernel.views import value, view_columns, views

GROUP_MAX: Final = 20
QUERY_MAX: Final = 100
CUSTOMER, CONTACT, DOCUMENT, AMOUNT, STATEMENT = "customer", "contact", "document", "amount", "statement"


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer. `label` is the number or the address, `kind` the document's; `exact`: the number as typed."""

    group: str
    id: UUID
    label: str
    customer_id: UUID
    customer_name: str
    kind: str
    currency: str
    minor: int
    exact: bool


@dataclass(frozen=True)
class Found:
    """The answers, in the order of the groups."""

    q: str
    hits: tuple[Hit, ...]

    def of(self, group: str) -> list[Hit]:
        """The hits of one group; a document found by amount only is not listed with the numbers."""
        return [hit for hit in self.hits if hit.group == group]

    @property
    def straight(self) -> Hit | None:
        """The one hit whose number is exactly what was typed."""
        exact = [hit for hit in self.hits if hit.exact]
        return exact[0] if len(exact) == 1 else None


def search(db: Session, tenant_id: UUID, q: str, currency: str) -> Found:
    """What `q` could mean. An amount is read with `currency`'s decimals, whatever its currency."""
    wanted = " ".join(q.replace("\x00", "").split())[:QUERY_MAX]
    if not wanted:
        return Found("", ())
    groups = [
        _customers(tenant_id, wanted),
        _contacts(tenant_id, wanted),
        _documents(tenant_id, wanted),
        _statements(tenant_id, wanted),
    ]
    minor = _amount(wanted, currency)
    if minor is not None:
        groups.append(_amounts(tenant_id, minor))
    rows = db.execute(sa.union_all(*(group.subquery().select() for group in groups)))
    decimals = exponent(currency)
    return Found(wanted, tuple(h for h in views(Hit, rows) if h.group != AMOUNT or exponent(h.currency) == decimals))


def _amount(text: str, currency: str) -> int | None:
    try:
        minor = parse_amount(text, currency)
    except ValueError:
        return None
    return minor if 0 < minor < 2**62 else None


def _group(group: str, **values: Any) -> list[sa.ColumnElement[Any]]:
    return view_columns(
        Hit,
        group=value(sa.literal(group)),
        id=value(values["id"]),
        label=value(values["label"]),
        customer_id=value(Customer.id),
        customer_name=value(Customer.name),
        kind=value(values.get("kind", sa.literal(""))),
        currency=value(sa.cast(values.get("currency", sa.literal("")), sa.Text)),
        minor=value(sa.cast(values.get("minor", sa.literal(0)), sa.BigInteger)),
        exact=value(values.get("exact", sa.false())),
    )


def _open_values() -> dict[str, Any]:
    i = OpenItem
    return {"kind": i.kind, "currency": i.currency, "minor": i.side * i.open_minor}


def _same(column: Any, wanted: str) -> sa.ColumnElement[bool]:
    return sa.func.upper(column) == wanted.upper()


def _customers(tenant_id: UUID, wanted: str) -> sa.Select[Any]:
    c = Customer
    exact = _same(c.number, wanted)
    return (
        sa.select(*_group(CUSTOMER, id=c.id, label=c.number, exact=exact))
        .where(c.tenant_id == tenant_id, *matches(tenant_id, wanted))
        .order_by(exact.desc(), c.sort_key, c.number)
        .limit(GROUP_MAX)
    )


def _contacts(tenant_id: UUID, wanted: str) -> sa.Select[Any]:
    k, c = Contact, Customer
    return (
        sa.select(*_group(CONTACT, id=k.id, label=k.name + " <" + k.email + ">"))
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == k.customer_id))
        .where(
            k.tenant_id == tenant_id,
            sa.or_(k.email.icontains(wanted, autoescape=True), k.name == wanted),
            sa.literal(len(wanted) >= 2),
        )
        .order_by(k.email)
        .limit(GROUP_MAX)
    )


def _documents(tenant_id: UUID, wanted: str) -> sa.Select[Any]:
    i, c = OpenItem, Customer
    exact = i.document_no == wanted
    columns = _group(
        DOCUMENT,
        id=i.id,
        label=i.document_no,
        kind=i.kind,
        currency=i.currency,
        minor=i.side * i.open_minor,
        exact=exact,
    )
    prefixes = {wanted, wanted.upper()}
    return (
        sa.select(*columns)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == i.customer_id))
        .where(i.tenant_id == tenant_id, sa.or_(*(i.document_no.startswith(p, autoescape=True) for p in prefixes)))
        .order_by(exact.desc(), i.document_no)
        .limit(GROUP_MAX)
    )


def _statements(tenant_id: UUID, wanted: str) -> sa.Select[Any]:
    s, c = Statement, Customer
    number = wanted.upper()
    columns = _group(
        STATEMENT, id=s.id, label=s.number, currency=s.currency, minor=s.closing_minor, exact=s.number == number
    )
    return (
        sa.select(*columns)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == s.customer_id))
        .where(s.tenant_id == tenant_id, s.number.startswith(number, autoescape=True))
        .order_by(s.number)
        .limit(GROUP_MAX)
    )


def _amounts(tenant_id: UUID, minor: int) -> sa.Select[Any]:
    """Documents of exactly this open amount."""
    i, c = OpenItem, Customer
    columns = _group(AMOUNT, id=i.id, label=i.document_no, **_open_values())
    return (
        sa.select(*columns)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == i.customer_id))
        .where(i.tenant_id == tenant_id, i.open_minor > 0, i.open_minor == minor)
        .order_by(i.due_on, i.document_no)
        .limit(GROUP_MAX)
    )
