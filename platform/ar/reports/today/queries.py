"""Loads the Today page: balances, queued work, unanswered statements, withheld steps.

Invariant: a constant number of statements whatever the size, each list bounded; sums are per currency and never added
across.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills.lookups import select_due_count
from ar.cases.lookups import WAITING, reason_text, still_claims
from ar.cases.models import Action, DayRun, LadderState
from ar.customers.models import Customer
from ar.ledger.lookups import (
    is_doubtful,
    items_with_later_allocations,
    later_allocations,
    open_minor_at,
    open_sums_at,
    possibly_open_at,
    posted_balances,
    select_credits_netted,
    sum_where,
)
from ar.ledger.models import OpenItem
from ar.ledger.rules import kpis
from ar.ledger.rules.aging import BUCKET_COLUMNS, BUCKETS, AgingRow, bucket_minors, bucket_ranges
from ar.receipts.lookups import CashState, cash_state
from ar.reports.aging.queries import TieOut
from ar.reports.decisions.queries import COUNT_MAX, count_of
from ar.reports.today.queue import (
    QueueRow,
    UnansweredRow,
    WithheldRow,
    queue_rows,
    side_rows,
    step_withheld,
    unanswered,
)
from ar.statements.models import Statement
from kernel.actor import Actor
from kernel.binds import TENANT, TODAY
from kernel.calendars import WorkCalendar, stored_calendar
from kernel.counts import counted_to
from kernel.db import columns
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.views import from_json, json_view, value, view
from kernel.visibility import is_limited
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
    reader: Actor | None = None,
) -> Today:
    """Returns the page of `today`, the tenant's local date; the company's own `currency` comes first.

    `waiting`: (form, state) of the queued actions to list; none of them: no queue. Calls and tasks are the `reader`'s.
    """
    counts = _today_counts(db, tenant_id, today)
    found = currency_sums(db, tenant_id, today, netted=counts.credits_netted)
    sums = tuple(sorted(found, key=lambda each: each.aging.currency != currency))
    unanswered_statements, withheld = side_rows(db, tenant_id, today, timezone)
    queue = queue_rows(db, tenant_id, today, waiting, reader) if waiting else ()
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
    """Returns aging of the whole company by due date per currency, with the tie-out. Two statements.

    From the sums that are kept by day; in a limited session from the items that its reader sees.
    """
    if is_limited(db):
        rows = db.execute(_sums_of_visible_items(tenant_id, as_of))
    else:
        rows = columns(db, _sums_of_company(), {"tenant": tenant_id, "today": as_of, **_ends(as_of)})
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


@cache
def _sums_of_company() -> sa.Select[*tuple[Any, ...]]:
    """Selects the figures of CurrencyPosition (binds: tenant, today, `_ends`)."""
    sums = open_sums_at(TENANT, TODAY).c
    items, minor = sums["items"], sums.minor
    is_credit, is_doubtful = sums.measure == "credit", sa.and_(sums.measure == "doubtful", sums.day < TODAY)
    return (
        sa.select(
            sums.currency,
            sum_where(items, is_credit).label("credits"),
            sum_where(minor, is_credit).label("unapplied_minor"),
            sum_where(items, is_doubtful).label("doubtful"),
            sum_where(minor, is_doubtful).label("doubtful_minor"),
            *(
                sum_where(
                    minor,
                    sums.measure == "owed",
                    sums.day >= sa.bindparam(f"{column}_first", type_=sa.Date),
                    sums.day <= sa.bindparam(f"{column}_last", type_=sa.Date),
                ).label(column)
                for column in BUCKET_COLUMNS
            ),
        )
        .group_by(sums.currency)
        .having(sum_where(items, sums.measure != "doubtful") > 0)
        .order_by(sums.currency)
    )


def _ends(as_of: date) -> dict[str, date]:
    """Returns the first and last due date of each bucket; an open end is the end of time."""
    ends: dict[str, date] = {}
    for column, bucket in zip(BUCKET_COLUMNS, bucket_ranges(as_of), strict=True):
        ends |= {f"{column}_first": bucket.first_on or date.min, f"{column}_last": bucket.last_on or date.max}
    return ends


def _sums_of_visible_items(tenant_id: UUID, as_of: date) -> sa.Select[*tuple[Any, ...]]:
    item = OpenItem
    later = later_allocations(tenant_id, as_of)
    minor = open_minor_at(later)
    doubtful = is_doubtful(as_of)
    return (
        sa.select(
            item.currency,
            sa.func.count().filter(item.side < 0, minor > 0).label("credits"),
            sum_where(minor, item.side < 0).label("unapplied_minor"),
            sa.func.count().filter(minor > 0, *doubtful).label("doubtful"),
            sum_where(minor, *doubtful).label("doubtful_minor"),
            *(
                sum_where(minor, item.side > 0, *_between(item.due_on, ends.first_on, ends.last_on)).label(column)
                for column, ends in zip(BUCKET_COLUMNS, bucket_ranges(as_of), strict=True)
            ),
        )
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of))
        .group_by(item.currency)
        .order_by(item.currency)
    )


def _between(day: Any, first_on: date | None, last_on: date | None) -> list[sa.ColumnElement[bool]]:
    limits: list[sa.ColumnElement[bool]] = []
    if first_on is not None:
        limits.append(day >= first_on)
    if last_on is not None:
        limits.append(day <= last_on)
    return limits


def _today_counts(db: Session, tenant_id: UUID, today: date) -> TodayCounts:
    row = columns(db, _counted(), {"tenant": tenant_id, "today": today}).one()
    unanswered_count, answers_late = row.asked
    waiting = row.waiting
    return view(
        TodayCounts,
        row,
        calendar=stored_calendar(row.calendar, row.calendar_overrides, row.calendar_notices),
        unanswered=unanswered_count,
        answers_late=answers_late,
        proposed_on=max((date.fromisoformat(day) for _form, _state, _n, day in waiting if day), default=None),
        waiting={(form, state): counted_to(n, COUNT_MAX) for form, state, n, _day in waiting},
        withheld=from_json(WithheldTotal, row.withheld),
    )


@cache
def _counted() -> sa.Select[Any]:
    """Selects what TodayCounts is made of (binds: tenant, today)."""
    company, run = Company, DayRun
    asked = unanswered(TENANT).add_columns(Statement.respond_by_on).subquery("asked")
    return sa.select(
        company.calendar,
        company.calendar_overrides,
        company.calendar_notices,
        sa.exists().where(Customer.tenant_id == TENANT).label("has_customers"),
        sa.select(sa.func.jsonb_build_array(sa.func.count(), sa.func.count().filter(asked.c.respond_by_on < TODAY)))
        .select_from(asked)
        .scalar_subquery()
        .label("asked"),
        sa.select(sa.func.max(run.run_on))
        .where(run.tenant_id == TENANT, run.run_on <= TODAY)
        .scalar_subquery()
        .label("last_run_on"),
        _waiting_json(TENANT).label("waiting"),
        _withheld_json(TENANT, TODAY).label("withheld"),
        select_due_count(TENANT, "present", TODAY).scalar_subquery().label("bills_to_present"),
        select_due_count(TENANT, "notice", TODAY).scalar_subquery().label("bills_to_notify"),
        sa.func.coalesce(select_credits_netted(TENANT), sa.true()).label("credits_netted"),
    ).where(company.tenant_id == TENANT)


def _waiting_json(tenant_id: Any) -> sa.ScalarSelect[Any]:
    """Returns [[form, state, count up to COUNT_MAX, newest run's day], …] as JSON, by the index of what waits."""
    action, lines = Action, []
    for form, state in WAITING:
        waits = (action.tenant_id == tenant_id, action.form == form, action.state == state, still_claims())
        newest = sa.select(sa.func.max(action.run_on)).where(*waits).scalar_subquery()
        lines.append(sa.func.jsonb_build_array(form, state, count_of(sa.select(action.id).where(*waits)), newest))
    return sa.select(sa.func.jsonb_build_array(*lines)).scalar_subquery()


def _withheld_json(tenant_id: Any, today: Any) -> sa.ScalarSelect[Any]:
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
