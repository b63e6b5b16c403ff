"""A person's word on a mail of which nobody knows whether it arrived: one mechanism for statements and letters.

May import this slice's tables and the kernel. Invariants: only a mail in doubt (`unknown`) is judged, once; who said
so stands in the journal; what another mail has replaced is settled by that, and asks nobody any more.
"""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.statements.inputs import SettleDelivery
from ar.statements.models import Statement
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound
from kernel.mail import MailMessage, change_state

Verdict = Literal["arrived", "not_arrived", "replaced"]

#: Verdict → the mail's state, and its reason in `messages.JUDGED`.
_STATES: Final[dict[Verdict, tuple[str, str]]] = {
    "arrived": ("sent", "judged_arrived"),
    "not_arrived": ("failed", "judged_lost"),
    "replaced": ("failed", "replaced"),
}


def judge_mail(db: Session, actor: Actor, mail_id: UUID | None, verdict: Verdict) -> bool:
    """Settles a mail in doubt; False when it is in none (any more)."""
    if mail_id is None:
        return False
    state, reason = _STATES[verdict]
    return change_state(db, actor.tenant_id, mail_id, state, actor.now, reason=reason, from_state="unknown")


def settle_delivery(db: Session, actor: Actor, statement_id: UUID, mail_id: UUID, data: SettleDelivery) -> None:
    """Judges one of a statement's mails: the statement itself, a code, a copy or the notice to the team.

    What did not arrive leaves the statement unsent, as a mail that came back does. Raises NotFound
    (`statement_mail_not_found`), Conflict(`statement_mail_settled`).
    """
    s, m = Statement, MailMessage
    db.execute(sa.select(s.id).where(s.tenant_id == actor.tenant_id, s.id == statement_id).with_for_update())
    mail = db.execute(
        sa.select(m.purpose, m.to_address, m.customer_id).where(
            m.tenant_id == actor.tenant_id, m.id == mail_id, m.subject_id == statement_id
        )
    ).first()
    if mail is None:
        raise NotFound("statement_mail_not_found")
    if not judge_mail(db, actor, mail_id, data.outcome):
        raise Conflict("statement_mail_settled")
    if data.outcome == "not_arrived" and mail.purpose == "statement":
        forget_recipient(db, actor.tenant_id, statement_id, mail.to_address)
    journal.record(
        db,
        actor,
        "statement_mail_arrived" if data.outcome == "arrived" else "statement_mail_lost",
        customer_id=mail.customer_id,
        subject_id=statement_id,
        data={"to": mail.to_address, "mail_id": str(mail_id), "purpose": mail.purpose},
    )


def replace_doubtful(db: Session, actor: Actor, statement_id: UUID, purpose: str) -> None:
    """Sending again settles the mails of this purpose that are in doubt: the new one takes their place."""
    m = MailMessage
    rows = db.execute(
        sa.select(m.id).where(
            m.tenant_id == actor.tenant_id,
            m.subject_id == statement_id,
            m.purpose == purpose,
            m.state == "unknown",
        )
    ).scalars()
    for mail_id in rows.all():
        judge_mail(db, actor, mail_id, "replaced")


def forget_recipient(db: Session, tenant_id: UUID, statement_id: UUID | None, address: str) -> None:
    """The statement says again that nobody has it, unless a later mail went to somebody else."""
    s = Statement
    db.execute(
        sa.update(s).where(s.tenant_id == tenant_id, s.id == statement_id, s.sent_to == address).values(sent_to=None)
    )
