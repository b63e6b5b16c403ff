"""Defines the views of bad debts. Invariant: amounts are minor units of the currency beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ar.ledger.rules.conversion import ConvertedTotal


@dataclass(frozen=True, slots=True)
class CaseSum:
    """A case's amounts in one currency: proposed, written off, recovered; the rest is still owed."""

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
    """A document of a case; `open_minor` is its present open amount."""

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
    """A recovery; `in_force` is False once it is reversed."""

    id: UUID
    currency: str
    amount_minor: int
    recovery_item_id: UUID
    credit_item_id: UUID
    recovered_on: date
    note: str
    recorded_by: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """An event of a written-off debt."""

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
class WrittenOffDebt:
    """A customer's written-off debts in one currency over all cases, with the date of the last event."""

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
    """Open debts in one currency and band of lateness, with the expected part."""

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
    """An open debt that can be proposed; `pending` is the number of the case that has it already."""

    id: UUID
    document_no: str
    kind: str
    due_on: date
    currency: str
    open_minor: int
    pending: str | None


@dataclass(frozen=True, slots=True)
class CustomerDebts:
    """A customer with the open debts for a new case."""

    id: UUID
    number: str
    name: str
    debts: tuple[OfferedItem, ...]
