"""Account balances stored with each period lock, so that figures need not add up the whole history.

Invariant: balances are in force while no later unlocking reaches below their date; nothing dated by it can have changed
then, and a sum is the balance plus the postings after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.visibility import is_limited


@dataclass(frozen=True, slots=True)
class PeriodBalances:
    """Balances of a lock: (account code, currency) → cumulative (debit, credit) minor units through `through_on`."""

    lock_id: UUID
    through_on: date
    sums: dict[tuple[str, str], tuple[int, int]]

    def of_account(self, account_code: str) -> dict[str, int]:
        """Returns debit less credit (minor units) of one account per currency."""
        return {
            currency: debit - credit for (code, currency), (debit, credit) in self.sums.items() if code == account_code
        }


# Locking and unlocking are serialised by the row lock of the state, so the ids are in order.
_IN_FORCE = sa.text(
    """
    SELECT l.id, l.through_on FROM period_lock AS l
    WHERE l.tenant_id = :tenant AND l.kind = 'lock' AND l.through_on <= :as_of AND NOT EXISTS (
        SELECT FROM period_lock AS u WHERE u.tenant_id = :tenant AND u.kind = 'unlock' AND u.id > l.id
            AND (u.through_on IS NULL OR u.through_on < l.through_on))
    ORDER BY l.through_on DESC, l.id DESC LIMIT 1
    """
)
_IN_FORCE_BEFORE = sa.text(_IN_FORCE.text.replace("l.kind = 'lock' AND", "l.kind = 'lock' AND l.id <> :lock_id AND"))
_BALANCES = sa.text(
    f"""
    SELECT l.id, l.through_on, b.account_code, b.currency, b.debit_minor, b.credit_minor FROM ({_IN_FORCE.text}) AS l
    LEFT JOIN period_balance AS b ON b.tenant_id = :tenant AND b.lock_id = l.id
    """  # noqa: S608 - our own text
)
_INSERT_BALANCES = sa.text(
    """
    INSERT INTO period_balance (tenant_id, lock_id, account_code, currency, debit_minor, credit_minor)
    SELECT CAST(:tenant AS uuid), CAST(:lock_id AS uuid), account_code, currency, CAST(sum(debit_minor) AS bigint),
        CAST(sum(credit_minor) AS bigint)
    FROM (
        SELECT account_code, currency, debit_minor, credit_minor FROM period_balance
        WHERE tenant_id = :tenant AND lock_id = CAST(:base_id AS uuid)
        UNION ALL
        SELECT p.account_code, p.currency, p.debit_minor, p.credit_minor
        FROM entry AS e JOIN posting AS p ON p.tenant_id = :tenant AND p.entry_id = e.id
        WHERE e.tenant_id = :tenant AND e.effective_on > :after_on AND e.effective_on <= :through_on
    ) AS moved
    GROUP BY account_code, currency
    ON CONFLICT DO NOTHING
    """
)


def balances_in_force(db: Session, tenant_id: UUID, as_of: date) -> PeriodBalances | None:
    """Returns the newest balances in force at `as_of`; None when nothing is locked by then or it was unlocked since.

    None also in a limited session: they are of the whole company.
    """
    if is_limited(db):
        return None
    rows = db.execute(_BALANCES, {"tenant": tenant_id, "as_of": as_of}).all()
    if not rows:
        return None
    sums = {(row.account_code, row.currency): (row.debit_minor, row.credit_minor) for row in rows if row.account_code}
    return PeriodBalances(rows[0].id, rows[0].through_on, sums)


def insert_balances(db: Session, tenant_id: UUID, lock_id: UUID, through_on: date) -> None:
    """Inserts the balances of a lock: the newest still in force plus the postings after them."""
    base = db.execute(_IN_FORCE_BEFORE, {"tenant": tenant_id, "as_of": through_on, "lock_id": lock_id}).first()
    db.execute(
        _INSERT_BALANCES,
        {
            "tenant": tenant_id,
            "lock_id": lock_id,
            "base_id": base.id if base else None,
            "after_on": base.through_on if base else date.min,
            "through_on": through_on,
        },
    )
