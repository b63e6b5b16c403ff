"""What a daily run looks at: items newly overdue, items open again, items whose next step has come.

May import SQLAlchemy and this slice's models. Invariant: cost follows what is new and what is due, never history;
whatever makes an item due is found (a date that comes, a late document, a payment taken back).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

#: Longer than any transaction: ids are made before their commit, so a run looks this far behind the one before.
LATE_COMMIT: Final = timedelta(hours=6)
_BEGINNING: Final = date(1, 1, 1)

# Ids travel as text and come back as one array literal: 100,000 UUID objects each way would cost more than the rest.
_CANDIDATES: Final = sa.text("""
    WITH looked_at AS (
        SELECT i.id FROM open_item AS i
        WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.due_on <= :today
            AND (i.due_on > :since OR i.id > :watermark)
            AND NOT EXISTS (
                SELECT FROM ladder_state AS s WHERE s.tenant_id = :tenant AND s.item_id = i.id AND NOT s.parked
            )
        UNION
        SELECT debit_item_id FROM allocation
        WHERE tenant_id = :tenant AND id > :watermark AND reverses_id IS NOT NULL
    )
    SELECT i.id::text, i.customer_id::text, i.currency, i.open_minor,
        CASE WHEN s.item_id IS NULL THEN 'new' ELSE 'woken' END, s.held_code,
        c.policy_code, s.policy_version_id, i.due_on, i.collection_end_on,
        coalesce(s.level_reached, 0), coalesce(s.waiting, false), s.last_delivered_on, s.deadline_on,
        coalesce(array_to_string(s.fired, ','), '')
    FROM looked_at
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = looked_at.id
    JOIN customer AS c ON c.tenant_id = :tenant AND c.id = i.customer_id
    LEFT JOIN ladder_state AS s ON s.tenant_id = :tenant AND s.item_id = i.id
    WHERE i.side = 1 AND i.open_minor > 0 AND i.due_on <= :today AND (s.item_id IS NULL OR s.parked)
    UNION ALL
    SELECT i.id::text, i.customer_id::text, i.currency, i.open_minor, 'due', s.held_code,
        NULL, s.policy_version_id, i.due_on, i.collection_end_on,
        s.level_reached, s.waiting, s.last_delivered_on, s.deadline_on, array_to_string(s.fired, ',')
    FROM ladder_state AS s
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = s.item_id
    WHERE s.tenant_id = :tenant AND s.next_on <= :today AND NOT s.parked
    UNION ALL
    SELECT NULL, NULL, NULL, 0, 'paid', NULL, NULL, NULL, NULL, NULL, 0, false, NULL, NULL, ''
    WHERE EXISTS (
        SELECT FROM action AS a
        JOIN step AS s ON s.tenant_id = :tenant AND s.action_id = a.id
        JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = s.item_id
        WHERE a.tenant_id = :tenant AND a.state IN ('proposed', 'approved') AND s.state = 'proposed'
            AND i.open_minor = 0
    )
""")
_LAST_RUN: Final = sa.text("SELECT id, run_on FROM day_run WHERE tenant_id = :tenant ORDER BY id DESC LIMIT 1")


class Found(NamedTuple):
    """`rows` of (item, customer, currency, open_minor, kind, held_code, facts…), facts from FACTS_FROM on.

    `paid`: steps of items paid meanwhile wait in the queue. Taking them out moves states, so look again after it.
    """

    rows: Sequence[Any]
    paid: bool


def candidates(db: Session, tenant_id: UUID, today: date) -> Found:
    """All that a run has to look at, in one statement beside the one that says how far the run before has looked."""
    rows = db.execute(_CANDIDATES, candidate_values(db, tenant_id, today)).all()
    return Found(rows, any(row[4] == PAID for row in rows))


def candidate_values(db: Session, tenant_id: UUID, today: date) -> dict[str, Any]:
    """The bound values of the run's SELECT: how far the run before has looked."""
    last = db.execute(_LAST_RUN, {"tenant": tenant_id}).first()
    values: dict[str, Any] = {"tenant": tenant_id, "today": today, "since": _BEGINNING, "watermark": UUID(int=0)}
    if last is not None:
        values |= {"since": last.run_on, "watermark": _behind(last.id)}
    return values


FACTS_FROM: Final = 6
#: Kinds of candidates: never on a ladder before, open again after it was cleared, its next step has come. The last
#: is no candidate but a note that something is to be taken out of the queue first.
NEW, WOKEN, DUE, PAID = "new", "woken", "due", "paid"


@dataclass(frozen=True, slots=True)
class Unapplied:
    """What of a customer's money waits to be applied, and what is overdue, in one currency."""

    credit_minor: int
    overdue_minor: int

    @property
    def covers(self) -> bool:
        """Whether applying it would leave nothing to chase."""
        return self.overdue_minor > 0 and self.credit_minor >= self.overdue_minor


_UNAPPLIED: Final = sa.text("""
    WITH credit AS (
        SELECT customer_id, currency, sum(open_minor) AS credit_minor FROM open_item
        WHERE tenant_id = :tenant AND open_minor > 0 AND side = -1 GROUP BY customer_id, currency
    )
    SELECT credit.customer_id::text, credit.currency, credit.credit_minor, sum(i.open_minor)
    FROM credit
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.customer_id = credit.customer_id
        AND i.currency = credit.currency AND i.open_minor > 0 AND i.side = 1 AND i.due_on < :today
    GROUP BY credit.customer_id, credit.currency, credit.credit_minor
""")


def unapplied_by_customer(db: Session, tenant_id: UUID, today: date) -> dict[tuple[str, str], Unapplied]:
    """Per customer and currency with credit still open: that credit, and what is overdue."""
    rows = db.execute(_UNAPPLIED, {"tenant": tenant_id, "today": today})
    return {(row[0], row[1]): Unapplied(int(row[2]), int(row[3])) for row in rows}


def _behind(run_id: UUID) -> UUID:
    """The smallest id that could have been made LATE_COMMIT before the run's own."""
    made_ms = run_id.int >> 80
    return UUID(int=max(0, made_ms - int(LATE_COMMIT.total_seconds() * 1000)) << 80)
