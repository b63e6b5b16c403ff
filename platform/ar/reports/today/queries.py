"""Loads the Today page: balances, queued work, unanswered statements, withheld steps.

Invariant: seven statements whatever the size, each list bounded; sums are per currency and never added across.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills.lookups import select_due_count
from ar.cases.lookups import reason_text, still_claims
from ar.cases.models import Action, DayRun, LadderState
from ar.customers.models import Customer
from ar.ledger.lookups import (
    is_doubtful,
    items_with_later_allocations,
    later_allocations,
    open_minor_at,
    possibly_open_at,
    posted_balances,
    select_credits_netted,
)
from ar.ledger.models import OpenItem
from ar.ledger.rules import kpis
from ar.ledger.rules.aging import BUCKET_COLUMNS, BUCKETS, AgingRow, bucket_minors, bucket_ranges
from ar.receipts.lookups import CashState, cash_state
from ar.reports.aging.queries import TieOut
from ar.reports.today.queue import (
    WAITING,
    QueueRow,
    UnansweredRow,
    WithheldRow,
    queue_rows,
    side_rows,
    step_withheld,
    unanswered,
)
from ar.statements.models import Statement
from kernel.calendars import WorkCalendar, stored_calendar
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
class WithheldTotal:
    """Items whose step is withheld for one reason, in one currency."""

    code: str
    currency: str
    items: int
    open_minor: int

    @property
    def reason(self) -> str:
        """Returns the reason in words."""
        return reason_text(self.code)


@dataclass(frozen=True)
class TodayCounts:
    """Calendar and queue counts, read as one row.

    `last_run_on`: the last daily run; `proposed_on`: the run of the newest open proposal, which differs on a day off.
    """

    calendar: WorkCalendar
    has_customers: bool
    unanswered: int
    answers_late: int
    last_run_on: date | None
    proposed_on: date | None
    waiting: dict[tuple[str, str], int]
    withheld: tuple[WithheldTotal, ...]
    bills_to_present: int
    bills_to_notify: int
    credits_netted: bool

    def count(self, *forms: str) -> int:
        """Returns how many actions of these forms are open."""
        return sum(count for (form, _state), count in self.waiting.items() if form in forms)


@dataclass(frozen=True)
class CurrencyPosition:
    """One currency as of a day: aging, number of unapplied credits, tie-out, and doubtful documents.

    `netted`: receivables are shown after unapplied credits.
    """

    aging: AgingRow
    credits: int
    tie: TieOut
    doubtful: int = 0
    doubtful_minor: int = 0
    netted: bool = True

    @property
    def receivables_minor(self) -> int:
        """Returns the receivables as the company shows them, in minor units."""
        return kpis.receivables_shown(sum(self.aging.buckets_minor), self.aging.unapplied_minor, netted=self.netted)

    @property
    def overdue_share(self) -> Decimal | None:
        """Returns overdue in per cent of the receivables shown: the overdue rate of the key figures."""
        return kpis.overdue_ratio(self.aging.overdue_minor, self.receivables_minor)


@dataclass(frozen=True)
class Today:
    """The page of one day."""

    on: date
    counts: TodayCounts
    sums: tuple[CurrencyPosition, ...]
    queue: tuple[QueueRow, ...]
    unanswered: tuple[UnansweredRow, ...]
    withheld: tuple[WithheldRow, ...]
    cash: CashState

    @property
    def letters(self) -> int:
        """Returns the number of letters to review."""
        return self.counts.count("letter")

    @property
    def open_tasks(self) -> int:
        """Returns the number of open calls and tasks."""
        return self.counts.count("call", "task")

    @property
    def unapplied(self) -> int:
        """Returns the number of unapplied credits."""
        return sum(each.credits for each in self.sums)


def today_page(
    db: Session,
    tenant_id: UUID,
    today: date,
    timezone: str,
    currency: str = "CNY",
    waiting: Sequence[tuple[str, str]] = WAITING,
) -> Today:
    """Returns the page of `today`, the tenant's local date; the company's own `currency` comes first.

    `waiting`: (form, state) of the queued actions to list; none of them: no queue.
    """
    counts = _today_counts(db, tenant_id, today)
    found = currency_sums(db, tenant_id, today, netted=counts.credits_netted)
    sums = tuple(sorted(found, key=lambda each: each.aging.currency != currency))
    unanswered_statements, withheld = side_rows(db, tenant_id, today, timezone)
    queue = queue_rows(db, tenant_id, today, waiting) if waiting else ()
    return Today(today, counts, sums, queue, unanswered_statements, withheld, cash_state(db, tenant_id))


def day_sentence(today: date, calendar: WorkCalendar) -> str:
    """Returns the weekday as a sentence, and on a day off the day on which today's steps run."""
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


