"""Loads the journal page: events with their authors, filtered by the URL, and how far the hash chain is sealed.

Invariant: two statements; paging is by id (keyset), so the cost of a page does not grow with its distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.reports.journal.texts import event_kinds, event_name, event_text, event_tone
from kernel.clock import moment_on
from kernel.journal import JournalBatch, JournalEvent
from kernel.views import select_view, value, views
from web import filters

PAGE_ROWS: Final = 50
#: Filter dates outside these years are ignored: they cannot be converted to a moment in every timezone.
YEARS: Final = range(1900, 9000)
ACTOR_KINDS: Final = ("person", "system", "debtor", "operator")


@dataclass(frozen=True)
class JournalFilters:
    """Filters of the URL. `customer` is a customer number; `at` is the id after which this page begins."""

    kind: str = filters.one_of(event_kinds)
    actor: str = filters.choice("", *ACTOR_KINDS)
    customer: str = filters.text(max_length=60)
    person: str = filters.text(max_length=60)
    since: date | None = filters.day()
    until: date | None = filters.day()
    sort: str = filters.choice("-time", "time")
    at: str = filters.text(max_length=36)

    @property
    def cursor(self) -> UUID | None:
        """Returns the id to continue from; None on the first page or when `at` is no id."""
        try:
            return UUID(self.at) if self.at else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `batch` is the number of its sealed batch, None while unsealed."""

    id: UUID
    at: datetime
    kind: str
    actor_kind: str
    actor_name: str
    customer_id: UUID | None
    customer_no: str | None
    customer_name: str | None
    data: dict[str, Any]
    batch: int | None

    @property
    def name(self) -> str:
        """Returns the kind in words."""
        return event_name(self.kind)

    @property
    def text(self) -> str:
        """Returns the facts as a sentence."""
        return event_text(self.kind, self.data)

    @property
    def tone(self) -> str:
        """Returns the tone of its marker."""
        return event_tone(self.kind, "quiet")

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Returns every stored fact as (name, value)."""
        return list(_flattened(self.data))


@dataclass(frozen=True)
class ChainStatus:
    """Sealing of the journal: number of batches, hash and time of the last one, events not yet sealed."""

    batches: int
    hash: str | None
    sealed_at: datetime | None
    unsealed: int


@dataclass(frozen=True)
class JournalPage:
    """One page of events; `next_at` is the cursor of the next page, None at the end."""

    events: tuple[EventRow, ...]
    next_at: UUID | None
    chain: ChainStatus


def journal_page(db: Session, tenant_id: UUID, wanted: JournalFilters, timezone: str) -> JournalPage:
    """Returns the page; filter dates are in the company's `timezone`."""
    rows = list(db.execute(_events(tenant_id, wanted, timezone)))
    more = len(rows) > PAGE_ROWS
    events = tuple(views(EventRow, rows[:PAGE_ROWS]))
    return JournalPage(events, events[-1].id if more else None, _chain_status(db, tenant_id))


def _events(tenant_id: UUID, wanted: JournalFilters, timezone: str) -> sa.Select[*tuple[Any, ...]]:
    event, customer = JournalEvent, Customer
    limits: list[sa.ColumnElement[bool]] = [event.tenant_id == tenant_id]
    newest_first = wanted.sort == "-time"
    if wanted.cursor is not None:
        limits.append(event.id < wanted.cursor if newest_first else event.id > wanted.cursor)
    if wanted.kind:
        limits.append(event.kind == wanted.kind)
    if wanted.actor:
        limits.append(event.actor_kind == wanted.actor)
    if wanted.person:
        limits.append(event.actor_name.icontains(wanted.person, autoescape=True))
    if wanted.customer:
        customer_id = (
            sa.select(customer.id)
            .where(customer.tenant_id == tenant_id, customer.number == wanted.customer)
            .scalar_subquery()
        )
        limits.append(event.customer_id == customer_id)
    if wanted.since is not None and wanted.since.year in YEARS:
        limits.append(event.at >= moment_on(wanted.since, timezone, time.min))
    if wanted.until is not None and wanted.until.year in YEARS:
        limits.append(event.at < moment_on(wanted.until + timedelta(days=1), timezone, time.min))
    return (
        select_view(
            EventRow,
            id=value(event.id),
            at=value(event.at),
            kind=value(event.kind),
            actor_kind=value(event.actor_kind),
            actor_name=value(event.actor_name),
            customer_id=value(event.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            data=value(event.data),
            batch=value(event.sealed_in),
        )
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == event.customer_id))
        .where(*limits)
        .order_by(event.id.desc() if newest_first else event.id)
        .limit(PAGE_ROWS + 1)
    )


def _chain_status(db: Session, tenant_id: UUID) -> ChainStatus:
    batch, event = JournalBatch, JournalEvent
    newest = (
        sa.select(batch.number, batch.hash, batch.sealed_at)
        .where(batch.tenant_id == tenant_id)
        .order_by(batch.number.desc())
        .limit(1)
        .subquery("head")
    )
    unsealed = (
        sa.select(sa.func.count())
        .where(event.tenant_id == tenant_id, event.sealed_in.is_(None))
        .scalar_subquery()
        .label("unsealed")
    )
    one = sa.select(unsealed).subquery("one")
    row = db.execute(
        sa.select(newest.c.number, newest.c.hash, newest.c.sealed_at, one.c.unsealed).select_from(
            one.outerjoin(newest, sa.true())
        )
    ).one()
    return ChainStatus(batches=row.number or 0, hash=row.hash, sealed_at=row.sealed_at, unsealed=row.unsealed)


def _flattened(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, fact in data.items():
        path = f"{prefix}{name}"
        if isinstance(fact, Mapping):
            yield from _flattened(fact, f"{path}.")
        elif isinstance(fact, list) and fact and all(isinstance(each, Mapping) for each in fact):
            for at, each in enumerate(fact, start=1):
                yield from _flattened(each, f"{path}.{at}.")
        else:
            text = " → ".join(map(str, fact)) if isinstance(fact, list) else "" if fact is None else str(fact)
            yield path, text
