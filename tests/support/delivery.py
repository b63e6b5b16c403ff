"""Real SMTP and the real job function for tests: a catcher on loopback, and draining a company's outbox."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.jobs import deliver
from app.mailcatcher import CaughtMail, catching, list_mail, read_mail
from kernel import outbox, settings
from kernel.clock import utc_now
from kernel.db import transaction


@dataclass(frozen=True)
class Post:
    """The caught mail of one test."""

    folder: Path

    def all(self) -> list[CaughtMail]:
        """Returns everything caught, oldest first, with bodies and attachments."""
        return [read_mail(self.folder, mail.name) for mail in reversed(list_mail(self.folder))]

    def to(self, address: str) -> list[CaughtMail]:
        """Returns the mails that one person got."""
        return [mail for mail in self.all() if address in mail.recipients]


@contextmanager
def smtp_at(url: str) -> Iterator[None]:
    """Points this process at that mail server."""
    before = os.environ.get("SMTP_URL")
    os.environ["SMTP_URL"] = url
    settings.settings.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("SMTP_URL")
        if before is not None:
            os.environ["SMTP_URL"] = before
        settings.settings.cache_clear()


@contextmanager
def post_office(folder: Path) -> Iterator[Post]:
    """Starts a catcher that speaks real SMTP, and points this process at it."""
    with catching(folder) as url, smtp_at(url):
        yield Post(folder)


def drain(tenant_id: UUID, rounds: int = 20) -> list[str]:
    """Delivers a company's outbox until nothing is due; returns the outcome of each message."""
    outcomes: list[str] = []
    for _ in range(rounds):
        with transaction(tenant_id) as db:
            claimed = outbox.claim(db, tenant_id, utc_now())
        if not claimed:
            break
        outcomes += [deliver(str(c.tenant_id), str(c.id), str(c.fence)) for c in claimed]
    return outcomes
