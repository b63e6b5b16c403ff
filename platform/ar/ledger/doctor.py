"""The ledger's examination: every invariant a line, what is wrong is named and never repaired.

May import the kernel's session only; plain SQL on purpose, so that it does not share a mistake with what it
examines. Invariant: it reads, with the tenant bound in every statement.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

NAMED_MAX: Final = 5


class Check(NamedTuple):
    """One line: what was examined, whether it holds, and which rows break it."""

    name: str
    ok: bool
    detail: str


# Around each check: both sides of every allocation at hand, a few names, and how many there are in all.
_AROUND: Final = """
    WITH sides AS (
        SELECT debit_item_id AS item_id, amount_minor, effective_on FROM allocation WHERE tenant_id = :tenant
        UNION ALL
        SELECT credit_item_id, amount_minor, effective_on FROM allocation WHERE tenant_id = :tenant
    ), broken AS (
        -- check
    )
    SELECT name, count(*) OVER () AS total FROM broken ORDER BY name LIMIT :most
"""
# Each check selects, as `name`, the rows that break its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "ledger: every entry balances",
        """
        SELECT 'entry ' || entry_id AS name FROM posting
        WHERE tenant_id = :tenant GROUP BY entry_id, currency HAVING sum(debit_minor) <> sum(credit_minor)
        UNION ALL
        SELECT 'entry ' || e.id FROM entry e
        LEFT JOIN posting p ON p.tenant_id = :tenant AND p.entry_id = e.id
        WHERE e.tenant_id = :tenant AND p.id IS NULL
        """,
    ),
    (
        "ledger: open amounts equal amounts less allocations",
        """
        SELECT i.document_no AS name FROM open_item i
        LEFT JOIN (SELECT item_id, sum(amount_minor) AS paid FROM sides GROUP BY item_id) AS a
            ON a.item_id = i.id
        WHERE i.tenant_id = :tenant AND i.open_minor <> i.amount_minor - coalesce(a.paid, 0)
        """,
    ),
    (
        "ledger: cleared dates equal the last allocation's",
        """
        SELECT i.document_no AS name FROM open_item i
        LEFT JOIN (
            SELECT item_id, sum(amount_minor) AS paid, max(effective_on) AS last_on FROM sides
            GROUP BY item_id
        ) AS a ON a.item_id = i.id
        WHERE i.tenant_id = :tenant AND i.cleared_on IS DISTINCT FROM
            CASE WHEN i.amount_minor = coalesce(a.paid, 0) THEN a.last_on END
        """,
    ),
    (
        "ledger: each item stands in the receivables account",
        """
        SELECT i.document_no AS name FROM open_item i
        LEFT JOIN (
            SELECT entry_id, customer_id, currency, sum(debit_minor - credit_minor) AS minor FROM posting
            WHERE tenant_id = :tenant AND account_code = 'receivables' GROUP BY entry_id, customer_id, currency
        ) AS p ON p.entry_id = i.entry_id AND p.customer_id = i.customer_id AND p.currency = i.currency
        LEFT JOIN entry e ON e.tenant_id = :tenant AND e.id = i.entry_id
        LEFT JOIN (
            SELECT entry_id, sum(side * amount_minor) AS minor FROM open_item
            WHERE tenant_id = :tenant AND instalment_no > 0 GROUP BY entry_id
        ) AS parts ON parts.entry_id = i.entry_id
        WHERE i.tenant_id = :tenant AND (p.minor IS DISTINCT FROM coalesce(parts.minor, i.side * i.amount_minor)
            OR e.effective_on IS DISTINCT FROM i.document_on)
        """,
    ),
    (
        "ledger: the receivables account holds nothing but items",
        """
        SELECT p.currency || ' ' || p.id AS name FROM posting p
        LEFT JOIN open_item i ON i.tenant_id = :tenant AND i.entry_id = p.entry_id
        WHERE p.tenant_id = :tenant AND p.account_code = 'receivables' AND i.id IS NULL
        """,
    ),
    (
        "ledger: allocations join a debt and a credit, not before either",
        """
        SELECT d.document_no || ' / ' || c.document_no AS name FROM allocation a
        JOIN open_item d ON d.tenant_id = :tenant AND d.id = a.debit_item_id
        JOIN open_item c ON c.tenant_id = :tenant AND c.id = a.credit_item_id
        WHERE a.tenant_id = :tenant AND (d.side <> 1 OR c.side <> -1 OR a.effective_on < d.document_on
            OR a.effective_on < c.document_on)
        """,
    ),
    (
        "ledger: no item over-allocated as of any date",
        """
        SELECT i.document_no AS name FROM open_item i
        JOIN (
            SELECT item_id, max(paid) AS most, min(paid) AS least FROM (
                SELECT item_id, sum(sum(amount_minor)) OVER (PARTITION BY item_id ORDER BY effective_on) AS paid
                FROM sides GROUP BY item_id, effective_on
            ) AS running GROUP BY item_id
        ) AS a ON a.item_id = i.id
        WHERE i.tenant_id = :tenant AND (a.most > i.amount_minor OR a.least < 0)
        """,
    ),
    (
        "ledger: a reversal mirrors its document",
        """
        SELECT r.document_no AS name FROM open_item r
        JOIN open_item o ON o.tenant_id = :tenant AND o.id = r.reverses_id
        LEFT JOIN entry e ON e.tenant_id = :tenant AND e.id = r.entry_id
        WHERE r.tenant_id = :tenant AND (r.side <> -o.side OR r.amount_minor <> o.amount_minor
            OR r.currency <> o.currency OR e.reverses_id IS DISTINCT FROM o.entry_id)
        """,
    ),
)


def ledger_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Examines one tenant's books; the cost follows their whole history, so this is a nightly matter."""
    return [_examine(db, tenant_id, name, sql) for name, sql in _CHECKS]


def _examine(db: Session, tenant_id: UUID, name: str, sql: str) -> Check:
    statement = sa.text(_AROUND.replace("-- check", sql))
    rows = db.execute(statement, {"tenant": tenant_id, "most": NAMED_MAX}).all()
    if not rows:
        return Check(name, True, "")
    more = f" … ({rows[0].total} in all)" if rows[0].total > NAMED_MAX else ""
    return Check(name, False, ", ".join(row.name for row in rows) + more)
