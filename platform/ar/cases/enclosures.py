"""The statement that goes with a letter which asks for a confirmation (R174), and the link to answer it.

May import statements, this slice's letters and the kernel. Invariants: what the debtor holds or has answered stays in
force; a statement is issued only where none of that day or later stands; a link leads to one that can be answered.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.letters import Addressee, Draft
from ar.statements import commands as statements
from ar.statements.inputs import IssueStatement
from ar.statements.models import Statement
from ar.statements.queries import standing
from kernel import tokens
from kernel.actor import Actor
from kernel.mail import Attachment, MailMessage
from kernel.settings import settings


def statement_for(db: Session, actor: Actor, letter: Draft) -> tuple[tuple[Attachment, ...], str]:
    """The statement of yesterday's month up to yesterday, and a link to it; nothing for letters that ask for none.

    One that stands and waits for its answer is enclosed as it is, and the links sent before keep working; one that was
    answered is enclosed without a link, since there is nothing left to ask. Raises what `statements.issue` raises.
    """
    if not letter.asks_confirmation or letter.addressee is None:
        return (), ""
    to_on = letter.today - timedelta(days=1)
    wanted = IssueStatement(
        customer_id=letter.customer_id,
        currency=letter.currency,
        period_from=to_on.replace(day=1),
        period_to=to_on,
        send=False,
    )
    statements.lock_for_statements(db, actor.tenant_id, [letter.customer_id])
    s = Statement
    there = standing(
        db,
        actor.tenant_id,
        letter.customer_id,
        letter.currency,
        s.period_from == wanted.period_from,
        s.period_to >= wanted.period_to,
    )
    unanswered = [one for one in there if not one.answered]
    if there and not unanswered:
        return (Attachment(f"{there[-1].number}.pdf", there[-1].pdf_sha256),), ""
    statement_id = unanswered[-1].id if unanswered else statements.issue(db, actor, wanted).statement_id
    return _enclosed(db, actor, statement_id, letter.customer_id, letter.addressee)


def link_of(mail: MailMessage) -> str:
    """The portal link in a mail already written: it is stored nowhere else."""
    start = f"{settings().base_url}/p/"
    return next((line.strip() for line in mail.body_text.splitlines() if line.strip().startswith(start)), "")


def _enclosed(
    db: Session, actor: Actor, statement_id: UUID, customer_id: UUID, addressee: Addressee
) -> tuple[tuple[Attachment, ...], str]:
    _token, text = tokens.issue(
        db,
        actor,
        statements.PURPOSE,
        subject_id=statement_id,
        customer_id=customer_id,
        contact_id=addressee.id,
        life=statements.TOKEN_LIFE,
    )
    s = Statement
    row = db.execute(
        sa.update(s)
        .where(s.tenant_id == actor.tenant_id, s.id == statement_id)
        .values(sent_to=sa.func.coalesce(s.sent_to, addressee.email))
        .returning(s.number, s.pdf_sha256)
    ).one()
    return (Attachment(f"{row.number}.pdf", row.pdf_sha256),), f"{settings().base_url}/p/{text}"
