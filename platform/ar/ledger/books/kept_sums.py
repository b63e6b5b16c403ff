"""What is open by day, measure and currency, from sums that are kept: cost follows days and later changes.

Invariants: the kept sums say what is open now (triggers of revision 0019 keep them in the writer's transaction); for a
day `as_of` what was allocated after it is added back and what is dated after it is taken off, so that the sums are
those of `as_of.open_minor_at`. They are of the whole company: a limited session may not use them (ADR 0035, 0039).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.as_of import DayValue, TenantValue, later_allocations_cte
from ar.ledger.models import LedgerSum, OpenItem
from ar.ledger.rules.stages import DOUBTFUL_DAYS, TRADE_KINDS
from kernel.binds import TENANT
from kernel.db import columns

OWED: Final = "owed"
CREDIT: Final = "credit"
DOUBTFUL: Final = "doubtful"
OWNED: Final = "owned"
POSTED: Final = "posted"

#: Selects by how much the kept sums are wrong: `measure`, `currency`, `day`, and what is missing (`items`, `minor`).
#: One snapshot reads both sides, and a writer changes both at once, so the answer stays true beside writers.
DIFFERENCES: Final = """
    SELECT found.measure, found.currency, found.day, found.owner_id, CAST(sum(found.items) AS bigint) AS items,
        CAST(sum(found.minor) AS bigint) AS minor
    FROM (
        SELECT m.measure, i.currency, m.day, m.owner_id, 1 AS items, i.open_minor AS minor
        FROM open_item AS i JOIN customer AS c ON c.tenant_id = :tenant AND c.id = i.customer_id
        CROSS JOIN LATERAL (VALUES
            (CASE WHEN i.side > 0 THEN 'owed' ELSE 'credit' END, i.due_on, CAST(NULL AS uuid)),
            (CASE WHEN i.side > 0 THEN 'owned' END, i.due_on, c.owner_id),
            (CASE WHEN i.kind IN ('invoice', 'debit_note', 'opening') THEN 'doubtful' END,
                greatest(i.document_on + 60, i.collection_end_on), NULL)
        ) AS m (measure, day, owner_id)
        WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND m.measure IS NOT NULL
        UNION ALL
        SELECT 'posted', p.currency, e.effective_on, NULL, 1, p.debit_minor - p.credit_minor
        FROM posting AS p JOIN entry AS e ON e.tenant_id = :tenant AND e.id = p.entry_id
        WHERE p.tenant_id = :tenant AND p.account_code = 'receivables'
        UNION ALL
        SELECT s.measure, s.currency, s.day, nullif(s.owner_id, '00000000-0000-0000-0000-000000000000'), -s.items,
            -s.minor
        FROM ledger_sum AS s WHERE s.tenant_id = :tenant
    ) AS found
    GROUP BY found.measure, found.currency, found.day, found.owner_id
    HAVING sum(found.items) <> 0 OR sum(found.minor) <> 0
