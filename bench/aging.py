"""The aging of all customers, today and sixty days ago, against plain SQL over amounts and allocations.

May import the stage and ar.reports. Invariant: floor and product give the same numbers, or the run stops.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg

from ar.reports.aging.queries import aging_report
from bench.measure import Result, alternate, timed, watching
from bench.stage import TODAY, session_of, stage_items
from kernel.db import engine

ROUNDS = 5
#: Straight from the definitions: what of each document was not allocated by the day, by customer, currency and age.
FLOOR = """
    SELECT c.number, x.currency,
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late <= 0),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late BETWEEN 1 AND 30),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late BETWEEN 31 AND 60),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late BETWEEN 61 AND 90),
        sum(x.left_minor) FILTER (WHERE x.side = 1 AND x.late > 90),
        sum(x.left_minor) FILTER (WHERE x.side = -1)
    FROM (
        SELECT i.customer_id, i.currency, i.side, %(day)s::date - i.due_on AS late,
            i.amount_minor - coalesce(a.paid_minor, 0) AS left_minor
        FROM open_item i LEFT JOIN (
            SELECT item_id, sum(amount_minor) AS paid_minor FROM (
                SELECT debit_item_id AS item_id, amount_minor FROM allocation
                WHERE tenant_id = %(tenant)s AND effective_on <= %(day)s
                UNION ALL
                SELECT credit_item_id, amount_minor FROM allocation
                WHERE tenant_id = %(tenant)s AND effective_on <= %(day)s
            ) AS both_sides GROUP BY item_id
        ) AS a ON a.item_id = i.id
        WHERE i.tenant_id = %(tenant)s AND i.document_on <= %(day)s
    ) AS x JOIN customer c ON c.tenant_id = %(tenant)s AND c.id = x.customer_id
    WHERE x.left_minor <> 0
    GROUP BY c.number, x.currency ORDER BY c.number, x.currency
"""


def run(url: str, items: int) -> list[Result]:
    """Two dates; the floor as the app's role inside the tenant, and for information without row-level security."""
    stage = stage_items(url, items)
    found = []
    for name, day in (("aging_today", TODAY), ("aging_past", TODAY - timedelta(days=60))):
        found.extend(_one(url, stage, name, day))
    return found


def _one(url: str, stage: Any, name: str, day: date) -> list[Result]:
    values = {"tenant": stage.tenant_id, "day": day}
    report: dict[str, Any] = {}

    def product(tie_out: bool) -> Any:
        def work() -> float:
            with session_of(stage) as db, watching(engine()) as tally:
                spent = timed(lambda: report.update(got=aging_report(db, stage.tenant_id, day, tie_out=tie_out)))()
                report["tally"] = tally
                report["python_ms"] = (spent - tally.database_s) * 1000
            return spent

        return work

    def floor() -> float:
        with session_of(stage) as db:
            connection: Any = db.connection().connection.driver_connection
            return timed(lambda: report.update(floor=connection.execute(FLOOR, values).fetchall()))()

    def without_rls() -> float:
        with psycopg.connect(url, prepare_threshold=None) as owner:
            return timed(lambda: owner.execute(FLOOR, values).fetchall())()

    floor_ms, owner_ms, whole_ms, product_ms = alternate(ROUNDS, floor, without_rls, product(True), product(False))
    rows = [(row.customer_no, row.currency, *row.buckets_minor, row.unapplied_minor) for row in report["got"].rows]
    assert rows == [(no, currency, *(int(m or 0) for m in sums)) for no, currency, *sums in report["floor"]], "differs"
    what = "today" if day == TODAY else "60 days ago"
    count, python_ms = report["tally"].count, report["python_ms"]
    return [
        Result(name, f"aging of all customers, {what}", floor_ms, product_ms, 1.5, count, python_ms),
        Result(f"{name}_owner", "  against the floor without row-level security", owner_ms, product_ms, None),
        Result(f"{name}_tie", "  with the tie-out to the postings", floor_ms, whole_ms, None, count + 1),
    ]
