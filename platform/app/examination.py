"""The nightly examination of one company's books: every check that reaches them, kept with what it found.

May import every slice. Invariants: it repairs nothing; what is about work and mail in transit is not about the books
and stays with `huikuan doctor`.
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
    """Runs the checks and writes down what they found; run twice, there are two records of one night."""
    lines = company_lines(db, tenant(db, actor.tenant_id))
    keep_run(db, actor, [Check(*line[:3]) for line in lines if not line.name.startswith(NOT_BOOKS)])
