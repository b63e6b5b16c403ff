"""Renders mails from `email/<message>/{subject.txt,body.txt,body.html}` in the reader's language, and queues them.

Invariant: the language is the reader's for this one mail only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.i18n import use_language
from kernel.mail import Attachment, OutgoingMail, queue_mail
from web.templating import TEMPLATES, mail_environment


@dataclass(frozen=True)
class MailTexts:
    """The three texts of a mail."""

    subject: str
    text: str
    html: str | None


class MailReader(Protocol):
    """Anybody who can be written to: one of our own people, a contact of a customer."""

    @property
    def email(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def language(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Addressee:
    """A reader who is no member of the company."""

    email: str
    name: str
    language: str


def render_mail(message: str, language: str, **values: Any) -> MailTexts:
    """Renders a message folder. The subject is one line, whatever a name contains."""
    env, folder = mail_environment(), f"email/{message}"
    with use_language(language):
        subject = " ".join(env.get_template(f"{folder}/subject.txt").render(values).split())
        text = env.get_template(f"{folder}/body.txt").render(values).strip() + "\n"
        html = None
        if (TEMPLATES / folder / "body.html").exists():
            html = env.get_template(f"{folder}/body.html").render(values)
    return MailTexts(subject, text, html)


def queue_rendered(
    db: Session,
    actor: Actor,
    purpose: str,
    to: MailReader,
    values: Mapping[str, Any],
    *,
    from_name: str,
    reply_to: str | None = None,
    attachments: Sequence[Attachment] = (),
    subject_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> UUID:
    """Renders the message folder named as the purpose in the reader's language and queues it; returns the mail's id."""
    mail = rendered(purpose, to, values, from_name=from_name, reply_to=reply_to, attachments=attachments)
    return queue_mail(db, actor, mail, purpose=purpose, subject_id=subject_id, customer_id=customer_id)


def rendered(
    purpose: str,
    to: MailReader,
    values: Mapping[str, Any],
    *,
    from_name: str,
    reply_to: str | None = None,
    attachments: Sequence[Attachment] = (),
) -> OutgoingMail:
    """Returns the mail of the message folder named as the purpose, in the reader's language, to be queued."""
    texts = render_mail(purpose, to.language, **values)
    return OutgoingMail(
        to_address=to.email,
        to_name=to.name,
        subject=texts.subject,
        body_text=texts.text,
        body_html=texts.html,
        from_name=from_name,
        reply_to=reply_to,
        attachments=attachments,
    )
