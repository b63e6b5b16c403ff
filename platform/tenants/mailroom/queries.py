"""Queries the e-mails in doubt, for their page and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.i18n import gettext as _
from kernel.mail import MailMessage
from kernel.views import select_view, value, views
from tenants.mailroom.purposes import declared, name_of

IN_DOUBT = "unknown"


@dataclass(frozen=True)
class MailInDoubt:
    """A mail of which nobody knows whether it arrived; `reason`: what the sender saw, `message_id`: for a log."""

    id: UUID
    purpose: str
    to_address: str
    to_name: str
    subject: str
    reason: str
    message_id: str
    created_at: datetime

    @property
    def kind(self) -> str:
        """What mails of this purpose are called, in the current language."""
        return name_of(self.purpose)

    @property
    def can_be_sent_again(self) -> bool:
        """Whether there is a way to send it again from here."""
        return declared(self.purpose).send_again is not None

    @property
    def if_lost(self) -> str:
        """What follows when it did not arrive, in the current language; empty when nothing does."""
        text = declared(self.purpose).if_lost
        return _(text) if text else ""


def in_doubt(tenant_id: Any) -> sa.Select[Any]:
    """Selects the ids of the mails in doubt; `tenant_id` is a value or a bound parameter."""
    return sa.select(MailMessage.id).where(MailMessage.tenant_id == tenant_id, MailMessage.state == IN_DOUBT)


def mails_in_doubt(db: Session, tenant_id: UUID, limit: int, offset: int = 0) -> tuple[int, list[MailInDoubt]]:
    """Returns the number of the company's mails in doubt and a page of them, the oldest first."""
    mail = MailMessage
    total = db.execute(sa.select(sa.func.count()).select_from(in_doubt(tenant_id).subquery())).scalar_one()
    rows = db.execute(
        select_view(
            MailInDoubt,
            id=value(mail.id),
            purpose=value(mail.purpose),
            to_address=value(mail.to_address),
            to_name=value(mail.to_name),
            subject=value(mail.subject),
            reason=value(sa.func.coalesce(mail.reason, "")),
            message_id=value(mail.message_id),
            created_at=value(mail.created_at),
        )
        .where(mail.tenant_id == tenant_id, mail.state == IN_DOUBT)
        .order_by(mail.id)
        .limit(limit)
        .offset(offset)
    )
    return total, views(MailInDoubt, rows)
