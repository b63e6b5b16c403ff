"""Queues the mail that invites a person: a link to choose a password, or the sign-in address.

Invariant: it goes to the person's own address, in the person's language, so that its sender learns nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import journal, mail
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import mark
from kernel.settings import settings
from tenants.models import Membership
from tenants.queries import member, tenant
from tenants.recipients import still_member
from tenants.sign_in.identity import load_person_by_id
from tenants.sign_in.links import LINK_DAYS, WelcomeLinks, version_in
from tenants.slice import Mail
from web.mailtexts import queue_rendered

PURPOSE = "invitation"
#: Reason code of a mail whose link was made worthless by a password chosen meanwhile.
LINK_USED: Final = "link_used"
#: Limits of these mails: to one person per hour, and from one company per day.
PER_PERSON_AND_HOUR: Final = 3
PER_COMPANY_AND_DAY: Final = 30
LIMITS: Final = ("invitations_of_person", "invitations_of_company")


def send_invitation(
    db: Session, actor: Actor, user_id: UUID, links: WelcomeLinks, *, new_password: bool = False
) -> UUID:
    """Queues the mail to an active member; returns its id.

    A person who has a password gets the sign-in address, unless `new_password` is requested.
    Raises NotFound(`person_not_found`), Conflict(`person_removed`), RuleBroken (one of LIMITS).
    """
    actor = lock_counter(db, actor, "invitations")
    facts, person = member(db, actor.tenant_id, user_id), load_person_by_id(db, user_id)
    if person is None:
        raise NotFound("person_not_found")
    if not facts.active:
        raise Conflict("person_removed")
    _within_limits(db, actor, user_id, person.name)
    chooses = new_password or not facts.has_password
    company = tenant(db, actor.tenant_id).name
    values = {
        "name": person.name,
        "company": company,
        "inviter": actor.name,
        "email": person.email,
        "chooses": chooses,
        "url": links.url(user_id, person.session_version) if chooses else f"{links.base_url}/sign-in",
        "days": LINK_DAYS,
    }
    mail_id = queue_rendered(db, actor, PURPOSE, person, values, from_name=company, subject_id=user_id)
    journal.record(
        db, actor, "invitation_queued", subject_id=user_id, data={"mail_id": str(mail_id), "chooses_password": chooses}
    )
    return mail_id


def _within_limits(db: Session, actor: Actor, user_id: UUID, name: str) -> None:
    """Raises RuleBroken when too many invitations were queued. The caller has locked the counter."""
    message, hour, day = mail.MailMessage, actor.now - timedelta(hours=1), actor.now - timedelta(days=1)
    of_person = sa.and_(message.subject_id == user_id, message.created_at > hour)
    # By the members, since mails are indexed by subject; a membership is never deleted.
    people = sa.select(Membership.user_id).where(Membership.tenant_id == actor.tenant_id)
    to_person, to_all = db.execute(
        sa.select(sa.func.count().filter(of_person), sa.func.count()).where(
            message.tenant_id == actor.tenant_id,
            message.purpose == PURPOSE,
            message.subject_id.in_(people),
            message.created_at > day,
        )
    ).one()
    if to_person >= PER_PERSON_AND_HOUR:
        raise RuleBroken(LIMITS[0], name=name, most=PER_PERSON_AND_HOUR)
    if to_all >= PER_COMPANY_AND_DAY:
        raise RuleBroken(LIMITS[1], most=PER_COMPANY_AND_DAY)


def recheck_invitation(db: Session, actor: Actor, message: mail.MailMessage) -> str | None:
    """Checks before sending that the person still belongs to the company, and that the link was not used meanwhile."""
    removed = still_member(db, actor, message)
    if removed is not None or message.subject_id is None:
        return removed
    version, person = version_in(message.body_text), load_person_by_id(db, message.subject_id)
    return LINK_USED if version is not None and person and person.session_version != version else None


def forget_link(db: Session, actor: Actor, message: mail.MailMessage, _state: str) -> None:
    """Removes the link from an invitation whose delivery outcome is recorded, so that it is not stored in clear."""
    mail.redact_links(db, actor.tenant_id, message.id)


def send_again(db: Session, actor: Actor, message: mail.MailMessage) -> None:
    """Sends an invitation again that did not arrive: with a new link where there was one.

    Raises RuleBroken(`mail_link_not_made`) beside what `send_invitation` raises.
    """
    configured = settings()
    if not configured.secret_key or message.subject_id is None:
        raise RuleBroken("mail_link_not_made")
    links = WelcomeLinks(configured.secret_key, configured.base_url)
    send_invitation(db, actor, message.subject_id, links, new_password=_LINK in message.body_text)


_LINK: Final = "/welcome/"
MAILS: Final = (
    Mail(PURPOSE, recheck=recheck_invitation, on_outcome=forget_link, name=mark("Invitation"), send_again=send_again),
)
