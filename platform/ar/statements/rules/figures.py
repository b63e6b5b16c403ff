"""The figures of a statement: opening, movements with a running balance, closing, what is open and how old it is.

Pure: standard library and `ar.ledger.rules.aging`. Amounts are signed minor units of one currency (credit balances
are negative). Invariant: opening + debits − credits = closing = what is open at the period's end; figures that
do not tie are refused, never printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ar.ledger.rules.aging import AgingRow, OpenAmount, age

UNAPPLIED = "unapplied"
MOVEMENT, OPEN = "movement", "open"


class DoesNotTie(ValueError):
    """The books say one balance by movements and another by open items."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A document booked within the period. `side` is +1 (owed) or −1 (credit), `amount_minor` positive."""

    item_id: UUID
    on: date
    document_no: str
    kind: str
    due_on: date
    side: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class StillOpen:
    """What of a document is open at the end of the period. `open_minor` is positive."""

    item_id: UUID
    on: date
    document_no: str
    kind: str
    due_on: date
    side: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class Line:
    """A row to freeze: a movement with the balance after it, or an open item with the sum so far."""

    part: str
    position: int
    on: date
    document_no: str
    kind: str
    due_on: date | None
    debit_minor: int
    credit_minor: int
    balance_minor: int
    item_id: UUID


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a statement says in numbers. `aging` follows the buckets and ends with unapplied cash."""

    opening_minor: int
    debits_minor: int
    credits_minor: int
    closing_minor: int
    overdue_minor: int
    aging: tuple[tuple[str, int], ...]
    lines: tuple[Line, ...]
    #: Late interest not yet charged, where it is stated: beside the closing balance, never in it.
    interest_minor: int | None = None

    @property
    def movements(self) -> list[Line]:
        """The rows of the printed table."""
        return [line for line in self.lines if line.part == MOVEMENT]

    @property
    def open_items(self) -> list[Line]:
        """What makes up the closing balance, document by document."""
        return [line for line in self.lines if line.part == OPEN]

    @property
    def is_empty(self) -> bool:
        """Nothing moved, nothing is open, nothing is carried: there is nothing to state."""
        return not self.lines and not self.opening_minor and not self.closing_minor


def draw_up(
    opening_minor: int, booked: Iterable[Booked], still_open: Sequence[StillOpen], *, as_of: date, currency: str
) -> Figures:
    """The statement's figures (R303). Raises DoesNotTie when movements and open items disagree.

    A receipt that is allocated after `as_of` leaves its invoice and itself open here: the caller hands over
    what was open on that day, not what is open now.
    """
    movements, closing = _movements(opening_minor, booked)
    open_lines, open_total = _open_lines(still_open)
    if closing != open_total:
        raise DoesNotTie(f"closing {closing} by movements, {open_total} by open items")
    row = _aged(still_open, as_of, currency)
    return Figures(
        opening_minor=opening_minor,
        debits_minor=sum(line.debit_minor for line in movements),
        credits_minor=sum(line.credit_minor for line in movements),
        closing_minor=closing,
        # What the overdue buckets hold, as the aging report counts it: credits not yet applied have a column of their
        # own and are never netted unseen.
        overdue_minor=row.overdue_minor,
        aging=(*row.by_bucket().items(), (UNAPPLIED, row.unapplied_minor)),
        lines=(*movements, *open_lines),
    )


def _movements(opening_minor: int, booked: Iterable[Booked]) -> tuple[list[Line], int]:
    lines, balance = [], opening_minor
    for position, item in enumerate(booked, start=1):
        debit, credit = (item.amount_minor, 0) if item.side > 0 else (0, item.amount_minor)
        balance += debit - credit
        due_on = item.due_on if debit and item.kind != "reversal" else None
        lines.append(_line(MOVEMENT, position, item, due_on, debit, credit, balance))
    return lines, balance


def _open_lines(still_open: Sequence[StillOpen]) -> tuple[list[Line], int]:
    lines, balance = [], 0
    ordered = sorted(still_open, key=lambda o: (-o.side, o.due_on, o.document_no, o.item_id))
    for position, item in enumerate(ordered, start=1):
        debit, credit = (item.open_minor, 0) if item.side > 0 else (0, item.open_minor)
        balance += debit - credit
        lines.append(_line(OPEN, position, item, item.due_on if debit else None, debit, credit, balance))
    return lines, balance


def _line(
    part: str, position: int, item: Booked | StillOpen, due_on: date | None, debit: int, credit: int, balance: int
) -> Line:
    return Line(part, position, item.on, item.document_no, item.kind, due_on, debit, credit, balance, item.item_id)


def _aged(still_open: Sequence[StillOpen], as_of: date, currency: str) -> AgingRow:
    owed = [OpenAmount("", currency, item.due_on, item.open_minor) for item in still_open if item.side > 0]
    unapplied = sum(item.open_minor for item in still_open if item.side < 0)
    rows = age(owed, {("", currency): unapplied}, as_of)
    return rows[0] if rows else AgingRow("", currency, (0, 0, 0, 0, 0), 0)
