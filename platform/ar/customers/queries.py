"""Loads customers for bulk work, the list, and one customer's form with its contacts.

Invariant: a constant number of statements per page. Balances are selected from the ledger's table by name, since the
ledger stands above this slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ar.customers.models import Contact, Customer
from ar.customers.rules.search import normalise, query_tokens, required_words
from kernel.actor import Actor
from kernel.db import columns
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.views import LATER, from_json, json_view, select_view, tuple_of, value, view, views
from kernel.visibility import is_limited
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
_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_TODAY: Final = sa.bindparam("today", type_=sa.Date)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer for bulk work; `terms` is `ar.ledger.rules.due_dates.PaymentTerms` as JSON."""

    id: UUID
    number: str
    name: str
    terms: dict[str, Any]
    settlement_days: int
    language: str
    policy_code: str | None


@dataclass(frozen=True, slots=True)
class CurrencyBalance:
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
    balances: tuple[CurrencyBalance, ...]


@dataclass(frozen=True, slots=True)
class CustomerList:
    """One page of the list and the number of matches."""

    lines: list[CustomerLine]
    total: int


@dataclass(frozen=True, slots=True)
class ContactView:
    """A contact of a customer; `suppressed_reason`: why mail to it is suppressed."""

    id: UUID
    name: str
    title: str
    email: str
    phone: str
    purposes: tuple[str, ...]
    active: bool
    suppressed_reason: str | None


#: What is mailed to one contact of a customer, by the purpose that it looks for.
MAILED: Final = ("statements", "dunning")


def recipients_without(contacts: Sequence[ContactView], gone: ContactView) -> dict[str, str]:
    """Returns purpose → who would get what `gone` gets now; empty where nobody is left to write to.

    As `lookups.find_contact` chooses: who has the purpose, else the first who can be written to.
    """
    others = [each for each in contacts if each.id != gone.id]
    found: dict[str, str] = {}
    for purpose in MAILED:
        if _recipient(contacts, purpose) == gone:
            other = _recipient(others, purpose)
            found[purpose] = f"{other.name} <{other.email}>".strip() if other else ""
    return found


def _recipient(contacts: Sequence[ContactView], purpose: str) -> ContactView | None:
    reachable = [each for each in contacts if each.active and each.email and each.suppressed_reason is None]
    return min(reachable, key=lambda each: purpose not in each.purposes, default=None)


@dataclass(frozen=True, slots=True)
class CustomerDetail:
    """One customer with its contacts, for form and page."""

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
    retired_at: datetime | None
    contacts: list[ContactView]


def find_numbers(db: Session, tenant_id: UUID, numbers: Iterable[str]) -> dict[str, CustomerFacts]:
    """Returns the customers of these numbers, by number; unknown numbers are absent. One statement."""
    rows = columns(db, _facts_by_number(), {"tenant": tenant_id, "numbers": list(numbers)})
    return {row.number: view(CustomerFacts, row) for row in rows}


@cache
def _facts_by_number() -> sa.Select[*tuple[Any, ...]]:
    customer = Customer
    return select_view(
        CustomerFacts,
        id=value(customer.id),
        number=value(customer.number),
        name=value(customer.name),
        terms=value(customer.terms),
        settlement_days=value(customer.settlement_days),
        language=value(customer.language),
        policy_code=value(customer.policy_code),
    ).where(
        customer.tenant_id == sa.bindparam("tenant", type_=sa.Uuid),
        customer.number == sa.any_(sa.bindparam("numbers", type_=ARRAY(sa.Text))),
        customer.retired_at.is_(None),
    )


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
    """Returns one page of customers with their balances. Two statements.

    `state`: all, open, overdue. `sort`: name, number, open, overdue, with a minus for descending; amounts compare in
    the tenant's currency.
    """
    values = {"tenant": tenant_id, "today": today, "owner": owner_id, "offset": offset, "limit": limit}
    shape = (owner_id is not None, state, sort)
    count_statement, page_statement = (
        _statements(*shape, matches(tenant_id, q)) if normalise(q) else _unsearched_statements(*shape)
    )
    total = columns(db, count_statement, values).scalar_one()
    lines = [
        CustomerLine(
            id=row.id,
            number=row.number,
            name=row.name,
            owner_name=row.owner_name,
            terms=row.terms,
            balances=from_json(CurrencyBalance, row.balances),
        )
        for row in columns(db, page_statement, values).all()
    ]
    return CustomerList(lines, total)


@lru_cache(maxsize=64)
def _unsearched_statements(owned: bool, state: str, sort: str) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Returns the statements of a list without a search, cached per filter and order."""
    return _statements(owned, state, sort, ())


def _statements(
    owned: bool, state: str, sort: str, searched: Sequence[sa.ColumnElement[bool]]
) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Returns the count statement and the page statement; values are bound when they run."""
    found, customer = _matching(owned, state, searched), Customer
    page = (
        found.add_columns(customer.number, customer.name, customer.terms, customer.owner_id)
        .order_by(*_order(sort), customer.id)
        .offset(sa.bindparam("offset", type_=sa.Integer))
        .limit(sa.bindparam("limit", type_=sa.Integer))
        .cte("page")
    )
    position = sa.func.row_number().over().label("position")
    numbered = sa.select(page, position).subquery("numbered")
    page_statement = (
        sa.select(numbered, User.name.label("owner_name"), _balances_json(numbered.c.id).label("balances"))
        .outerjoin(User, User.id == numbered.c.owner_id)
        .order_by(numbered.c.position)
    )
    return sa.select(sa.func.count()).select_from(found.subquery()), page_statement


