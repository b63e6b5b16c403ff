"""Views of the account pages: the trial balance, the entries of an account, one entry.

Invariant: debits are positive and credits negative in every signed figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """Opening (signed, debit +), debits and credits of a period, in minor units of one currency."""

    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def closing_minor(self) -> int:
        """Returns the closing balance, debit +."""
        return self.opening_minor + self.debit_minor - self.credit_minor


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One account in one currency."""

    code: str
    number: str
    figures: PeriodFigures


@dataclass(frozen=True, slots=True)
class TrialTotals:
    """Column totals of rows, balances split by side; each pair is equal in a trial balance that ties."""

    opening_debit_minor: int
    opening_credit_minor: int
    debit_minor: int
    credit_minor: int
    closing_debit_minor: int
    closing_credit_minor: int

    @property
    def ok(self) -> bool:
        """Returns True when the totals of each pair are equal."""
        return (
            self.opening_debit_minor == self.opening_credit_minor
            and self.debit_minor == self.credit_minor
            and self.closing_debit_minor == self.closing_credit_minor
        )


@dataclass(frozen=True, slots=True)
class CurrencyTrial:
    """The accounts of one currency by number; memorandum accounts are listed apart and are in no total."""

    currency: str
    rows: tuple[TrialRow, ...]
    memo: tuple[TrialRow, ...]
    total: TrialTotals


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts at the end of `as_of`, with the movements from `from_on` to `as_of`."""

    from_on: date
    as_of: date
    currencies: tuple[CurrencyTrial, ...]


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One posting on the account; `balance_minor` is the running balance from the opening, debit +."""

    entry_id: UUID
    effective_on: date
    kind: str
    document_no: str | None
    customer_no: str | None
    customer_name: str | None
    memo: str
    reverses: bool
    currency: str
    debit_minor: int
    credit_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A page of the entries of an account, with the figures of all matching postings per currency.

    `currencies`: those of all postings that match the other filters.
    """

    code: str
    number: str
    from_on: date
    to_on: date
    sums: tuple[PeriodFigures, ...]
    currencies: tuple[str, ...]
    total: int
    lines: tuple[EntryLine, ...]


@dataclass(frozen=True, slots=True)
class EntryLeg:
    """One posting; exactly one of debit and credit is above 0."""

    account_code: str
    account_no: str
    customer_id: UUID | None
    customer_no: str | None
    customer_name: str | None
    currency: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class EntryItem:
    """A document or instalment that the entry posted; `open_minor` is its open amount now."""

    id: UUID
    kind: str
    document_no: str
    instalment_no: int
    due_on: date
    side: int
    currency: str
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One entry with its postings, documents and reversal."""

    id: UUID
    kind: str
    effective_on: date
    recorded_at: datetime
    recorded_by: str
    memo: str
    reverses_id: UUID | None
    reversed_by: UUID | None
    legs: tuple[EntryLeg, ...]
    items: tuple[EntryItem, ...]

    @property
    def title(self) -> str:
        """Returns the number of its document, "" when it has none."""
        return self.items[0].document_no if self.items else ""
