"""The RQ queues: names, time limits, and enqueueing of ids.

Invariant: a job carries ids only, as JSON; losing one or running it twice is harmless because the outbox row is
claimed again inside the job.
"""

from __future__ import annotations

from functools import lru_cache

import redis
from rq import Queue
from rq.job import Job

from kernel.settings import settings

MAIL, RUNS, IMPORTS, DOCUMENTS = "mail", "runs", "imports", "documents"
QUEUES = {MAIL: 120, RUNS: 1800, IMPORTS: 1800, DOCUMENTS: 600}
RESULT_TTL_S = 600
FAILURE_TTL_S = 30 * 86_400


@lru_cache(maxsize=1)
def redis_client() -> redis.Redis:
    """Returns the process's Redis client."""
    return redis.Redis.from_url(settings().redis_url)


def queue(name: str, connection: redis.Redis | None = None) -> Queue:
    """Returns the queue of that name (one of QUEUES)."""
    return Queue(
        name,
        connection=connection or redis_client(),
        default_timeout=QUEUES[name],
        serializer="json",
    )


def waiting(name: str) -> int:
    """Returns the number of jobs waiting in a queue."""
    return int(queue(name).count)


def enqueue(name: str, function: str, *ids: str, job_id: str) -> Job:
    """Enqueues a call of the function at a dotted path with ids. The same `job_id` waits only once."""
    return queue(name).enqueue(
        function, *ids, job_id=job_id, result_ttl=RESULT_TTL_S, failure_ttl=FAILURE_TTL_S, job_timeout=QUEUES[name]
    )
