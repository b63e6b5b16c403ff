"""Runs the worker of all queues (`python -m app.worker`): a parent that keeps one process per lane at work.

Invariants: the code is loaded once, before the forks, connections are opened after them; no process outlives its
parent; one that is killed, or over its time and therefore killed, is replaced, and its job given back.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import Final

import app.jobs
from app import lane as lanes
from app import registry
from app.lane import Lane, Slot
from kernel.clock import utc_now
from kernel.db import is_away
from kernel.log import configure_logging, logger
from kernel.memory import keep_loaded_objects
from kernel.queue import JobKey
from kernel.settings import settings

log = logger(__name__)

LOOK_EVERY_S: Final = 0.25
#: Before a process is started in place of one that ended by itself or was killed.
PAUSE_S: Final = 0.5
PAUSE_MAX_S: Final = 15.0


@dataclass
class _Place:
    """The place of one process: who works there now, on what, and what the one before left."""

    lane: Lane
    slot: Slot = field(default_factory=Slot)
    pid: int = 0
    start_at: float = 0.0
    deaths: int = 0
    left: tuple[JobKey, str] | None = None
    over_time: bool = False


class Worker:
    """Keeps a process at work in each lane until it is told to end, then gives them `stop_s` seconds to finish."""

    def __init__(self, chosen: list[Lane], stop_s: float) -> None:
        self._places = [_Place(lane) for lane in chosen]
        self._stop_s = stop_s
        self._stop = threading.Event()

    def run(self) -> None:
        """Works until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        while not self._stop.is_set():
            for place in self._places:
                if not place.pid and time.monotonic() >= place.start_at:
                    self._start(place)
            self._stop.wait(LOOK_EVERY_S)
            self._look()
        self._end()

    def _start(self, place: _Place) -> None:
        parent, left = os.getpid(), place.left
        place.left, place.over_time = None, False
        place.pid = os.fork()
        if place.pid:
            return
        code = 1
        try:
            lanes.begin_after_fork(parent)
            lanes.run(place.lane, place.slot, left)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _look(self) -> None:
        for place in self._places:
            if not place.pid:
                continue
            if place.slot.is_over_time() and not place.over_time:
                place.over_time = True
                os.kill(place.pid, signal.SIGKILL)
            self._collect(place)

    def _collect(self, place: _Place) -> None:
        """Notes how a process ended and what it left, if it has."""
        pid, status = os.waitpid(place.pid, os.WNOHANG)
        if not pid:
            return
        place.pid, code = 0, os.waitstatus_to_exitcode(status)
        job = place.slot.job()
        place.slot.clear()
        if code == 0 and job is None:  # it has done its number of jobs
            place.deaths, place.start_at = 0, 0.0
            return
        why = "it took longer than it may" if place.over_time else f"its process ended ({_ending(code)})"
        place.left = (job, why) if job else place.left
        place.deaths += 1
        place.start_at = time.monotonic() + min(PAUSE_S * 2 ** (place.deaths - 1), PAUSE_MAX_S)
        log.error("a working process ended and is replaced", lane=place.lane.name, why=why, job=job and job.job_id)

    def _end(self) -> None:
        """Lets the processes finish what they have in hand; after `stop_s` what is left is given back."""
        until = time.monotonic() + self._stop_s
        while any(place.pid for place in self._places) and time.monotonic() < until:
            for place in self._places:  # again and again: one that has just been forked may not listen yet
                _signal(place, signal.SIGTERM)
            time.sleep(0.1)
            self._look()
        for place in self._places:
            _signal(place, signal.SIGKILL)
            if place.pid:
                os.waitpid(place.pid, 0)
            self._give_back(place)

    def _give_back(self, place: _Place) -> None:
        job = place.left[0] if place.left else place.slot.job()
        if job is None:
            return
        try:
            app.jobs.release(*job, f"the worker was stopped at {utc_now():%Y-%m-%d %H:%M} UTC", stopped=True)
        except Exception as error:
            # Its lease lapses within minutes.
            log.exception("a job could not be given back", job=job.job_id, database_away=is_away(error))


def _signal(place: _Place, number: signal.Signals) -> None:
    if place.pid:
        os.kill(place.pid, number)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def main() -> None:
    """Runs the worker until it is told to stop."""
    configured = settings()
    configure_logging(plain=not configured.is_production)
    registry.install()
    keep_loaded_objects()  # and all processes share them
    chosen = [lanes.LANES[number % len(lanes.LANES)] for number in range(configured.worker_processes)]
    Worker(chosen, configured.worker_stop_seconds).run()


if __name__ == "__main__":
    main()
