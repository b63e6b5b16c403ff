"""What the Today page shows: what is owed, what goes out, who has not answered, what is held and why.

May import the slices below it, tenants and kernel. Invariant: five statements whatever the size, each list bounded;
sums are per currency and never added across.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.explain import reason_text, why_held, why_step
from ar.cases.models import Action, DayRun, Held, LadderState, Step
from ar.cases.texts import step_name
from ar.customers.models import Customer
from ar.ledger.aging import AgingRow, bucket_ranges
from ar.ledger.asof import joined, later_allocations, open_then, there_and_open
from ar.ledger.models import OpenItem
from ar.ledger.queries import posted_balances
from ar.reports.aging import TieOut
from ar.statements.models import Confirmation, Statement
from kernel.calendars import WorkCalendar
from kernel.clock import local_date
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.models import Company

ROWS_MAX: Final = 8
SIDE_ROWS_MAX: Final = 6
#: Form and state of an action that somebody has to look at or do.
WAITING: Final = (
    ("letter", "proposed"),
    ("call", "proposed"),
    ("call", "approved"),
    ("task", "proposed"),
    ("task", "approved"),
)
WEEKDAYS: Final = (
    mark("Monday"),
    mark("Tuesday"),
    mark("Wednesday"),
    mark("Thursday"),
    mark("Friday"),
    mark("Saturday"),
    mark("Sunday"),
)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A letter, call or task that waits; `days` overdue and `why` are those of its leading item."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    form: str
    code: str
    level: int
    items: int
    currency: str
    total_minor: int
    days: int
    why: str

    @property
    def name(self) -> str:
        """The step in words."""
        return step_name(self.code)


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """A statement sent and not answered; `waiting_days` since it was issued."""

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    currency: str
    closing_minor: int
    respond_by_on: date | None
    waiting_days: int
    late: bool


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An overdue item whose step waits for something."""

    item_id: UUID
    document_no: str
    customer_id: UUID
    customer_name: str
    currency: str
    open_minor: int
    why: str


@dataclass(frozen=True, slots=True)
class HeldSum:
    """Items held for one reason in one currency."""

    code: str
    currency: str
    items: int
    open_minor: int

    @property
    def reason(self) -> str:
        """The reason in words."""
        return reason_text(self.code)


@dataclass(frozen=True)
class Head:
    """What one row tells: the working calendar, how far the books are, counts of what waits."""

    calendar: WorkCalendar
    receipts_through_on: date | None
    has_customers: bool
    unanswered: int
    last_run_on: date | None
    waiting: dict[tuple[str, str], int]
    held: tuple[HeldSum, ...]

    def count(self, *forms: str) -> int:
        """How many actions of these forms wait."""
        return sum(n for (form, _state), n in self.waiting.items() if form in forms)


@dataclass(frozen=True)
class CurrencySum:
    """One currency as of a day: aging, how many credits are unapplied, and the tie-out."""

    aging: AgingRow
    credits: int
    tie: TieOut

    @property
    def overdue_bps(self) -> int:
        """Overdue as a share of all that is owed, in basis points; 0 when nothing is owed."""
        owed = sum(self.aging.buckets_minor)
        return self.aging.overdue_minor * 10_000 // owed if owed else 0


@dataclass(frozen=True)
class Today:
    """The page."""

    on: date
    head: Head
    sums: tuple[CurrencySum, ...]
    queue: tuple[QueueRow, ...]
    unanswered: tuple[UnansweredRow, ...]
    held: tuple[HeldRow, ...]

    @property
    def letters(self) -> int:
        """Letters to review."""
        return self.head.count("letter")

    @property
    def errands(self) -> int:
        """Calls and tasks to do."""
        return self.head.count("call", "task")

    @property
    def unapplied(self) -> int:
        """Credits nobody has applied."""
        return sum(each.credits for each in self.sums)


def today_page(db: Session, tenant_id: UUID, today: date, timezone: str, currency: str = "CNY") -> Today:
    """Everything the page shows on `today`, the tenant's local date; the company's own `currency` comes first."""
    head = _head(db, tenant_id, today)
    sums = tuple(sorted(currency_sums(db, tenant_id, today), key=lambda each: each.aging.currency != currency))
    unanswered, held = _aside(db, tenant_id, today, timezone)
    return Today(today, head, sums, _queue(db, tenant_id, today), unanswered, held)


def day_sentence(today: date, calendar: WorkCalendar) -> str:
    """Weekday, and on a day off the day on which today's steps run."""
    weekday = _(WEEKDAYS[today.weekday()])
    if calendar.is_working_day(today):
        return _("%(weekday)s, a working day: today's steps run today.", weekday=weekday)
    runs_on = calendar.next_working_day(today)
    return _(
        "%(weekday)s, not a working day: today's steps run on %(day)s (%(runs)s).",
        weekday=weekday,
        day=runs_on.isoformat(),
        runs=_(WEEKDAYS[runs_on.weekday()]),
    )


