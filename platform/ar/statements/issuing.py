"""Issues statements: freezes the figures, prints and stores the PDF, mails it with a portal link.

Invariants: at most one statement per customer, currency and period is in force (a newer one supersedes it and closes
its links; an answered one only when a person insists); the PDF is rendered once; every text is in the debtor's
language; the moment of issue is taken after the customer's lock. Locks: customers in id order, then statements, then
counters. A whole month is planned and drawn up in `monthly_run`.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import find_contact, find_numbers
from ar.interest.lookups import accrued_minor
from ar.ledger.commands import freeze_customers
from ar.statements import links, mails, queries
from ar.statements.delivery_outcome import mark_replaced
from ar.statements.drawing_up import (
    IssuedStatement,
    LedgerFacts,
    ToStore,
    draw_up,
    ledger_facts,
    parties,
    store_statements,
)
from ar.statements.inputs import IssueStatement, Period
from ar.statements.mails import PURPOSE
from ar.statements.models import Statement
from kernel import journal, tokens
from kernel.actor import Actor, after_locks
from kernel.counters import take_numbers
from kernel.errors import Conflict, RuleBroken


def issue_statement(db: Session, actor: Actor, data: IssueStatement) -> IssuedStatement:
    """Freezes, prints, numbers and (when asked and a contact exists) mails a statement (R120, R124, R303, A14).

    An earlier unanswered statement of the same customer, currency and period is superseded; an answered one only
    with `despite_answer`. It is issued at the moment after the customer's lock. Raises
    RuleBroken(`statement_period_future`, `statement_nothing_to_state`), Conflict(`statement_answered_already`),
    NotFound, HuikuanError(`statement_does_not_tie`), and with `state_interest` RuleBroken(`interest_rate_unknown`).
    """
    if data.period_to > actor.today:
        raise RuleBroken("statement_period_future", period=f"{data.period_to:%Y-%m}")
    actor = freeze_customers(db, actor, [data.customer_id])
    found = parties(db, actor.tenant_id, [data.customer_id])
    found.of(data.customer_id)
    facts = ledger_facts(db, actor.tenant_id, [data.customer_id], data.period_from, data.period_to)
    figures = facts.get((data.customer_id, data.currency), LedgerFacts()).figures(data.period_to, data.currency)
    if figures.is_empty:
        raise RuleBroken("statement_nothing_to_state")
    if data.state_interest:  # no interest accrued is not stated: zero would fix the claim at nothing
        accrued = accrued_minor(db, actor.tenant_id, data.customer_id, data.currency, data.period_to)
        figures = replace(figures, interest_minor=accrued or None)
    superseded_id = supersede(db, actor, data)
    # The counter's row is locked from here to COMMIT, so that no number is lost when this is refused.
    number = take_numbers(db, actor.tenant_id, PURPOSE)[0]
    period = (data.period_from, data.period_to)
    drawn = draw_up(actor, data.customer_id, data.currency, period, number, parties=found, figures=figures)
    return store_statements(db, actor, [ToStore(drawn, superseded_id, mailed=data.send)])[0]


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
    actor = after_locks(db, actor)
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
    (mail_id,) = mails.queue_statements(db, actor, [mails.StatementMail(statement_id, mailing, recipient, url)])
    db.execute(sa.update(s).where(s.tenant_id == actor.tenant_id, s.id == statement_id).values(sent_to=recipient.email))
    event = mails.queued_event(statement_id, mailing.customer_id, mailing.number, recipient.email, mail_id)
    journal.record_many(db, actor, [event])
    return url


def supersede(db: Session, actor: Actor, data: IssueStatement) -> UUID | None:
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
