"""What the Today page shows: what is owed, what goes out, who has not answered, what is held and why.

May import the slices below it, tenants and kernel. Invariant: seven statements whatever the size, each list bounded;
sums are per currency and never added across.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills.lookups import select_due_count
from ar.cases.lookups import reason_text
from ar.cases.models import Action, DayRun, LadderState
from ar.customers.models import Customer
from ar.ledger.lookups import (
    is_doubtful,
    items_with_later_allocations,
    later_allocations,
    open_minor_at,
    possibly_open_at,
    posted_balances,
)
from ar.ledger.models import OpenItem
from ar.ledger.rules.aging import BUCKET_COLUMNS, BUCKETS, AgingRow, bucket_minors, bucket_ranges
from ar.receipts.lookups import CashState, cash_state
from ar.reports.aging.queries import TieOut
from ar.reports.today.queue import WAITING, HeldRow, QueueRow, UnansweredRow, on_hold, queue_rows, side_rows, unanswered
from ar.statements.models import Statement
from kernel.calendars import WorkCalendar
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.views import from_json, json_view, value, view
from tenants.models import Company

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
    """What one row tells: the working calendar, counts of what waits.

    `last_run_on` is the last run, `proposed_on` the run of the newest proposal that waits: on a day off they differ.
    """

    calendar: WorkCalendar
    has_customers: bool
    unanswered: int
    answers_late: int
    last_run_on: date | None
    proposed_on: date | None
    waiting: dict[tuple[str, str], int]
    held: tuple[HeldSum, ...]
    bills_to_present: int
    bills_to_notify: int

    def count(self, *forms: str) -> int:
        """How many actions of these forms wait."""
        return sum(n for (form, _state), n in self.waiting.items() if form in forms)


@dataclass(frozen=True)
class CurrencySum:
    """One currency as of a day: aging, how many credits are unapplied, the tie-out, and what counts as doubtful."""

    aging: AgingRow
    credits: int
    tie: TieOut
    doubtful: int = 0
    doubtful_minor: int = 0

    @property
    def overdue_bps(self) -> int | None:
        """Overdue as a share of the balance, the two figures that stand beside it, in basis points.

        Rounded once, to the tenth of a per cent that is shown. None when there is no balance to be a share of; more
        than 10,000 where credits nobody has applied make the balance smaller than what is overdue.
        """
        balance = self.aging.balance_minor
        if balance <= 0:
            return None
        return (self.aging.overdue_minor * 2_000 + balance) // (2 * balance) * 10


@dataclass(frozen=True)
class Today:
    """The page."""

    on: date
    head: Head
    sums: tuple[CurrencySum, ...]
    queue: tuple[QueueRow, ...]
    unanswered: tuple[UnansweredRow, ...]
    held: tuple[HeldRow, ...]
    cash: CashState

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
    asked, held = side_rows(db, tenant_id, today, timezone)
    queue = queue_rows(db, tenant_id, today)
    return Today(today, head, sums, queue, asked, held, cash_state(db, tenant_id))


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
    """Aging of the whole company by due date, a row per currency, beside the ledger. Three statements."""
    i = OpenItem
    later = later_allocations(tenant_id, as_of)
    minor = open_minor_at(later)

    def total(*only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(*only), 0), sa.BigInteger)

    late = is_doubtful(as_of)
    rows = db.execute(
        sa.select(
            i.currency,
            sa.func.count().filter(i.side < 0, minor > 0).label("credits"),
            total(i.side < 0).label("unapplied_minor"),
            sa.func.count().filter(minor > 0, *late).label("doubtful"),
            total(*late).label("doubtful_minor"),
            *(
                total(i.side > 0, *_between(each.first_on, each.last_on)).label(column)
                for column, each in zip(BUCKET_COLUMNS, bucket_ranges(as_of), strict=True)
            ),
        )
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of))
        .group_by(i.currency)
        .order_by(i.currency)
    )
    found = {row.currency: row for row in rows}
    posted = posted_balances(db, tenant_id, as_of)
    sums = []
    for currency in sorted(found.keys() | {c for c, balance in posted.items() if balance}):
        if currency in found:
            row = found[currency]
            aging = AgingRow("", currency, bucket_minors(row), row.unapplied_minor)
            tie = TieOut(currency, aging.balance_minor, posted.get(currency, 0))
            sums.append(view(CurrencySum, row, aging=aging, tie=tie))
        else:
            aging = AgingRow("", currency, (0,) * len(BUCKETS), 0)
            sums.append(CurrencySum(aging, credits=0, tie=TieOut(currency, 0, posted[currency])))
    return tuple(sums)


def _between(first_on: date | None, last_on: date | None) -> list[sa.ColumnElement[bool]]:
    limits: list[sa.ColumnElement[bool]] = []
    if first_on is not None:
        limits.append(OpenItem.due_on >= first_on)
    if last_on is not None:
        limits.append(OpenItem.due_on <= last_on)
    return limits


def _head(db: Session, tenant_id: UUID, today: date) -> Head:
    c, r, a = Company, DayRun, Action
    asked = unanswered(tenant_id).add_columns(Statement.respond_by_on).subquery("asked")
    row = db.execute(
        sa.select(
            c.calendar,
            c.calendar_overrides,
            sa.exists().where(Customer.tenant_id == tenant_id).label("has_customers"),
            sa.select(sa.func.jsonb_build_array(sa.func.count(), sa.func.count().filter(asked.c.respond_by_on < today)))
            .select_from(asked)
            .scalar_subquery()
            .label("asked"),
            sa.select(sa.func.max(r.run_on))
            .where(r.tenant_id == tenant_id, r.run_on <= today)
            .scalar_subquery()
            .label("last_run_on"),
            sa.select(sa.func.max(r.run_on))
            .join(a, sa.and_(a.tenant_id == r.tenant_id, a.run_id == r.id))
            .where(r.tenant_id == tenant_id, a.tenant_id == tenant_id, sa.tuple_(a.form, a.state).in_(WAITING))
            .scalar_subquery()
            .label("proposed_on"),
            _waiting_json(tenant_id).label("waiting"),
            _held_json(tenant_id, today).label("held"),
            select_due_count(tenant_id, "present", today).scalar_subquery().label("bills_to_present"),
            select_due_count(tenant_id, "notice", today).scalar_subquery().label("bills_to_notify"),
        ).where(c.tenant_id == tenant_id)
    ).one()
    overrides = {date.fromisoformat(day): bool(told["working"]) for day, told in row.calendar_overrides.items()}
    unanswered_count, answers_late = row.asked
    return view(
        Head,
        row,
        calendar=WorkCalendar(row.calendar, overrides),
        unanswered=unanswered_count,
        answers_late=answers_late,
        waiting={(form, state): n for form, state, n in row.waiting or ()},
        held=from_json(HeldSum, row.held),
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
    """The HeldSum of the items that are not chased, as JSON."""
    i, s = OpenItem, LadderState
    h = (
        sa.select(s.held_code, i.currency, sa.func.count().label("n"), sa.func.sum(i.open_minor).label("minor"))
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .where(*on_hold(tenant_id, today))
        .group_by(s.held_code, i.currency)
        .subquery("held_sums")
    )
    line = json_view(
        HeldSum,
        code=value(h.c.held_code),
        currency=value(h.c.currency),
        items=value(h.c.n),
        open_minor=value(sa.cast(h.c.minor, sa.BigInteger)),
    )
    return sa.select(sa.func.jsonb_agg(line)).select_from(h).scalar_subquery()
