"""Views of statements for pages, mails and programs, and the statuses of a statement.

Invariant: amounts are signed minor units of the statement's currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from ar.statements.documents import Sender
from ar.statements.rules.figures import UNAPPLIED

NOT_SENT, SENT, OVERDUE, AGREES, DIFFERS, SUPERSEDED = "not_sent", "sent", "overdue", "agrees", "differs", "superseded"
#: Filter for SENT and OVERDUE together: sent, not superseded, not answered.
UNANSWERED: Final = "unanswered"
WAITING: Final = (SENT, OVERDUE)
STATUSES: Final = (NOT_SENT, SENT, OVERDUE, AGREES, DIFFERS, SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Mailing:
    """The facts for mails about one statement."""

    customer_id: UUID
    customer_name: str
    number: str
    currency: str
    closing_minor: int
    interest_minor: int | None
    amount_in_words: str
    period_to: date
    respond_by_on: date
    language: str
    pdf_sha256: str
    superseded: bool
    answered: bool
    sender: Sender


@dataclass(frozen=True, slots=True)
class StandingStatement:
    """A statement that no later one has superseded; `sent_to` is None while it is unsent."""

    id: UUID
    number: str
    period_to: date
    answered: bool
    sent_to: str | None
    pdf_sha256: str


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A row of the list. `status` is one of STATUSES, `mail_state` that of the newest mail."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    period_from: date
    period_to: date
    closing_minor: int
    overdue_minor: int
    sent_to: str | None
    respond_by_on: date | None
    issued_at: datetime
    status: str
    signer_name: str | None
    signer_title: str | None
    confirmed_at: datetime | None
    mail_state: str | None = None


@dataclass(frozen=True, slots=True)
class StatementList:
    """One page of rows, the number of all matches, and their number per status."""

    rows: list[StatementRow]
    total: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class LineView:
    """A frozen line: a movement, or an open item (`open_minor` signed)."""

    id: UUID
    part: str
    on: date
    document_no: str
    kind: str
    due_on: date | None
    debit_minor: int
    credit_minor: int
    balance_minor: int
    item_id: UUID | None

    @property
    def open_minor(self) -> int:
        """Returns the signed amount: positive for a debit, negative for a credit."""
        return self.debit_minor - self.credit_minor


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One mail of the statement: the statement itself, a code, a copy or a notice."""

    id: UUID
    purpose: str
    to_address: str
    state: str
    reason: str | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A document on which the debtor's books differ; `kind` is None for a document not in our statement."""

    document_no: str
    kind: str | None
    our_minor: int | None
    their_minor: int | None
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """A debtor's answer with its evidence."""

    reference: str
    outcome: str
    signer_name: str
    signer_title: str
    code_sent_to: str
    pdf_sha256: str
    remote_address: str
    user_agent: str
    language: str
    confirmed_at: datetime
    differences: tuple[DifferenceView, ...]


@dataclass(frozen=True, slots=True)
class StatementView:
    """One statement with its frozen figures and lines, and its status."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    period_from: date
    period_to: date
    opening_minor: int
    debits_minor: int
    credits_minor: int
    closing_minor: int
    overdue_minor: int
    interest_minor: int | None
    aging: tuple[tuple[str, int], ...]
    language: str
    amount_in_words: str
    pdf_sha256: str
    pdf_bytes: int
    supersedes_id: UUID | None
    superseded_at: datetime | None
    superseded_by: UUID | None
    sent_to: str | None
    respond_by_on: date | None
    issued_at: datetime
    issued_by: str
    status: str
    lines: tuple[LineView, ...]

    @property
    def movements(self) -> list[LineView]:
        """Returns the movements of the period."""
        return [line for line in self.lines if line.part == "movement"]

    @property
    def open_items(self) -> list[LineView]:
        """Returns the items open at the period's end."""
        return [line for line in self.lines if line.part == "open"]

    @property
    def unapplied_minor(self) -> int:
        """Returns credits not applied at the period's end, positive: the last column of the aging."""
        return dict(self.aging).get(UNAPPLIED, 0)

    def as_json(self) -> dict[str, Any]:
        """Returns the statement for a program, without its lines; `period` is the month it begins in."""
        return {
            "number": self.number,
            "customer_no": self.customer_no,
            "currency": self.currency,
            "period": f"{self.period_from:%Y-%m}",
            "period_from": self.period_from,
            "period_to": self.period_to,
            "opening_minor": self.opening_minor,
            "debits_minor": self.debits_minor,
            "credits_minor": self.credits_minor,
            "closing_minor": self.closing_minor,
            "overdue_minor": self.overdue_minor,
            "interest_minor": self.interest_minor,
            "amount_in_words": self.amount_in_words,
            "language": self.language,
            "pdf_sha256": self.pdf_sha256,
            "sent_to": self.sent_to,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class StatementPage:
    """The team's page: the statement, its mails, its answer and whether the stored PDF still has its hash."""

    statement: StatementView
    deliveries: list[DeliveryView]
    answer: AnswerView | None
    stored_sha256: str

    @property
    def came_back(self) -> DeliveryView | None:
        """Returns the newest mail with the statement, if the mail server refused it."""
        statement_mails = [mail for mail in self.deliveries if mail.purpose == "statement"]
        return statement_mails[-1] if statement_mails and statement_mails[-1].state == "failed" else None

    @property
    def in_doubt(self) -> list[DeliveryView]:
        """Returns the mails whose delivery outcome a person must record."""
        return [mail for mail in self.deliveries if mail.state == "unknown"]

    @property
    def hash_holds(self) -> bool:
        """Returns whether the stored PDF still has the frozen hash, and the hash that the debtor answered to."""
        frozen = self.statement.pdf_sha256
        return self.stored_sha256 == frozen and (self.answer is None or self.answer.pdf_sha256 == frozen)
