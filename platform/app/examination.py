"""Examines one company: what each slice checks, the journal, files, work, mail and running numbers.

Plain SQL where it checks what code keeps, so that it does not share a mistake with it. Invariants: it only reads, with
the tenant bound in every statement; it repairs nothing. The nightly examination keeps what concerns the books; work and
mail in transit stay with `huikuan doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.slices import SLICES
from ar.ledger.closing.audit.runs import record_run
from kernel import journal
from kernel.actor import Actor
from tenants.slice import Check, NumberSeries

NAMED_MAX: Final = 5
NOT_BOOKS: Final = ("work:", "mail:")
# Each selects a name of every row that breaks its invariant.
CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "files: every file has the hash it is named by",
        """
        SELECT sha256 FROM blob WHERE tenant_id = :tenant
        AND (encode(sha256(content), 'hex') <> sha256 OR octet_length(content) <> size_bytes) ORDER BY sha256
        """,
    ),
    (
        "work: nothing was given up",
        """
        SELECT kind || ' ' || id || ': ' || left(coalesce(last_error, ''), 80) FROM outbox_message
        WHERE tenant_id = :tenant AND state = 'dead' ORDER BY id
        """,
    ),
    (
        # A mail whose work is lost would wait for ever, and nothing else would tell.
        "mail: what waits to be sent is somebody's work",
        """
        SELECT m.to_address || ' ' || m.id FROM mail_message m
        WHERE m.tenant_id = :tenant AND m.state IN ('queued', 'sending')
            AND NOT EXISTS (SELECT FROM outbox_message o WHERE o.tenant_id = :tenant AND o.kind = 'mail.send'
                AND o.state IN ('ready', 'leased') AND o.payload ->> 'mail_id' = CAST(m.id AS text))
        ORDER BY m.id
        """,
    ),
    (
        "mail: nothing was sent perhaps",
        "SELECT to_address || ' ' || id FROM mail_message WHERE tenant_id = :tenant AND state = 'unknown' ORDER BY id",
    ),
)


def examine_books(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Runs the checks and records their findings; two runs make two records."""
    checks = company_checks(db, actor.tenant_id)
    record_run(db, actor, [check for check in checks if not check.name.startswith(NOT_BOOKS)])


def company_checks(db: Session, tenant_id: UUID) -> Iterator[Check]:
    """Yields every check of one company, within the caller's transaction."""
    for each in SLICES:
        for examine in each.checks:
            yield from examine(db, tenant_id)
    yield _journal(db, tenant_id)
    for name, sql in CHECKS:
        yield named(name, list(db.execute(sa.text(sql), {"tenant": tenant_id}).scalars()))
    for each in SLICES:
        for series in each.numbers:
            yield _numbers(db, tenant_id, series)


def named(name: str, broken: list[Any]) -> Check:
    """Returns the check that holds when nothing is `broken`; else its detail names the first NAMED_MAX."""
    more = f" … ({len(broken)} in all)" if len(broken) > NAMED_MAX else ""
    return Check(name, not broken, ", ".join(map(str, broken[:NAMED_MAX])) + more)


def _journal(db: Session, tenant_id: UUID) -> Check:
    found = journal.verify(db, tenant_id)
    seen = f"{found.events} events in {found.batches} batches, {found.unsealed} not sealed yet"
    detail = seen if found.ok else f"batch {found.broken_at} does not hold"
    return Check("journal: the chain of hashes holds", found.ok, detail)


def _numbers(db: Session, tenant_id: UUID, series: NumberSeries) -> Check:
    """Checks that no number exceeds its counter, which would issue it again."""
    year = f"split_part({series.column}, '-', 2)" if "{year}" in series.counter else "''"
    prefix = series.counter.replace("{year}", "")
    kind = "AND kind = 'reversal'" if series.table == "open_item" else ""
    sql = f"""
        WITH used AS (
            SELECT {year} AS year, max(substring({series.column} FROM '[0-9]+$')::bigint) AS highest
            FROM {series.table} WHERE tenant_id = :tenant AND {series.column} LIKE :like {kind} GROUP BY 1
        )
        SELECT :prefix || u.year || ' at ' || coalesce(c.value, 0) || ', used ' || u.highest FROM used u
        LEFT JOIN tenant_counter c ON c.tenant_id = :tenant AND c.name = :prefix || u.year
        WHERE u.highest > coalesce(c.value, 0) ORDER BY 1
    """  # noqa: S608 - names of our own, from the slices' declarations
    rows = db.execute(sa.text(sql), {"tenant": tenant_id, "like": series.like, "prefix": prefix}).scalars()
    return named(f"numbers: {series.name} are counted", list(rows))
