"""Tells other slices what is held back from collection, and why.

Invariant: one statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from ar.cases.holds.queries import active_holds
from ar.cases.ladder.explain import explain_withheld
from ar.cases.rules.holds import ActiveHold


def hold_reasons(db: Session, tenant_id: UUID, today: date) -> Mapping[UUID, str]:
    """Returns id of a document or customer → why it is held on `today`, in the current language."""
    holds = active_holds(db, tenant_id, today)
    return {subject_id: _sentence(hold) for subject_id, hold in (*holds.by_customer.items(), *holds.by_item.items())}


def _sentence(hold: ActiveHold) -> str:
    until = hold.until_on.isoformat() if hold.until_on else None
    return explain_withheld(hold.code, {"reason": hold.reason, "until_on": until})
