"""The journal as a page: what happened, by whom, filtered by the address, and how far the chain is sealed.

May import the slices' tables below it, web.filters and kernel. Invariant: two statements; pages go by id (keyset),
so the cost of a page does not grow with how far back it is.
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
#: A day outside these cannot be turned into a moment everywhere, and bounds nothing.
YEARS: Final = range(1900, 9000)
ACTOR_KINDS: Final = ("person", "system", "debtor", "operator")


@dataclass(frozen=True)
class JournalFilters:
    """What the address asks for. `customer` is a number; `at` is the id beyond which this page begins."""

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
        """The id to go on from; None at the beginning or when it is none."""
        try:
            return UUID(self.at) if self.at else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event. `batch` is the number of the sealed batch, None while it is not sealed."""

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
        """The kind in words."""
        return event_name(self.kind)

    @property
    def text(self) -> str:
        """The facts as a sentence."""
        return event_text(self.kind, self.data)

    @property
    def tone(self) -> str:
        """How it is marked."""
        return event_tone(self.kind, "quiet")

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Every fact as it is stored: name and value."""
        return list(_flat(self.data))


@dataclass(frozen=True)
class Chain:
    """How far the journal is sealed: batches so far, the last one's hash and moment, events that wait."""

    batches: int
    hash: str | None
    sealed_at: datetime | None
    unsealed: int


@dataclass(frozen=True)
class JournalPage:
    """One page of events; `next_at` goes on, None at the end."""

    events: tuple[EventLine, ...]
    next_at: UUID | None
    chain: Chain


def journal_page(db: Session, tenant_id: UUID, wanted: JournalFilters, timezone: str) -> JournalPage:
    """The page; days of the filter are the company's."""
    rows = list(db.execute(_events(tenant_id, wanted, timezone)))
    more = len(rows) > PAGE_ROWS
    events = tuple(views(EventLine, rows[:PAGE_ROWS]))
    return JournalPage(events, events[-1].id if more else None, _chain(db, tenant_id))


def _events(tenant_id: UUID, wanted: JournalFilters, timezone: str) -> sa.Select[*tuple[Any, ...]]:
    event, customer = JournalEvent, Customer
    limits: list[sa.ColumnElement[bool]] = [event.tenant_id == tenant_id]
    falling = wanted.sort == "-time"
    if wanted.cursor is not None:
        limits.append(event.id < wanted.cursor if falling else event.id > wanted.cursor)
    if wanted.kind:
        limits.append(event.kind == wanted.kind)
    if wanted.actor:
        limits.append(event.actor_kind == wanted.actor)
    if wanted.person:
        limits.append(event.actor_name.icontains(wanted.person, autoescape=True))
    if wanted.customer:
        known = (
            sa.select(customer.id)
            .where(customer.tenant_id == tenant_id, customer.number == wanted.customer)
            .scalar_subquery()
        )
        limits.append(event.customer_id == known)
    if wanted.since is not None and wanted.since.year in YEARS:
        limits.append(event.at >= moment_on(wanted.since, timezone, time.min))
    if wanted.until is not None and wanted.until.year in YEARS:
        limits.append(event.at < moment_on(wanted.until + timedelta(days=1), timezone, time.min))
    return (
        select_view(
            EventLine,
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
        .order_by(event.id.desc() if falling else event.id)
        .limit(PAGE_ROWS + 1)
    )


def _chain(db: Session, tenant_id: UUID) -> Chain:
    b, j = JournalBatch, JournalEvent
    last = sa.select(b.number, b.hash, b.sealed_at).where(b.tenant_id == tenant_id).order_by(b.number.desc()).limit(1)
    head = last.subquery("head")
    unsealed = (
        sa.select(sa.func.count()).where(j.tenant_id == tenant_id, j.sealed_in.is_(None)).scalar_subquery().label("n")
    )
    one = sa.select(unsealed).subquery("one")
    row = db.execute(
        sa.select(head.c.number, head.c.hash, head.c.sealed_at, one.c.n).select_from(one.outerjoin(head, sa.true()))
    ).one()
    return Chain(batches=row.number or 0, hash=row.hash, sealed_at=row.sealed_at, unsealed=row.n)


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, fact in data.items():
        path = f"{prefix}{name}"
        if isinstance(fact, Mapping):
            yield from _flat(fact, f"{path}.")
        elif isinstance(fact, list) and fact and all(isinstance(each, Mapping) for each in fact):
            for at, each in enumerate(fact, start=1):
                yield from _flat(each, f"{path}.{at}.")
        else:
            text = " → ".join(map(str, fact)) if isinstance(fact, list) else "" if fact is None else str(fact)
            yield path, text
