"""Jobs of statements: issue the statements of a month one by one, recheck and settle their mails.

Invariant: handlers can run twice: the second finds the statement standing, the mail superseded or the contact already
suppressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.commands import suppress_contact
from ar.customers.models import Contact
from ar.statements import queries
from ar.statements.delivery_outcome import forget_recipient
from ar.statements.inputs import IssueStatement, read_period
from ar.statements.issuing import issue_statement
from ar.statements.mails import CODE_PURPOSE, COPY_PURPOSE, PURPOSE, TEAM_PURPOSE, recheck_team
from ar.statements.monthly_run import ISSUE_JOB, acting_for, issue_month
from kernel import journal, queue
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import mark
from kernel.mail import MailMessage, address_is_bad, redact, redact_links
from kernel.tokens import CODE_LIFE
from tenants.queries import company
from tenants.slice import Job, Mail, Recurring

ISSUE_MONTH: Final = "statements.month"


def issue_one(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """One customer and currency of a month; skipped when it stands already or there is nothing to state.

    Issued by the person who asked for the month, where one did: the evidence names them.
    """
    actor = acting_for(actor, payload)
    period = read_period(payload["period"], actor.today)
    customer_id, currency = UUID(payload["customer_id"]), payload["currency"]
    if (customer_id, currency) not in queries.to_be_stated(db, actor.tenant_id, period, customer_id):
        return
    data = IssueStatement(
        customer_id=customer_id, currency=currency, period_from=period.from_on, period_to=period.to_on
    )
    try:
        issue_statement(db, actor, data)
    except (RuleBroken, Conflict) as nothing:
        # Answered meanwhile: it stands, and no job takes the place of what a debtor has signed.
        if nothing.code not in ("statement_nothing_to_state", "statement_answered_already"):
            raise


def issue_last_month(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """The monthly round (R124): statements of the month before `payload["period"]`, one job a customer and currency.

    In review mode nothing reaches a debtor unseen: the journal notes that the month waits for a person.
    """
    first = date.fromisoformat(f"{payload['period']}-01")
    period = read_period(f"{first - timedelta(days=1):%Y-%m}", actor.today)
    if company(db, actor.tenant_id).review_mode:
        waiting = len(queries.to_be_stated(db, actor.tenant_id, period, None))
        if waiting:
            journal.record(db, actor, "statements_wait", data={"period": period.label, "statements": waiting})
        return
    issue_month(db, actor, period)


def recheck_statement(db: Session, actor: Actor, mail: MailMessage) -> str | None:
    """Why the statement shall not go out any more, or None."""
    if mail.subject_id is None:
        return None
    mailing = queries.mailing(db, actor.tenant_id, mail.subject_id)
    if mailing.superseded:
        return "superseded"
    if mailing.answered:
        return "answered"
    return "contact_suppressed" if _is_suppressed(db, actor, mail) else None


def recheck_code(db: Session, actor: Actor, mail: MailMessage) -> str | None:
    """A code that has lapsed on its way helps nobody."""
    return "code_expired" if mail.created_at + CODE_LIFE <= actor.now else None


def settled(db: Session, actor: Actor, mail: MailMessage, state: str) -> None:
    """Notes what became of a statement's mail. Only an address that the mail server itself refused for good is not
    written to again; whatever else came back can be sent again. The link's secret is kept nowhere (A26)."""
    redact_links(db, actor.tenant_id, mail.id)
    if state == "failed" or mail.reason == "contact_suppressed":
        forget_recipient(db, actor.tenant_id, mail.subject_id, mail.to_address)
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


def forget_code(db: Session, actor: Actor, mail: MailMessage, _state: str) -> None:
    """A code that was sent stands nowhere in clear any more; the hash of `one_time_code` is what counts."""
    redact(db, actor.tenant_id, mail.id)


def _is_suppressed(db: Session, actor: Actor, mail: MailMessage) -> bool:
    c = Contact
    found = db.execute(
        sa.select(c.id).where(
            c.tenant_id == actor.tenant_id,
            c.customer_id == mail.customer_id,
            c.email == mail.to_address,
            sa.or_(c.suppressed_at.is_not(None), c.active.is_(False)),
        )
    ).first()
    return found is not None


JOBS: Final = (
    Job(ISSUE_JOB, issue_one, queue=queue.DOCUMENTS),
    Job(ISSUE_MONTH, issue_last_month),
)
RECURRING: Final = (Recurring(ISSUE_MONTH, period="month"),)
MAILS: Final = (
    Mail(PURPOSE, recheck=recheck_statement, on_outcome=settled, timeline_name=mark("Statement by e-mail")),
    Mail(CODE_PURPOSE, recheck=recheck_code, on_outcome=forget_code),
    Mail(
        COPY_PURPOSE,
        no_recheck_because="it tells the signer what they have just signed",
        timeline_name=mark("Copy of the answer by e-mail"),
    ),
    Mail(TEAM_PURPOSE, recheck=recheck_team),
)
