"""Says whether a customer may have credit at all: the file is complete, and it is on no blacklist (R025, R079).

Invariant: asked when a limit is asked for and again when it is granted.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from ar.customers.lookups import blacklisted_since, file_gaps, gap_sentences
from kernel.actor import Actor
from kernel.errors import RuleBroken


def require_credit_allowed(db: Session, actor: Actor, customer_id: UUID) -> None:
    """Raises RuleBroken(`limit_blacklisted`, `limit_file_gaps`) for a customer who may have no credit."""
    since = blacklisted_since(db, actor.tenant_id, [customer_id], actor.timezone).get(customer_id)
    if since is not None:
        raise RuleBroken("limit_blacklisted", since=since.isoformat())
    gaps = file_gaps(db, actor.tenant_id, [customer_id], actor.today).get(customer_id)
    if gaps:
        raise RuleBroken("limit_file_gaps", gaps="; ".join(gap_sentences(gaps)))
