"""Dispatches due outbox messages and recurring work to RQ (`python -m app.dispatcher`).

Invariants: it asks which tenants' local time has come and puts one row per tenant, kind and period (the key makes a
second dispatcher harmless); it claims due rows per tenant and hands their ids to RQ after the claim's commit. Each
queue has room of its own, each company a share of it, and the company whose turn is longest ago comes first.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.handlers import RECURRING, queue_of
from kernel import outbox, queue
from kernel.actor import system_actor
from kernel.clock import utc_now
from kernel.db import DISPATCH_ROLE, make_engine, open_session, transaction
from kernel.log import configure_logging, logger
from kernel.settings import settings
from tenants.queries import TenantFacts, active_tenants

log = logger(__name__)

DISPATCH_EVERY_S: Final = 1.0
#: While there is more to hand out than the shares take.
BUSY_EVERY_S: Final = 0.2
AFTER_ERROR_MAX_S: Final = 10.0
CLOCK_EVERY_S: Final = 20.0
DELIVER: Final = "app.jobs.deliver"
#: Jobs that wait in one queue, and of one company in it. A company with more comes again when these are done.
ROOM: Final = 1_000
SHARE: Final = 50
#: The dispatcher's office: a second one stands by, at two commands to Redis a second.
OFFICE: Final = "dispatcher"
OFFICE_S: Final = 15
# How the local day, week and month are written in payloads and keys.
PERIODS: Final = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


@lru_cache(maxsize=1)
def dispatch_engine() -> sa.Engine:
    """Returns an engine as role `huikuan_dispatch`, which may only read which outbox rows are due."""
    return make_engine(settings().database_url, role=DISPATCH_ROLE, pool_size=1)


@dataclass
class _Due:
    """What one company has due in one queue."""

    kinds: set[str] = field(default_factory=set)
    oldest_due_at: datetime | None = None

    def add(self, work: outbox.DueWork) -> None:
        self.kinds.add(work.kind)
        self.oldest_due_at = min(self.oldest_due_at or work.oldest_due_at, work.oldest_due_at)


class Turns:
    """Remembers, by queue, when each company last had a turn."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._last: dict[tuple[str, UUID], int] = {}

    def order(self, name: str, due: Mapping[UUID, _Due]) -> list[UUID]:
        """Returns the companies: the one whose turn is longest ago first, then the one that waits longest."""
        return sorted(due, key=lambda tenant_id: (self._last.get((name, tenant_id), 0), due[tenant_id].oldest_due_at))

    def took(self, name: str, tenant_id: UUID) -> None:
        """Notes that a company had a turn just now."""
        self._last[name, tenant_id] = next(self._numbers)


_TURNS: Final = Turns()


def dispatch_once(now: datetime, turns: Turns = _TURNS) -> int:
    """Claims what is due, a share per company and queue in turn, and hands it to RQ; returns how many."""
    with open_session(None, read_only=True, bind=dispatch_engine()) as db:
        due = outbox.due_work(db, now)
    if not due:
        return 0
    waiting = queue.waiting_jobs()
    _renew({work.tenant_id for work in due if work.lapsed}, waiting, now)
    by_queue: dict[str, dict[UUID, _Due]] = {}
    for work in due:
        by_queue.setdefault(queue_of(work.kind), {}).setdefault(work.tenant_id, _Due()).add(work)
    return sum(_fill(name, companies, waiting[name], turns, now) for name, companies in by_queue.items())


def _renew(tenants: Collection[UUID], waiting: Mapping[str, list[str]], now: datetime) -> None:
    """Renews the claims whose jobs still wait; the others' jobs are lost, and their rows are due again."""
    if not tenants:
        return
    standing: dict[UUID, set[tuple[UUID, int]]] = {}
    for job in (queue.read_job_id(job_id) for line in waiting.values() for job_id in line):
        if job is not None:
            standing.setdefault(job.tenant_id, set()).add((job.message_id, job.fence))
    for tenant_id in tenants:
        with _logged(tenant_id), transaction(tenant_id) as db:
            lapsed = outbox.lapsed_claims(db, tenant_id, now)
            if waits := standing.get(tenant_id, set()).intersection(lapsed):
                outbox.renew(db, tenant_id, waits, now)


