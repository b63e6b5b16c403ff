"""The daily run: everything moves one step, and nothing is due.

May import the stage and ar.cases. Invariant: floor and product do their writes in a transaction that is rolled back,
on the same rows, as the app's role in the same tenant; the tables are vacuumed before each turn.
"""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter
from typing import Any

import sqlalchemy as sa

from ar.cases.commands import run_day
from ar.cases.ladder import candidates as candidate_queries
from bench.measure import Result, alternate, timed, watching
from bench.stage import TODAY, analyze, session_of, stage_items, stage_ladder
from kernel.db import engine

ROUNDS = 5
IDLE_TURNS = 50  # of a few milliseconds each

# Ascending ids from a row number, so that the floor's index pages fill like the product's.
_ID = "(lpad(to_hex({base}), 8, '0') || '-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid"
_FLOOR = sa.text(f"""
    WITH run AS (
        INSERT INTO day_run (tenant_id, id, run_on, started_at, counts)
        VALUES (:tenant, {_ID.format(base=7, n=1)}, :today, now(), '{{}}') RETURNING id
    ), due AS (
        SELECT s.item_id, i.customer_id, i.currency, i.open_minor, s.policy_version_id, s.level_reached,
            row_number() OVER () AS n, dense_rank() OVER (ORDER BY i.customer_id, i.currency) AS g
        FROM ladder_state s JOIN open_item i ON i.tenant_id = :tenant AND i.id = s.item_id
        WHERE s.tenant_id = :tenant AND s.next_on <= :today AND NOT s.parked AND i.open_minor > 0
    ), actions AS (
        INSERT INTO action (tenant_id, id, customer_id, run_id, run_on, currency, form, code, level, audience, effects,
            state, items, total_minor, created_at)
        SELECT :tenant, {_ID.format(base=8, n="d.g")}, d.customer_id, run.id, :today, d.currency, 'letter', 'remind_2',
            2, 'debtor', '{{}}', 'proposed', count(*), sum(d.open_minor), now()
        FROM due d, run GROUP BY d.g, d.customer_id, d.currency, run.id RETURNING id
    ), steps AS (
        INSERT INTO step (tenant_id, id, item_id, customer_id, policy_version_id, action_id, level, code, nominal_on,
            runs_on, open_minor, state, why_code, why_params)
        SELECT :tenant, {_ID.format(base=9, n="d.n")}, d.item_id, d.customer_id, d.policy_version_id,
            {_ID.format(base=8, n="d.g")}, d.level_reached + 1, 'remind_2', :today, :today, d.open_minor, 'proposed',
            'level_due', CAST(:why AS jsonb)
        FROM due d RETURNING id
    ), states AS (
        UPDATE ladder_state SET waiting = true, next_on = NULL FROM due
        WHERE ladder_state.tenant_id = :tenant AND ladder_state.item_id = due.item_id RETURNING 1
    )
    SELECT (SELECT count(*) FROM actions), (SELECT count(*) FROM steps), (SELECT count(*) FROM states)
""")  # noqa: S608 - our own text
_WHY = (
    '{"level": 2, "anchor": "due", "policy": "twelve-step", "timing": "level_due", "runs_on": "2026-11-20", '
    '"anchor_on": "2026-11-15", "nominal_on": "2026-11-20", "offset_days": 5, "min_gap_days": 2, '
    '"offset_months": 0, "policy_version": 1, "last_delivered_on": "2026-11-16"}'
)


def all_move(url: str, items: int) -> list[Result]:
    """Every open item goes from level 1 to level 2, grouped into one letter per customer."""
    stage = stage_items(url, items, paid=False)
    stage_ladder(url, stage, next_on=TODAY)
    last: dict[str, Any] = {}

    def product() -> float:
        with session_of(stage) as db, watching(engine()) as tally:
            start = perf_counter()
            result = run_day(db, stage.actor())
            spent = perf_counter() - start
            assert result.steps == items, f"the run moved {result.steps} of {items}"
            last.update(tally=tally, spent=spent, actions=result.actions)
            db.rollback()
        return spent

    def floor() -> float:
        with session_of(stage) as db:
            start = perf_counter()
            counts = db.execute(_FLOOR, {"tenant": stage.tenant_id, "today": TODAY, "why": _WHY}).one()
            spent = perf_counter() - start
            assert counts[1] == items, f"the floor moved {counts} of {items}"
            db.rollback()
        return spent

    floor_ms, product_ms = alternate(ROUNDS, floor, product, between=lambda: analyze(url))
    tally = last["tally"]
    return [
        Result(
            "run_all",
            f"daily run: {items:,} items move one step",
            floor_ms,
            product_ms,
            4,
            statements=tally.count,
            python_ms=(last["spent"] - tally.database_s) * 1000,
            more={"actions": last["actions"], "slowest": slowest(tally)},
        )
    ]


def nothing_due(url: str, items: int) -> list[Result]:
    """Every open item stands on a ladder and its next step comes tomorrow."""
    stage = stage_items(url, items, paid=False)
    stage_ladder(url, stage, next_on=TODAY + timedelta(days=3))
    last: dict[str, Any] = {}

    # A job's transaction is open before its handler runs, so BEGIN and entering the tenant are nobody's here.
    def product() -> float:
        with session_of(stage) as db:
            db.connection()
            with watching(engine()) as tally:
                start = perf_counter()
                result = run_day(db, stage.actor())
                spent = perf_counter() - start
            assert result.steps == 0
            last.update(tally=tally, spent=spent)
            db.rollback()
        return spent

    def select() -> float:
        with session_of(stage) as db:
            start = candidate_queries.start_of_run(db, stage.tenant_id, TODAY)
            return timed(lambda: candidate_queries.candidates(db, stage.tenant_id, TODAY, start))()

    def scan() -> float:
        with session_of(stage) as db:
            db.connection()
            return timed(lambda: db.execute(_SCAN, {"tenant": stage.tenant_id, "today": TODAY}).all())()

    select_ms, scan_ms, product_ms = alternate(IDLE_TURNS, select, scan, product)
    tally = last["tally"]
    python_ms = (last["spent"] - tally.database_s) * 1000
    more = {"slowest": slowest(tally)}
    return [
        Result(
            "run_none",
            "daily run: nothing is due (indexed SELECT)",
            select_ms,
            product_ms,
            2,
            tally.count,
            python_ms,
            100,
            more=more,
        ),
        Result(
            "run_none_scan",
            "  beside it: SELECT that looks at every item",
            scan_ms,
            product_ms,
            None,
            tally.count,
            python_ms,
        ),
    ]


#: What finding the due items costs a program that keeps no projected next date: look at each open item.
_SCAN = sa.text("""
    SELECT i.id, i.customer_id, i.currency, i.open_minor, i.due_on, s.level_reached, s.last_delivered_on
    FROM open_item i LEFT JOIN ladder_state s ON s.tenant_id = :tenant AND s.item_id = i.id
    WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.side = 1 AND NOT coalesce(s.waiting, false)
        AND i.due_on + (ARRAY[1, 5, 9, 13, 17, 21, 24, 27, 30, 37])[coalesce(s.level_reached, 0) + 1] <= :today
""")


def slowest(tally: Any, count: int = 3) -> list[str]:
    """The statements that cost most, for who wants to know which line costs what."""
    ranked = sorted(tally.statements, key=lambda each: -each[2])[:count]
    return [f"{spent * 1000:.1f} ms: {' '.join(statement.split())[:100]}" for statement, _parameters, spent in ranked]