"""
_PUT_RIGHT = sa.text(
    f"""
    INSERT INTO ledger_sum AS kept (tenant_id, measure, currency, day, owner_id, slot, items, minor)
    SELECT CAST(:tenant AS uuid), d.measure, d.currency, d.day,
        coalesce(d.owner_id, '00000000-0000-0000-0000-000000000000'), 0, d.items, d.minor
    FROM ({DIFFERENCES}) AS d
    ON CONFLICT (tenant_id, measure, currency, day, owner_id, slot)
        DO UPDATE SET items = kept.items + excluded.items, minor = kept.minor + excluded.minor
    RETURNING true
    """  # noqa: S608 - our own text
)


def open_sums_at(tenant_id: TenantValue, as_of: DayValue) -> sa.Subquery:
    """Returns `measure`, `currency`, `day`, `items` and `minor` of what was open on `as_of`, to be summed.

    `owed` and `credit` by due date; `doubtful` by the last day before a document is: it is one on later days.
    """
    kept = LedgerSum
    changed = _changed_since(tenant_id, as_of)
    c = changed.c
    side = sa.case((c.side > 0, OWED), else_=CREDIT)
    last_day = sa.func.greatest(c.document_on + timedelta(days=DOUBTFUL_DAYS), sa.cast(c.collection_end_on, sa.Date))
    return sa.union_all(
        sa.select(kept.measure, kept.currency, kept.day, kept.items, kept.minor).where(
            kept.tenant_id == tenant_id, kept.measure.in_([OWED, CREDIT, DOUBTFUL])
        ),
        sa.select(side, c.currency, c.due_on, c["items"], c.minor),
        sa.select(sa.literal(DOUBTFUL), c.currency, sa.cast(last_day, sa.Date), c["items"], c.minor).where(
            c.kind.in_(TRADE_KINDS)
        ),
    ).subquery("sums")


def sum_where(column: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """Returns the sum of a column of `open_sums_at` over the rows that meet the conditions; 0 where there are none."""
    return sa.cast(sa.func.coalesce(sa.func.sum(column).filter(*conditions), 0), sa.BigInteger)


def posted_sums(db: Session, tenant_id: UUID, on: date) -> dict[str, int]:
    """Returns the signed balance (minor units) of the receivables account per currency at the end of `on`."""
    rows = columns(db, _posted_sums(), {"tenant": tenant_id, "on": on})
    return {row.currency: row.minor for row in rows}


@cache
def _posted_sums() -> sa.Select[*tuple[Any, ...]]:
    kept = LedgerSum
    return (
        sa.select(kept.currency, sa.cast(sa.func.sum(kept.minor), sa.BigInteger).label("minor"))
        .where(kept.tenant_id == TENANT, kept.measure == POSTED, kept.day <= sa.bindparam("on", type_=sa.Date))
        .group_by(kept.currency)
    )


def select_owned_sums(tenant_id: TenantValue, on: DayValue) -> sa.Select[*tuple[Any, ...]]:
    """Selects by owner (`NOBODY`: none) and currency what their customers owe now: `owed_minor`, `overdue_minor`."""
    kept = LedgerSum
    owed = sum_where(kept.minor)
    return (
        sa.select(
            kept.owner_id,
            kept.currency,
            owed.label("owed_minor"),
            sum_where(kept.minor, kept.day < on).label("overdue_minor"),
        )
        .where(kept.tenant_id == tenant_id, kept.measure == OWNED)
        .group_by(kept.owner_id, kept.currency)
        .having(owed > 0)
    )


def recompute_sums(db: Session, tenant_id: UUID) -> int:
    """Adds to the kept sums what they lack against the books, whoever writes meanwhile; returns how many were wrong."""
    return len(db.execute(_PUT_RIGHT, {"tenant": tenant_id}).all())


def _changed_since(tenant_id: TenantValue, as_of: DayValue) -> sa.CTE:
    """Returns what differs between the items as they are and as they were: documents (`items`) and minor units."""
    i, later = OpenItem, later_allocations_cte(tenant_id, as_of)
    columns: tuple[Any, ...] = (i.side, i.kind, i.currency, i.due_on, i.document_on, i.collection_end_on)
    was_open = sa.case((i.open_minor + later.c.minor > 0, 1), else_=0)
    is_open = sa.case((i.open_minor > 0, 1), else_=0)
    allocated_later = (
        sa.select(*columns, (was_open - is_open).label("items"), later.c.minor.label("minor"))
        .join(later, later.c.item_id == i.id)
        .where(i.tenant_id == tenant_id, i.document_on <= as_of)
    )
    dated_later = sa.select(*columns, sa.literal(-1), -i.open_minor).where(
        i.tenant_id == tenant_id, i.open_minor > 0, i.document_on > as_of
    )
    return sa.union_all(allocated_later, dated_later).cte("changed")
