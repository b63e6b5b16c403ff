"""What a daily run looks at: items newly overdue, items open again, items whose next step has come.

May import SQLAlchemy and this slice's models. Invariant: cost follows what is new and what is due, never history;
whatever makes an item due is found (a date that comes, a late document, a payment taken back). Open is what is open
as of the day: money that counts only from a later date stops nothing yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.holds_rule import Unapplied

#: Longer than any transaction: ids are made before their commit, so a run looks this far behind the one before.
LATE_COMMIT: Final = timedelta(hours=6)
_BEGINNING: Final = date(1, 1, 1)

# Ids travel as text and come back as one array literal: 100,000 UUID objects each way would cost more than the rest.
_CANDIDATES: Final = sa.text("""
    WITH later AS MATERIALIZED (
        SELECT debit_item_id AS item_id, CAST(sum(amount_minor) AS bigint) AS minor FROM allocation
        WHERE tenant_id = :tenant AND effective_on > :today GROUP BY debit_item_id
    ), looked_at AS (
        SELECT i.id FROM open_item AS i
        WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.due_on <= :today
            AND (i.due_on > :since OR i.id > :watermark)
            AND NOT EXISTS (
                SELECT FROM ladder_state AS s WHERE s.tenant_id = :tenant AND s.item_id = i.id AND NOT s.parked
            )
        UNION
        SELECT debit_item_id FROM allocation
        WHERE tenant_id = :tenant AND id > :watermark AND reverses_id IS NOT NULL
        UNION
        SELECT debit_item_id FROM allocation
        WHERE tenant_id = :tenant AND effective_on > :since AND effective_on <= :today AND reverses_id IS NOT NULL
        UNION
        SELECT item_id FROM later
    )
    SELECT i.id::text, i.customer_id::text, i.currency, i.open_minor + coalesce(later.minor, 0),
        CASE WHEN s.item_id IS NULL THEN 'new' ELSE 'woken' END, s.held_code,
        c.policy_code, s.policy_version_id, i.due_on, i.collection_end_on,
        coalesce(s.level_reached, 0), coalesce(s.waiting, false), s.last_delivered_on, s.deadline_on,
        coalesce(array_to_string(s.fired, ','), '')
    FROM looked_at
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = looked_at.id
    JOIN customer AS c ON c.tenant_id = :tenant AND c.id = i.customer_id
    LEFT JOIN later ON later.item_id = i.id
    LEFT JOIN ladder_state AS s ON s.tenant_id = :tenant AND s.item_id = i.id
    WHERE i.side = 1 AND i.open_minor + coalesce(later.minor, 0) > 0 AND i.due_on <= :today
        AND (s.item_id IS NULL OR s.parked)
    UNION ALL
    SELECT i.id::text, i.customer_id::text, i.currency, i.open_minor + coalesce(later.minor, 0), 'due', s.held_code,
        NULL, s.policy_version_id, i.due_on, i.collection_end_on,
        s.level_reached, s.waiting, s.last_delivered_on, s.deadline_on, array_to_string(s.fired, ',')
    FROM ladder_state AS s
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = s.item_id
    LEFT JOIN later ON later.item_id = i.id
    WHERE s.tenant_id = :tenant AND s.next_on <= :today AND NOT s.parked
    UNION ALL
    SELECT NULL, NULL, NULL, 0, 'paid', NULL, NULL, NULL, NULL, NULL, 0, false, NULL, NULL, ''
    WHERE EXISTS (
        SELECT FROM action AS a
        JOIN step AS s ON s.tenant_id = :tenant AND s.action_id = a.id
        JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = s.item_id
        LEFT JOIN later ON later.item_id = i.id
        WHERE a.tenant_id = :tenant AND (a.state = 'proposed' OR (a.state = 'approved' AND a.form <> 'letter'))
            AND s.state = 'proposed' AND i.open_minor + coalesce(later.minor, 0) = 0
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
    rows = list(db.execute(_CANDIDATES, candidate_values(db, tenant_id, today)))
    note = next((n for n, row in enumerate(rows) if row[4] == PAID), None)
    if note is not None:
        del rows[note]
    return Found(rows, note is not None)


def candidate_values(db: Session, tenant_id: UUID, today: date) -> dict[str, Any]:
    """The bound values of the run's SELECT: how far the run before has looked."""
    last = db.execute(_LAST_RUN, {"tenant": tenant_id}).first()
    values: dict[str, Any] = {"tenant": tenant_id, "today": today, "since": _BEGINNING, "watermark": UUID(int=0)}
    if last is not None:
        values |= {"since": last.run_on, "watermark": _behind(last.id)}
    return values


def newest_run_on(db: Session, tenant_id: UUID) -> date | None:
    """The day for which the newest run (by its start) was made; None before the first."""
    last = db.execute(_LAST_RUN, {"tenant": tenant_id}).first()
    return last.run_on if last else None


FACTS_FROM: Final = 6
#: Kinds of candidates: never on a ladder before, open again after it was cleared, its next step has come. The last
#: is no candidate but a note that something is to be taken out of the queue first.
NEW, WOKEN, DUE, PAID = "new", "woken", "due", "paid"


_UNAPPLIED: Final = """
    WITH later AS MATERIALIZED (
        SELECT item_id, sum(minor) AS minor FROM (
            SELECT debit_item_id AS item_id, amount_minor AS minor FROM allocation
            WHERE tenant_id = :tenant AND effective_on > :today
            UNION ALL
            SELECT credit_item_id, amount_minor FROM allocation
            WHERE tenant_id = :tenant AND effective_on > :today
        ) AS both_sides
        GROUP BY item_id
    ), credit AS (
        SELECT i.customer_id, i.currency, sum(i.open_minor + coalesce(later.minor, 0)) AS credit_minor
        FROM (
            SELECT id, customer_id, currency, open_minor FROM open_item
            WHERE tenant_id = :tenant AND open_minor > 0 AND side = -1 AND document_on <= :today {of}
            UNION ALL
            SELECT id, customer_id, currency, open_minor FROM open_item
            WHERE tenant_id = :tenant AND cleared_on > :today AND side = -1 AND document_on <= :today {of}
        ) AS i
        LEFT JOIN later ON later.item_id = i.id
        GROUP BY i.customer_id, i.currency
    )
    SELECT credit.customer_id::text, credit.currency, credit.credit_minor,
        sum(i.open_minor + coalesce(later.minor, 0))
    FROM credit
    JOIN (
        SELECT id, customer_id, currency, open_minor FROM open_item
        WHERE tenant_id = :tenant AND open_minor > 0 AND side = 1 AND due_on < :today {of}
        UNION ALL
        SELECT id, customer_id, currency, open_minor FROM open_item
        WHERE tenant_id = :tenant AND cleared_on > :today AND side = 1 AND due_on < :today {of}
    ) AS i ON i.customer_id = credit.customer_id AND i.currency = credit.currency
    LEFT JOIN later ON later.item_id = i.id
    WHERE credit.credit_minor > 0
    GROUP BY credit.customer_id, credit.currency, credit.credit_minor
"""
_UNAPPLIED_OF_ALL: Final = sa.text(_UNAPPLIED.format(of=""))
_UNAPPLIED_OF_ONE: Final = sa.text(_UNAPPLIED.format(of="AND customer_id = :customer"))


def unapplied_by_customer(db: Session, tenant_id: UUID, today: date) -> dict[tuple[str, str], Unapplied]:
    """Per customer and currency with credit still open: that credit, and what is overdue; both as of `today`."""
    rows = db.execute(_UNAPPLIED_OF_ALL, {"tenant": tenant_id, "today": today})
    return {(row[0], row[1]): Unapplied(int(row[2]), int(row[3])) for row in rows}


def unapplied_of(db: Session, tenant_id: UUID, today: date, customer_id: UUID) -> dict[str, Unapplied]:
    """The same judgement for one customer, by currency: what a letter is held against before it leaves."""
    rows = db.execute(_UNAPPLIED_OF_ONE, {"tenant": tenant_id, "today": today, "customer": customer_id})
    return {row[1]: Unapplied(int(row[2]), int(row[3])) for row in rows}


def _behind(run_id: UUID) -> UUID:
    """The smallest id that could have been made LATE_COMMIT before the run's own."""
    made_ms = run_id.int >> 80
    return UUID(int=max(0, made_ms - int(LATE_COMMIT.total_seconds() * 1000)) << 80)
