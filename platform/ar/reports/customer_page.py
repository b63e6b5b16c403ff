"""One customer on one page: facts, ladder, open items, holds, contacts, statements. The timeline is its own module.

May import the slices below it and kernel. Invariant: four statements here whatever the size of the customer, and one
for the timeline; lists are bounded, sums are of everything that is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from ar.bills.models import Bill
from ar.bills.rules import OUTSTANDING
from ar.bills.views import OutstandingBill
from ar.cases.queries import block_views, case_strip
from ar.cases.views import BlockView, CaseStrip
from ar.customers.models import Contact, Customer
from ar.customers.queries import ContactView
from ar.ledger.aging import BUCKETS, AgingRow, OpenAmount, age, bucket_ranges
from ar.ledger.due_dates import overdue_days
from ar.ledger.models import OpenItem
from ar.ledger.queries import open_items
from ar.ledger.stages import Stage, stage_of
from ar.statements.models import Confirmation, Statement
from kernel.calendars import WorkCalendar
from kernel.db import columns
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from tenants.models import Company, User

ITEMS_MAX: Final = 100
STATEMENTS_MAX: Final = 6
BILLS_MAX: Final = 50
_ALWAYS_FROM: Final = date.min
_ALWAYS_TO: Final = date.max
_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_CUSTOMER: Final = sa.bindparam("customer", type_=sa.Uuid)


@dataclass(frozen=True, slots=True)
class StatementLink:
    """A statement of the customer, newest first; `outcome` agrees, differs or None while unanswered."""

    id: UUID
    number: str
    currency: str
    closing_minor: int
    period_to: date
    sent_to: str | None
    respond_by_on: date | None
    superseded: bool
    outcome: str | None

    def status(self, today: date) -> str:
        """The word of `ar.statements` for where it stands."""
        if self.superseded:
            return "superseded"
        if self.outcome:
            return self.outcome
        if self.sent_to is None:
            return "not_sent"
        return "overdue" if self.respond_by_on is not None and self.respond_by_on < today else "sent"


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An open item; amounts are positive, `side` says who owes."""

    id: UUID
    kind: str
    side: int
    document_no: str
    document_on: date
    due_on: date
    collection_end_on: date
    currency: str
    amount_minor: int
    open_minor: int
    days_overdue: int
    stage: Stage | None


@dataclass(frozen=True)
class Facts:
    """The customer file, with the company's working calendar and default policy."""

    id: UUID
    number: str
    name: str
    entity_type: str
    tax_id: str
    owner_name: str | None
    language: str
    terms: dict[str, Any]
    settlement_days: int
    policy_code: str
    calendar: WorkCalendar
    contacts: tuple[ContactView, ...]
    statements: tuple[StatementLink, ...]
    bills: tuple[OutstandingBill, ...]

    @property
    def terms_text(self) -> str:
        """The payment terms as a sentence."""
        months, days = self.terms.get("months") or 0, self.terms.get("days") or 0
        if self.terms.get("base") == "month_end":
            return _("month end + %(months)s months, %(days)s days", months=months, days=days)
        if months:
            return _("%(months)s months, %(days)s days", months=months, days=days)
        return _("net %(days)s days", days=days)


@dataclass(frozen=True)
class CustomerPage:
    """The page but for its timeline. `sums` are per currency; `open_count` counts all, `items` shows the first."""

    today: date
    facts: Facts
    items: tuple[ItemLine, ...]
    open_count: int
    sums: tuple[AgingRow, ...]
    strip: CaseStrip | None
    blocks: tuple[BlockView, ...]

    @property
    def worst(self) -> Stage | None:
        """The furthest stage among the open items: the items come oldest due first, debits before credits."""
        return next((item.stage for item in self.items if item.stage is not None), None)

    @property
    def holds(self) -> list[BlockView]:
        """The holds that act today on the whole customer."""
        return [block for block in self.blocks if block.state == "active" and block.document_no is None]

    @property
    def held_documents(self) -> dict[str, BlockView]:
        """Document number → the hold that acts on it today."""
        return {b.document_no: b for b in self.blocks if b.state == "active" and b.document_no is not None}

    @property
    def credits(self) -> list[ItemLine]:
        """Receipts and credit notes nobody has applied."""
        return [item for item in self.items if item.side < 0]


