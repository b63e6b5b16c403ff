"""Issues statements: freezes the figures, prints and stores the PDF, mails it with a portal link.

Invariants: at most one statement per customer, currency and period is in force (a newer one supersedes it and closes
its links; an answered one only when a person insists); the PDF is rendered once; every text is in the debtor's
language. Locks: customers in id order, then statements, then counters. A whole month is in `monthly_run`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import find_contact, find_numbers
from ar.customers.models import Customer
from ar.interest.lookups import accrued_minor
from ar.ledger import lookups as ledger
from ar.statements import links, mails, queries
from ar.statements.delivery_outcome import mark_replaced
from ar.statements.documents import Debtor, Heading, Sender, print_statement
from ar.statements.inputs import IssueStatement, Period
from ar.statements.mails import PURPOSE
from ar.statements.models import Statement, StatementLine
from ar.statements.rules.figures import FiguresDoNotTie, OpenDocument, PostedDocument, StatementFigures, compute_figures
from kernel import journal, storage, tokens
from kernel.actor import Actor
from kernel.amount_in_words import amount_in_words
from kernel.counters import take_numbers
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.pdf import Rendered

#: Days from issue within which an answer is asked for (A14).
RESPOND_WITHIN_DAYS: Final = 15


@dataclass(frozen=True, slots=True)
class IssuedStatement:
    """A statement just issued. `portal_url` is stored nowhere else; `missing_characters` could not be printed."""

    statement_id: UUID
    number: str
    sent_to: str | None
    portal_url: str | None
    missing_characters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _FrozenStatement:
    """The heading, figures and PDF that are stored."""

    heading: Heading
    figures: StatementFigures
    printed: Rendered


def issue_statement(db: Session, actor: Actor, data: IssueStatement) -> IssuedStatement:
    """Freezes, prints, numbers and (when asked and a contact exists) mails a statement (R120, R124, R303, A14).

    An earlier unanswered statement of the same customer, currency and period is superseded; an answered one only
    with `despite_answer`. Raises RuleBroken(`statement_period_future`, `statement_nothing_to_state`),
    Conflict(`statement_answered_already`), NotFound, HuikuanError(`statement_does_not_tie`), and with
    `state_interest` RuleBroken(`interest_rate_unknown`).
    """
    if data.period_to > actor.today:
        raise RuleBroken("statement_period_future", period=f"{data.period_to:%Y-%m}")
    lock_for_statements(db, actor.tenant_id, [data.customer_id])
    sender = queries.sender(db, actor.tenant_id)
    recipient = find_contact(db, actor.tenant_id, data.customer_id, "statements")
    debtor = queries.debtor(db, actor.tenant_id, data.customer_id, recipient.name if recipient else "")
    figures = statement_figures(db, actor.tenant_id, data)
    if figures.is_empty:
        raise RuleBroken("statement_nothing_to_state")
    if data.state_interest:  # no interest accrued is not stated: zero would fix the claim at nothing
        accrued = accrued_minor(db, actor.tenant_id, data.customer_id, data.currency, data.period_to)
        figures = replace(figures, interest_minor=accrued or None)
    superseded_id = _supersede(db, actor, data)
    heading, printed = _number_and_print(db, actor, data, (sender, debtor), figures)
    statement_id = _store(db, actor, data, _FrozenStatement(heading, figures, printed), debtor.language, superseded_id)
    journal.record(
        db,
        actor,
        "statement_issued",
        customer_id=data.customer_id,
        subject_id=statement_id,
        data={
            "number": heading.number,
            "closing_minor": figures.closing_minor,
            "interest_minor": figures.interest_minor,
            "currency": data.currency,
            "pdf_sha256": printed.sha256,
            "supersedes": str(superseded_id) if superseded_id else None,
            "missing_characters": "".join(printed.missing),
        },
    )
    url = send_statement(db, actor, statement_id) if data.send and recipient else None
    return IssuedStatement(
        statement_id, heading.number, recipient.email if url and recipient else None, url, printed.missing
    )


def issue_for_customer(
    db: Session,
    actor: Actor,
    customer_no: str,
    period: Period,
    *,
    currency: str | None = None,
    mailed: bool = True,
    despite_answer: bool = False,
    state_interest: bool = False,
) -> list[IssuedStatement]:
    """Issues the statements of a customer's month, one per currency or only in `currency`.

    Raises RuleBroken(`statement_customer_unknown`, `statement_nothing_to_state`) and what `issue_statement` raises.
    """
    customer = find_numbers(db, actor.tenant_id, [customer_no]).get(customer_no)
    if customer is None:
        raise RuleBroken("statement_customer_unknown", number=customer_no)
    currencies = [currency] if currency else queries.currencies_with_business(db, actor.tenant_id, customer.id, period)
    if not currencies:
        raise RuleBroken("statement_nothing_to_state")
    return [
        issue_statement(
            db,
            actor,
            IssueStatement(
                customer_id=customer.id,
                currency=code,
                period_from=period.from_on,
                period_to=period.to_on,
                send=mailed,
                despite_answer=despite_answer,
                state_interest=state_interest,
            ),
        )
        for code in currencies
    ]


def send_statement(db: Session, actor: Actor, statement_id: UUID) -> str:
    """Queues the mail with the PDF and a new portal link; earlier links are closed. Returns the link.

    Raises NotFound, Conflict(`statement_superseded`, `statement_answered`), RuleBroken(`statement_no_contact`).
    """
    s = Statement
    # A lock in a statement of its own: superseding and answering wait for it, or are seen by the queries below.
    db.execute(sa.select(s.id).where(s.tenant_id == actor.tenant_id, s.id == statement_id).with_for_update())
    mailing = queries.mailing(db, actor.tenant_id, statement_id)
    if mailing.superseded:
        raise Conflict("statement_superseded")
    if mailing.answered:
        raise Conflict("statement_answered")
    recipient = find_contact(db, actor.tenant_id, mailing.customer_id, "statements")
    if recipient is None:
        raise RuleBroken("statement_no_contact")
    tokens.revoke_for(db, actor, statement_id)
    mark_replaced(db, actor, statement_id, PURPOSE)
    url = links.issue_link(db, actor, statement_id, customer_id=mailing.customer_id, contact_id=recipient.id)
    mail_id = mails.queue_statement(db, actor, statement_id, mailing, recipient, url)
    db.execute(sa.update(s).where(s.tenant_id == actor.tenant_id, s.id == statement_id).values(sent_to=recipient.email))
    journal.record(
        db,
        actor,
        "statement_queued",
        customer_id=mailing.customer_id,
        subject_id=statement_id,
        data={"number": mailing.number, "to": recipient.email, "mail_id": str(mail_id)},
    )
    return url


def statement_figures(db: Session, tenant_id: UUID, data: IssueStatement) -> StatementFigures:
    """Returns the figures as of `period_to`, from the ledger. Raises HuikuanError(`statement_does_not_tie`)."""
    customer, currency, as_of = data.customer_id, data.currency, data.period_to
    opening = ledger.balance_at(db, tenant_id, customer, currency, data.period_from - timedelta(days=1))
    posted = [
        PostedDocument(
            movement.item_id,
            movement.document_on,
            movement.document_no,
            movement.kind,
            movement.due_on,
            movement.side,
            movement.amount_minor,
        )
        for movement in ledger.movements(db, tenant_id, customer, currency, data.period_from, as_of)
    ]
    open_documents = [
        OpenDocument(item.id, item.document_on, item.document_no, item.kind, item.due_on, item.side, item.open_minor)
        for item in ledger.open_items(db, tenant_id, as_of=as_of, customer_id=customer, currency=currency)
    ]
    try:
        return compute_figures(opening, posted, open_documents, as_of=as_of, currency=currency)
    except FiguresDoNotTie as fault:
        raise HuikuanError("statement_does_not_tie", detail=str(fault)) from fault


def _supersede(db: Session, actor: Actor, data: IssueStatement) -> UUID | None:
    """Supersedes the standing statement of the same period and closes its links; returns its id.

    The first day identifies the period, so that the whole month supersedes the running one. An answered statement is
    evidence of its last day: it stays in force beside later ones, and is superseded for the same day only with
    `despite_answer`. Raises Conflict(`statement_answered_already`).
    """
    s = Statement
    of_period = (
        s.tenant_id == actor.tenant_id,
        s.customer_id == data.customer_id,
        s.currency == data.currency,
        s.period_from == data.period_from,
        s.superseded_at.is_(None),
    )
    # A lock in a statement of its own: it waits for an answer under way, which the query below then sees.
    db.execute(sa.select(s.id).where(*of_period).order_by(s.id).with_for_update())
    standing = queries.standing_statements(
        db, actor.tenant_id, data.customer_id, data.currency, s.period_from == data.period_from
    )
    superseded = [one for one in standing if not one.answered or one.period_to == data.period_to]
    answered = next((one for one in superseded if one.answered), None)
    if answered and not data.despite_answer:
        raise Conflict("statement_answered_already", number=answered.number)
    for one in superseded:
        db.execute(sa.update(s).where(s.tenant_id == actor.tenant_id, s.id == one.id).values(superseded_at=actor.now))
        tokens.revoke_for(db, actor, one.id)
        facts = {"number": one.number, "despite_answer": one.answered}
        journal.record(db, actor, "statement_superseded", customer_id=data.customer_id, subject_id=one.id, data=facts)
    return superseded[-1].id if superseded else None


def lock_for_statements(db: Session, tenant_id: UUID, customer_ids: Iterable[UUID]) -> None:
    """Locks the customers' rows until COMMIT, in id order; once for all customers of a transaction, before any counter.

    FOR UPDATE, so that no document can be posted between the queries that must tie.
    """
    customer = Customer
    ids = sa.cast(sorted(set(customer_ids)), sa.ARRAY(sa.Uuid))
    db.execute(
        sa.select(customer.id)
        .where(customer.tenant_id == tenant_id, customer.id == sa.any_(ids))
        .order_by(customer.id)
        .with_for_update()
    ).all()


def _number_and_print(
    db: Session, actor: Actor, data: IssueStatement, parties: tuple[Sender, Debtor], figures: StatementFigures
) -> tuple[Heading, Rendered]:
    """Takes the number and prints the PDF. The counter's row is locked until COMMIT, so that no number is lost."""
    sender, debtor = parties
    taken = take_numbers(db, actor.tenant_id, PURPOSE)[0]
    heading = Heading(
        number=f"ST-{data.period_from:%Y-%m}-{taken:06d}",
        issued_on=actor.today,
        period_from=data.period_from,
        period_to=data.period_to,
        currency=data.currency,
        respond_by_on=actor.today + timedelta(days=RESPOND_WITHIN_DAYS),
    )
    return heading, print_statement(heading, sender, debtor, figures)


