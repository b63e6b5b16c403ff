"""The views that the pages of losses are given: frozen, as they are read.

Imports the ledger's totals only. Invariant: amounts are minor units of the currency beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ar.ledger.rules.conversion import ConvertedTotal


@dataclass(frozen=True, slots=True)
class RunLine:
    """A provision run in the list; `reversed_on` None: it stands."""

    id: UUID
    number: str
    as_of: date
    currency: str
    required_minor: int
    before_minor: int
    charge_minor: int
    entry_id: UUID | None
    recorded_at: datetime
    recorded_by: str
    reversed_on: date | None
    reversed_reason: str | None
    reversal_entry_id: UUID | None
    reversed_by: str | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run with all that it showed when it was posted."""

    run: RunLine
    figures: dict[str, Any]
    last: bool


@dataclass(frozen=True, slots=True)
class CaseSum:
    """A case's amounts of one currency: proposed, written off, come back, still owed off the books."""

    currency: str
    proposed_minor: int
    written_minor: int
    recovered_minor: int

    @property
    def rest_minor(self) -> int:
        return self.written_minor - self.recovered_minor


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in the list."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    cause: str
    state: str
    written_off_on: date | None
    proposed_at: datetime
    proposed_by: str
    sums: tuple[CaseSum, ...]


@dataclass(frozen=True, slots=True)
class CaseItem:
    """A document of a case; `open_minor` is what is open of it now."""

    item_id: UUID
    document_no: str
    kind: str
    due_on: date
    currency: str
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of evidence."""

    id: UUID
    sha256: str
    file_name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CaseRecovery:
    """Money that came back; `stands` False: taken back."""

    id: UUID
    currency: str
    amount_minor: int
    recovery_item_id: UUID
    credit_item_id: UUID
    recovered_on: date
    note: str
    recorded_by: str
    stands: bool


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """What happened with the debt afterwards."""

    kind: str
    happened_on: date
    text: str
    promised_on: date | None
    promised_minor: int | None
    promised_currency: str | None
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case with its documents, evidence, credits, recoveries and events."""

    case: CaseLine
    options: tuple[str, ...]
    reason: str
    approval_id: UUID | None
    settled_at: datetime | None
    settled_by: str | None
    settled_reason: str | None
    lines: tuple[CaseItem, ...]
    files: tuple[CaseFile, ...]
    credits: tuple[tuple[UUID, str], ...]
    recoveries: tuple[CaseRecovery, ...]
    events: tuple[CaseEvent, ...]


@dataclass(frozen=True, slots=True)
class Tracked:
    """A customer's written-off debts of one currency, in all its cases, and when anybody last did something."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    cases: int
    written_minor: int
    recovered_minor: int
    last_on: date | None
    promised_on: date | None

    @property
    def rest_minor(self) -> int:
        return self.written_minor - self.recovered_minor


@dataclass(frozen=True, slots=True)
class ExpectedBand:
    """Open debts of one currency in one band of lateness, and what of them is expected."""

    months: int | None
    percent: int
    open_minor: int
    expected_minor: int


@dataclass(frozen=True, slots=True)
class ExpectedCash:
    """Per currency the bands and their sums; `total` in the company's currency, unknown while a rate is missing."""

    as_of: date
    currencies: tuple[tuple[str, tuple[ExpectedBand, ...], int, int], ...]
    total: ConvertedTotal


@dataclass(frozen=True, slots=True)
class OfferedItem:
    """An open debt that can be proposed; `pending` names the case that has it already."""

    id: UUID
    document_no: str
    kind: str
    due_on: date
    currency: str
    open_minor: int
    pending: str | None


@dataclass(frozen=True, slots=True)
class CustomerDebts:
    """What a customer owes, for a new case."""

    id: UUID
    number: str
    name: str
    debts: tuple[OfferedItem, ...]
