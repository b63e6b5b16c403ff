"""Opening a link: from the token's text to everything the debtor's pages show, or to nothing at all.

May import statements' reads, tenants' reads and the kernel. Invariants: every reason why a link does not open looks
the same (None); the token alone decides tenant and statement; nothing here writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ar.statements import lookups as statements
from ar.statements.lookups import PURPOSE, AnswerView, LineView, Sender, StatementView, active_contact, masked
from kernel import tokens
from kernel.actor import Actor
from kernel.clock import local_date
from kernel.db import TenantSession, enter_tenant
from tenants.queries import tenant


@dataclass(frozen=True, slots=True)
class Link:
    """What an open link gives: the debtor as actor, the frozen statement, who asks, and the answer if there is one."""

    text: str
    token: tokens.TokenFacts
    actor: Actor
    statement: StatementView
    sender: Sender
    masked_address: str
    answer: AnswerView | None

    def ours(self) -> Mapping[str, LineView]:
        """Our open lines by their ids: numbers repeat over kinds of documents."""
        return {str(line.id): line for line in self.statement.open_items}


def open_link(db: TenantSession, text: str, now: datetime) -> Link | None:
    """The link of a valid token; None for a malformed, unknown, expired, revoked, superseded or foreign one, for those
    of a company that is suspended and for those of a contact who was taken out of use."""
    tenant_id = tokens.tenant_of(text)
    if tenant_id is None:
        return None
    enter_tenant(db, tenant_id)
    token = tokens.resolve(db, text, PURPOSE, now)
    if token is None:
        return None
    facts = tenant(db, tenant_id)
    if facts.state != "active":
        return None
    today = local_date(now, facts.timezone)
    view = statements.statement_view(db, tenant_id, token.subject_id, today)
    known = active_contact(db, token)
    if view.superseded_at is not None or known is None:
        return None
    contact = known.reachable
    return Link(
        text=text,
        token=token,
        actor=Actor(
            tenant_id,
            "debtor",
            contact.name if contact else view.customer_name,
            now,
            today,
            facts.timezone,
            view.language,
        ),
        statement=view,
        sender=statements.sender(db, tenant_id),
        masked_address=masked(contact.email) if contact else "",
        answer=statements.answer(db, tenant_id, token.subject_id),
    )
