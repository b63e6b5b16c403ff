"""Defines how a slice declares what it brings to the application; `app.slices` lists the slices.

Pages and commands are named as "module:name" and imported on first use, so that a worker or the dispatcher loads no
page; a guard test resolves every name. Invariant: declarations only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any, Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import queue
from kernel.actor import Actor
from kernel.i18n import mark
from kernel.mail import MailMessage
from tenants.approvals.kinds import Kind
from tenants.permissions import Permission

Handler = Callable[[Session, Actor, dict[str, Any]], None]
#: Called right before sending; returns the reason code not to send the mail, or None.
Recheck = Callable[[Session, Actor, MailMessage], str | None]
#: Called with the final state of the mail: sent, suppressed, failed or unknown.
OnOutcome = Callable[[Session, Actor, MailMessage, str], None]
#: Settles a mail in doubt (True: it arrived) with the rows that hang on it; returns False when none does.
Settle = Callable[[Session, Actor, MailMessage, bool], bool]
#: Sends a mail again that did not arrive.
SendAgain = Callable[[Session, Actor, MailMessage], object]
#: Makes a named part of an event's sentence from its facts, in the current language.
FactMaker = Callable[[Mapping[str, Any]], str]


class Check(NamedTuple):
    """One check of an examination: its name, whether it holds, and which rows break it."""

    name: str
    ok: bool
    detail: str


class EntrySource(NamedTuple):
    """The cause of a ledger entry: its kind and number, in the current language, and its page."""

    label: str
    text: str
    url: str


#: (db, tenant, day) → id of a document or customer → why it is held back from collection, in the current language.
HoldFinder = Callable[[Session, UUID, date], Mapping[UUID, str]]


class SignalMeasure(NamedTuple):
    """What a slice's books tell of a customer for one danger signal: the figure that the policy's marks judge.

    `figures`: JSON-able, what is shown with it; they are kept as they were when the signal fired.
    """

    customer_id: UUID
    code: str
    value: int
    figures: Mapping[str, Any]


class SignalSource(NamedTuple):
    """Measures danger signals of all customers at the end of a day; customers whose figure is zero may be left out.

    `measure`: (db, tenant, day) → the measures, at most one a customer and code, by one statement for each of `codes`.
    """

    codes: tuple[str, ...]
    measure: Callable[[Session, UUID, date], Iterable[SignalMeasure]]


class NumberSeries(NamedTuple):
    """Running numbers: their name, counter (`{year}`: one a year), table, column and pattern (SQL LIKE)."""

    name: str
    counter: str
    table: str
    column: str
    like: str


@dataclass(frozen=True, slots=True)
class Job:
    """Handles outbox messages of one kind, on one of `kernel.queue.QUEUES`."""

    kind: str
    handler: Handler
    queue: str = queue.RUNS


@dataclass(frozen=True, slots=True)
class Recurring:
    """Work that the clock queues once per local day, week or month of each company.

    `when`: from midnight on (`day_start`), or from the company's run time on (`run_time`).
    """

    kind: str
    period: Literal["day", "week", "month"] = "day"
    when: Literal["day_start", "run_time"] = "run_time"


@dataclass(frozen=True, slots=True)
class Mail:
    """One of the product's mails, by its purpose.

    `recheck`: asked right before sending, whether it still holds and its recipient is still allowed to read it.
    `timeline_name`: how a mail to a debtor is called on the customer's timeline; empty where it is not shown there.
    Of a mail in doubt: `name` as what it is
    listed, `settle` what follows for its slice, `send_again` how (None: it cannot), `if_lost` what a person is told.
    """

    purpose: str
    recheck: Recheck
    on_outcome: OnOutcome | None = None
    timeline_name: str = ""
    name: str = ""
    settle: Settle | None = None
    send_again: SendAgain | None = None
    if_lost: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """How a journal event is shown: name, sentence of its facts (%-format), tone ("ok", "late" or none).

    `row_of_its_own`: the timeline shows the mail or letter itself, so it omits this event.
    """

    name: str
    sentence: str = ""
    tone: str = ""
    row_of_its_own: bool = False


class Heading(IntEnum):
    """The headings of the navigation, from top to bottom; each opens to its pages (ADR 0035)."""

    TODAY = 1
    DECISIONS = 2
    CUSTOMERS = 3
    CREDIT_AND_SALES = 4
    RECEIVABLES = 5
    CASH = 6
    COLLECTIONS = 7
    STATEMENTS = 8
    BOOKS = 9
    COMPANY = 10


HEADING_NAMES: Mapping[Heading, str] = {
    Heading.TODAY: mark("Today"),
    Heading.DECISIONS: mark("My decisions"),
    Heading.CUSTOMERS: mark("Customers"),
    Heading.CREDIT_AND_SALES: mark("Credit and sales"),
    Heading.RECEIVABLES: mark("Receivables"),
    Heading.CASH: mark("Cash receipts"),
    Heading.COLLECTIONS: mark("Collections"),
    Heading.STATEMENTS: mark("Statements"),
    Heading.BOOKS: mark("Books"),
    Heading.COMPANY: mark("Reports and company"),
}


@dataclass(frozen=True)
class NavLine:
    """One page of a heading; the pages of a heading stand in the order of `position`.

    `permission`: who uses the page, which may be fewer than may open it; others see it while something waits for them.
    `query`: the query string of the page's address. `also`: other blueprints or endpoints that belong to it. `waiting`:
    builds a SELECT of the rows that wait for the user (binds: tenant, person, roles, today), counted for those
    with `counted_for` (default: the page's permission).
    """

    heading: Heading
    position: int
    label: str
    endpoint: str
    permission: Permission = Permission.READ
    query: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    waiting: Callable[[], sa.Select[Any] | sa.CompoundSelect[Any]] | None = None
    counted_for: Permission | None = None


@dataclass(frozen=True)
class Slice:
    """Everything a slice brings. `pages`: blueprints under `/c/<company>`; `outside`: under no company.

    `commands`: groups and commands of `huikuan`. `events`: journal kind → how it is shown; `fact_makers`: parts of
    those sentences by name. `entry_sources`: (db, tenant, entry) → its causes, one statement at most; `entry_names`:
    kinds of entries without a document → name. `holds`: what it holds back from collection. `signal_sources`: danger
    signals that the slice's books tell. `on_reversal`: what follows in the transaction that reverses invoices, of whose
    items it gets the ids. `on_founding` runs in the transaction that creates a company.
    """

    name: str
    pages: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    navigation: tuple[NavLine, ...] = ()
    messages: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)
    fact_makers: Mapping[str, FactMaker] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    recurring: tuple[Recurring, ...] = ()
    mails: tuple[Mail, ...] = ()
    approvals: tuple[Kind, ...] = ()
    checks: tuple[Callable[[Session, UUID], Iterable[Check]], ...] = ()
    numbers: tuple[NumberSeries, ...] = ()
    entry_sources: Callable[[Session, UUID, UUID], Iterable[EntrySource]] | None = None
    entry_names: Mapping[str, str] = field(default_factory=dict)
    holds: HoldFinder | None = None
    signal_sources: tuple[SignalSource, ...] = ()
    on_reversal: Callable[[Session, Actor, Collection[UUID]], object] | None = None
    on_founding: Callable[[Session, Actor], None] | None = None
