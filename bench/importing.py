"""An import of open items (checked, previewed, applied, committed) against COPY of the same rows.

May import the stage and ar.imports. Invariants: the file is read twice, as a person makes it: once to check and
preview, once to apply; each turn has a fresh company, since nothing in the ledger can be taken away again.
"""

from __future__ import annotations

import io
from datetime import timedelta
from time import perf_counter
from typing import Any

import psycopg

from ar.imports.inputs import ImportFile
from ar.imports.pipeline import run_import
from bench.daily_run import slowest
from bench.measure import Result, alternate, watching
from bench.stage import NOW, TODAY, Ids, Stage, session_of, stage_customers, write_ledger
from kernel.db import engine

ROUNDS = 5
PER_CUSTOMER = 20


def run(url: str, items: int) -> list[Result]:
    """A CSV of `items` invoices for a twentieth as many customers that are there already."""
    stages = [stage_customers(url, max(1, items // PER_CUSTOMER)) for _ in range(2 * (ROUNDS + 1))]
    fresh = iter(stages)
    content = _csv(stages[0], items)
    last: dict[str, Any] = {}

    def product() -> float:
        stage = next(fresh)
        file = ImportFile("open-items", "open-items.csv", content)
        with watching(engine()) as tally:
            start = perf_counter()
            with session_of(stage) as db:
                checked = run_import(db, stage.actor(), file, apply=False)
                db.rollback()
            middle = perf_counter()
            with session_of(stage) as db:
                applied = run_import(db, stage.actor(), file, apply=True)
                before_commit = perf_counter()
                db.commit()
            end = perf_counter()
        assert not checked.errors_total, checked.errors[:3]
        assert applied.created == items, (applied.created, applied.errors[:3])
        last.update(
            tally=tally,
            python_ms=(end - start - tally.database_s - (end - before_commit)) * 1000,
            check_ms=round((middle - start) * 1000),
            apply_ms=round((before_commit - middle) * 1000),
            commit_ms=round((end - before_commit) * 1000),
        )
        return end - start

    def floor() -> float:
        stage = next(fresh)
        entries, postings, rows = _rows(stage, items)
        with psycopg.connect(url) as owner:
            start = perf_counter()
            write_ledger(owner, entries, postings, rows)
            owner.commit()
            return perf_counter() - start

    floor_ms, product_ms = alternate(ROUNDS, floor, product)
    tally = last.pop("tally")
    more = {**last, "slowest": slowest(tally)}
    return [
        Result(
            "import",
            f"import of {items:,} open items: checked, previewed, applied",
            floor_ms,
            product_ms,
            10,
            tally.count,
            last["python_ms"],
            more=more,
        )
    ]


def _csv(stage: Stage, items: int) -> bytes:
    out = io.StringIO()
    out.write("customer_no,customer_name,document_no,kind,document_date,due_date,currency,amount\n")
    for n in range(items):
        number = stage.numbers[n % len(stage.numbers)]
        on = TODAY - timedelta(days=n % 200)
        out.write(
            f"{number},基准客户{number}有限公司,INV{n:07d},invoice,{on},{on + timedelta(days=30)},CNY,"
            f"{n % 90_000 + 100}.{n % 100:02d}\n"
        )
    return out.getvalue().encode()


def _rows(stage: Stage, items: int) -> tuple[list[Any], list[Any], list[Any]]:
    """The rows that the import writes, ready to be copied."""
    make, tenant = Ids(NOW), stage.tenant_id
    entries: list[Any] = []
    postings: list[Any] = []
    rows: list[Any] = []
    for n in range(items):
        customer = stage.customers[n % len(stage.customers)]
        on, minor = TODAY - timedelta(days=n % 200), (n % 90_000 + 100) * 100 + n % 100
        entry, item, due = make(), make(), on + timedelta(days=30)
        entries.append((tenant, entry, "invoice", on, NOW, "Bench", None, "import"))
        postings.append((tenant, make(), entry, "receivables", customer, "CNY", minor, 0))
        postings.append((tenant, make(), entry, "revenue", None, "CNY", 0, minor))
        rows.append(
            (
                tenant,
                item,
                customer,
                entry,
                "invoice",
                1,
                f"INV{n:07d}",
                on,
                due,
                due,
                "CNY",
                minor,
                minor,
                None,
                None,
                None,
                NOW,
            )
        )
    return entries, postings, rows
