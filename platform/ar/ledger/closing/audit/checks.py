"""Examines the ledger's invariants: one check each, which names the rows that break it and repairs nothing.

Plain SQL, so that it does not share a mistake with the code it examines. Invariants: it only reads, with the tenant
bound in every statement; figures to compare are selected by one statement, so that concurrent postings cause no false
difference.
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
    """Runs the ledger's checks for one tenant; cost follows the whole history, so they run nightly.

    Two statements scan all rows and tell which checks may fail; only those select the rows that break them. Rows of two
    tables are compared by sums of hashes with a random seed, which are equal when the rows are. A difference stays
    hidden with a chance of about one in 2^62, and the next night uses another seed. All other checks are exact.
    """
    db.execute(sa.text("SET LOCAL jit = off"))
    db.execute(sa.text("SET LOCAL work_mem = '64MB'"))
    suspect = _suspects_by_sums(db, tenant_id) | _suspects_by_dates(db, tenant_id)
    checks = []
    for name, statement in sql.BULK:
        checks.append(run_check(db, tenant_id, name, statement) if name in suspect else Check(name, True, ""))
    checks.extend(run_check(db, tenant_id, name, statement) for name, statement in sql.SINGLE)
    # Sums of rows that are wrong themselves are not compared: those are put right first.
    sound = all(check.ok for check in checks)
    kept = run_check(db, tenant_id, sql.KEPT_SUMS, sql.KEPT_SUMS_WRONG) if sound else Check(sql.KEPT_SUMS, True, "")
    return [*checks, kept]


def run_check(db: Session, tenant_id: UUID, name: str, statement: str) -> Check:
    """Runs one check by a statement that selects, as `name`, the rows that break it; names NAMED_MAX of them."""
    limited = f"SELECT name, count(*) OVER () AS total FROM ({statement}) AS broken ORDER BY name LIMIT :most"  # noqa: S608
    rows = db.execute(sa.text(limited), {"tenant": tenant_id, "most": NAMED_MAX}).all()
    if not rows:
        return Check(name, True, "")
    more = f" … ({rows[0].total} in all)" if rows[0].total > NAMED_MAX else ""
    return Check(name, False, ", ".join(row.name for row in rows) + more)


def _suspects_by_sums(db: Session, tenant_id: UUID) -> set[str]:
    """Returns the checks that may fail by the sums over entries, postings, items and allocations."""
    row = db.execute(sql.SUMS, {"tenant": tenant_id, "seed": secrets.randbits(62)}).one()
    suspect = set()
    same = row.owed == row.owed_by_items and row.documents == row.documents_by_items
    if row.balance or row.bare or not same:
        suspect.add(sql.ENTRIES_BALANCE)
    if not same:
        suspect |= {sql.ITEMS_POSTED, sql.ONLY_ITEMS_POSTED}
    if row.paid != row.paid_by_items:
        suspect.add(sql.OPEN_AMOUNTS)
    if row.parts:
        suspect.add(sql.INSTALMENTS)  # not wrong, but present: checked row by row
    if row.cleared_odd:
        suspect.add(sql.CLEARED_DATES)
    if row.whole_wrong:
        suspect.add(sql.DOCUMENT_FIELDS)
    return suspect


def _suspects_by_dates(db: Session, tenant_id: UUID) -> set[str]:
    """Returns the checks that may fail by the dates of items and of their allocations."""
    row = db.execute(sql.DATES, {"tenant": tenant_id}).one()
    counts = {sql.CLEARED_DATES: row.cleared_wrong, sql.ALLOCATION_SIDES: row.joined_wrong}
    return {name for name, count in counts.items() if count}
