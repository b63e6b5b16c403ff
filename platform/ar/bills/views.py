"""Views of bills, for pages and other slices.

Invariant: an amount is positive minor units of its own currency; currencies are never added.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ar.bills.rules import Deadlines, State, StepKind
from ar.ledger.lookups import PostingLeg


@dataclass(frozen=True, slots=True)
class BillRow:
    """A line of the list; `payment_on`: maturity, or the first working day after it.

    `due_kind`: which of DUE_KINDS it is due for today, "" for none.
    """

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
    due_kind: str


@dataclass(frozen=True, slots=True)
class StateTotal:
    """Number and total of the matching bills of one state and currency."""

    state: str
    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """Number and total of the notes receivable that mature in a month (YYYY-MM), per currency."""

    month: str
    currency: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DueCounts:
    """Number of bills due for presentment, for the notice of dishonour, for recording their outcome."""

    present: int
    notice: int
    outcome: int

    @property
    def any(self) -> bool:
        """Returns True when any bill is due."""
        return bool(self.present or self.notice or self.outcome)


@dataclass(frozen=True)
class BillList:
    """A page of the list, totals of all matching bills, and the bills due in the whole company."""

    rows: list[BillRow]
    totals: list[StateTotal]
    schedule: list[MonthTotal]
    due: DueCounts
    currencies: list[str]

    @property
    def total(self) -> int:
        """Returns the number of matching bills."""
        return sum(total.count for total in self.totals)


@dataclass(frozen=True, slots=True)
class EventView:
    """One step of the history with its postings."""

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
    legs: tuple[PostingLeg, ...]

    @property
    def rate_percent(self) -> str:
        """Returns the yearly rate in per cent, such as "1.8"."""
        whole, rest = divmod(self.rate_ppm or 0, 10_000)
        return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class PaidItem:
    """A document that the bill's credit is allocated to, with the amount (minor units)."""

    id: UUID
    kind: str
    document_no: str
    due_on: date
    amount_minor: int


@dataclass(frozen=True)
class BillPage:
    """One bill with its history, deadlines and possible steps."""

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
    deadlines: Deadlines
    steps: list[StepKind]

    @property
    def state(self) -> State:
        """Returns the bill's state."""
        return State(self.row.state)

    @property
    def since_on(self) -> date:
        """Returns the earliest posting date of a next step."""
        return self.events[-1].effective_on


@dataclass(frozen=True, slots=True)
class OutstandingBill:
    """A bill not yet paid that the company holds or is liable for."""

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
        """Returns True when another party holds the bill and has recourse to the company."""
        return self.state in (State.ENDORSED, State.DISCOUNTED_RECOURSE)


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document that a bill can be allocated to."""

    id: UUID
    kind: str
    document_no: str
    due_on: date
    open_minor: int
    currency: str