def _fill(name: str, due: Mapping[UUID, _Due], line: list[str], turns: Turns, now: datetime) -> int:
    """Gives each company its share of one queue, as long as there is room; returns how many jobs it handed out."""
    room = ROOM - len(line)
    in_line = Counter(job_id.partition("-")[0] for job_id in line)
    fresh: list[str] = []
    for tenant_id in turns.order(name, due):
        most = min(SHARE - in_line[tenant_id.hex], room - len(fresh))
        if most <= 0:
            continue
        with _logged(tenant_id):
            with transaction(tenant_id) as db:
                claimed = outbox.claim(db, tenant_id, now, most, kinds=due[tenant_id].kinds)
            fresh += [queue.JobKey(tenant_id, message.id, message.fence).job_id for message in claimed]
            turns.took(name, tenant_id)
    if fresh:
        queue.enqueue(name, DELIVER, fresh)
    return len(fresh)


@contextmanager
def _logged(tenant_id: UUID) -> Iterator[None]:
    """Logs what goes wrong for one company, so that the others are served."""
    try:
        yield
    except Exception:
        log.exception("a company's work could not be handed out", tenant=str(tenant_id))


class Clock:
    """Remembers the last period queued per tenant, so that a tick costs one statement on the registry."""

    def __init__(self) -> None:
        self._served: dict[tuple[UUID, str], str] = {}

    def tick(self, now: datetime) -> int:
        """Queues recurring work (`RECURRING`) of tenants whose local time has come; returns the number of new rows."""
        with open_session(None, read_only=True) as db:
            tenants = active_tenants(db)
        put = 0
        for facts in tenants:
            periods = self._unserved(facts, now)
            if not periods:
                continue
            try:
                put += _put(facts, periods)
                self._served.update({(facts.id, kind): period for kind, period in periods.items()})
            except Exception:
                log.exception("the clock could not serve a company", tenant=str(facts.id), kinds=sorted(periods))
        return put

    def _unserved(self, facts: TenantFacts, now: datetime) -> dict[str, str]:
        """Returns the recurring kinds whose time has come for a company, each with its period."""
        local = now.astimezone(ZoneInfo(facts.timezone))
        periods = {
            each.kind: f"{local:{PERIODS[each.period]}}"
            for each in RECURRING
            if each.when == "day_start" or local.time() >= facts.run_at
        }
        return {kind: period for kind, period in periods.items() if self._served.get((facts.id, kind)) != period}


def _put(facts: TenantFacts, periods: Mapping[str, str]) -> int:
    """Queues the recurring work of one company in one statement; returns the number of new rows."""
    rows = [(kind, f"{kind}:{period}", {"period": period}) for kind, period in periods.items()]
    with transaction(facts.id) as db:
        return outbox.put_all(db, system_actor(facts.id, facts.timezone, language=facts.language), rows)


def main() -> None:
    """Ticks until SIGTERM or SIGINT; an error of one tick is logged and the next tick tries again, a little later."""
    configure_logging(plain=not settings().is_production)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    me, clock, next_clock, error_s = f"{os.getpid()}-{os.urandom(4).hex()}", Clock(), 0.0, DISPATCH_EVERY_S
    while not stop.is_set():
        pause_s = DISPATCH_EVERY_S
        try:
            if queue.lead(OFFICE, me, OFFICE_S):
                if time.monotonic() >= next_clock:
                    clock.tick(utc_now())
                    next_clock = time.monotonic() + CLOCK_EVERY_S
                if dispatch_once(utc_now()):
                    pause_s = BUSY_EVERY_S
            error_s = DISPATCH_EVERY_S
        except Exception:
            log.exception("a tick failed; the next one tries again")
            pause_s = error_s = min(error_s * 2, AFTER_ERROR_MAX_S)
        stop.wait(pause_s)
    with suppress(Exception):  # it lapses by itself
        queue.resign(OFFICE, me)


if __name__ == "__main__":
    main()
