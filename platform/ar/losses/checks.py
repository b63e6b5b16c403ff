"""Examines losses: written-off debts against the memorandum account, provision runs against their entries.

Plain SQL, so that it does not share a mistake with the code it examines. Invariant: it only reads, with the tenant
bound in every statement.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.lookups import run_check
from tenants.slice import Check

_UNREVERSED: Final = "NOT EXISTS (SELECT FROM open_item m WHERE m.tenant_id = :tenant AND m.reverses_id = {item})"
_CASES: Final = f"""
    SELECT currency, sum(minor) AS minor FROM (
        SELECT b.currency, b.amount_minor AS minor FROM bad_debt_credit b
        WHERE b.tenant_id = :tenant AND {_UNREVERSED.format(item="b.item_id")}
        UNION ALL
        SELECT r.currency, -r.amount_minor FROM bad_debt_recovery r
        WHERE r.tenant_id = :tenant AND {_UNREVERSED.format(item="r.recovery_item_id")}
    ) AS cases GROUP BY currency
"""  # noqa: S608 - texts of our own
# Each check selects, as `name`, what breaks its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "losses: the memorandum account is what was written off less what came back",
        f"""
        SELECT coalesce(p.currency, c.currency) || ' ' || coalesce(p.minor, 0) || ' <> ' || coalesce(c.minor, 0) AS name
        FROM (
            SELECT currency, sum(debit_minor - credit_minor) AS minor FROM posting
            WHERE tenant_id = :tenant AND account_code = 'written_off' GROUP BY currency
        ) AS p
        FULL JOIN ({_CASES}) AS c ON c.currency = p.currency
        WHERE coalesce(p.minor, 0) <> coalesce(c.minor, 0)
        """,  # noqa: S608 - texts of our own
    ),
    (
        "losses: no case has recovered more than it wrote off",
        f"""
        SELECT k.number AS name FROM bad_debt_case k JOIN (
            SELECT r.case_id, r.currency, sum(r.amount_minor) AS minor FROM bad_debt_recovery r
            WHERE r.tenant_id = :tenant AND {_UNREVERSED.format(item="r.recovery_item_id")}
            GROUP BY r.case_id, r.currency
        ) AS back ON back.case_id = k.id
        LEFT JOIN bad_debt_credit b ON b.tenant_id = :tenant AND b.case_id = k.id AND b.currency = back.currency
            AND {_UNREVERSED.format(item="b.item_id")}
        WHERE k.tenant_id = :tenant AND back.minor > coalesce(b.amount_minor, 0)
        """,  # noqa: S608 - texts of our own
    ),
    (
        "losses: each case booked what its lines say, exactly while it is written off",
        f"""
        SELECT k.number AS name FROM bad_debt_case k
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(i.amount_minor), 0) AS minor, coalesce(sum(i.open_minor), 0) AS open_minor
            FROM bad_debt_credit b JOIN open_item i ON i.tenant_id = :tenant AND i.id = b.item_id
            WHERE b.tenant_id = :tenant AND b.case_id = k.id AND {_UNREVERSED.format(item="b.item_id")}
        ) AS booked ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(n.amount_minor), 0) AS minor FROM bad_debt_line n
            WHERE n.tenant_id = :tenant AND n.case_id = k.id
        ) AS said ON true
        WHERE k.tenant_id = :tenant AND (booked.open_minor <> 0
            OR booked.minor <> CASE WHEN k.state = 'written_off' THEN said.minor ELSE 0 END)
        """,  # noqa: S608 - texts of our own
    ),
    (
        "losses: each provision run booked the difference it shows",
        """
        SELECT r.number AS name FROM provision_run r
        LEFT JOIN (
            SELECT entry_id, currency, sum(credit_minor - debit_minor) AS minor FROM posting
            WHERE tenant_id = :tenant AND account_code = 'allowance' GROUP BY entry_id, currency
        ) AS p ON p.entry_id = r.entry_id AND p.currency = r.currency
        WHERE r.tenant_id = :tenant AND (coalesce(p.minor, 0) <> r.charge_minor OR EXISTS (
            SELECT FROM provision_reversal v LEFT JOIN entry e ON e.tenant_id = :tenant AND e.id = v.entry_id
            WHERE v.tenant_id = :tenant AND v.run_id = r.id AND e.reverses_id IS DISTINCT FROM r.entry_id))
        """,
    ),
    (
        "losses: every provision entry is of a run",
        """
        SELECT e.effective_on::text || ' ' || e.id AS name FROM entry e
        WHERE e.tenant_id = :tenant AND e.kind = 'provision'
            AND NOT EXISTS (SELECT FROM provision_run r WHERE r.tenant_id = :tenant AND r.entry_id = e.id)
        """,
    ),
)


def losses_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one tenant's losses; reads their whole history, so it runs nightly."""
    db.execute(sa.text("SET LOCAL jit = off"))
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
