"""The books at size: aging over a long history, the examination of a million entries, and how both grow.

May import bench.books, the ledger and the reports. Invariant: floor and product read the same rows as the same role.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from ar.ledger.closing.audit.checks import ledger_checks
from ar.reports.aging.queries import aging_report
from bench.books import stage_books
from bench.measure import Result, alternate, timed, watching
from bench.stage import TODAY, Stage, session_of
from kernel.db import engine

ROUNDS = 5
DOCUMENTS, OPEN = 300_000, 30_000
SIZES = (10_000, 100_000, 1_000_000)
EXAMINED = 1_000_000
#: Only what was open at the day is touched: the best plain SQL we know, with the same indexes at hand.
PRUNED = """
    WITH later AS (
        SELECT item_id, sum(amount_minor) AS minor FROM (
            SELECT debit_item_id AS item_id, amount_minor FROM allocation
            WHERE tenant_id = %(tenant)s AND effective_on > %(day)s
            UNION ALL
            SELECT credit_item_id, amount_minor FROM allocation
            WHERE tenant_id = %(tenant)s AND effective_on > %(day)s
        ) AS both_sides GROUP BY item_id
    )
    SELECT c.number, x.currency,
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late <= 0),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late BETWEEN 1 AND 30),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late BETWEEN 31 AND 60),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late BETWEEN 61 AND 90),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late > 90),
        sum(x.left_minor) FILTER (WHERE x.side = -1)
    FROM (
        SELECT i.customer_id, i.currency, i.side, %(day)s::date - i.due_on AS late,
            i.open_minor + coalesce(l.minor, 0) AS left_minor
        FROM open_item i LEFT JOIN later l ON l.item_id = i.id
        WHERE i.tenant_id = %(tenant)s AND i.document_on <= %(day)s
            AND (i.cleared_on IS NULL OR i.cleared_on > %(day)s)
    ) AS x JOIN customer c ON c.tenant_id = %(tenant)s AND c.id = x.customer_id
    WHERE x.left_minor <> 0
    GROUP BY c.number, x.currency ORDER BY c.number, x.currency
"""
#: Every row of the tables that the examination is about, read once, one after the other.
READ = (
    "SELECT count(*), max(effective_on) FROM entry WHERE tenant_id = %(tenant)s",
    "SELECT count(*), sum(debit_minor), sum(credit_minor) FROM posting WHERE tenant_id = %(tenant)s",
    "SELECT count(*), sum(amount_minor), sum(open_minor) FROM open_item WHERE tenant_id = %(tenant)s",
    "SELECT count(*), sum(amount_minor) FROM allocation WHERE tenant_id = %(tenant)s",
)


def aging(url: str, _items: int) -> list[Result]:
    """300,000 documents of which 30,000 are open, as of three days."""
    stage = stage_books(url, DOCUMENTS, OPEN)
    found: list[Result] = []
    for back in (0, 60, 365):
        found.extend(_aged(stage, TODAY - timedelta(days=back), f"{DOCUMENTS:,} documents, {back} days ago", 1.5))
    return found


def _aged(stage: Stage, day: date, what: str, limit: float | None) -> list[Result]:
    values = {"tenant": stage.tenant_id, "day": day}
    report: dict[str, Any] = {}

    def product() -> float:
        with session_of(stage) as db, watching(engine()) as tally:
            spent = timed(lambda: report.update(got=aging_report(db, stage.tenant_id, day, tie_out=False)))()
            report.update(count=tally.count, python_ms=(spent - tally.database_s) * 1000)
        return spent

    def tied() -> float:
        with session_of(stage) as db:
            return timed(lambda: report.update(tied=aging_report(db, stage.tenant_id, day)))()

    def floor() -> float:
        with session_of(stage) as db:
            connection: Any = db.connection().connection.driver_connection
            return timed(lambda: report.update(floor=connection.execute(PRUNED, values).fetchall()))()

    floor_ms, product_ms, tied_ms = alternate(ROUNDS, floor, product, tied)
    rows = [(row.customer_no, row.currency, *row.buckets_minor, row.unapplied_minor) for row in report["got"].rows]
    assert rows == [(no, currency, *(int(m or 0) for m in sums)) for no, currency, *sums in report["floor"]], "differs"
    assert all(tie.ok for tie in report["tied"].tie_out), "does not tie"
    count, python_ms = report["count"], report["python_ms"]
    return [
        Result(f"ledger_aging {what}", f"aging, {what}", floor_ms, product_ms, limit, count, python_ms),
        Result(f"ledger_aging_tie {what}", "  with the tie-out to the postings", floor_ms, tied_ms, None, count + 1),
    ]


def examination(url: str, _items: int) -> list[Result]:
    """The nightly examination at three sizes against one sequential read of its tables, and the aging beside it."""
    found: list[Result] = []
    for size in SIZES:
        still_open = min(OPEN, size // 2)
        stage = stage_books(url, size, still_open)
        found.append(_examined(stage, size))
        found.extend(_aged(stage, TODAY, f"{size:,} entries, {still_open:,} open", None))
    return found


def _examined(stage: Stage, size: int) -> Result:
    def product() -> float:
        with session_of(stage) as db:
            checks: list[Any] = []
            spent = timed(lambda: checks.extend(ledger_checks(db, stage.tenant_id)))()
            assert all(check.ok for check in checks), [check for check in checks if not check.ok]
            return spent

    def floor() -> float:
        with session_of(stage) as db:
            db.execute(sa.text("SET LOCAL max_parallel_workers_per_gather = 0"))
            db.execute(sa.text("SET LOCAL enable_indexscan = off"))
            db.execute(sa.text("SET LOCAL enable_indexonlyscan = off"))
            db.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
            connection: Any = db.connection().connection.driver_connection
            return timed(lambda: [connection.execute(read, {"tenant": stage.tenant_id}).fetchall() for read in READ])()

    floor_ms, product_ms = alternate(3, floor, product)
    limit = 5.0 if size == EXAMINED else None
    return Result(f"doctor_{size}", f"examination of {size:,} entries", floor_ms, product_ms, limit)
