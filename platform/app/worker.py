"""Runs the RQ worker of all queues (`python -m app.worker`); no job process outlives its worker.

Invariant: the code is loaded before the fork, connections are opened after it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from rq import Worker

import app.jobs  # noqa: F401 - loaded once, before the fork
from app import registry
from kernel.db import engine
from kernel.log import configure_logging
from kernel.queue import QUEUES, queue, redis_client
from kernel.settings import settings

PR_SET_PDEATHSIG = 1


class DeathBoundWorker(Worker):
    """A worker whose job process dies with it, so an orphan never runs a job beside its second run."""

    def main_work_horse(self, job: Any, queue: Any) -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        engine.cache_clear()
        super().main_work_horse(job, queue)


def main() -> None:
    """Runs the worker until it is told to stop."""
    configure_logging(plain=not settings().is_production)
    registry.install()
    worker = DeathBoundWorker(
        [queue(name) for name in QUEUES],
        connection=redis_client(),
        name=f"huikuan-{os.getpid()}-{os.urandom(3).hex()}",
        serializer="json",
        worker_ttl=25,
        job_monitoring_interval=5,
        maintenance_interval=10,
    )
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main()
