"""Loads the page of one customer: master data, ladder, open items, holds, contacts, statements and bills.

Invariant: four statements here whatever the size of the customer, and one for the timeline; lists are bounded, sums
cover everything that is open.
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

from ar.bills.lookups import OutstandingBill
from ar.bills.models import Bill
from ar.bills.rules import OUTSTANDING
from ar.cases.lookups import HoldView, LadderStrip, hold_views, ladder_strip
from ar.customers.lookups import ContactView
from ar.customers.models import Contact, Customer
from ar.ledger.lookups import document_label_of, open_items
from ar.ledger.models import OpenItem
from ar.ledger.rules.aging import BUCKET_COLUMNS, AgingRow, OpenAmount, age, bucket_minors, bucket_ranges
from ar.ledger.rules.due_dates import overdue_days
from ar.ledger.rules.stages import Stage, stage_of
from ar.statements.models import Confirmation, Statement
from kernel.calendars import WorkCalendar, stored_calendar
from kernel.db import columns
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.views import LATER, DbRow, from_json, json_of, json_view, select_view, tuple_of, value, view
from tenants.models import Company, User

ITEMS_MAX: Final = 100
STATEMENTS_MAX: Final = 6
BILLS_MAX: Final = 50
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
        """Returns the status code that `ar.statements` names: superseded, agrees, differs, not_sent, overdue, sent."""
        if self.superseded:
            return "superseded"
        if self.outcome:
            return self.outcome
        if self.sent_to is None:
            return "not_sent"
        return "overdue" if self.respond_by_on is not None and self.respond_by_on < today else "sent"


@dataclass(frozen=True, slots=True)
class OpenItemRow:
    """An open item; amounts are positive, `side` is 1 for a debit and -1 for a credit."""

    id: UUID
    kind: str
    side: int
    document_no: str
    label: str
    document_on: date
    due_on: date
    collection_end_on: date
    currency: str
    amount_minor: int
    open_minor: int
    days_overdue: int
    stage: Stage | None


@dataclass(frozen=True)
class CustomerMasterData:
    """The customer's master data, with the company's working calendar and default policy."""

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
        """Returns the payment terms as a sentence."""
        months, days = self.terms.get("months") or 0, self.terms.get("days") or 0
        if self.terms.get("base") == "month_end":
            return _("month end + %(months)s months, %(days)s days", months=months, days=days)
        if months:
            return _("%(months)s months, %(days)s days", months=months, days=days)
        return _("net %(days)s days", days=days)


@dataclass(frozen=True)
class CustomerPage:
    """The page without its timeline. `sums` are per currency; `open_count` counts all items, `items` has the first."""

    today: date
    facts: CustomerMasterData
    items: tuple[OpenItemRow, ...]
    open_count: int
    sums: tuple[AgingRow, ...]
    strip: LadderStrip | None
    blocks: tuple[HoldView, ...]

    @property
    def latest_stage(self) -> Stage | None:
        """Returns the latest stage among the open items, which are sorted by due date, debits before credits."""
        return next((item.stage for item in self.items if item.stage is not None), None)

    @property
    def holds(self) -> list[HoldView]:
        """Returns the holds in force today on the whole customer."""
        return [block for block in self.blocks if block.state == "active" and block.document_no is None]

    @property
    def held_documents(self) -> dict[str, HoldView]:
        """Returns document number → the hold in force on it today."""
        return {each.document_no: each for each in self.blocks if each.state == "active" and each.document_no}

    @property
    def credits(self) -> list[OpenItemRow]:
        """Returns the unapplied receipts and credit notes."""
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
    """Returns the page as of `today`; `as_of` and `known_at` apply to its items and balances only.

    Raises NotFound(`customer_not_found`).
    """
    facts = _facts(db, tenant_id, customer_id)
    if known_at is None and as_of in (None, today):
        items, count, sums = _items(db, tenant_id, customer_id, today)
    else:
        items, count, sums = _items_as_of(db, tenant_id, customer_id, as_of or today, known_at)
    strip = ladder_strip(db, tenant_id, customer_id, today, facts.calendar)
    blocks = tuple(hold_views(db, tenant_id, customer_id, today))
    return CustomerPage(today, facts, items, count, sums, strip, blocks)


def _facts(db: Session, tenant_id: UUID, customer_id: UUID) -> CustomerMasterData:
    row = columns(db, _facts_statement(), {"tenant": tenant_id, "customer": customer_id}).first()
    if row is None:
        raise NotFound("customer_not_found")
    return view(
        CustomerMasterData,
        row,
        calendar=stored_calendar(row.calendar_preset, row.calendar_overrides, row.calendar_notices),
        contacts=from_json(ContactView, row.contacts),
        statements=from_json(StatementLink, row.statements),
        bills=from_json(OutstandingBill, row.bills),
    )


@cache
def _facts_statement() -> sa.Select[*tuple[Any, ...]]:
    """Returns the SELECT of CustomerFacts. Cached: building it costs more than running it."""
    customer, company = Customer, Company
    return (
        select_view(
            CustomerMasterData,
            id=value(customer.id),
            number=value(customer.number),
            name=value(customer.name),
            entity_type=value(customer.entity_type),
            tax_id=value(customer.tax_id),
            owner_name=value(User.name),
            language=value(customer.language),
            terms=value(customer.terms),
            settlement_days=value(customer.settlement_days),
            policy_code=value(sa.func.coalesce(customer.policy_code, company.policy_code)),
            calendar=LATER,
            contacts=LATER,
            statements=LATER,
            bills=LATER,
        )
        .add_columns(
            company.calendar.label("calendar_preset"),
            company.calendar_overrides,
            company.calendar_notices,
            _contacts().label("contacts"),
            _statements().label("statements"),
            _bills().label("bills"),
        )
        .join(company, company.tenant_id == customer.tenant_id)
        .outerjoin(User, User.id == customer.owner_id)
        .where(customer.tenant_id == _TENANT, customer.id == _CUSTOMER)
    )


def _contacts() -> sa.ScalarSelect[Any]:
    """Returns the contacts as JSON, active ones first."""
    contact = Contact
    line = json_view(
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
    return (
        sa.select(sa.func.jsonb_agg(aggregate_order_by(line, contact.active.desc(), contact.created_at, contact.id)))
        .where(contact.tenant_id == _TENANT, contact.customer_id == Customer.id)
        .correlate(Customer)
        .scalar_subquery()
    )


def _statements() -> sa.ScalarSelect[Any]:
    """Returns the newest statements as JSON."""
    statement, confirmation = Statement, Confirmation
    newest = (
        select_view(
            StatementLink,
            id=value(statement.id),
            number=value(statement.number),
            currency=value(statement.currency),
            closing_minor=value(statement.closing_minor),
            period_to=value(statement.period_to),
            sent_to=value(statement.sent_to),
            respond_by_on=value(statement.respond_by_on),
            superseded=value(statement.superseded_at.is_not(None)),
            outcome=value(confirmation.outcome),
        )
        .add_columns(statement.issued_at)
        .outerjoin(
            confirmation,
            sa.and_(confirmation.tenant_id == statement.tenant_id, confirmation.statement_id == statement.id),
        )
        .where(statement.tenant_id == _TENANT, statement.customer_id == Customer.id)
        .correlate(Customer)
        .order_by(statement.issued_at.desc(), statement.id.desc())
        .limit(STATEMENTS_MAX)
        .subquery("newest")
    )
    line = json_of(StatementLink, newest)
    return sa.select(sa.func.jsonb_agg(aggregate_order_by(line, newest.c.issued_at.desc()))).scalar_subquery()


def _bills() -> sa.ScalarSelect[Any]:
    """Returns the outstanding bills as JSON, by maturity."""
    bill = Bill
    first = (
        select_view(
            OutstandingBill,
            id=value(bill.id),
            number=value(bill.number),
            kind=value(bill.kind),
            customer_id=value(bill.customer_id),
            acceptor=value(bill.acceptor),
            matures_on=value(bill.matures_on),
            currency=value(bill.currency),
            amount_minor=value(bill.amount_minor),
            state=value(bill.state),
        )
        .where(
            bill.tenant_id == _TENANT,
            bill.customer_id == Customer.id,
            bill.state.in_([state.value for state in OUTSTANDING]),
        )
        .correlate(Customer)
        .order_by(bill.matures_on, bill.number)
        .limit(BILLS_MAX)
        .subquery("first_bills")
    )
    line = json_of(OutstandingBill, first)
    ordered = aggregate_order_by(line, first.c.matures_on, first.c.number)
    return sa.select(sa.func.jsonb_agg(ordered)).scalar_subquery()


def _items(
    db: Session, tenant_id: UUID, customer_id: UUID, today: date
) -> tuple[tuple[OpenItemRow, ...], int, tuple[AgingRow, ...]]:
    """Returns the first open items, their number, and sums over all of them per currency, from one statement."""
    values: dict[str, Any] = {"tenant": tenant_id, "customer": customer_id}
    for number, bucket in enumerate(bucket_ranges(today)):
        values |= {f"first{number}": bucket.first_on or date.min, f"last{number}": bucket.last_on or date.max}
    rows = columns(db, _items_statement(), values).all()
    sums = [
        view(AgingRow, row, customer_no="", buckets_minor=bucket_minors(row))
        for _currency, row in sorted({row.currency: row for row in rows}.items())
    ]
    items = [_item_row(row, today) for row in rows]
    items.sort(key=lambda item: (-item.side, item.due_on, item.document_no))
    return tuple(items), rows[0].open_count if rows else 0, tuple(sums)


def _items_as_of(
    db: Session, tenant_id: UUID, customer_id: UUID, as_of: date, known_at: datetime | None
) -> tuple[tuple[OpenItemRow, ...], int, tuple[AgingRow, ...]]:
    """Does as `_items` for another as-of date, or as known at an earlier moment."""
    found = open_items(db, tenant_id, as_of=as_of, known_at=known_at, customer_id=customer_id)
    unapplied: dict[tuple[str, str], int] = {}
    for item in found:
        if item.side < 0:
            unapplied["", item.currency] = unapplied.get(("", item.currency), 0) + item.open_minor
    debits = [OpenAmount("", item.currency, item.due_on, item.open_minor) for item in found if item.side > 0]
    shown = sorted(found, key=lambda item: (-item.side, item.due_on, item.document_no))[:ITEMS_MAX]
    lines = tuple(
        OpenItemRow(
            id=item.id,
            kind=item.kind,
            side=item.side,
            document_no=item.document_no,
            label=item.label,
            document_on=item.document_on,
            due_on=item.due_on,
            collection_end_on=item.collection_end_on,
            currency=item.currency,
            amount_minor=item.amount_minor,
            open_minor=item.open_minor,
            days_overdue=item.days_overdue,
            stage=item.stage,
        )
        for item in shown
    )
    return lines, len(found), age(debits, unapplied, as_of)


@cache
def _items_statement() -> sa.Select[*tuple[Any, ...]]:
    item = OpenItem

    def total(*only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        summed = sa.func.sum(item.open_minor).filter(*only).over(partition_by=item.currency)
        return sa.cast(sa.func.coalesce(summed, 0), sa.BigInteger)

    def within(n: int) -> sa.ColumnElement[bool]:
        return item.due_on.between(sa.bindparam(f"first{n}", type_=sa.Date), sa.bindparam(f"last{n}", type_=sa.Date))

    buckets = [total(item.side > 0, within(n)).label(column) for n, column in enumerate(BUCKET_COLUMNS)]
    counted = sa.func.count().over().label("open_count")
    position = sa.func.row_number().over(partition_by=item.currency, order_by=item.id)
    return (
        select_view(
            OpenItemRow,
            id=value(item.id),
            kind=value(item.kind),
            side=value(item.side),
            document_no=value(item.document_no),
            label=value(document_label_of(_TENANT)),
            document_on=value(item.document_on),
            due_on=value(item.due_on),
            collection_end_on=value(item.collection_end_on),
            currency=value(item.currency),
            amount_minor=value(item.amount_minor),
            open_minor=value(item.open_minor),
            days_overdue=LATER,
            stage=LATER,
        )
        .add_columns(counted, total(item.side < 0).label("unapplied_minor"), *buckets)
        .where(item.tenant_id == _TENANT, item.customer_id == _CUSTOMER, item.open_minor > 0)
        .order_by((position == 1).desc(), item.side.desc(), item.due_on, item.document_no)
        .limit(ITEMS_MAX)
    )


def _item_row(row: DbRow, today: date) -> OpenItemRow:
    if row.side < 0:
        return view(OpenItemRow, row, days_overdue=0, stage=None)
    return view(OpenItemRow, row, days_overdue=overdue_days(row.due_on, today), stage=stage_of(row.due_on, today))
