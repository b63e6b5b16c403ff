"""The mail that brings a person in: a link to choose a password, or the address to sign in at.

May import mail and web.mailtexts. Invariant: the mail goes to the person's own address in the person's language,
so that whoever asks for it learns nothing.
"""

from __future__ import annotations

from uuid import UUID

from kernel import journal, mail
from kernel.actor import Actor
from kernel.db import TenantSession
from kernel.errors import Conflict, NotFound
from tenants.identity import read_person
from tenants.links import LINK_DAYS, WelcomeLinks
from tenants.queries import member, tenant
from web.mailtexts import render_mail

PURPOSE = "invitation"


def send_invitation(
    db: TenantSession, actor: Actor, user_id: UUID, links: WelcomeLinks, *, new_password: bool = False
) -> UUID:
    """Queues the mail to an active member; returns its id.

    Who has a password already is told where to sign in, unless a `new_password` was asked for.
    Raises NotFound(`person_not_found`), Conflict(`person_removed`).
    """
    facts, person = member(db, actor.tenant_id, user_id), read_person(db, user_id)
    if person is None:
        raise NotFound("person_not_found")
    if not facts.active:
        raise Conflict("person_removed")
    chooses = new_password or not facts.has_password
    company = tenant(db, actor.tenant_id).name
    texts = render_mail(
        PURPOSE,
        person.language,
        name=person.name,
        company=company,
        inviter=actor.name,
        email=person.email,
        chooses=chooses,
        url=links.url(user_id, person.session_version) if chooses else f"{links.base_url}/sign-in",
        days=LINK_DAYS,
    )
    mail_id = mail.queue_mail(
        db,
        actor,
        mail.Letter(person.email, person.name, texts.subject, texts.text, texts.html, from_name=company),
        purpose=PURPOSE,
        subject_id=user_id,
    )
    journal.record(
        db, actor, "invitation_queued", subject_id=user_id, data={"mail_id": str(mail_id), "chooses_password": chooses}
    )
    return mail_id
