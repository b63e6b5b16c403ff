"""One working process of the worker: takes jobs from its queues in turn and works on them, one at a time.

Invariants: no fork, connection or compiler per job; what it works on stands in its slot before it begins, so that its
parent can end a job that is over its time, and the next process can give back what a killed one left.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import redis

from app.dispatcher import dispatch_engine
from app.jobs import deliver, release
from kernel import queue
from kernel.db import engine, patiently
from kernel.log import logger
from kernel.queue import DOCUMENTS, IMPORTS, MAIL, QUEUES, RUNS, JobKey

log = logger(__name__)

#: After so many jobs the process ends and a fresh one takes its place: what leaks does not grow for ever.
JOBS_MAX: Final = 400
TAKE_S: Final = 5
RELEASE_S: Final = 120
REDIS_PAUSE_S: Final = 0.5
REDIS_PAUSE_MAX_S: Final = 5.0
PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class Lane:
    """Which queues a process takes from: `first` whenever something waits there, the others in turn."""

    name: str
    in_turn: tuple[str, ...]
    first: tuple[str, ...] = ()


#: The second lane never takes the long runs, so that a preview or a mail does not wait for one.
LANES: Final = (
    Lane("all", (MAIL, IMPORTS, DOCUMENTS, RUNS)),
    Lane("short", (MAIL, DOCUMENTS), first=(IMPORTS,)),
)


class Order:
    """The order in which a lane asks its queues: the one that a job was taken from goes to the end of those in turn."""

    def __init__(self, lane: Lane) -> None:
        self._first = list(lane.first)
        self._in_turn = list(lane.in_turn)

    @property
    def names(self) -> list[str]:
        """The queues in the order in which they are asked."""
        return [*self._first, *self._in_turn]

    def took(self, name: str) -> None:
        """Notes that a job of this queue was taken."""
        if name in self._in_turn:
            after = self._in_turn.index(name) + 1
            self._in_turn = self._in_turn[after:] + self._in_turn[:after]


class StopNowError(Exception):
    """The process was told to end while it waited for a job."""


class Slot:
    """Shared memory that says what a process works on: parent and process both have it."""

    _FORM: Final = struct.Struct("=B d d 16s 16s q")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    def begin(self, job: JobKey, limit_s: float) -> None:
        """Notes a job that begins now, and how long it may last."""
        self.clear()
        content = self._FORM.pack(0, time.monotonic(), limit_s, job.tenant_id.bytes, job.message_id.bytes, job.fence)
        self._memory[: len(content)] = content
        self._memory[0] = 1

    def clear(self) -> None:
        """Notes that nothing is worked on."""
        self._memory[0] = 0

    def job(self) -> JobKey | None:
        """Returns the job that is worked on, or was when the process ended."""
        busy, _begun, _limit, tenant, message, fence = self._FORM.unpack(self._memory[: self._FORM.size])
        return JobKey(UUID(bytes=tenant), UUID(bytes=message), fence) if busy else None

    def is_over_time(self) -> bool:
        """Returns whether the job has lasted longer than it may."""
        if not self._memory[0]:
            return False
        _busy, begun, limit_s, *_job = self._FORM.unpack(self._memory[: self._FORM.size])
        return bool(time.monotonic() > begun + limit_s)


def run(lane: Lane, slot: Slot, left: tuple[JobKey, str] | None) -> None:
    """Works until told to end (SIGTERM: the job in hand is finished) or JOBS_MAX jobs are done.

    `left`: the job that the process before this one was killed at, and why.
    """
    if left is not None:
        job, why = left
        slot.begin(job, RELEASE_S)  # should this process be killed as well, the next one has it
        patiently(lambda: release(*job, why, stopped=False))
        slot.clear()
    ending, order, pause_s = _Ending(), Order(lane), REDIS_PAUSE_S
    for _ in range(JOBS_MAX):
        if ending.asked:
            return
        try:
            taken = _next_job(order.names, ending)
            pause_s = REDIS_PAUSE_S
        except StopNowError:
            return
        except redis.RedisError as error:
            log.warning("Redis does not answer; it is asked again", error=str(error))
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, REDIS_PAUSE_MAX_S)
            continue
        if taken is None:
            continue
        name, job_id = taken
        order.took(name)
        _work(name, job_id, slot)


def _next_job(names: Sequence[str], ending: _Ending) -> tuple[str, str] | None:
    with ending.at_once():
        return queue.take(names, TAKE_S)


def _work(name: str, job_id: str, slot: Slot) -> None:
    job = queue.read_job_id(job_id)
    if job is None:
        log.warning("a job of another form is left out; its outbox row is handed out again", job=job_id)
        return
    slot.begin(job, QUEUES[name])
    try:
        deliver(str(job.tenant_id), str(job.message_id), str(job.fence))
    except Exception:
        # Its lease lapses; what cannot even be given back is no reason to end.
        log.exception("a job could not be concluded", job=job_id)
    finally:
        slot.clear()
    try:
        queue.forget(job_id)
    except redis.RedisError:
        log.warning("a finished job could not be forgotten; it goes by itself", job=job_id)


class _Ending:
    """Whether the process was told to end; while it only waits, it ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which tells us

    def _ask(self, *_: object) -> None:
        self.asked = True
        if self._waiting:
            raise StopNowError

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Lets SIGTERM end the block. A job that it takes from the queue in that moment is handed out again."""
        self._waiting = True
        try:
            if self.asked:
                raise StopNowError
            yield
        finally:
            self._waiting = False


def begin_after_fork(parent: int) -> None:
    """Makes a forked process its own: it dies with its parent and shares no connection with it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked to die with it
            os._exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    engine.cache_clear()
    dispatch_engine.cache_clear()
    queue.redis_client.cache_clear()
