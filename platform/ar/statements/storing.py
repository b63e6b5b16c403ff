"""Stores statements that are drawn up: PDF, frozen figures and lines, the events, and the mails with their links.

Invariants: the caller holds the locks of the customers and acts at a moment taken after them (`after_locks`); many
statements cost as many SQL statements as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import ReachableContact
from ar.statements import links, mails
from ar.statements.drawing_up import DrawnStatement
from ar.statements.models import Statement
from ar.statements.views import Mailing
from kernel import journal, storage
from kernel.actor import Actor
from kernel.amount_in_words import amount_in_words
from kernel.arrays import array_text
from kernel.ids import new_ids
from kernel.tokens import TokenFor


@dataclass(frozen=True, slots=True)
class IssuedStatement:
    """A statement just issued. `portal_url` is stored nowhere else; `missing_characters` could not be printed."""

    statement_id: UUID
    number: str
    sent_to: str | None
    portal_url: str | None
    missing_characters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToStore:
    """A statement to store, the one that it supersedes if any, and whether it is mailed to its contact."""

    drawn: DrawnStatement
    supersedes_id: UUID | None = None
    mailed: bool = True


def store_statements(db: Session, actor: Actor, wanted: Sequence[ToStore]) -> list[IssuedStatement]:
    """Stores the statements and queues their mails; returns them in the same order."""
    hashes = storage.store_many(db, actor, [each.drawn.printed.pdf for each in wanted], "application/pdf")
    made = [
        _Made(statement_id, each, sha256)
        for statement_id, each, sha256 in zip(new_ids(len(wanted)), wanted, hashes, strict=True)
    ]
    if made:
        db.execute(sa.insert(Statement), [_row(actor, each) for each in made])
        _insert_lines(db, actor.tenant_id, made)
    journal.record_many(db, actor, [_issued_event(each) for each in made])
    urls = _queue_mails(db, actor, made)
    return [
        IssuedStatement(
            each.id,
            each.drawn.heading.number,
            each.recipient.email if each.recipient else None,
            urls.get(each.id),
            each.drawn.printed.missing,
        )
        for each in made
    ]


@dataclass(frozen=True, slots=True)
class _Made:
    """A statement with its id and the hash of its stored PDF."""

    id: UUID
    wanted: ToStore
    sha256: str

    @property
    def drawn(self) -> DrawnStatement:
        return self.wanted.drawn

    @property
    def recipient(self) -> ReachableContact | None:
        """Returns the contact it is mailed to, if it is mailed."""
        return self.drawn.contact if self.wanted.mailed else None

    @property
    def words(self) -> str:
        """Returns the closing balance in words, in the debtor's language."""
        return amount_in_words(
            self.drawn.figures.closing_minor, self.drawn.heading.currency, self.drawn.debtor.language
        )


def _row(actor: Actor, made: _Made) -> dict[str, object]:
    heading, figures = made.drawn.heading, made.drawn.figures
    return {
        "tenant_id": actor.tenant_id,
        "id": made.id,
        "number": heading.number,
        "customer_id": made.drawn.customer_id,
        "currency": heading.currency,
        "period_from": heading.period_from,
        "period_to": heading.period_to,
        "opening_minor": figures.opening_minor,
        "debits_minor": figures.debits_minor,
        "credits_minor": figures.credits_minor,
        "closing_minor": figures.closing_minor,
        "overdue_minor": figures.overdue_minor,
        "interest_minor": figures.interest_minor,
        "aging": [{"bucket": bucket, "minor": minor} for bucket, minor in figures.aging],
        "language": made.drawn.debtor.language,
        "amount_in_words": made.words,
        "pdf_sha256": made.sha256,
        "supersedes_id": made.wanted.supersedes_id,
        "superseded_at": None,
        "sent_to": made.recipient.email if made.recipient else None,
        "respond_by_on": heading.respond_by_on,
        "issued_at": actor.now,
        "issued_by": actor.name,
    }


