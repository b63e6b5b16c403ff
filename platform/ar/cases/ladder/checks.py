"""Checks that every overdue item is on a ladder.

Plain SQL, so that it shares no mistake with the code it checks. Invariant: it reads only, with the tenant bound in
every statement.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.ledger.lookups import run_check
from tenants.slice import Check

# Each check selects, as `name`, the documents that break its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        # What was posted, or opened again, shortly before the last run may have been committed after it had read, and
        # waits for the next one, which looks six hours behind (`candidates.LATE_COMMIT`). Ids tell no order of commits.
        "cases: what the last run found overdue stands on a ladder",
        """
        WITH last AS (
            SELECT run_on, started_at - interval '6 hours' AS seen_until FROM day_run WHERE tenant_id = :tenant
            ORDER BY id DESC LIMIT 1
        )
        SELECT i.document_no AS name FROM open_item i CROSS JOIN last
        WHERE i.tenant_id = :tenant AND i.side = 1 AND i.open_minor > 0 AND i.due_on < last.run_on
            AND i.recorded_at < last.seen_until
            AND NOT EXISTS (SELECT FROM ladder_state s WHERE s.tenant_id = :tenant AND s.item_id = i.id)
            AND NOT EXISTS (SELECT FROM allocation a WHERE a.tenant_id = :tenant AND a.debit_item_id = i.id
                AND a.reverses_id IS NOT NULL AND a.recorded_at >= last.seen_until)
        """,
    ),
)


def cases_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one tenant's ladders."""
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
