"""Outgoing mail as rows: composed once, sent at most once, with a Message-ID that stays over retries.

Invariants: a mail is only sent from a `mail_message` row that an outbox row points at; `sending` is committed before
the SMTP dialogue begins, so a process killed in between leaves a mail that a person must judge (`unknown`), never one
that is silently sent twice; a mail in a final state keeps its words (a trigger enforces that), except for secrets that
are redacted.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import outbox
from kernel.actor import Actor
from kernel.columns import IdOrNone, JsonList, Moment, MomentOrNone, Tenanted, Text, TextOrNone, one_of
from kernel.db import Base
from kernel.ids import new_id, new_ids
from kernel.settings import Settings, settings

SEND_MAIL = "mail.send"
SMTP_TIMEOUT_S = 30
# With delays that grow to two hours these tries cover about two days of a mail server that says "later".
TRIES_MAX = 30
OK, OK_FORWARDED, GO_ON, REFUSED_FOR_GOOD = 250, 251, 354, 500
# Refusals of what we do or who we are (commands, sign-in, encryption), at whatever point of the talk they come.
OUR_OWN_FAULT = frozenset({500, 502, 503, 530, 534, 535, 538})


class MailMessage(Tenanted, Base):
    """One e-mail to one person; `purpose` and `subject_id` name what it is about (a statement, an action, a code)."""

    __tablename__ = "mail_message"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        one_of("state", "queued", "sending", "sent", "suppressed", "failed", "unknown"),
        sa.Index("ix_mail_message_subject", "tenant_id", "subject_id"),
        sa.Index("ix_mail_message_customer", "tenant_id", "customer_id", "id"),
        sa.Index(
            "ix_mail_message_open", "tenant_id", "state", postgresql_where=sa.text("state IN ('sending', 'unknown')")
        ),
    )
    purpose: Mapped[Text]
    subject_id: Mapped[IdOrNone]
    customer_id: Mapped[IdOrNone]
    to_address: Mapped[Text]
    to_name: Mapped[Text]
    from_name: Mapped[Text]
    reply_to: Mapped[TextOrNone]
    subject: Mapped[Text]
    body_text: Mapped[Text]
    body_html: Mapped[TextOrNone]
    attachments: Mapped[JsonList] = mapped_column(JSONB)
    message_id: Mapped[Text]
    state: Mapped[Text]
    reason: Mapped[TextOrNone]
    address_bad: Mapped[bool | None]
    created_at: Mapped[Moment]
    sent_at: Mapped[MomentOrNone]


@dataclass(frozen=True)
class Attachment:
    """A stored blob under a file name."""

    file_name: str
    sha256: str


@dataclass(frozen=True)
class OutgoingMail:
    """An e-mail to be queued: recipient and texts, already in the recipient's language."""

    to_address: str
    to_name: str
    subject: str
    body_text: str
    body_html: str | None = None
    from_name: str = ""
    reply_to: str | None = None
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of one attempt: `sent`, `failed` (refused for good), `retry` (not accepted, try later), `unknown`.

    `address_bad`: the server permanently refused the recipient's address.
    """

    state: str
    reason: str = ""
    address_bad: bool = False


def queue_mail(
    db: Session,
    actor: Actor,
    outgoing: OutgoingMail,
    *,
    purpose: str,
    subject_id: UUID | None = None,
    customer_id: UUID | None = None,
    key: str | None = None,
    due_at: datetime | None = None,
) -> UUID:
    """Queues an e-mail and its outbox row in the caller's transaction; returns the mail's id."""
    mail_id = new_id()
    db.execute(sa.insert(MailMessage).values(_queued_row(actor, mail_id, outgoing, purpose, subject_id, customer_id)))
    outbox.put(db, actor, SEND_MAIL, {"mail_id": str(mail_id)}, key=key or f"mail:{mail_id}", due_at=due_at)
    return mail_id


def queue_mails(
    db: Session, actor: Actor, purpose: str, mails: Sequence[tuple[OutgoingMail, UUID | None, UUID | None]]
) -> list[UUID]:
    """Queues several e-mails of one purpose as (mail, subject id, customer id); returns their ids, in this order."""
    ids = new_ids(len(mails))
    rows = [
        _queued_row(actor, mail_id, outgoing, purpose, subject_id, customer_id)
        for mail_id, (outgoing, subject_id, customer_id) in zip(ids, mails, strict=True)
    ]
    if rows:
        db.execute(sa.insert(MailMessage), rows)
        outbox.put_many(db, actor, SEND_MAIL, [(f"mail:{mail_id}", {"mail_id": str(mail_id)}) for mail_id in ids])
    return ids


def _queued_row(
    actor: Actor,
    mail_id: UUID,
    outgoing: OutgoingMail,
    purpose: str,
    subject_id: UUID | None,
    customer_id: UUID | None,
) -> dict[str, Any]:
    return {
        "tenant_id": actor.tenant_id,
        "id": mail_id,
        "purpose": purpose,
        "subject_id": subject_id,
        "customer_id": customer_id,
        "to_address": outgoing.to_address,
        "to_name": outgoing.to_name,
        "from_name": outgoing.from_name,
        "reply_to": outgoing.reply_to,
        "subject": outgoing.subject,
        "body_text": outgoing.body_text,
        "body_html": outgoing.body_html,
        "attachments": _stored_attachments(outgoing),
        "message_id": f"<{mail_id.hex}.{actor.tenant_id.hex[-12:]}@{_domain()}>",
        "state": "queued",
        "created_at": actor.now,
    }


def rewrite_queued_mail(db: Session, tenant_id: UUID, mail_id: UUID, outgoing: OutgoingMail) -> None:
    """Replaces subject, words and attachments of a mail that still waits to be sent; its recipient stays."""
    m = MailMessage
    db.execute(
        sa.update(m)
        .where(m.tenant_id == tenant_id, m.id == mail_id, m.state == "queued")
        .values(
            subject=outgoing.subject,
            body_text=outgoing.body_text,
            body_html=outgoing.body_html,
            attachments=_stored_attachments(outgoing),
        )
    )


def _stored_attachments(outgoing: OutgoingMail) -> list[dict[str, str]]:
    return [{"file_name": each.file_name, "sha256": each.sha256} for each in outgoing.attachments]


def begin_sending(db: Session, tenant_id: UUID, mail_id: UUID) -> MailMessage | None:
    """Moves a queued mail to `sending` and returns it; None when it is in another state."""
    return db.execute(_beginning(), {"tenant": tenant_id, "mail": mail_id}).scalar_one_or_none()


@cache
def _beginning() -> sa.UpdateBase:
    m = MailMessage
    return (
        sa.update(m)
        .where(m.tenant_id == sa.bindparam("tenant"), m.id == sa.bindparam("mail"), m.state == "queued")
        .values(state="sending")
        .returning(m)
        .execution_options(populate_existing=True, synchronize_session=False)
    )


def get(db: Session, tenant_id: UUID, mail_id: UUID) -> MailMessage:
    """Returns the mail, read anew from the database."""
    return db.execute(_reading(), {"tenant": tenant_id, "mail": mail_id}).scalar_one()


@cache
def _reading() -> sa.Select[MailMessage]:
    m = MailMessage
    one = sa.select(m).where(m.tenant_id == sa.bindparam("tenant"), m.id == sa.bindparam("mail"))
    return one.execution_options(populate_existing=True)


def find(db: Session, tenant_id: UUID, mail_id: UUID) -> MailMessage | None:
    """Returns the mail, None when the tenant has none of that id."""
    m = MailMessage
    return db.execute(sa.select(m).where(m.tenant_id == tenant_id, m.id == mail_id)).scalar_one_or_none()


def queue_copy(db: Session, actor: Actor, mail: MailMessage) -> UUID:
    """Queues a mail that did not arrive once more, as it was, under a Message-ID of its own; returns the new id."""
    outgoing = OutgoingMail(
        to_address=mail.to_address,
        to_name=mail.to_name,
        subject=mail.subject,
        body_text=mail.body_text,
        body_html=mail.body_html,
        from_name=mail.from_name,
        reply_to=mail.reply_to,
        attachments=[Attachment(each["file_name"], each["sha256"]) for each in mail.attachments],
    )
    return queue_mail(
        db, actor, outgoing, purpose=mail.purpose, subject_id=mail.subject_id, customer_id=mail.customer_id
    )


def change_state(
    db: Session,
    tenant_id: UUID,
    mail_id: UUID,
    state: str,
    now: datetime,
    *,
    reason: str = "",
    from_state: str,
    address_bad: bool = False,
) -> MailMessage | None:
    """Moves a mail from `from_state` to `state` and returns it; None when it was in another state."""
    m = MailMessage
    return db.execute(
        sa.update(m)
        .where(m.tenant_id == tenant_id, m.id == mail_id, m.state == from_state)
        .values(
            state=state,
            reason=reason or None,
            sent_at=now if state == "sent" else None,
            address_bad=address_bad,
        )
        .returning(m)
        .execution_options(populate_existing=True, synchronize_session=False)
    ).scalar_one_or_none()


def redact(db: Session, tenant_id: UUID, mail_id: UUID) -> None:
    """Removes the body of a sent mail that contained a secret."""
    m = MailMessage
    db.execute(
        sa.update(m).where(m.tenant_id == tenant_id, m.id == mail_id).values(body_text="(code removed)", body_html=None)
    )


def _domain() -> str:
    """Returns the domain of the sender's address, for Message-IDs."""
    return parseaddr(settings().mail_from)[1].rpartition("@")[2] or "localhost"


