"""Queues the mails that a person gets about their own account: a link to a new password, and what happened to it.

Invariants: they go to the person's own address in their own language, carried by one of their companies; the link of
a forgotten password is taken out of the mail once its outcome is known.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import mail
from kernel.actor import Actor
from kernel.i18n import mark
from kernel.settings import settings
from tenants.recipients import still_member
from tenants.sign_in.commands import RESET_LIFE
from tenants.sign_in.models import PasswordReset
from tenants.sign_in.sessions import hash_of
from tenants.slice import Mail
from web.mailtexts import Addressee, MailTexts, queue_rendered, render_mail

RESET: Final = "password_reset"
CHANGED: Final = "password_changed"
NEW_BROWSER: Final = "new_browser"
#: Reason code of a mail whose link was used, or ran out, before it was sent.
LINK_OVER: Final = "link_over"
SENDER: Final = "Huikuan"
_LINK: Final = re.compile(r"/reset/(\S+)")


def queue_reset(db: Session, actor: Actor, to: Addressee, secret: str) -> UUID:
    """Queues the link by which the person chooses a new password."""
    return queue_rendered(db, actor, RESET, to, _reset_values(to, secret), from_name=SENDER, subject_id=actor.user_id)


def render_unsent_reset(language: str) -> MailTexts:
    """Renders the same mail for nobody, so that an unknown address costs as much time as a known one."""
    nobody = Addressee("nobody@huikuan.example", "nobody", language)
    return render_mail(RESET, language, **_reset_values(nobody, "x" * 43))


def queue_changed(db: Session, actor: Actor, to: Addressee) -> UUID:
    """Queues that the person's password was changed just now."""
    values = {"name": to.name, "at": _moment(actor), "url": f"{settings().base_url}/forgotten"}
    return queue_rendered(db, actor, CHANGED, to, values, from_name=SENDER, subject_id=actor.user_id)


def queue_new_browser(db: Session, actor: Actor, to: Addressee, browser: str) -> UUID:
    """Queues that somebody signed in as the person with a browser that was not seen before."""
    values = {"name": to.name, "at": _moment(actor), "browser": browser, "url": f"{settings().base_url}/account"}
    return queue_rendered(db, actor, NEW_BROWSER, to, values, from_name=SENDER, subject_id=actor.user_id)


def recheck_reset(db: Session, actor: Actor, message: mail.MailMessage) -> str | None:
    """Checks before sending that the person still belongs to the company, and that the link is still good."""
    removed = still_member(db, actor, message)
    found = _LINK.search(message.body_text)
    if removed is not None or found is None:
        return removed
    link = PasswordReset
    good = db.execute(
        sa.select(link.id).where(
            link.token_hash == hash_of(found[1]), link.closed_at.is_(None), link.expires_at > actor.now
        )
    ).first()
    return None if good else LINK_OVER


def forget_reset(db: Session, actor: Actor, message: mail.MailMessage, _state: str) -> None:
    """Removes the link from a mail whose delivery outcome is recorded, so that it is not stored in clear."""
    mail.redact_links(db, actor.tenant_id, message.id)


def _reset_values(to: Addressee, secret: str) -> dict[str, object]:
    minutes = int(RESET_LIFE.total_seconds() // 60)
    return {"name": to.name, "url": f"{settings().base_url}/reset/{secret}", "minutes": minutes}


def _moment(actor: Actor) -> str:
    """Returns the moment of the actor in their zone, with the zone's name: the reader may be travelling."""
    return f"{actor.now.astimezone(ZoneInfo(actor.timezone)):%Y-%m-%d %H:%M} ({actor.timezone})"


MAILS: Final = (
    Mail(
        RESET,
        recheck=recheck_reset,
        on_outcome=forget_reset,
        name=mark("Link to a new password"),
        if_lost=mark("The person asks for another link at sign-in."),
    ),
    Mail(CHANGED, recheck=still_member, name=mark("Password changed"), send_again=mail.queue_copy),
    Mail(NEW_BROWSER, recheck=still_member, name=mark("New browser signed in"), send_again=mail.queue_copy),
)