def currency_sums(db: Session, tenant_id: UUID, as_of: date, *, netted: bool = True) -> tuple[CurrencyPosition, ...]:
    """Returns aging of the whole company by due date per currency, with the tie-out. Three statements."""
    item = OpenItem
    later = later_allocations(tenant_id, as_of)
    minor = open_minor_at(later)

    def total(*only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(*only), 0), sa.BigInteger)

    doubtful = is_doubtful(as_of)
    rows = db.execute(
        sa.select(
            item.currency,
            sa.func.count().filter(item.side < 0, minor > 0).label("credits"),
            total(item.side < 0).label("unapplied_minor"),
            sa.func.count().filter(minor > 0, *doubtful).label("doubtful"),
            total(*doubtful).label("doubtful_minor"),
            *(
                total(item.side > 0, *_between(ends.first_on, ends.last_on)).label(column)
                for column, ends in zip(BUCKET_COLUMNS, bucket_ranges(as_of), strict=True)
            ),
        )
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of))
        .group_by(item.currency)
        .order_by(item.currency)
    )
    found = {row.currency: row for row in rows}
    posted = posted_balances(db, tenant_id, as_of)
    sums = []
    for currency in sorted(found.keys() | {code for code, balance in posted.items() if balance}):
        if currency in found:
            row = found[currency]
            aging = AgingRow("", currency, bucket_minors(row), row.unapplied_minor)
            tie = TieOut(currency, aging.balance_minor, posted.get(currency, 0))
            sums.append(view(CurrencyPosition, row, aging=aging, tie=tie, netted=netted))
        else:
            aging = AgingRow("", currency, (0,) * len(BUCKETS), 0)
            sums.append(CurrencyPosition(aging, credits=0, tie=TieOut(currency, 0, posted[currency]), netted=netted))
    return tuple(sums)


def _between(first_on: date | None, last_on: date | None) -> list[sa.ColumnElement[bool]]:
    limits: list[sa.ColumnElement[bool]] = []
    if first_on is not None:
        limits.append(OpenItem.due_on >= first_on)
    if last_on is not None:
        limits.append(OpenItem.due_on <= last_on)
    return limits


def _today_counts(db: Session, tenant_id: UUID, today: date) -> TodayCounts:
    company, run, action = Company, DayRun, Action
    asked = unanswered(tenant_id).add_columns(Statement.respond_by_on).subquery("asked")
    row = db.execute(
        sa.select(
            company.calendar,
            company.calendar_overrides,
            company.calendar_notices,
            sa.exists().where(Customer.tenant_id == tenant_id).label("has_customers"),
            sa.select(sa.func.jsonb_build_array(sa.func.count(), sa.func.count().filter(asked.c.respond_by_on < today)))
            .select_from(asked)
            .scalar_subquery()
            .label("asked"),
            sa.select(sa.func.max(run.run_on))
            .where(run.tenant_id == tenant_id, run.run_on <= today)
            .scalar_subquery()
            .label("last_run_on"),
            sa.select(sa.func.max(run.run_on))
            .join(action, sa.and_(action.tenant_id == run.tenant_id, action.run_id == run.id))
            .where(
                run.tenant_id == tenant_id,
                action.tenant_id == tenant_id,
                sa.tuple_(action.form, action.state).in_(WAITING),
            )
            .scalar_subquery()
            .label("proposed_on"),
            _waiting_json(tenant_id).label("waiting"),
            _withheld_json(tenant_id, today).label("withheld"),
            select_due_count(tenant_id, "present", today).scalar_subquery().label("bills_to_present"),
            select_due_count(tenant_id, "notice", today).scalar_subquery().label("bills_to_notify"),
            sa.func.coalesce(select_credits_netted(tenant_id), sa.true()).label("credits_netted"),
        ).where(company.tenant_id == tenant_id)
    ).one()
    unanswered_count, answers_late = row.asked
    return view(
        TodayCounts,
        row,
        calendar=stored_calendar(row.calendar, row.calendar_overrides, row.calendar_notices),
        unanswered=unanswered_count,
        answers_late=answers_late,
        waiting={(form, state): n for form, state, n in row.waiting or ()},
        withheld=from_json(WithheldTotal, row.withheld),
    )


def _waiting_json(tenant_id: UUID) -> sa.ScalarSelect[Any]:
    """Returns [[form, state, count], …] as JSON."""
    action = Action
    waiting = (
        sa.select(action.form, action.state, sa.func.count().label("n"))
        .where(
            action.tenant_id == tenant_id, sa.tuple_(action.form, action.state).in_(WAITING), still_claims(tenant_id)
        )
        .group_by(action.form, action.state)
        .subquery("waiting")
    )
    line = sa.func.jsonb_build_array(waiting.c.form, waiting.c.state, waiting.c.n)
    return sa.select(sa.func.jsonb_agg(line)).scalar_subquery()


def _withheld_json(tenant_id: UUID, today: date) -> sa.ScalarSelect[Any]:
    """Returns the WithheldTotals as JSON."""
    item, state = OpenItem, LadderState
    sums = (
        sa.select(
            state.held_code, item.currency, sa.func.count().label("n"), sa.func.sum(item.open_minor).label("minor")
        )
        .join(item, sa.and_(item.tenant_id == state.tenant_id, item.id == state.item_id))
        .where(*step_withheld(tenant_id, today))
        .group_by(state.held_code, item.currency)
        .subquery("held_sums")
    )
    line = json_view(
        WithheldTotal,
        code=value(sums.c.held_code),
        currency=value(sums.c.currency),
        items=value(sums.c.n),
        open_minor=value(sa.cast(sums.c.minor, sa.BigInteger)),
    )
    return sa.select(sa.func.jsonb_agg(line)).select_from(sums).scalar_subquery()
