"""Computes a statement's figures: opening, movements with running balance, closing, open items and aging.

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


class FiguresDoNotTie(ValueError):
    """Movements and open items give two different closing balances."""


@dataclass(frozen=True, slots=True)
class PostedDocument:
    """A document posted within the period. `side` is +1 (owed) or −1 (credit), `amount_minor` positive."""

    item_id: UUID
    on: date
    document_no: str
    kind: str
    due_on: date
    side: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document open at the end of the period. `open_minor` is positive."""

    item_id: UUID
    on: date
    document_no: str
    kind: str
    due_on: date
    side: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class StatementFigureLine:
    """A statement line: a movement with the balance after it, or an open item with the running sum."""

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
class StatementFigures:
    """All figures of a statement. `aging` follows the buckets and ends with unapplied credits."""

    opening_minor: int
    debits_minor: int
    credits_minor: int
    closing_minor: int
    overdue_minor: int
    aging: tuple[tuple[str, int], ...]
    lines: tuple[StatementFigureLine, ...]
    #: Late interest not yet charged, where it is stated: beside the closing balance, never in it.
    interest_minor: int | None = None

    @property
    def movements(self) -> list[StatementFigureLine]:
        """Returns the movements of the period."""
        return [line for line in self.lines if line.part == MOVEMENT]

    @property
    def open_items(self) -> list[StatementFigureLine]:
        """Returns the open items, which add up to the closing balance."""
        return [line for line in self.lines if line.part == OPEN]

    @property
    def is_empty(self) -> bool:
        """Returns whether there is nothing to state: no movement, no open item, no balance."""
        return not self.lines and not self.opening_minor and not self.closing_minor


def compute_figures(
    opening_minor: int,
    posted: Iterable[PostedDocument],
    open_documents: Sequence[OpenDocument],
    *,
    as_of: date,
    currency: str,
) -> StatementFigures:
    """Returns the statement's figures (R303). Raises FiguresDoNotTie when movements and open items disagree.

    `open_documents` are the documents open as of `as_of`, not now: a receipt allocated later leaves itself and its
    invoice open here.
    """
    movements, closing = _movements(opening_minor, posted)
    open_lines, open_total = _open_lines(open_documents)
    if closing != open_total:
        raise FiguresDoNotTie(f"closing {closing} by movements, {open_total} by open items")
    row = _age(open_documents, as_of, currency)
    return StatementFigures(
        opening_minor=opening_minor,
        debits_minor=sum(line.debit_minor for line in movements),
        credits_minor=sum(line.credit_minor for line in movements),
        closing_minor=closing,
        # The sum of the overdue buckets, as in the aging report: unapplied credits have a column of their own and are
        # not netted.
        overdue_minor=row.overdue_minor,
        aging=(*row.by_bucket().items(), (UNAPPLIED, row.unapplied_minor)),
        lines=(*movements, *open_lines),
    )


def _movements(opening_minor: int, posted: Iterable[PostedDocument]) -> tuple[list[StatementFigureLine], int]:
    lines, balance = [], opening_minor
    for position, item in enumerate(posted, start=1):
        debit, credit = (item.amount_minor, 0) if item.side > 0 else (0, item.amount_minor)
        balance += debit - credit
        due_on = item.due_on if debit and item.kind != "reversal" else None
        lines.append(_line(MOVEMENT, position, item, due_on, debit, credit, balance))
    return lines, balance


def _open_lines(open_documents: Sequence[OpenDocument]) -> tuple[list[StatementFigureLine], int]:
    lines, balance = [], 0
    ordered = sorted(open_documents, key=lambda item: (-item.side, item.due_on, item.document_no, item.item_id))
    for position, item in enumerate(ordered, start=1):
        debit, credit = (item.open_minor, 0) if item.side > 0 else (0, item.open_minor)
        balance += debit - credit
        lines.append(_line(OPEN, position, item, item.due_on if debit else None, debit, credit, balance))
    return lines, balance


def _line(
    part: str,
    position: int,
    document: PostedDocument | OpenDocument,
    due_on: date | None,
    debit_minor: int,
    credit_minor: int,
    balance_minor: int,
) -> StatementFigureLine:
    return StatementFigureLine(
        part=part,
        position=position,
        on=document.on,
        document_no=document.document_no,
        kind=document.kind,
        due_on=due_on,
        debit_minor=debit_minor,
        credit_minor=credit_minor,
        balance_minor=balance_minor,
        item_id=document.item_id,
    )


def _age(open_documents: Sequence[OpenDocument], as_of: date, currency: str) -> AgingRow:
    owed = [OpenAmount("", currency, item.due_on, item.open_minor) for item in open_documents if item.side > 0]
    unapplied = sum(item.open_minor for item in open_documents if item.side < 0)
    rows = age(owed, {("", currency): unapplied}, as_of)
    return rows[0] if rows else AgingRow("", currency, (0, 0, 0, 0, 0), 0)
