"""Settles e-mails in doubt (`unknown`), of any purpose.

Invariants: a mail is settled once; the journal names the person; a slice whose rows hang on the mail settles them in
the same transaction; what is sent again is a new mail, rechecked like any other.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.mail import MailMessage, change_state, find
from tenants.mailroom.inputs import SettleMail
from tenants.mailroom.purposes import declared

#: Outcome → the mail's state and its reason.
_JUDGED = {True: ("sent", "judged_arrived"), False: ("failed", "judged_lost")}


def settle_mail(db: Session, actor: Actor, mail_id: UUID, data: SettleMail) -> None:
    """Records what became of a mail in doubt, and sends it again when asked to.

    Raises NotFound(`mail_not_found`), Conflict(`mail_not_in_doubt`), RuleBroken(`mail_not_sent_again`) for a purpose
    that cannot be sent again, and what the purpose's own sending raises.
    """
    mail = find(db, actor.tenant_id, mail_id)
    if mail is None:
        raise NotFound("mail_not_found")
    if mail.state != "unknown":
        raise Conflict("mail_not_in_doubt")
    way = declared(mail.purpose)
    if data.outcome == "send_again" and way.send_again is None:
        raise RuleBroken("mail_not_sent_again")
    arrived = data.outcome == "arrived"
    if way.settle is None or not way.settle(db, actor, mail, arrived):
        _judge(db, actor, mail, arrived)
    if data.outcome == "send_again" and way.send_again is not None:
        way.send_again(db, actor, mail)


def _judge(db: Session, actor: Actor, mail: MailMessage, arrived: bool) -> None:
    state, reason = _JUDGED[arrived]
    if not change_state(db, actor.tenant_id, mail.id, state, actor.now, reason=reason, from_state="unknown"):
        raise Conflict("mail_not_in_doubt")
    journal.record(
        db,
        actor,
        "mail_judged_arrived" if arrived else "mail_judged_lost",
        customer_id=mail.customer_id,
        subject_id=mail.id,
        data={"to": mail.to_address, "purpose": mail.purpose},
    )