def send_over_smtp(message: EmailMessage, settings: Settings) -> Outcome:
    """Makes one attempt over SMTP. A connection lost after the text was handed over gives `unknown`.

    Only a refusal of the recipient or of the text concerns this mail. A refused sender, sign-in or relay is our own
    set-up, to be corrected by an operator: `retry`, or one wrong password would fail every mail for good.
    """
    url = urlsplit(settings.smtp_url)
    try:
        text = message.as_bytes()
        parseaddr(message["To"])[1].encode("ascii")
    except UnicodeError as error:
        # No later try could write it.
        return Outcome("failed", f"the mail cannot be written: {error}")
    client: _NotingText | None = None
    try:
        client = _connect(url)
        if url.scheme == "smtp+starttls":
            client.starttls(context=ssl.create_default_context())
        if url.username:
            client.login(unquote(url.username), unquote(url.password or ""))
        refused = _envelope(client, message)
        return refused or _hand_over(client, text)
    except Exception as error:
        if client is not None and client.text_begun:
            raise
        # Nothing can have arrived before the text was sent, so a retry is safe; a wrong sign-in is our own fault.
        return Outcome("retry", f"{type(error).__name__}: {error}")
    finally:
        if client is not None:
            client.close()


def _envelope(client: smtplib.SMTP, message: EmailMessage) -> Outcome | None:
    """Sends MAIL FROM and RCPT TO; returns the refusal, None when both were accepted."""
    client.ehlo_or_helo_if_needed()
    code, raw = client.mail(parseaddr(message["From"])[1])
    if code != OK:
        return Outcome("retry", f"{code} {_decoded(raw)}")
    code, raw = client.rcpt(parseaddr(message["To"])[1])
    if code in {OK, OK_FORWARDED}:
        return None
    if _refuses_to_relay(_decoded(raw)):
        return Outcome("retry", f"{code} {_decoded(raw)}")
    refusal = _refusal(code, raw)
    return Outcome(refusal.state, refusal.reason, _names_the_address(code, refusal.reason))


