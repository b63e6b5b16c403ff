"""Opens a portal link: from the token's text to the statement and the answer that the debtor's pages show.

Invariants: a link that does not open gives None, whatever the reason; the token alone decides tenant and statement;
read only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ar.statements import lookups as statements
from ar.statements.lookups import PURPOSE, AnswerView, LineView, Sender, StatementView, active_contact, mask_address
from kernel import tokens
from kernel.actor import Actor
from kernel.clock import local_date
from kernel.db import TenantSession, enter_tenant
from tenants.queries import tenant


@dataclass(frozen=True, slots=True)
class Link:
    """An open link: the debtor as actor, the frozen statement, its sender, and the answer if there is one."""

    text: str
    token: tokens.TokenFacts
    actor: Actor
    statement: StatementView
    sender: Sender
    masked_address: str
    answer: AnswerView | None

    def our_lines(self) -> Mapping[str, LineView]:
        """Returns our open lines by the text of their ids; numbers repeat over kinds of documents."""
        return {str(line.id): line for line in self.statement.open_items}


def open_link(db: TenantSession, text: str, now: datetime) -> Link | None:
    """Returns the link of a valid token, else None.

    Not valid is a malformed, unknown, expired, revoked or foreign token, and one of a superseded statement, a suspended
    company or an inactive contact.
    """
    tenant_id = tokens.tenant_of(text)
    if tenant_id is None:
        return None
    enter_tenant(db, tenant_id)
    token = tokens.resolve(db, text, PURPOSE, now)
    if token is None:
        return None
    company = tenant(db, tenant_id)
    if company.state != "active":
        return None
    today = local_date(now, company.timezone)
    view = statements.statement_view(db, tenant_id, token.subject_id, today)
    link_contact = active_contact(db, token)
    if view.superseded_at is not None or link_contact is None:
        return None
    contact = link_contact.reachable
    return Link(
        text=text,
        token=token,
        actor=Actor(
            tenant_id,
            "debtor",
            contact.name if contact else view.customer_name,
            now,
            today,
            company.timezone,
            view.language,
        ),
        statement=view,
        sender=statements.sender(db, tenant_id),
        masked_address=mask_address(contact.email) if contact else "",
        answer=statements.find_answer(db, tenant_id, token.subject_id),
    )
