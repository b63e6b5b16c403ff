"""Records the delivery outcome of an e-mail in state `unknown`, for statements and letters.

Invariants: an outcome is recorded once, and only for a mail in doubt (`unknown`); the journal names the person; a mail
that another replaces gets its outcome by that.
"""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.statements.inputs import ResolveDelivery
from ar.statements.models import Statement
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound
from kernel.mail import MailMessage, change_state

DeliveryOutcome = Literal["arrived", "not_arrived", "replaced"]

#: Outcome → the mail's state, and its reason in `messages.DELIVERY_REASONS`.
_STATES_AND_REASONS: Final[dict[DeliveryOutcome, tuple[str, str]]] = {
    "arrived": ("sent", "judged_arrived"),
    "not_arrived": ("failed", "judged_lost"),
    "replaced": ("failed", "replaced"),
}


def record_delivery_outcome(db: Session, actor: Actor, mail_id: UUID | None, outcome: DeliveryOutcome) -> bool:
    """Records the outcome of a mail in doubt; returns False when it is not (or no longer) in doubt."""
    if mail_id is None:
        return False
    state, reason = _STATES_AND_REASONS[outcome]
    moved = change_state(db, actor.tenant_id, mail_id, state, actor.now, reason=reason, from_state="unknown")
    return moved is not None


def resolve_delivery(db: Session, actor: Actor, statement_id: UUID, mail_id: UUID, data: ResolveDelivery) -> None:
    """Records the delivery outcome of one of a statement's mails: the statement, a code, a copy or the team's notice.

    A statement that did not arrive counts as unsent, as one that came back. Raises NotFound
    (`statement_mail_not_found`), Conflict(`statement_mail_settled`).
    """
    statement, message = Statement, MailMessage
    db.execute(
        sa.select(statement.id)
        .where(statement.tenant_id == actor.tenant_id, statement.id == statement_id)
        .with_for_update()
    )
    mail = db.execute(
        sa.select(message.purpose, message.to_address, message.customer_id).where(
            message.tenant_id == actor.tenant_id, message.id == mail_id, message.subject_id == statement_id
        )
    ).first()
    if mail is None:
        raise NotFound("statement_mail_not_found")
    if not record_delivery_outcome(db, actor, mail_id, data.outcome):
        raise Conflict("statement_mail_settled")
    if data.outcome == "not_arrived" and mail.purpose == "statement":
        clear_recipient(db, actor.tenant_id, statement_id, mail.to_address)
    journal.record(
        db,
        actor,
        "statement_mail_arrived" if data.outcome == "arrived" else "statement_mail_lost",
        customer_id=mail.customer_id,
        subject_id=statement_id,
        data={"to": mail.to_address, "mail_id": str(mail_id), "purpose": mail.purpose},
    )


def settle_delivery(db: Session, actor: Actor, mail: MailMessage, arrived: bool) -> bool:
    """Settles one of a statement's mails in doubt from the list of all; False when it hangs on no statement."""
    if mail.subject_id is None:
        return False
    data = ResolveDelivery(outcome="arrived" if arrived else "not_arrived")
    resolve_delivery(db, actor, mail.subject_id, mail.id, data)
    return True


def mark_replaced(db: Session, actor: Actor, statement_id: UUID, purpose: str) -> None:
    """Records as replaced all mails in doubt of one purpose, before a new one is sent."""
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
        record_delivery_outcome(db, actor, mail_id, "replaced")


def clear_recipient(db: Session, tenant_id: UUID, statement_id: UUID | None, address: str) -> None:
    """Clears the statement's recipient, unless a later mail went to another address."""
    s = Statement
    db.execute(
        sa.update(s).where(s.tenant_id == tenant_id, s.id == statement_id, s.sent_to == address).values(sent_to=None)
    )
