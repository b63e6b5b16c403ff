"""A month of statements, drawn up to queued: CPU of client and backend for a statement, in a small and a large company.

May import ar.statements and app.handlers. Invariant: both companies have the same customers' months (twenty documents
each), so a cost that follows the company's size shows as a ratio; they take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import sqlalchemy as sa

from app.handlers import HANDLERS
from ar.customers.commands import add_contact
from ar.customers.inputs import AddContact
from ar.statements.inputs import parse_period
from ar.statements.monthly_run import BATCH, ISSUE_JOB, issue_month
from bench.measure import Result, alternate
from bench.stage import Stage, analyze, stage_items
from kernel.db import transaction
from kernel.i18n import use_language
from kernel.outbox import OutboxMessage

ROUNDS = 5
SMALL = 10
BATCHES = ROUNDS + 1
MONTH = "2026-10"
TICKS_A_SECOND = 100


def run(url: str, items: int) -> list[Result]:
    """The larger company's statement by the smaller one's."""
    small, large = _work(url, max(items // SMALL, 20 * BATCH * BATCHES)), _work(url, items)
    small_ms, large_ms = alternate(ROUNDS, small, large)
    return [
        Result(
            "month",
            f"statement of a month, {items:,} items (CPU of client and backend; floor: a small company)",
            small_ms / BATCH,
            large_ms / BATCH,
            1.25,
        )
    ]


def _work(url: str, items: int) -> Callable[[], float]:
    """Returns work that draws up one more batch of a planned month and returns its CPU seconds."""
    stage = stage_items(url, items)
    actor = stage.actor()
    with transaction(stage.tenant_id) as db:
        for customer in stage.customers[: BATCH * BATCHES]:
            contact = AddContact(customer_id=customer, name="王芳", email="ar@bench.example", purposes=("statements",))
            add_contact(db, actor, contact)
        issue_month(db, actor, parse_period(MONTH, actor.today))
    analyze(url)
    jobs = iter(_jobs(stage))

    def batch() -> float:
        payload = next(jobs)
        with transaction(stage.tenant_id) as db, use_language("zh_CN"):
            backend = db.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            before = process_time() + _cpu_s(backend)
            HANDLERS[ISSUE_JOB](db, actor, payload)
            db.flush()
            return process_time() + _cpu_s(backend) - before

    return batch


def _jobs(stage: Stage) -> list[dict[str, Any]]:
    m = OutboxMessage
    with transaction(stage.tenant_id) as db:
        found = sa.select(m.payload).where(m.tenant_id == stage.tenant_id, m.kind == ISSUE_JOB).order_by(m.id)
        return list(db.execute(found.limit(BATCHES)).scalars())


def _cpu_s(pid: int) -> float:
    """CPU time of a process of this machine, in seconds."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS_A_SECOND