def currency_sums(db: Session, tenant_id: UUID, as_of: date) -> tuple[CurrencySum, ...]:
    """Aging of the whole company by due date, a row per currency, beside the ledger. Two statements."""
    i = OpenItem
    later = later_allocations(tenant_id, as_of)
    minor = open_then(later)

    def total(*only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(*only), 0), sa.BigInteger)

    buckets = [total(i.side > 0, *_between(each.first_on, each.last_on)) for each in bucket_ranges(as_of)]
    rows: Any = db.execute(
        sa.select(i.currency, sa.func.count().filter(i.side < 0, minor > 0), total(i.side < 0), *buckets)
        .select_from(joined(later))
        .where(*there_and_open(tenant_id, as_of))
        .group_by(i.currency)
        .order_by(i.currency)
    )
    aged = {row[0]: (AgingRow("", row[0], tuple(row[3:]), row[2]), row[1]) for row in rows}
    posted = posted_balances(db, tenant_id, as_of)
    nothing = (0,) * len(buckets)
    sums = []
    for currency in sorted(aged.keys() | {c for c, balance in posted.items() if balance}):
        aging, unapplied = aged.get(currency, (AgingRow("", currency, nothing, 0), 0))
        sums.append(CurrencySum(aging, unapplied, TieOut(currency, aging.balance_minor, posted.get(currency, 0))))
    return tuple(sums)


def _between(first_on: date | None, last_on: date | None) -> list[sa.ColumnElement[bool]]:
    limits: list[sa.ColumnElement[bool]] = []
    if first_on is not None:
        limits.append(OpenItem.due_on >= first_on)
    if last_on is not None:
        limits.append(OpenItem.due_on <= last_on)
    return limits


def _head(db: Session, tenant_id: UUID, today: date) -> Head:
    i, c, r = OpenItem, Company, DayRun
    row = db.execute(
        sa.select(
            c.calendar,
            c.calendar_overrides,
            sa.select(sa.func.max(i.document_on))
            .where(i.tenant_id == tenant_id, i.kind == "receipt")
            .scalar_subquery()
            .label("receipts_through_on"),
            sa.exists().where(Customer.tenant_id == tenant_id).label("has_customers"),
            sa.select(sa.func.count()).select_from(_unanswered(tenant_id).subquery()).scalar_subquery().label("asked"),
            sa.select(sa.func.max(r.run_on))
            .where(r.tenant_id == tenant_id, r.run_on <= today)
            .scalar_subquery()
            .label("last_run_on"),
            _waiting_json(tenant_id).label("waiting"),
            _held_json(tenant_id, today).label("held"),
        ).where(c.tenant_id == tenant_id)
    ).one()
    overrides = {date.fromisoformat(day): bool(works) for day, works in row.calendar_overrides.items()}
    return Head(
        WorkCalendar(row.calendar, overrides),
        row.receipts_through_on,
        row.has_customers,
        row.asked,
        row.last_run_on,
        {(form, state): n for form, state, n in row.waiting or ()},
        tuple(HeldSum(*each) for each in row.held or ()),
    )


def _on_hold(tenant_id: UUID, today: date) -> tuple[sa.ColumnElement[bool], ...]:
    """Items whose step has come and waits: the index of what is due bounds the read."""
    s = LadderState
    return (
        s.tenant_id == tenant_id,
        s.next_on <= today,
        ~s.parked,
        s.held_code.is_not(None),
        OpenItem.open_minor > 0,
    )


def _waiting_json(tenant_id: UUID) -> sa.ScalarSelect[Any]:
    """[[form, state, count], …] as JSON."""
    a = Action
    w = (
        sa.select(a.form, a.state, sa.func.count().label("n"))
        .where(a.tenant_id == tenant_id, sa.tuple_(a.form, a.state).in_(WAITING))
        .group_by(a.form, a.state)
        .subquery("waiting")
    )
    return sa.select(sa.func.jsonb_agg(sa.func.jsonb_build_array(w.c.form, w.c.state, w.c.n))).scalar_subquery()


def _held_json(tenant_id: UUID, today: date) -> sa.ScalarSelect[Any]:
    """[[code, currency, items, minor], …] as JSON."""
    i, s = OpenItem, LadderState
    h = (
        sa.select(s.held_code, i.currency, sa.func.count().label("n"), sa.func.sum(i.open_minor).label("minor"))
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .where(*_on_hold(tenant_id, today))
        .group_by(s.held_code, i.currency)
        .subquery("held_sums")
    )
    line = sa.func.jsonb_build_array(h.c.held_code, h.c.currency, h.c.n, sa.cast(h.c.minor, sa.BigInteger))
    return sa.select(sa.func.jsonb_agg(line)).select_from(h).scalar_subquery()


