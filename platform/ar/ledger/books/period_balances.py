"""Balances kept with a lock: what each account had moved through its date, so that figures need not begin at the start.

May import the ledger's tables. Invariant: balances count only while no later unlocking has reached below their date;
then nothing dated by it can have changed, and a sum is the balance and what came after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class KeptBalances:
    """The balances of one lock: (account code, currency) → (debit, credit) in minor units, through `through_on`."""

    lock_id: UUID
    through_on: date
    sums: dict[tuple[str, str], tuple[int, int]]

    def of_account(self, account_code: str) -> dict[str, int]:
        """Debit less credit of one account per currency."""
        return {
            currency: debit - credit for (code, currency), (debit, credit) in self.sums.items() if code == account_code
        }


# Locks and unlocks are made one after the other under the row lock of the state, so their ids tell their order.
_VALID = sa.text(
    """
    SELECT l.id, l.through_on FROM period_lock AS l
    WHERE l.tenant_id = :tenant AND l.kind = 'lock' AND l.through_on <= :as_of AND NOT EXISTS (
        SELECT FROM period_lock AS u WHERE u.tenant_id = :tenant AND u.kind = 'unlock' AND u.id > l.id
            AND (u.through_on IS NULL OR u.through_on < l.through_on))
    ORDER BY l.through_on DESC, l.id DESC LIMIT 1
    """
)
_BEFORE = sa.text(_VALID.text.replace("l.kind = 'lock' AND", "l.kind = 'lock' AND l.id <> :lock_id AND"))
_BALANCES = sa.text(
    f"""
    SELECT l.id, l.through_on, b.account_code, b.currency, b.debit_minor, b.credit_minor FROM ({_VALID.text}) AS l
    LEFT JOIN period_balance AS b ON b.tenant_id = :tenant AND b.lock_id = l.id
    """  # noqa: S608 - our own text
)
_KEEP = sa.text(
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


def valid_balances(db: Session, tenant_id: UUID, as_of: date) -> KeptBalances | None:
    """The newest balances that hold at `as_of`; None when nothing was locked by then, or it was opened again."""
    rows = db.execute(_BALANCES, {"tenant": tenant_id, "as_of": as_of}).all()
    if not rows:
        return None
    sums = {(row.account_code, row.currency): (row.debit_minor, row.credit_minor) for row in rows if row.account_code}
    return KeptBalances(rows[0].id, rows[0].through_on, sums)


def keep_balances(db: Session, tenant_id: UUID, lock_id: UUID, through_on: date) -> None:
    """Writes the balances of a lock, from the newest that still hold; the cost follows what came after those."""
    base = db.execute(_BEFORE, {"tenant": tenant_id, "as_of": through_on, "lock_id": lock_id}).first()
    db.execute(
        _KEEP,
        {
            "tenant": tenant_id,
            "lock_id": lock_id,
            "base_id": base.id if base else None,
            "after_on": base.through_on if base else date.min,
            "through_on": through_on,
        },
    )
