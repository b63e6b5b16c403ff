"""What statements look like to those who read them: frozen views shaped for one screen or mail each.

Imports this slice's `documents` and `figures` only. Invariant: amounts are signed minor units of the statement's
currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from ar.statements.documents import Sender
from ar.statements.rules.figures import UNAPPLIED

NOT_SENT, SENT, OVERDUE, AGREES, DIFFERS, SUPERSEDED = "not_sent", "sent", "overdue", "agrees", "differs", "superseded"
#: Sent, not superseded, no answer yet: the two words below together, as the navigation counts them.
UNANSWERED: Final = "unanswered"
WAITING: Final = (SENT, OVERDUE)
STATUSES: Final = (NOT_SENT, SENT, OVERDUE, AGREES, DIFFERS, SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Mailing:
    """What the covering mail says and needs."""

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
    """A statement that no later one has superseded; `answered` is final, `sent_to` is None while nobody has it."""

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
    pdf_sha256: str
    signer_name: str | None
    signer_title: str | None
    confirmed_at: datetime | None
    remote_address: str | None
    mail_state: str | None = None


@dataclass(frozen=True, slots=True)
class StatementList:
    """One page of rows, how many match, and how many stand in each status."""

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
        """Signed: what is owed counts up, a credit counts down."""
        return self.debit_minor - self.credit_minor


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One mail that carried the statement (or its code, or the copy)."""

    id: UUID
    purpose: str
    to_address: str
    state: str
    reason: str | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A document on which the debtor's books differ; `kind` is None for one that we did not list."""

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
    """Everything frozen about one statement."""

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
        return [line for line in self.lines if line.part == "movement"]

    @property
    def open_items(self) -> list[LineView]:
        return [line for line in self.lines if line.part == "open"]

    @property
    def unapplied_minor(self) -> int:
        """Credits not yet applied at the period's end, positive: the last column of the aging."""
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
        """The newest mail with the statement, where the mail server did not take it."""
        carried = [mail for mail in self.deliveries if mail.purpose == "statement"]
        return carried[-1] if carried and carried[-1].state == "failed" else None

    @property
    def in_doubt(self) -> list[DeliveryView]:
        """Mails of which a person must say whether they arrived."""
        return [mail for mail in self.deliveries if mail.state == "unknown"]

    @property
    def hash_holds(self) -> bool:
        """The stored bytes hash to what was frozen, and to what the debtor answered."""
        frozen = self.statement.pdf_sha256
        return self.stored_sha256 == frozen and (self.answer is None or self.answer.pdf_sha256 == frozen)
