"""Draws statements up and stores them: figures from the ledger, the PDF under its number, the frozen rows, the mail.

Invariants: several customers cost as many SQL statements as one, and read these customers' rows alone; what was read
without a lock is compared with what is read under it (`LedgerFacts`, `Parties`) before it is stored; who stores holds
the customers' locks and acts at a moment taken after them (`after_locks`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import ReachableContact, find_contacts
from ar.ledger import lookups as ledger
from ar.statements import links, mails, queries
from ar.statements.documents import Debtor, Heading, Sender, print_statement
from ar.statements.models import Statement
from ar.statements.rules.figures import FiguresDoNotTie, OpenDocument, PostedDocument, StatementFigures, compute_figures
from ar.statements.views import Mailing
from kernel import journal, storage
from kernel.actor import Actor
from kernel.amount_in_words import amount_in_words
from kernel.arrays import array_text
from kernel.errors import HuikuanError, NotFound
from kernel.ids import new_ids
from kernel.pdf import Rendered
from kernel.tokens import TokenFor

#: Days from issue within which an answer is asked for (A14).
RESPOND_WITHIN_DAYS: Final = 15


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """One customer's currency in the ledger over a period: opening balance, documents posted, documents open."""

    opening_minor: int = 0
    posted: tuple[PostedDocument, ...] = ()
    open_documents: tuple[OpenDocument, ...] = ()

    def figures(self, as_of: date, currency: str) -> StatementFigures:
        """Returns the figures of a statement as of `as_of`. Raises HuikuanError(`statement_does_not_tie`)."""
        try:
            return compute_figures(self.opening_minor, self.posted, self.open_documents, as_of=as_of, currency=currency)
        except FiguresDoNotTie as fault:
            raise HuikuanError("statement_does_not_tie", detail=str(fault)) from fault


@dataclass(frozen=True, slots=True)
class Parties:
    """Who states and to whom: the company, and by customer the debtor as printed and the contact it is mailed to."""

    sender: Sender
    debtors: dict[UUID, Debtor]
    contacts: dict[UUID, ReachableContact]

    def of(self, customer_id: UUID) -> tuple[Sender, Debtor, ReachableContact | None]:
        """Returns sender, debtor and contact. Raises NotFound(`statement_customer_unknown`)."""
        if customer_id not in self.debtors:
            raise NotFound("statement_customer_unknown", number=str(customer_id))
        return self.sender, self.debtors[customer_id], self.contacts.get(customer_id)


@dataclass(frozen=True, slots=True)
class DrawnStatement:
    """A statement ready to be stored: heading, parties, figures and the printed PDF."""

    customer_id: UUID
    heading: Heading
    sender: Sender
    debtor: Debtor
    contact: ReachableContact | None
    figures: StatementFigures
    printed: Rendered


def ledger_facts(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], from_on: date, to_on: date
) -> dict[tuple[UUID, str], LedgerFacts]:
    """Returns the facts of the customers from `from_on` to `to_on` by (customer id, currency).

    In four statements, two more where debts were written off: the debtor is shown what is owed, not our books (R234).
    """
    opening = ledger.balances_of(db, tenant_id, customer_ids, from_on - timedelta(days=1))
    hidden = ledger.books_only_items(db, tenant_id, customer_ids, to_on)
    for each in hidden.values():
        if each.document_on < from_on:
            key = (each.customer_id, each.currency)
            opening[key] = opening.get(key, 0) - each.side * each.amount_minor
    posted: dict[tuple[UUID, str], list[PostedDocument]] = {}
    for movement in ledger.movements_of(db, tenant_id, customer_ids, from_on, to_on):
        if movement.item_id in hidden:
            continue
        posted.setdefault((movement.customer_id, movement.currency), []).append(
            PostedDocument(
                movement.item_id,
                movement.document_on,
                movement.label,
                movement.kind,
                movement.due_on,
                movement.side,
                movement.amount_minor,
            )
        )
    opened: dict[tuple[UUID, str], list[OpenDocument]] = {}
    for item in _owed_items(db, tenant_id, customer_ids, to_on, hidden):
        opened.setdefault((item.customer_id, item.currency), []).append(
            OpenDocument(item.id, item.document_on, item.label, item.kind, item.due_on, item.side, item.open_minor)
        )
    return {
        key: LedgerFacts(opening.get(key, 0), tuple(posted.get(key, ())), tuple(opened.get(key, ())))
        for key in opening.keys() | posted.keys() | opened.keys()
    }


def _owed_items(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], as_of: date, hidden: Collection[UUID]
) -> list[ledger.OpenItemView]:
    """Returns the items open as of a day as the debtor owes them: what our books alone have cleared is open."""
    items = ledger.open_items(db, tenant_id, as_of=as_of, customer_ids=customer_ids)
    cleared = ledger.cleared_in_books_only(db, tenant_id, hidden, as_of) if hidden else {}
    if cleared:
        items += ledger.cleared_items(db, tenant_id, cleared.keys() - {item.id for item in items}, as_of=as_of)
    return [
        replace(item, open_minor=item.open_minor + cleared.get(item.id, 0)) for item in items if item.id not in hidden
    ]


def parties(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> Parties:
    """Returns the parties of the customers' statements, in three statements."""
    contacts = find_contacts(db, tenant_id, customer_ids, "statements")
    debtors = queries.debtors(db, tenant_id, customer_ids)
    for customer_id, contact in contacts.items():
        if customer_id in debtors:
            debtors[customer_id] = replace(debtors[customer_id], attention=contact.name)
    return Parties(queries.sender(db, tenant_id), debtors, contacts)


def draw_up(
    actor: Actor,
    customer_id: UUID,
    currency: str,
    period: tuple[date, date],
    number: int,
    *,
    parties: Parties,
    figures: StatementFigures,
) -> DrawnStatement:
    """Prints the statement of a period (first and last day) under the running `number`; reads no database.

    Raises NotFound(`statement_customer_unknown`), and PrintFailed for a broken template.
    """
    from_on, to_on = period
    sender, debtor, contact = parties.of(customer_id)
    heading = Heading(
        number=f"ST-{from_on:%Y-%m}-{number:06d}",
        issued_on=actor.today,
        period_from=from_on,
        period_to=to_on,
        currency=currency,
        respond_by_on=actor.today + timedelta(days=RESPOND_WITHIN_DAYS),
    )
    printed = print_statement(heading, sender, debtor, figures)
    return DrawnStatement(customer_id, heading, sender, debtor, contact, figures, printed)


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
    RETURNING true
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
