"""What the pages of bills show: frozen views, never rows. Imports the rules only.

Invariant: an amount is positive minor units of its own currency; currencies are never added.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ar.bills.rules import Limits, State, Step


@dataclass(frozen=True, slots=True)
class BillRow:
    """A line of the list; `payment_on`: maturity, or the first working day after it."""

    id: UUID
    number: str
    kind: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    acceptor: str
    issued_on: date
    matures_on: date
    received_on: date
    currency: str
    amount_minor: int
    state: str
    notice_by_on: date | None
    notified_on: date | None
    payment_on: date
    #: Which of DUE_KINDS it waits for today, "" when for none.
    waits_for: str


@dataclass(frozen=True, slots=True)
class StateTotal:
    """Of all that match: how many bills of a state and currency, and their sum."""

    state: str
    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """What of the bills in our notes matures in a month (YYYY-MM), per currency."""

    month: str
    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DueCounts:
    """How many bills wait: to be presented, for the notice of a refusal, for word of what became of them."""

    present: int
    notice: int
    outcome: int

    @property
    def any(self) -> bool:
        """Whether anything waits."""
        return bool(self.present or self.notice or self.outcome)


@dataclass(frozen=True)
class BillList:
    """A page of the list, its sums over all that match, and what waits in the whole company."""

    rows: list[BillRow]
    totals: list[StateTotal]
    schedule: list[MonthTotal]
    due: DueCounts
    currencies: list[str]

    @property
    def total(self) -> int:
        """How many match."""
        return sum(each.count for each in self.totals)


@dataclass(frozen=True, slots=True)
class EntryLeg:
    """One posting of a step's entry."""

    account_code: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class EventView:
    """One step of the history with what it booked."""

    kind: str
    from_state: str
    to_state: str
    happened_on: date
    effective_on: date
    counterparty: str
    rate_ppm: int | None
    days: int | None
    interest_minor: int | None
    note: str
    recorded_at: datetime
    recorded_by: str
    mirror_id: UUID | None
    legs: tuple[EntryLeg, ...]

    @property
    def rate_percent(self) -> str:
        """The yearly rate as it was typed: "1.8"."""
        whole, rest = divmod(self.rate_ppm or 0, 10_000)
        return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class PaidItem:
    """A document that the bill's credit is set against."""

    id: UUID
    kind: str
    document_no: str
    due_on: date
    amount_minor: int


@dataclass(frozen=True)
class BillPage:
    """One bill with its history, deadlines, and the steps that can be taken now."""

    row: BillRow
    item_id: UUID
    item_open_minor: int
    drawer: str
    payee: str
    transferable: bool
    note: str
    recorded_at: datetime
    recorded_by: str
    events: list[EventView]
    paid: list[PaidItem]
    limits: Limits
    steps: list[Step]

    @property
    def state(self) -> State:
        """Where it stands."""
        return State(self.row.state)

    @property
    def since_on(self) -> date:
        """The first day of the books on which a next step can be dated."""
        return self.events[-1].effective_on


@dataclass(frozen=True, slots=True)
class OutstandingBill:
    """A bill not paid yet that we hold or must answer for."""

    id: UUID
    number: str
    kind: str
    customer_id: UUID
    acceptor: str
    matures_on: date
    currency: str
    amount_minor: int
    state: str

    @property
    def recourse(self) -> bool:
        """Whether somebody else holds it and may come back to us."""
        return self.state in (State.ENDORSED, State.DISCOUNTED_RECOURSE)


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document that a bill could be set against."""

    id: UUID
    kind: str
    document_no: str
    due_on: date
    open_minor: int
    currency: str
