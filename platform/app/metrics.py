"""Measures the work of the installation, as text that Prometheus reads.

Invariant: no figure of a company and no name of one; four statements whatever the number of companies, as the role
that may read which outbox rows are due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.dispatcher import OFFICE, dispatch_engine
from app.handlers import queue_of
from kernel import outbox, queue
from kernel.db import open_session
from kernel.mail import MailMessage


class Gauge(NamedTuple):
    """One figure: its name without the prefix, what it says, and its values by label."""

    name: str
    text: str
    label: str
    values: dict[str, float]


def measure(now: datetime) -> Iterator[Gauge]:
    """Yields the figures. Raises OperationalError when the database does not answer; Redis away is a figure itself."""
    with open_session(None, read_only=True, bind=dispatch_engine()) as db:
        due = outbox.due_work(db, now)
        by_state = _by_state(db)
        in_doubt = _in_doubt(db)
    ages: dict[str, float] = dict.fromkeys(queue.QUEUES, 0.0)
    for work in due:
        name = queue_of(work.kind)
        ages[name] = max(ages[name], (now - work.oldest_due_at).total_seconds())
    yield Gauge("outbox_oldest_due_seconds", "Age of the oldest due work that no worker has.", "queue", ages)
    yield Gauge("outbox_messages", "Work by state; dead work was given up and waits for a person.", "state", by_state)
    yield Gauge("mails_in_doubt", "Mails of which nobody knows whether they arrived.", "", {"": in_doubt})
    try:
        waiting = {name: float(len(line)) for name, line in queue.waiting_jobs().items()}
        has_dispatcher = float(queue.is_held(OFFICE))
    except redis.RedisError:
        yield Gauge("redis_up", "Whether Redis answers.", "", {"": 0})
        return
    yield Gauge("redis_up", "Whether Redis answers.", "", {"": 1})
    yield Gauge("queue_jobs", "Jobs that wait for a worker.", "queue", waiting)
    yield Gauge("dispatcher_up", "Whether a dispatcher is at work.", "", {"": has_dispatcher})


def exposition(gauges: Iterable[Gauge]) -> str:
    """Returns the figures in the text format of Prometheus."""
    lines: list[str] = []
    for gauge in gauges:
        name = f"huikuan_{gauge.name}"
        lines += [f"# HELP {name} {gauge.text}", f"# TYPE {name} gauge"]
        for label, figure in sorted(gauge.values.items()):
            labels = f'{{{gauge.label}="{label}"}}' if gauge.label else ""
            lines.append(f"{name}{labels} {figure:g}")
    return "\n".join(lines) + "\n"


def _by_state(db: Session) -> dict[str, float]:
    o, number = outbox.OutboxMessage, sa.func.count().label("number")
    # Two statements, so that each finds its rows by an index and none reads what is done.
    opened = db.execute(sa.select(o.state, number).where(o.state.in_(["ready", "leased"])).group_by(o.state))
    dead = db.execute(sa.select(sa.func.count(o.tenant_id)).where(o.state == "dead")).scalar_one()
    return {"ready": 0.0, "leased": 0.0} | {row.state: float(row.number) for row in opened} | {"dead": float(dead)}


def _in_doubt(db: Session) -> float:
    counted = sa.select(sa.func.count(MailMessage.tenant_id)).where(MailMessage.state == "unknown")
    return float(db.execute(counted).scalar_one())
