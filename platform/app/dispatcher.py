"""Dispatches due outbox messages and recurring work to RQ (`python -m app.dispatcher`).

Invariants: it asks which tenants' local time has come and puts one row per tenant, kind and period (the key makes a
second dispatcher harmless); it claims due rows per tenant and hands their ids to RQ after the claim's commit.
"""

from __future__ import annotations

import signal
import threading
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.handlers import RECURRING, queue_of
from kernel import outbox
from kernel.clock import utc_now
from kernel.db import DISPATCH_ROLE, make_engine, open_session, transaction
from kernel.log import configure_logging, logger
from kernel.queue import QUEUES, enqueue, waiting
from kernel.settings import settings
from tenants.queries import active_tenants, system_actor_for

log = logger(__name__)

DISPATCH_EVERY_S = 1.0
CLOCK_EVERY_S = 20.0
DELIVER = "app.jobs.deliver"
# More than the workers take in one lease would only be claimed again.
WAITING_MAX = 500
# How the local day, week and month are written in payloads and keys.
PERIODS: Final = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


@lru_cache(maxsize=1)
def dispatch_engine() -> sa.Engine:
    """Returns an engine as role `huikuan_dispatch`, which may only read which outbox rows are due."""
    return make_engine(settings().database_url, role=DISPATCH_ROLE, pool_size=1)


def dispatch_once(now: datetime) -> int:
    """Claims everything due, tenant by tenant, and hands it to RQ; returns how many."""
    with open_session(None, read_only=True, bind=dispatch_engine()) as db:
        tenants = outbox.tenants_with_work(db, now)
    handed = 0
    for tenant_id in tenants:
        try:
            handed += _dispatch_tenant(tenant_id, now)
        except Exception:
            log.exception("a company's work could not be handed out", tenant=str(tenant_id))
    return handed


def _dispatch_tenant(tenant_id: UUID, now: datetime) -> int:
    room = WAITING_MAX - max(waiting(name) for name in QUEUES)
    if room <= 0:
        return 0
    with transaction(tenant_id) as db:
        claimed = outbox.claim(db, tenant_id, now, limit=min(room, outbox.CLAIM_MAX))
    for message in claimed:
        enqueue(
            queue_of(message.kind),
            DELIVER,
            str(tenant_id),
            str(message.id),
            str(message.fence),
            job_id=f"{message.id.hex}-{message.fence}",
        )
    return len(claimed)


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
            local = now.astimezone(ZoneInfo(facts.timezone))
            for each in RECURRING:
                period = f"{local:{PERIODS[each.period]}}"
                early = each.when == "run_time" and local.time() < facts.run_at
                if early or self._served.get((facts.id, each.kind)) == period:
                    continue
                try:
                    put += self._put(facts.id, each.kind, period)
                    self._served[facts.id, each.kind] = period
                except Exception:
                    log.exception("the clock could not serve a company", tenant=str(facts.id), kind=each.kind)
        return put

    def _put(self, tenant_id: UUID, kind: str, period: str) -> int:
        with transaction(tenant_id) as db:
            actor = system_actor_for(db, tenant_id)
            return int(outbox.put(db, actor, kind, {"period": period}, key=f"{kind}:{period}") is not None)


def main() -> None:
    """Ticks until SIGTERM or SIGINT; an error of one tick is logged and the next tick tries again."""
    configure_logging(plain=not settings().is_production)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    clock, next_clock = Clock(), 0.0
    elapsed = 0.0
    while not stop.is_set():
        try:
            if elapsed >= next_clock:
                clock.tick(utc_now())
                next_clock = elapsed + CLOCK_EVERY_S
            dispatch_once(utc_now())
        except Exception:
            log.exception("a tick failed; the next one tries again")
        stop.wait(DISPATCH_EVERY_S)
        elapsed += DISPATCH_EVERY_S


if __name__ == "__main__":
    main()
