"""The nightly examination of one company's books: runs every check on them and stores the findings.

Invariants: it repairs nothing; checks of work and mail in transit do not concern the books and stay with
`huikuan doctor`.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from app.doctor import company_lines
from ar.ledger.doctor import Check
from ar.ledger.examining import keep_run
from kernel.actor import Actor
from tenants.queries import tenant

NOT_BOOKS: Final = ("work:", "mail:")


def examine_books(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Runs the checks and stores their findings; a second run adds a second record."""
    lines = company_lines(db, tenant(db, actor.tenant_id))
    keep_run(db, actor, [Check(*line[:3]) for line in lines if not line.name.startswith(NOT_BOOKS)])
