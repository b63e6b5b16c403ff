"""Portal links to statements: issued for a mail, and read back from a mail that is still queued.

Invariant: the database keeps only the hash of a link's secret, so the mail that carries a link is the one place where
it can be read, until the secret is taken out of the settled mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.statements.models import Statement
from kernel import tokens
from kernel.actor import Actor
from kernel.settings import settings

PURPOSE: Final = "statement"
TOKEN_LIFE: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class EnclosedStatement:
    """A statement that goes out inside another mail: its number, the hash of its PDF, the link that answers it."""

    number: str
    pdf_sha256: str
    portal_url: str


def issue_link(db: Session, actor: Actor, statement_id: UUID, *, customer_id: UUID, contact_id: UUID) -> str:
    """Returns a new portal link for one contact, valid for TOKEN_LIFE; links issued before keep working."""
    return issue_links(db, actor, [tokens.TokenFor(statement_id, customer_id, contact_id)])[0]


def issue_links(db: Session, actor: Actor, links: Sequence[tokens.TokenFor]) -> list[str]:
    """Returns a new portal link for each, in the same order, as `issue_link` does for one."""
    issued = tokens.issue_many(db, actor, PURPOSE, links, TOKEN_LIFE)
    return [f"{_portal_root()}{text}" for _token_id, text in issued]


def enclose_statement(
    db: Session, actor: Actor, statement_id: UUID, *, customer_id: UUID, contact_id: UUID, address: str
) -> EnclosedStatement:
    """Issues a link for a mail that encloses the statement and notes `address` as its recipient if it had none."""
    s = Statement
    row = db.execute(
        sa.update(s)
        .where(s.tenant_id == actor.tenant_id, s.id == statement_id)
        .values(sent_to=sa.func.coalesce(s.sent_to, address))
        .returning(s.number, s.pdf_sha256)
    ).one()
    url = issue_link(db, actor, statement_id, customer_id=customer_id, contact_id=contact_id)
    return EnclosedStatement(number=row.number, pdf_sha256=row.pdf_sha256, portal_url=url)


def find_link(body_text: str) -> str:
    """Returns the portal link that stands on a line of its own in a mail's plain text; empty when there is none."""
    lines = (line.strip() for line in body_text.splitlines())
    return next((line for line in lines if line.startswith(_portal_root())), "")


def is_link_closed(db: Session, actor: Actor, body_text: str) -> bool:
    """Returns True when the portal link in a mail's text opens nothing any more: closed by a newer one, or expired."""
    link = find_link(body_text)
    return bool(link) and tokens.resolve(db, link.removeprefix(_portal_root()), PURPOSE, actor.now) is None


def _portal_root() -> str:
    return f"{settings().base_url}/p/"
