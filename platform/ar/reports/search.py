"""Searches customers, contacts, documents, statements and amounts for one text.

Invariant: one statement, each group bounded, each narrowed by an index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.lookups import matches
from ar.customers.models import Contact, Customer
from ar.ledger.lookups import document_label_of
from ar.ledger.models import OpenItem
from ar.statements.models import Statement
from kernel.money import exponent, parse_amount
from kernel.views import value, view_columns, views

GROUP_MAX: Final = 20
QUERY_MAX: Final = 100
CUSTOMER, CONTACT, DOCUMENT, AMOUNT, STATEMENT = "customer", "contact", "document", "amount", "statement"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One hit. `label` is the number or e-mail address, `kind` the document's; `exact`: its number equals the text."""

    group: str
    id: UUID
    label: str
    customer_id: UUID
    customer_name: str
    kind: str
    currency: str
    minor: int
    exact: bool
    is_reversed: bool


@dataclass(frozen=True)
class SearchResult:
    """The hits for the text `q`, group by group."""

    q: str
    hits: tuple[SearchHit, ...]

    def in_group(self, group: str) -> list[SearchHit]:
        """Returns the hits of one group."""
        return [hit for hit in self.hits if hit.group == group]

    @property
    def exact_hit(self) -> SearchHit | None:
        """Returns the hit whose number equals the text, if there is exactly one, reversed ones aside."""
        every = [hit for hit in self.hits if hit.exact]
        exact = [hit for hit in every if not hit.is_reversed] or every
        return exact[0] if len(exact) == 1 else None


def search(db: Session, tenant_id: UUID, q: str, currency: str) -> SearchResult:
    """Returns the hits for `q`. An amount is parsed with the decimals of `currency` and matches any such currency."""
    text = " ".join(q.replace("\x00", "").split())[:QUERY_MAX]
    if not text:
        return SearchResult("", ())
    groups = [
        _customers(tenant_id, text),
        _contacts(tenant_id, text),
        _documents(tenant_id, text),
        _statements(tenant_id, text),
    ]
    minor = _parse_amount(text, currency)
    if minor is not None:
        groups.append(_amounts(tenant_id, minor))
    rows = db.execute(sa.union_all(*(group.subquery().select() for group in groups)))
    decimals = exponent(currency)
    return SearchResult(
        text, tuple(hit for hit in views(SearchHit, rows) if hit.group != AMOUNT or exponent(hit.currency) == decimals)
    )


def _parse_amount(text: str, currency: str) -> int | None:
    try:
        minor = parse_amount(text, currency)
    except ValueError:
        return None
    return minor if 0 < minor < 2**62 else None


def _hit_columns(group: str, **values: Any) -> list[sa.ColumnElement[Any]]:
    return view_columns(
        SearchHit,
        group=value(sa.literal(group)),
        id=value(values["id"]),
        label=value(values["label"]),
        customer_id=value(Customer.id),
        customer_name=value(Customer.name),
        kind=value(values.get("kind", sa.literal(""))),
        currency=value(sa.cast(values.get("currency", sa.literal("")), sa.Text)),
        minor=value(sa.cast(values.get("minor", sa.literal(0)), sa.BigInteger)),
        exact=value(values.get("exact", sa.false())),
        is_reversed=value(values.get("is_reversed", sa.false())),
    )


def _amount_columns() -> dict[str, Any]:
    item = OpenItem
    return {"kind": item.kind, "currency": item.currency, "minor": item.side * item.open_minor}


def _equals_upper(column: Any, text: str) -> sa.ColumnElement[bool]:
    return sa.func.upper(column) == text.upper()


def _customers(tenant_id: UUID, text: str) -> sa.Select[Any]:
    customer = Customer
    exact = _equals_upper(customer.number, text)
    return (
        sa.select(*_hit_columns(CUSTOMER, id=customer.id, label=customer.number, exact=exact))
        .where(customer.tenant_id == tenant_id, *matches(tenant_id, text))
        .order_by(exact.desc(), customer.sort_key, customer.number)
        .limit(GROUP_MAX)
    )


def _contacts(tenant_id: UUID, text: str) -> sa.Select[Any]:
    contact, customer = Contact, Customer
    return (
        sa.select(*_hit_columns(CONTACT, id=contact.id, label=contact.name + " <" + contact.email + ">"))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == contact.customer_id))
        .where(
            contact.tenant_id == tenant_id,
            sa.or_(contact.email.icontains(text, autoescape=True), contact.name == text),
            sa.literal(len(text) >= 2),
        )
        .order_by(contact.email)
        .limit(GROUP_MAX)
    )


def _documents(tenant_id: UUID, text: str) -> sa.Select[Any]:
    item, customer, mirror = OpenItem, Customer, aliased(OpenItem)
    exact = item.document_no == text
    columns = _hit_columns(
        DOCUMENT,
        id=item.id,
        label=document_label_of(tenant_id),
        kind=item.kind,
        currency=item.currency,
        minor=item.side * item.open_minor,
        exact=exact,
        is_reversed=sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id),
    )
    starts = [item.document_no.startswith(prefix, autoescape=True) for prefix in {text, text.upper()}]
    return (
        sa.select(*columns)
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .where(
            item.tenant_id == tenant_id,
            sa.or_(*starts),
        )
        .order_by(exact.desc(), item.document_no, item.edition.desc(), item.instalment_no)
        .limit(GROUP_MAX)
    )


def _statements(tenant_id: UUID, text: str) -> sa.Select[Any]:
    statement, customer = Statement, Customer
    number = text.upper()
    columns = _hit_columns(
        STATEMENT,
        id=statement.id,
        label=statement.number,
        currency=statement.currency,
        minor=statement.closing_minor,
        exact=statement.number == number,
    )
    return (
        sa.select(*columns)
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == statement.customer_id))
        .where(statement.tenant_id == tenant_id, statement.number.startswith(number, autoescape=True))
        .order_by(statement.number)
        .limit(GROUP_MAX)
    )


def _amounts(tenant_id: UUID, minor: int) -> sa.Select[Any]:
    """Documents whose open amount equals `minor`."""
    item, customer = OpenItem, Customer
    columns = _hit_columns(AMOUNT, id=item.id, label=document_label_of(tenant_id), **_amount_columns())
    return (
        sa.select(*columns)
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .where(item.tenant_id == tenant_id, item.open_minor > 0, item.open_minor == minor)
        .order_by(item.due_on, item.document_no)
        .limit(GROUP_MAX)
    )