def customer_detail(db: Session, tenant_id: UUID, customer_id: UUID) -> CustomerDetail:
    """Returns one customer with all contacts. Two statements. Raises NotFound(`customer_not_found`)."""
    customer = Customer
    row = db.execute(
        select_view(
            CustomerDetail,
            id=value(customer.id),
            number=value(customer.number),
            name=value(customer.name),
            entity_type=value(customer.entity_type),
            tax_id=value(customer.tax_id),
            owner_id=value(customer.owner_id),
            owner_name=value(User.name),
            language=value(customer.language),
            terms=value(customer.terms),
            settlement_days=value(customer.settlement_days),
            policy_code=value(customer.policy_code),
            retired_at=value(customer.retired_at),
            contacts=LATER,
        )
        .outerjoin(User, User.id == customer.owner_id)
        .where(customer.tenant_id == tenant_id, customer.id == customer_id)
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    return view(CustomerDetail, row, contacts=contacts(db, tenant_id, customer_id))


def contacts(db: Session, tenant_id: UUID, customer_id: UUID) -> list[ContactView]:
    """Returns the contacts of a customer, active ones first."""
    contact = Contact
    rows = db.execute(
        select_view(
            ContactView,
            id=value(contact.id),
            name=value(contact.name),
            title=value(contact.title),
            email=value(contact.email),
            phone=value(contact.phone),
            purposes=tuple_of(contact.purposes),
            active=value(contact.active),
            suppressed_reason=value(contact.suppressed_reason),
        )
        .where(contact.tenant_id == tenant_id, contact.customer_id == customer_id)
        .order_by(contact.active.desc(), contact.created_at, contact.id)
    )
    return views(ContactView, rows)


def owner_choices(db: Session, tenant_id: UUID) -> list[tuple[UUID, str]]:
    """Returns (id, name) of the active members, who may own a customer."""
    rows = db.execute(
        sa.select(User.id, User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == tenant_id, Membership.active.is_(True))
        .order_by(User.name)
    )
    return [(row.id, row.name) for row in rows]


def owner_options(db: Session, actor: Actor) -> list[tuple[str, str]]:
    """Returns the choices of a customer's owner; who sees their own customers only can be it alone."""
    if is_limited(db):
        return [(str(actor.user_id), actor.name)]
    owners = owner_choices(db, actor.tenant_id)
    return [("", _("Unassigned")), *((str(user_id), name) for user_id, name in owners)]


def matches(tenant_id: UUID, q: str) -> Sequence[sa.ColumnElement[bool]]:
    """Returns the conditions of a search in names, numbers and tax ids: by the index, then by each whole token."""
    if not normalise(q):
        return ()
    customer = Customer
    text = sa.func.lower(
        sa.func.normalize(customer.number + " " + customer.name + " " + customer.tax_id, sa.text("NFKC"))
    )
    return (
        customer.tenant_id == tenant_id,
        customer.retired_at.is_(None),
        customer.search_words.contains(sa.cast(required_words(q), ARRAY(sa.Text))),
        *(sa.func.strpos(text, token) > 0 for token in query_tokens(q)),
    )


def _matching(owned: bool, state: str, searched: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    customer = Customer
    found = sa.select(customer.id).where(customer.tenant_id == _TENANT, customer.retired_at.is_(None), *searched)
    if owned:
        found = found.where(customer.owner_id == sa.bindparam("owner", type_=sa.Uuid))
    if state in ("open", "overdue"):
        owing = sa.select(_ITEM.c.customer_id).where(
            _ITEM.c.tenant_id == _TENANT, _ITEM.c.customer_id == customer.id, _ITEM.c.open_minor > 0
        )
        if state == "overdue":
            owing = owing.where(_ITEM.c.side == 1, _ITEM.c.due_on < _TODAY)
        found = found.where(owing.exists())
    return found


def _order(sort: str) -> list[sa.ColumnElement[Any]]:
    customer, item = Customer, _ITEM.c
    key = sort.removeprefix("-")
    columns: list[sa.ColumnElement[Any]]
    if key in ("open", "overdue"):
        currency = sa.select(Tenant.currency).where(Tenant.id == _TENANT).scalar_subquery()
        amount = (
            sa.select(
                sa.func.coalesce(sa.func.sum(_overdue_minor() if key == "overdue" else item.side * item.open_minor), 0)
            )
            .where(
                item.tenant_id == _TENANT,
                item.customer_id == customer.id,
                item.open_minor > 0,
                item.currency == currency,
            )
            .scalar_subquery()
        )
        columns = [amount]
    else:
        columns = (
            [customer.number.expression]
            if key == "number"
            else [customer.sort_key.expression, customer.number.expression]
        )
    return [column.desc() for column in columns] if sort.startswith("-") else columns


def _overdue_minor() -> sa.ColumnElement[int]:
    item = _ITEM.c
    return sa.case((sa.and_(item.side == 1, item.due_on < _TODAY), item.open_minor), else_=0)


def _balances_json(customer_id: sa.ColumnElement[UUID]) -> sa.ScalarSelect[Any]:
    """Returns the CurrencyBalances of a customer as JSON; bigints are exact in JSON and Python."""
    item = _ITEM.c
    sums = (
        sa.select(
            item.currency,
            sa.cast(sa.func.sum(item.side * item.open_minor), sa.BigInteger).label("open"),
            sa.cast(sa.func.sum(_overdue_minor()), sa.BigInteger).label("overdue"),
        )
        .where(item.tenant_id == _TENANT, item.customer_id == customer_id, item.open_minor > 0)
        .group_by(item.currency)
        .correlate(customer_id.table)
        .subquery("sums")
    )
    row = json_view(
        CurrencyBalance,
        currency=value(sums.c.currency),
        open_minor=value(sums.c.open),
        overdue_minor=value(sums.c.overdue),
    )
    return sa.select(sa.func.jsonb_agg(row)).select_from(sums).scalar_subquery()