def _hand_over(client: _NotingText, text: bytes) -> Outcome:
    """Sends the text. From the server's 354 on it may have arrived, whatever happens to the line."""
    try:
        code, raw = client.data(text)
    except smtplib.SMTPDataError as error:
        return _refusal(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        if not client.text_begun:
            return Outcome("retry", f"the line broke before the text: {type(error).__name__}")
        return Outcome("unknown", f"the line broke while sending: {type(error).__name__}")
    return Outcome("sent") if code == OK else _refusal(code, raw)


def _refusal(code: int, raw: bytes | str) -> Outcome:
    for_good = code >= REFUSED_FOR_GOOD and code not in OUR_OWN_FAULT
    return Outcome("failed" if for_good else "retry", f"{code} {_decoded(raw)}")


def _decoded(raw: bytes | str) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else raw


def _refuses_to_relay(text: str) -> bool:
    """Returns whether the server refuses to relay for us, whoever the recipient is."""
    return "relay" in text.lower()


def _names_the_address(code: int, text: str) -> bool:
    """Returns whether a refusal of RCPT is about the address: plain 550/551/553, not policy or relaying."""
    about_us = "5.7." in text or "policy" in text.lower() or "block" in text.lower()
    return code in {550, 551, 553} and not about_us


def address_is_bad(mail: MailMessage) -> bool:
    """Returns whether the server permanently refused the recipient's address."""
    return bool(mail.address_bad)


class _NotingText(smtplib.SMTP):
    """An SMTP client that notes whether the server has asked for the text."""

    text_begun = False

    def getreply(self) -> tuple[int, bytes]:
        code, raw = super().getreply()
        self.text_begun = self.text_begun or code == GO_ON
        return code, raw


class _NotingTextOverTls(_NotingText, smtplib.SMTP_SSL):
    """The same over TLS from the first byte on."""


def _connect(url: Any) -> _NotingText:
    if url.scheme == "smtps":
        return _NotingTextOverTls(
            url.hostname, url.port or 465, timeout=SMTP_TIMEOUT_S, context=ssl.create_default_context()
        )
    return _NotingText(url.hostname, url.port or 587, timeout=SMTP_TIMEOUT_S)


def redact_links(db: Session, tenant_id: UUID, mail_id: UUID) -> None:
    """Removes the secrets from the links of a mail in a final state; its words stay readable. Idempotent.

    A function of the database does it: its trigger on such mails allows no other change of the words.
    """
    m = MailMessage
    db.execute(
        sa.update(m)
        .where(m.tenant_id == tenant_id, m.id == mail_id)
        .values(body_text=sa.func.without_links(m.body_text), body_html=sa.func.without_links(m.body_html))
    )
