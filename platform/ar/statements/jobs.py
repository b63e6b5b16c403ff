"""Jobs of statements: issue those of a month in batches, recheck their mails and record delivery outcomes.

Invariant: handlers are idempotent: a second run finds the statement issued, the mail superseded or the contact
suppressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.customers.commands import suppress_contact
from ar.customers.lookups import is_reachable
from ar.statements import queries
from ar.statements.delivery_outcome import clear_recipient, settle_delivery
from ar.statements.inputs import IssueStatement, parse_period
from ar.statements.issuing import issue_statement, send_statement
from ar.statements.links import is_link_closed
from ar.statements.mails import CODE_PURPOSE, COPY_PURPOSE, PURPOSE, TEAM_PURPOSE, recheck_team
from ar.statements.monthly_run import ISSUE_JOB, issue_month, issue_planned, issuing_actor, put_batches
from kernel import journal, queue
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import mark
from kernel.mail import MailMessage, address_is_bad, queue_copy, redact, redact_links
from kernel.tokens import CODE_LIFE
from tenants.queries import company
from tenants.slice import Job, Mail, Recurring

ISSUE_MONTH: Final = "statements.month"


def issue_batch(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Issues the planned statements of `payload["numbers"]`; what cannot be drawn up gets a job of its own.

    The issuer is the person who asked for the month, if a person did. A message of an earlier release names one
    customer, currency and month instead.
    """
    issuer = {"by": payload["by"]} if payload.get("by") else {}
    actor = issuing_actor(actor, payload)
    if "numbers" not in payload:
        _issue_unplanned(db, actor, payload)
        return
    failed = issue_planned(db, actor, payload["numbers"])
    put_batches(db, actor, [[number] for number in failed], issuer)


def _issue_unplanned(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    period = parse_period(payload["period"], actor.today)
    customer_id, currency = UUID(payload["customer_id"]), payload["currency"]
    if (customer_id, currency) not in queries.statements_to_issue(db, actor.tenant_id, period, customer_id):
        return
    data = IssueStatement(
        customer_id=customer_id, currency=currency, period_from=period.from_on, period_to=period.to_on
    )
    try:
        issue_statement(db, actor, data)
    except (RuleBroken, Conflict) as refusal:
        # Answered meanwhile: a job does not supersede a statement that the debtor has answered.
        if refusal.code not in ("statement_nothing_to_state", "statement_answered_already"):
            raise


def issue_last_month(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Issues the statements of the month before `payload["period"]` (R124), in jobs of many.

    In review mode nothing is issued: the journal records that the month waits for a person.
    """
    first = date.fromisoformat(f"{payload['period']}-01")
    period = parse_period(f"{first - timedelta(days=1):%Y-%m}", actor.today)
    if company(db, actor.tenant_id).review_mode:
        waiting = len(queries.statements_to_issue(db, actor.tenant_id, period, None))
        if waiting:
            journal.record(db, actor, "statements_wait", data={"period": period.label, "statements": waiting})
        return
    issue_month(db, actor, period)


def recheck_statement(db: Session, actor: Actor, mail: MailMessage) -> str | None:
    """Returns why the statement must not go out any more, or None."""
    if mail.subject_id is None:
        return None
    mailing = queries.mailing(db, actor.tenant_id, mail.subject_id)
    if mailing.superseded:
        return "superseded"
    if mailing.answered:
        return "answered"
    return "link_closed" if is_link_closed(db, actor, mail.body_text) else recheck_contact(db, actor, mail)


def recheck_code(db: Session, actor: Actor, mail: MailMessage) -> str | None:
    """Returns why a code must not go out: lapsed, its statement superseded or answered, its contact gone; or None."""
    if mail.created_at + CODE_LIFE <= actor.now:
        return "code_expired"
    return recheck_statement(db, actor, mail)


def recheck_contact(db: Session, actor: Actor, mail: MailMessage) -> str | None:
    """Returns `contact_suppressed` when the address is no reachable contact of the customer any more, else None."""
    known = is_reachable(db, actor.tenant_id, mail.customer_id, mail.to_address)
    return None if known else "contact_suppressed"


def record_statement_delivery(db: Session, actor: Actor, mail: MailMessage, state: str) -> None:
    """Records a statement's delivery outcome and removes the link's secret from the mail (A26).

    Only an address that the mail server refused for good is suppressed; after any other failure the statement can be
    sent again to the same contact.
    """
    redact_links(db, actor.tenant_id, mail.id)
    if state == "failed" or mail.reason == "contact_suppressed":
        clear_recipient(db, actor.tenant_id, mail.subject_id, mail.to_address)
    kind = {"sent": "statement_sent", "failed": "statement_bounced"}.get(state)
    if kind is None:
        return
    journal.record(
        db,
        actor,
        kind,
        customer_id=mail.customer_id,
        subject_id=mail.subject_id,
        data={"to": mail.to_address, "mail_id": str(mail.id), "purpose": mail.purpose, "reason": mail.reason},
    )
    if state == "failed" and address_is_bad(mail):
        suppress_contact(db, actor, customer_id=mail.customer_id, email=mail.to_address, reason=mail.reason)


def redact_code(db: Session, actor: Actor, mail: MailMessage, _state: str) -> None:
    """Redacts the mail of a code, so that only its hash in `one_time_code` is kept."""
    redact(db, actor.tenant_id, mail.id)


def send_statement_again(db: Session, actor: Actor, mail: MailMessage) -> None:
    """Sends a statement again whose mail did not arrive, with a new link."""
    if mail.subject_id is not None:
        send_statement(db, actor, mail.subject_id)


JOBS: Final = (
    Job(ISSUE_JOB, issue_batch, queue=queue.DOCUMENTS),
    Job(ISSUE_MONTH, issue_last_month),
)
RECURRING: Final = (Recurring(ISSUE_MONTH, period="month"),)
MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=recheck_statement,
        on_outcome=record_statement_delivery,
        timeline_name=mark("Statement by e-mail"),
        name=mark("Statement"),
        settle=settle_delivery,
        send_again=send_statement_again,
    ),
    Mail(
        CODE_PURPOSE,
        recheck=recheck_code,
        on_outcome=redact_code,
        name=mark("Code for signing a statement"),
        settle=settle_delivery,
        if_lost=mark("The signer asks for a new code on the page."),
    ),
    Mail(
        COPY_PURPOSE,
        recheck=recheck_contact,
        timeline_name=mark("Copy of the answer by e-mail"),
        name=mark("Copy of an answered statement"),
        settle=settle_delivery,
        send_again=queue_copy,
    ),
    Mail(
        TEAM_PURPOSE,
        recheck=recheck_team,
        name=mark("News of an answered statement"),
        settle=settle_delivery,
        send_again=queue_copy,
    ),
)
