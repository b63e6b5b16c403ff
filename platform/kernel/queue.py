"""The RQ queues: names, time limits, enqueueing of ids, and the order in which they are taken.

Invariants: a job carries ids only, as JSON; losing one or running it twice is harmless because the outbox row is
claimed again inside the job. Within a queue companies take turns, however many jobs one of them has waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple
from uuid import UUID

import redis
from rq import Queue
from rq.job import Job
from rq.utils import as_text

from kernel.settings import settings

MAIL, RUNS, IMPORTS, DOCUMENTS = "mail", "runs", "imports", "documents"
QUEUES = {MAIL: 120, RUNS: 1800, IMPORTS: 1800, DOCUMENTS: 600}
# The outbox keeps what became of the work; what Redis keeps of a job may go.
RESULT_TTL_S = 600
JOB_TTL_S = 86_400
DEALS_MAX = 5
ANSWER_S = 30


@lru_cache(maxsize=1)
def redis_client() -> redis.Redis:
    """Returns the process's Redis client."""
    # Longer than any wait for a job: redis-py's own limit of five seconds would cut one off amid its answer.
    return redis.Redis.from_url(settings().redis_url, socket_timeout=ANSWER_S)


def queue(name: str, connection: redis.Redis | None = None) -> Queue:
    """Returns the queue of that name (one of QUEUES)."""
    return Queue(
        name,
        connection=connection or redis_client(),
        default_timeout=QUEUES[name],
        serializer="json",
    )


class JobKey(NamedTuple):
    """What a job is about: an outbox message as claimed under a fencing number."""

    tenant_id: UUID
    message_id: UUID
    fence: int

    @property
    def job_id(self) -> str:
        """Returns the job's id, which says all that the job needs."""
        return f"{self.tenant_id.hex}-{self.message_id.hex}-{self.fence}"


def read_job_id(job_id: str) -> JobKey | None:
    """Returns what a job id says, None for an id of another form (a job of an older release)."""
    try:
        tenant, message, fence = job_id.split("-")
        return JobKey(UUID(tenant), UUID(message), int(fence))
    except ValueError:
        return None


def waiting_jobs() -> dict[str, list[str]]:
    """Returns the ids of the jobs that wait, by queue, the next one first. One round trip."""
    with redis_client().pipeline(transaction=False) as pipeline:
        for name in QUEUES:
            pipeline.lrange(queue(name).key, 0, -1)
        return {
            name: [str(as_text(job_id)) for job_id in ids] for name, ids in zip(QUEUES, pipeline.execute(), strict=True)
        }


def enqueue(name: str, function: str, job_ids: Sequence[str]) -> None:
    """Enqueues a call of the function at a dotted path with what each id says, and deals the whole line anew."""
    line = queue(name)
    line.enqueue_many(
        [
            line.prepare_data(
                function,
                job_id.split("-"),
                job_id=job_id,
                timeout=QUEUES[name],
                ttl=JOB_TTL_S,
                result_ttl=RESULT_TTL_S,
                failure_ttl=JOB_TTL_S,
                description=job_id,
            )
            for job_id in job_ids
        ]
    )
    _deal(line)


def in_turn(job_ids: Sequence[str]) -> list[str]:
    """Returns the jobs so that companies take turns, in the order in which each has its first; each keeps its own."""
    hands: dict[str, list[str]] = {}
    for job_id in job_ids:
        hands.setdefault(job_id.partition("-")[0], []).append(job_id)
    rounds = zip_longest(*hands.values())
    return [job_id for each in rounds for job_id in each if job_id is not None]


def _deal(line: Queue) -> None:
    """Puts the waiting jobs of a queue in turn, unless workers take from it at every attempt."""
    with line.connection.pipeline() as pipeline:
        for _ in range(DEALS_MAX):
            try:
                pipeline.watch(line.key)  # type: ignore[no-untyped-call]
                waiting = [str(as_text(job_id)) for job_id in pipeline.lrange(line.key, 0, -1)]
                dealt = in_turn(waiting)
                if dealt == waiting:
                    return
                pipeline.multi()
                pipeline.delete(line.key)
                pipeline.rpush(line.key, *dealt)
                pipeline.execute()
            except redis.WatchError:
                continue
            return


def take(names: Sequence[str], wait_s: int) -> tuple[str, str] | None:
    """Takes the next job from the first of these queues that has one: (queue, job id); None after `wait_s` seconds."""
    client = redis_client()
    by_key = {queue(name).key: name for name in names}
    taken = client.blpop(list(by_key), wait_s)
    return None if taken is None else (by_key[str(as_text(taken[0]))], str(as_text(taken[1])))


def forget(job_id: str) -> None:
    """Forgets a job that has been worked on; its outcome is the outbox row's."""
    redis_client().delete(Job.key_for(job_id))


def lead(office: str, holder: str, for_s: int) -> bool:
    """Takes or keeps an office for `for_s` seconds; returns False while another process holds it."""
    client, key = redis_client(), f"{settings().redis_prefix}:office:{office}"
    if client.set(key, holder, nx=True, ex=for_s):
        return True
    if client.get(key) != holder.encode():
        return False
    client.expire(key, for_s)
    return True


def is_held(office: str) -> bool:
    """Returns whether a process holds an office."""
    return bool(redis_client().exists(f"{settings().redis_prefix}:office:{office}"))


def resign(office: str, holder: str) -> None:
    """Gives an office back, if this process holds it."""
    client, key = redis_client(), f"{settings().redis_prefix}:office:{office}"
    if client.get(key) == holder.encode():
        client.delete(key)