def customer_page(
    db: Session,
    tenant_id: UUID,
    customer_id: UUID,
    today: date,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> CustomerPage:
    """The page as of `today`; `as_of` and `known_at` move its items and balances alone.

    Raises NotFound(`customer_not_found`).
    """
    facts = _facts(db, tenant_id, customer_id)
    if known_at is None and as_of in (None, today):
        items, count, sums = _items(db, tenant_id, customer_id, today)
    else:
        items, count, sums = _items_then(db, tenant_id, customer_id, as_of or today, known_at)
    strip = case_strip(db, tenant_id, customer_id, today, facts.calendar)
    blocks = tuple(block_views(db, tenant_id, customer_id, today))
    return CustomerPage(today, facts, items, count, sums, strip, blocks)


def _facts(db: Session, tenant_id: UUID, customer_id: UUID) -> Facts:
    row: Any = columns(db, _reading_facts(), {"tenant": tenant_id, "customer": customer_id}).first()
    if row is None:
        raise NotFound("customer_not_found")
    *plain, preset, overrides, contacts, statements, bills = row
    calendar = WorkCalendar(preset, {date.fromisoformat(day): bool(told["working"]) for day, told in overrides.items()})
    papers = (tuple(map(_statement, statements or ())), tuple(map(_outstanding, bills or ())))
    lists = (tuple(map(_contact, contacts or ())), *papers)
    return Facts(*(*plain, calendar, *lists))


@cache
def _reading_facts() -> sa.Select[Any]:
    """Built once, like every statement of this page: building them costs more than running them."""
    c, o = Customer, Company
    columns: list[Any] = [
        *(c.id, c.number, c.name, c.entity_type, c.tax_id, User.name.label("owner_name"), c.language, c.terms),
        *(c.settlement_days, sa.func.coalesce(c.policy_code, o.policy_code), o.calendar, o.calendar_overrides),
        *(_contacts(), _statements(), _bills()),
    ]
    return (
        sa.select(*columns)
        .join(o, o.tenant_id == c.tenant_id)
        .outerjoin(User, User.id == c.owner_id)
        .where(c.tenant_id == _TENANT, c.id == _CUSTOMER)
    )


def _contacts() -> sa.ScalarSelect[Any]:
    """The contacts as JSON, those in use first."""
    k = Contact
    line = sa.func.jsonb_build_array(k.id, k.name, k.title, k.email, k.phone, k.purposes, k.active, k.suppressed_reason)
    return (
        sa.select(sa.func.jsonb_agg(aggregate_order_by(line, k.active.desc(), k.created_at, k.id)))
        .where(k.tenant_id == _TENANT, k.customer_id == Customer.id)
        .correlate(Customer)
        .scalar_subquery()
    )


def _contact(line: list[Any]) -> ContactView:
    contact_id, name, title, email, phone, purposes, active, reason = line
    return ContactView(UUID(contact_id), name, title, email, phone, tuple(purposes), active, reason)


def _statements() -> sa.ScalarSelect[Any]:
    """The newest statements as JSON."""
    s, k = Statement, Confirmation
    newest = (
        sa.select(s.id, s.number, s.currency, s.closing_minor, s.period_to, s.sent_to, s.respond_by_on)
        .add_columns(s.superseded_at.is_not(None).label("superseded"), k.outcome, s.issued_at)
        .outerjoin(k, sa.and_(k.tenant_id == s.tenant_id, k.statement_id == s.id))
        .where(s.tenant_id == _TENANT, s.customer_id == Customer.id)
        .correlate(Customer)
        .order_by(s.issued_at.desc(), s.id.desc())
        .limit(STATEMENTS_MAX)
        .subquery("newest")
    )
    *shown, issued_at = newest.c
    line = sa.func.jsonb_build_array(*shown)
    return sa.select(sa.func.jsonb_agg(aggregate_order_by(line, issued_at.desc()))).scalar_subquery()


def _statement(line: list[Any]) -> StatementLink:
    statement_id, number, currency, closing_minor, period_to, sent_to, respond_by_on, superseded, outcome = line
    return StatementLink(
        UUID(statement_id),
        number,
        currency,
        closing_minor,
        date.fromisoformat(period_to),
        sent_to,
        date.fromisoformat(respond_by_on) if respond_by_on else None,
        superseded,
        outcome,
    )


def _bills() -> sa.ScalarSelect[Any]:
    """The bills not yet paid as JSON, the first to mature first: they stand beside what is open."""
    b = Bill
    first = (
        sa.select(b.id, b.number, b.kind, b.customer_id, b.acceptor, b.matures_on, b.currency, b.amount_minor, b.state)
        .where(
            b.tenant_id == _TENANT, b.customer_id == Customer.id, b.state.in_([state.value for state in OUTSTANDING])
        )
        .correlate(Customer)
        .order_by(b.matures_on, b.number)
        .limit(BILLS_MAX)
        .subquery("first_bills")
    )
    line = sa.func.jsonb_build_array(*first.c)
    ordered = aggregate_order_by(line, first.c.matures_on, first.c.number)
    return sa.select(sa.func.jsonb_agg(ordered)).scalar_subquery()


def _outstanding(line: list[Any]) -> OutstandingBill:
    bill_id, number, kind, customer_id, acceptor, matures_on, *rest = line
    on = date.fromisoformat(matures_on)
    return OutstandingBill(UUID(bill_id), number, kind, UUID(customer_id), acceptor, on, *rest)


def _items(
    db: Session, tenant_id: UUID, customer_id: UUID, today: date
) -> tuple[tuple[ItemLine, ...], int, tuple[AgingRow, ...]]:
    """The first open items, how many there are, and the sums of all of them per currency: windows over one read."""
    values: dict[str, Any] = {"tenant": tenant_id, "customer": customer_id}
    for number, each in enumerate(bucket_ranges(today)):
        values |= {f"first{number}": each.first_on or _ALWAYS_FROM, f"last{number}": each.last_on or _ALWAYS_TO}
    rows = columns(db, _reading_items(), values).all()
    sums = {row[7]: AgingRow("", row[7], tuple(row[12:-1]), row[11]) for row in rows}
    lines = sorted((_line(row, today) for row in rows), key=lambda each: (-each.side, each.due_on, each.document_no))
    return tuple(lines), rows[0][10] if rows else 0, tuple(sums[currency] for currency in sorted(sums))


def _items_then(
    db: Session, tenant_id: UUID, customer_id: UUID, as_of: date, known_at: datetime | None
) -> tuple[tuple[ItemLine, ...], int, tuple[AgingRow, ...]]:
    """As `_items`, of another day or as known at another moment."""
    found = open_items(db, tenant_id, as_of=as_of, known_at=known_at, customer_id=customer_id)
    unapplied: dict[tuple[str, str], int] = {}
    for item in found:
        if item.side < 0:
            unapplied["", item.currency] = unapplied.get(("", item.currency), 0) + item.open_minor
    claims = [OpenAmount("", each.currency, each.due_on, each.open_minor) for each in found if each.side > 0]
    shown = sorted(found, key=lambda each: (-each.side, each.due_on, each.document_no))[:ITEMS_MAX]
    lines = tuple(
        ItemLine(
            *(i.id, i.kind, i.side, i.document_no, i.document_on, i.due_on, i.collection_end_on, i.currency),
            *(i.amount_minor, i.open_minor, i.days_overdue, i.stage),
        )
        for i in shown
    )
    return lines, len(found), age(claims, unapplied, as_of)


@cache
def _reading_items() -> sa.Select[Any]:
    i = OpenItem

    def total(*only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        summed = sa.func.sum(i.open_minor).filter(*only).over(partition_by=i.currency)
        return sa.cast(sa.func.coalesce(summed, 0), sa.BigInteger)

    def day(name: str) -> sa.BindParameter[date]:
        return sa.bindparam(name, type_=sa.Date)

    buckets = [total(i.side > 0, i.due_on.between(day(f"first{n}"), day(f"last{n}"))) for n in range(len(BUCKETS))]
    place = sa.func.row_number().over(partition_by=i.currency, order_by=i.id)
    item: list[Any] = [
        *(i.id, i.kind, i.side, i.document_no, i.document_on, i.due_on, i.collection_end_on, i.currency),
        *(i.amount_minor, i.open_minor),
    ]
    return (
        sa.select(*item, sa.func.count().over(), total(i.side < 0), *buckets, place)
        .where(i.tenant_id == _TENANT, i.customer_id == _CUSTOMER, i.open_minor > 0)
        .order_by((place == 1).desc(), i.side.desc(), i.due_on, i.document_no)
        .limit(ITEMS_MAX)
    )


def _line(row: Any, today: date) -> ItemLine:
    side, due_on = row[2], row[5]
    if side < 0:
        return ItemLine(*(*row[:10], 0, None))
    return ItemLine(*(*row[:10], overdue_days(due_on, today), stage_of(due_on, today)))
