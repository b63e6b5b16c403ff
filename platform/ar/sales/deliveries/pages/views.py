"""What the pages of deliveries show, as frozen views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ar.sales.rules.shipping import mark_of


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A delivery note in a list; `amount_minor` with tax."""

    id: UUID
    number: str
    order_id: UUID
    order_no: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    mode: str
    state: str
    planned_on: date
    shipped_on: date | None
    carrier: str
    tracking_no: str
    driver_id: UUID | None
    driver: str
    picker_up: str
    amount_minor: int
    currency: str
    is_history: bool
    held_codes: Sequence[str]
    invoice_no: str | None


@dataclass(frozen=True, slots=True)
class NoteLineView:
    """A line of a note with its product, and what became of it."""

    position: int
    product: str
    unit: str
    batch: str
    quantity: Decimal
    signed: Decimal
    back: Decimal
    outstanding: Decimal
    amount_minor: int


def mark_of_lines(lines: Sequence[NoteLineView]) -> str:
    """Returns the mark that a form on these lines bears: all of a note's."""
    return mark_of((line.position, line.signed, line.back) for line in lines)


@dataclass(frozen=True, slots=True)
class SignOffView:
    """A signature; `countered`: taken back by a later entry, or such an entry itself (`is_counter`)."""

    id: UUID
    signed_on: date
    signed_by: str
    channel: str
    amount_minor: int
    file_sha256: str | None
    file_name: str
    signature_sha256: str | None
    note: str
    is_counter: bool
    countered: bool
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A line that came back; `credit_items`: the documents of the ledger that give it back, one an invoice."""

    position: int
    returned_on: date
    quantity: Decimal
    amount_minor: int
    was_signed: bool
    credit_items: tuple[UUID, ...]
    reason: str
    recorded_by: str


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice of a note."""

    document_no: str
    invoiced_on: date
    amount_minor: int
    item_id: UUID


@dataclass(frozen=True, slots=True)
class AskedView:
    """What the checks answered, when and to whom; `reasons` as stored."""

    checkpoint: str
    decision: str
    reasons: Sequence[Mapping[str, Any]]
    decided_at: datetime
    decided_by: str


@dataclass(frozen=True, slots=True)
class NotePage:
    """One note with all that hangs on it. `left_minor`: signed for and not invoiced."""

    row: NoteRow
    lines: Sequence[NoteLineView]
    signed: Sequence[SignOffView]
    returns: Sequence[ReturnView]
    invoices: Sequence[InvoiceView]
    asked: AskedView | None
    left_minor: int

    @property
    def mark(self) -> str:
        """Returns how far the note has come, for its forms."""
        return mark_of_lines(self.lines)

    @property
    def outstanding(self) -> Sequence[NoteLineView]:
        """Returns the lines of which something is neither signed for nor back."""
        return [line for line in self.lines if line.outstanding > 0]


@dataclass(frozen=True, slots=True)
class NoteList:
    """A page of notes with the number of all that match, and of every state."""

    rows: Sequence[NoteRow]
    total: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ToInvoiceRow:
    """A note that is signed for and not invoiced; `signed_on`: the day of its last signature."""

    note: NoteRow
    signed_on: date
    left_minor: int
