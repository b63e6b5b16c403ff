"""Writes a mail as the MIME message that is sent: equal on every attempt, with its papers in one piece each."""

from __future__ import annotations

from base64 import encodebytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from kernel import storage
from kernel.mail import MailMessage
from kernel.settings import Settings


class _WithPapers(EmailMessage):
    """A message whose attached papers are encoded in one piece: line by line they cost more than all else of a mail."""

    def __init__(self, policy: Any = None) -> None:
        super().__init__(policy or SMTP.clone(cte_type="7bit"))
        self._papers: dict[bytes, bytes] = {}

    def attach_paper(self, content: bytes, media_type: str, file_name: str) -> None:
        """Attaches a file; a mark of chance stands for it until the message is written."""
        mark, (kind, _, subtype) = uuid4().hex.encode(), media_type.partition("/")
        subtype = subtype or "octet-stream"
        self.add_attachment(mark, maintype=kind, subtype=subtype, filename=file_name, cte="7bit")
        self.get_payload()[-1].replace_header("Content-Transfer-Encoding", "base64")  # type: ignore[index, union-attr]
        self._papers[mark] = content

    def as_bytes(self, unixfrom: bool = False, policy: Any = None) -> bytes:
        """Writes the message as it is sent."""
        text = super().as_bytes(unixfrom, policy)
        for mark, content in self._papers.items():
            text = text.replace(mark, encodebytes(content).rstrip().replace(b"\n", b"\r\n"))
        return text


def compose(db: Session, mail: MailMessage, settings: Settings) -> EmailMessage:
    """Composes the MIME message, equal on every attempt (Message-ID and Date come from the row)."""
    message = _WithPapers()
    _name, address = parseaddr(settings.mail_from)
    message["From"] = formataddr((_one_line(mail.from_name) or _name, address))
    message["To"] = formataddr((_one_line(mail.to_name), mail.to_address))
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    message["Subject"] = _one_line(mail.subject)
    message["Message-ID"] = mail.message_id
    message["Date"] = format_datetime(mail.created_at)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body_text)
    if mail.body_html:
        message.add_alternative(mail.body_html, subtype="html")
    for attachment in mail.attachments:
        stored = storage.load(db, mail.tenant_id, attachment["sha256"])
        message.attach_paper(stored.content, stored.media_type, attachment["file_name"])
    return message


def _one_line(text: str) -> str:
    """Returns the text without line breaks and control characters, for a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