def _store(
    db: Session, actor: Actor, data: IssueStatement, frozen: _FrozenStatement, language: str, supersedes_id: UUID | None
) -> UUID:
    """Inserts the PDF, the statement and its lines; returns the statement's id."""
    statement_id, heading, figures = new_id(), frozen.heading, frozen.figures
    db.execute(
        sa.insert(Statement).values(
            tenant_id=actor.tenant_id,
            id=statement_id,
            number=heading.number,
            customer_id=data.customer_id,
            currency=data.currency,
            period_from=data.period_from,
            period_to=data.period_to,
            opening_minor=figures.opening_minor,
            debits_minor=figures.debits_minor,
            credits_minor=figures.credits_minor,
            closing_minor=figures.closing_minor,
            overdue_minor=figures.overdue_minor,
            interest_minor=figures.interest_minor,
            aging=[{"bucket": bucket, "minor": minor} for bucket, minor in figures.aging],
            language=language,
            amount_in_words=amount_in_words(figures.closing_minor, data.currency, language),
            pdf_sha256=storage.store(db, actor, frozen.printed.pdf, "application/pdf"),
            supersedes_id=supersedes_id,
            superseded_at=None,
            sent_to=None,
            respond_by_on=heading.respond_by_on,
            issued_at=actor.now,
            issued_by=actor.name,
        )
    )
    if figures.lines:
        db.execute(sa.insert(StatementLine), _line_rows(actor.tenant_id, statement_id, figures))
    return statement_id


def _line_rows(tenant_id: UUID, statement_id: UUID, figures: StatementFigures) -> list[dict[str, object]]:
    return [
        {
            "tenant_id": tenant_id,
            "id": line_id,
            "statement_id": statement_id,
            "part": line.part,
            "position": line.position,
            "line_on": line.on,
            "document_no": line.document_no,
            "kind": line.kind,
            "due_on": line.due_on,
            "debit_minor": line.debit_minor,
            "credit_minor": line.credit_minor,
            "balance_minor": line.balance_minor,
            "item_id": line.item_id,
        }
        for line_id, line in zip(new_ids(len(figures.lines)), figures.lines, strict=True)
    ]
