"""Encloses a statement in a letter that asks for a confirmation (R174), with the link that answers it.

Invariants: a statement that the debtor has or has answered stays in force; a new one is issued only where none of that
day or later is in force; a link leads to a statement that can be answered.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from ar.cases.letters.drafting import LetterDraft
from ar.ledger.commands import freeze_customers
from ar.statements import commands as statements
from ar.statements.commands import enclose_statement
from ar.statements.inputs import IssueStatement
from ar.statements.lookups import standing_statements
from ar.statements.models import Statement
from kernel.actor import Actor
from kernel.mail import Attachment


def enclose_confirmation_statement(
    db: Session, actor: Actor, letter: LetterDraft
) -> tuple[tuple[Attachment, ...], str]:
    """Returns the statement of yesterday's month up to yesterday as attachment, and the portal link that answers it.

    Both are empty for letters that ask for no confirmation. A statement that waits for its answer is enclosed as it
    is, and links sent before keep working; an answered one is enclosed without a link.
    Raises what `issue_statement` raises.
    """
    if not letter.asks_confirmation or letter.addressee is None:
        return (), ""
    to_on = letter.today - timedelta(days=1)
    request = IssueStatement(
        customer_id=letter.customer_id,
        currency=letter.currency,
        period_from=to_on.replace(day=1),
        period_to=to_on,
        send=False,
    )
    actor = freeze_customers(db, actor, [letter.customer_id])
    s = Statement
    in_force = standing_statements(
        db,
        actor.tenant_id,
        letter.customer_id,
        letter.currency,
        s.period_from == request.period_from,
        s.period_to >= request.period_to,
    )
    unanswered = [one for one in in_force if not one.answered]
    if in_force and not unanswered:
        return (_attachment(in_force[-1].number, in_force[-1].pdf_sha256),), ""
    enclosed = enclose_statement(
        db,
        actor,
        unanswered[-1].id if unanswered else statements.issue_statement(db, actor, request).statement_id,
        customer_id=letter.customer_id,
        contact_id=letter.addressee.id,
        address=letter.addressee.email,
    )
    return (_attachment(enclosed.number, enclosed.pdf_sha256),), enclosed.portal_url


def _attachment(number: str, pdf_sha256: str) -> Attachment:
    return Attachment(f"{number}.pdf", pdf_sha256)