def _queue(db: Session, tenant_id: UUID, today: date) -> tuple[QueueRow, ...]:
    """What waits, the highest level first, with the leading item's reason: the one highest up, then the oldest."""
    a, c, s, i = Action, Customer, Step, OpenItem
    first = (
        sa.select(a)
        .where(a.tenant_id == tenant_id, sa.tuple_(a.form, a.state).in_(WAITING))
        .order_by(a.level.desc(), a.total_minor.desc(), a.id)
        .limit(ROWS_MAX)
        .subquery("first")
    )
    leading = (
        sa.select(s.why_code, s.why_params, i.due_on)
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .where(s.tenant_id == tenant_id, s.action_id == first.c.id)
        .order_by(s.level.desc(), i.due_on, i.id)
        .limit(1)
        .lateral("leading")
    )
    f = first.c
    columns: list[Any] = [
        f.id,
        f.customer_id,
        c.number,
        c.name,
        f.form,
        f.code,
        f.level,
        f["items"],
        f.currency,
        f.total_minor,
        leading.c.due_on,
        leading.c.why_code,
        leading.c.why_params,
    ]
    rows = db.execute(
        sa.select(*columns)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == f.customer_id))
        .outerjoin(leading, sa.true())
        .order_by(f.level.desc(), f.total_minor.desc(), f.id)
    )
    return tuple(_queue_row(row, today) for row in rows)


def _queue_row(row: Any, today: date) -> QueueRow:
    *facts, due_on, why_code, why_params = row
    days = (today - due_on).days if due_on else 0
    return QueueRow(*(*facts, days, why_step(why_code, why_params) if why_code else ""))


def _unanswered(tenant_id: UUID) -> sa.Select[Any]:
    s, k = Statement, Confirmation
    answered = sa.select(k.id).where(k.tenant_id == tenant_id, k.statement_id == s.id).exists()
    return sa.select(s.id).where(s.tenant_id == tenant_id, s.superseded_at.is_(None), s.sent_to.is_not(None), ~answered)


def _aside(
    db: Session, tenant_id: UUID, today: date, timezone: str
) -> tuple[tuple[UnansweredRow, ...], tuple[HeldRow, ...]]:
    """The two short lists in one statement: same columns, told apart by the first."""
    rows: list[Any] = list(db.execute(sa.union_all(_asked(tenant_id), _held(tenant_id, today))))
    unanswered = [_unanswered_row(row, today, timezone) for row in rows if row.part == "asked"]
    held = [
        HeldRow(r.id, r.number, r.customer_id, r.name, r.currency, r.minor, why_held(r.code, r.params or {}))
        for r in rows
        if r.part == "held"
    ]
    return tuple(unanswered), tuple(held)


def _unanswered_row(row: Any, today: date, timezone: str) -> UnansweredRow:
    return UnansweredRow(
        row.id,
        row.number,
        row.customer_id,
        row.name,
        row.currency,
        row.minor,
        row.until_on,
        max(0, (today - local_date(row.at, timezone)).days),
        row.until_on is not None and row.until_on < today,
    )


def _asked(tenant_id: UUID) -> sa.Select[Any]:
    s, c = Statement, Customer
    oldest = (
        _unanswered(tenant_id)
        .add_columns(s.number, s.customer_id, s.currency, s.closing_minor, s.respond_by_on, s.issued_at)
        .order_by(s.issued_at, s.id)
        .limit(SIDE_ROWS_MAX)
        .subquery("oldest")
    )
    o = oldest.c
    columns: list[Any] = [
        sa.literal("asked").label("part"),
        o.id,
        o.number,
        o.customer_id,
        c.name.label("name"),
        o.currency,
        o.closing_minor.label("minor"),
        o.respond_by_on.label("until_on"),
        o.issued_at.label("at"),
        sa.null().cast(sa.Text).label("code"),
        sa.null().cast(Held.params.type).label("params"),
    ]
    return sa.select(*columns).join(c, sa.and_(c.tenant_id == tenant_id, c.id == o.customer_id))


def _held(tenant_id: UUID, today: date) -> sa.Select[Any]:
    i, c, s, h = OpenItem, Customer, LadderState, Held
    largest = (
        sa.select(i.id, i.document_no, i.customer_id, i.currency, i.open_minor, s.held_code)
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .where(*_on_hold(tenant_id, today))
        .order_by(i.open_minor.desc(), i.id)
        .limit(SIDE_ROWS_MAX)
        .subquery("largest")
    )
    m = largest.c
    said = (
        sa.select(h.params)
        .where(h.tenant_id == tenant_id, h.customer_id == m.customer_id, h.item_id == m.id, h.code == m.held_code)
        .order_by(h.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns: list[Any] = [
        sa.literal("held"),
        m.id,
        m.document_no,
        m.customer_id,
        c.name,
        m.currency,
        m.open_minor,
        sa.null().cast(sa.Date),
        sa.null().cast(sa.DateTime(timezone=True)),
        m.held_code,
        said,
    ]
    return sa.select(*columns).join(c, sa.and_(c.tenant_id == tenant_id, c.id == m.customer_id))
