"""The ledger's examination: every invariant a line, what is wrong is named and never repaired.

May import the kernel's session and its own statements (`doctor_sql`) only; plain SQL on purpose, so that it does not
share a mistake with what it examines. Invariants: it reads, with the tenant bound in every statement; what is compared
is read by one statement, so that nobody who books meanwhile makes a difference appear.
"""

from __future__ import annotations

import secrets
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.closing.audit import checks_sql as sql
from tenants.slice import Check

NAMED_MAX: Final = 5


def ledger_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Examines one tenant's books; the cost follows their whole history, so this is a nightly matter.

    Two statements go over all rows and tell which of their checks may not hold; only those are asked for the rows that
    break them. What stands in two tables is compared by sums of hashes that begin with a number drawn by lot: they are
    equal when the rows are. That a difference hides has a chance of about one in 2^62, and the next night draws
    another number. All other checks are exact.
    """
    db.execute(sa.text("SET LOCAL jit = off"))
    db.execute(sa.text("SET LOCAL work_mem = '64MB'"))
    suspect = _books(db, tenant_id) | _items(db, tenant_id)
    checks = []
    for name, statement in sql.BULK:
        checks.append(run_check(db, tenant_id, name, statement) if name in suspect else Check(name, True, ""))
    checks.extend(run_check(db, tenant_id, name, statement) for name, statement in sql.SINGLE)
    return checks


def run_check(db: Session, tenant_id: UUID, name: str, statement: str) -> Check:
    """One check by a statement that selects, as `name`, what breaks it."""
    limited = f"SELECT name, count(*) OVER () AS total FROM ({statement}) AS broken ORDER BY name LIMIT :most"  # noqa: S608
    rows = db.execute(sa.text(limited), {"tenant": tenant_id, "most": NAMED_MAX}).all()
    if not rows:
        return Check(name, True, "")
    more = f" … ({rows[0].total} in all)" if rows[0].total > NAMED_MAX else ""
    return Check(name, False, ", ".join(row.name for row in rows) + more)


def _books(db: Session, tenant_id: UUID) -> set[str]:
    """Which checks over entries, postings, items and allocations are to be asked for their rows."""
    row = db.execute(sql.BOOKS, {"tenant": tenant_id, "seed": secrets.randbits(62)}).one()
    suspect = set()
    same = row.owed == row.owed_by_items and row.documents == row.documents_by_items
    if row.balance or row.bare or not same:
        suspect.add(sql.BALANCED)
    if not same:
        suspect |= {sql.STANDING, sql.NOTHING_ELSE}
    if row.paid != row.paid_by_items:
        suspect.add(sql.OPEN)
    if row.parts:
        suspect.add(sql.PARTS)  # not wrong, but there: looked at one by one
    if row.cleared_odd:
        suspect.add(sql.CLEARED)
    if row.whole_wrong:
        suspect.add(sql.WHOLE)
    return suspect


def _items(db: Session, tenant_id: UUID) -> set[str]:
    """The same for the days of items and of their allocations."""
    row = db.execute(sql.ITEMS, {"tenant": tenant_id}).one()
    found = {
        sql.CLEARED: row.cleared_wrong,
        sql.JOINED: row.joined_wrong,
    }
    return {name for name, count in found.items() if count}
