"""The mails of letters of demand: recheck, outcome, and what follows when a mail in doubt is settled."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.letters.drafting import PURPOSE, draft_letter
from ar.cases.letters.sending import recheck_letter, record_letter_delivery
from ar.cases.models import Action
from ar.cases.queue.commands import close_letter, resolve_delivery
from ar.cases.queue.inputs import CloseLetter, ResolveDelivery
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.mail import MailMessage
from tenants.slice import Mail


def settle_letter(db: Session, actor: Actor, mail: MailMessage, arrived: bool) -> bool:
    """Settles the letter whose mail is in doubt; False when the letter no longer hangs on this mail."""
    a = Action
    waits = db.execute(
        sa.select(a.id).where(
            a.tenant_id == actor.tenant_id, a.id == mail.subject_id, a.mail_id == mail.id, a.state == "unknown"
        )
    ).scalar_one_or_none()
    if waits is None:
        return False
    if arrived:
        resolve_delivery(db, actor, waits, ResolveDelivery(outcome="arrived"))
    elif draft_letter(db, actor, waits).chased:
        resolve_delivery(db, actor, waits, ResolveDelivery(outcome="send_again"))
    else:
        close_letter(db, actor, waits, CloseLetter(reason=_("It did not arrive, and nothing is left to claim.")))
    return True


MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=recheck_letter,
        on_outcome=record_letter_delivery,
        name=mark("Letter of demand"),
        settle=settle_letter,
        if_lost=mark("If it did not arrive, the letter goes back to the review queue."),
    ),
)