_INSERT_LINES = sa.text("""
    INSERT INTO statement_line (tenant_id, id, statement_id, part, position, line_on, document_no, kind, due_on,
        debit_minor, credit_minor, balance_minor, item_id)
    SELECT CAST(:tenant AS uuid), l.*
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statements AS uuid[]), CAST(:parts AS text[]), CAST(:positions AS int[]),
        CAST(:days AS date[]), CAST(:numbers AS text[]), CAST(:kinds AS text[]), CAST(:due_days AS date[]),
        CAST(:debits AS bigint[]), CAST(:credits AS bigint[]), CAST(:balances AS bigint[]), CAST(:items AS uuid[])) AS l
""")


def _insert_lines(db: Session, tenant_id: UUID, made: Sequence[_Made]) -> None:
    """Inserts the frozen lines of all statements by one statement of SQL."""
    lines = [(each.id, line) for each in made for line in each.drawn.figures.lines]
    db.connection().execute(
        _INSERT_LINES,
        {
            "tenant": tenant_id,
            "ids": array_text(new_ids(len(lines))),
            "statements": array_text(statement_id for statement_id, _line in lines),
            "parts": array_text(line.part for _id, line in lines),
            "positions": array_text(line.position for _id, line in lines),
            "days": array_text(line.on for _id, line in lines),
            "numbers": array_text(line.document_no for _id, line in lines),
            "kinds": array_text(line.kind for _id, line in lines),
            "due_days": array_text(line.due_on for _id, line in lines),
            "debits": array_text(line.debit_minor for _id, line in lines),
            "credits": array_text(line.credit_minor for _id, line in lines),
            "balances": array_text(line.balance_minor for _id, line in lines),
            "items": array_text(line.item_id for _id, line in lines),
        },
    )


def _issued_event(made: _Made) -> journal.NewEvent:
    heading, figures, superseded_id = made.drawn.heading, made.drawn.figures, made.wanted.supersedes_id
    facts = {
        "number": heading.number,
        "closing_minor": figures.closing_minor,
        "interest_minor": figures.interest_minor,
        "currency": heading.currency,
        "pdf_sha256": made.sha256,
        "supersedes": str(superseded_id) if superseded_id else None,
        "missing_characters": "".join(made.drawn.printed.missing),
    }
    return journal.NewEvent("statement_issued", made.drawn.customer_id, made.id, facts)


def _queue_mails(db: Session, actor: Actor, made: Sequence[_Made]) -> dict[UUID, str]:
    """Queues the mail of each statement that has a recipient; returns the links by statement id."""
    going = [(each, each.recipient) for each in made if each.recipient]
    urls = links.issue_links(
        db, actor, [TokenFor(each.id, each.drawn.customer_id, contact.id) for each, contact in going]
    )
    mail_ids = mails.queue_statements(
        db,
        actor,
        [
            mails.StatementMail(each.id, _mailing(each), contact, url)
            for (each, contact), url in zip(going, urls, strict=True)
        ],
    )
    journal.record_many(
        db,
        actor,
        [
            mails.queued_event(each.id, each.drawn.customer_id, each.drawn.heading.number, contact.email, mail_id)
            for (each, contact), mail_id in zip(going, mail_ids, strict=True)
        ],
    )
    return {each.id: url for (each, _contact), url in zip(going, urls, strict=True)}


def _mailing(made: _Made) -> Mailing:
    heading, figures, debtor = made.drawn.heading, made.drawn.figures, made.drawn.debtor
    return Mailing(
        customer_id=made.drawn.customer_id,
        customer_name=debtor.name,
        number=heading.number,
        currency=heading.currency,
        closing_minor=figures.closing_minor,
        interest_minor=figures.interest_minor,
        amount_in_words=made.words,
        period_to=heading.period_to,
        respond_by_on=heading.respond_by_on,
        language=debtor.language,
        pdf_sha256=made.sha256,
        superseded=False,
        answered=False,
        sender=made.drawn.sender,
    )
