"""The mail catcher of development: a real SMTP server on loopback that delivers into `var/mail/` only.

Invariants: it answers 250 only when the message is on disk under its final name; a name from a page can reach no file
outside that folder.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.embedded import State, free_port
from kernel.clock import utc_now
from kernel.errors import NotFound
from kernel.ids import new_id

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 33_554_432
LIST_LIMIT = 200
_NAME = re.compile(r"(\d{8}T\d{12})-(?:[0-9a-f]{8}|[0-9a-f]{32})\.eml")
_STAMP = "%Y%m%dT%H%M%S%f"
# Mail labelled with the old Chinese sets carries characters of the large one.
_LARGER_CHARSET = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030"}


@dataclass(frozen=True)
class Attachment:
    """An attached file of a caught message."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class CaughtMail:
    """One caught message. In a list `text`, `html` and `attachments` are empty."""

    name: str
    caught_at: datetime
    subject: str
    sender: str
    recipients: str
    size_bytes: int
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


def mail_dir(var_dir: Path) -> Path:
    """Returns the folder of caught mail in `var_dir`."""
    return Path(var_dir) / "mail"


def list_mail(var_dir: Path, limit: int = LIST_LIMIT) -> list[CaughtMail]:
    """Lists the newest `limit` messages, newest first, heads only."""
    folder = mail_dir(var_dir)
    names = sorted((p.name for p in folder.glob("*.eml") if _NAME.fullmatch(p.name)), reverse=True)
    return [_head(folder / name, _parse(folder / name, headers_only=True)) for name in names[:limit]]


def read_mail(var_dir: Path, name: str) -> CaughtMail:
    """Reads one message with texts and attachments. Raises NotFound, also for a malformed name."""
    path = mail_dir(var_dir) / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise NotFound("mail_not_found", name=name)
    message = _parse(path, headers_only=False)
    head = _head(path, message)
    body = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    return CaughtMail(
        name=head.name,
        caught_at=head.caught_at,
        subject=head.subject,
        sender=head.sender,
        recipients=head.recipients,
        size_bytes=head.size_bytes,
        headers=tuple((field, str(value)) for field, value in message.items()),
        text=_text(body["plain"]),
        html=_text(body["html"]),
        attachments=tuple(_attachment(part) for part in message.iter_attachments()),
    )


def _parse(path: Path, *, headers_only: bool) -> EmailMessage:
    with path.open("rb") as source:
        return BytesParser(EmailMessage, policy=policy.default).parse(source, headersonly=headers_only)


def _head(path: Path, message: EmailMessage) -> CaughtMail:
    return CaughtMail(
        name=path.name,
        caught_at=datetime.strptime(path.name.partition("-")[0], _STAMP).replace(tzinfo=UTC),
        subject=str(message.get("Subject", "")),
        sender=str(message.get("From", "")),
        recipients=", ".join(str(message[field]) for field in ("To", "Cc") if message.get(field)),
        size_bytes=path.stat().st_size,
    )


def _payload(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: MIMEPart | None) -> str:
    if part is None:
        return ""
    charset = (part.get_content_charset() or "utf-8").lower()
    try:
        return _payload(part).decode(_LARGER_CHARSET.get(charset, charset), errors="replace")
    except LookupError:
        return _payload(part).decode("utf-8", errors="replace")


def _attachment(part: MIMEPart) -> Attachment:
    content = part.as_bytes() if part.is_multipart() else _payload(part)
    # A file name of a message is somebody else's text: only its last piece may name a download.
    filename = re.split(r"[/\\]", part.get_filename() or "")[-1] or "attachment"
    return Attachment(filename, part.get_content_type(), content)


class _Keeper:
    """The handler of aiosmtpd: stores each accepted message as a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._keep, content)
        except OSError as fault:
            return f"451 the message could not be kept: {fault.strerror}"
        return "250 kept"

    def _keep(self, content: bytes) -> None:
        name = f"{utc_now():{_STAMP}}-{new_id().hex}.eml"
        building = self.folder / f".{name}.tmp"
        try:
            with building.open("xb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
            building.rename(self.folder / name)
        except OSError:
            building.unlink(missing_ok=True)
            raise
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


async def serve(var_dir: Path, port: int, ready: threading.Event, stop: asyncio.Event) -> None:
    """Catch mail on `port` until `stop`; `ready` is set once it listens. Raises OSError for a taken port."""
    keeper = _Keeper(mail_dir(var_dir))

    def session() -> SMTP:
        return SMTP(keeper, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=MAX_MESSAGE_BYTES)

    server = await asyncio.get_running_loop().create_server(session, HOST, port)
    async with server:
        ready.set()
        await stop.wait()


@contextmanager
def catching(var_dir: Path) -> Iterator[str]:
    """Runs a catcher in this process, for tests; yields its `smtp://` URL."""
    port, ready = free_port(), threading.Event()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def catch() -> None:
        stop = asyncio.Event()
        running.append((asyncio.get_running_loop(), stop))
        await serve(var_dir, port, ready, stop)

    # The whole life of the loop is in the thread, so that a caller may have a loop of its own.
    thread = threading.Thread(target=asyncio.run, args=(catch(),))
    thread.start()
    try:
        if not ready.wait(10):
            raise OSError(f"the mail catcher does not listen on port {port}")
        yield f"smtp://{HOST}:{port}"
    finally:
        for loop, stop in running:
            loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def main(argv: list[str] | None = None) -> None:
    """`python -m app.mailcatcher --var-dir var [--port N]`: catches until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--var-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, help="default: the port of last time")
    options = parser.parse_args(argv)
    options.var_dir.mkdir(parents=True, exist_ok=True)
    port = options.port or State(options.var_dir).choose_port("mail")

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(options.var_dir, port, threading.Event(), stop)

    asyncio.run(until_told())


if __name__ == "__main__":
    main()
