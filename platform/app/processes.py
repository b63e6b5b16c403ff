"""Runs child processes, restarts those that die, and stops all of them at the end.

Invariants: no child outlives its supervisor, however that ended; a child that dies is started again after a growing
pause, and one that cannot run stops everything with a message that names its log.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

LINUX = sys.platform == "linux"
LOG_BYTES_KEPT = 10_000_000
PR_SET_PDEATHSIG = 1
TICK_SECONDS = 0.2
CARE_SECONDS = 2.0
_LIBC = ctypes.CDLL(None) if LINUX else None


class SupervisorError(Exception):
    """The product cannot start or continue; the message says what to do."""


@dataclass(frozen=True)
class ChildSpec:
    """A child process to run; it gets `stop_seconds` between SIGTERM and SIGKILL.

    `after_ready`: it starts once the product is ready, so that it takes no time from those a person waits for.
    """

    name: str
    argv: tuple[str, ...]
    port: int | None = None
    stop_seconds: float = 20
    after_ready: bool = False


@dataclass(frozen=True)
class ProcessStatus:
    """The current state of one process; `state` is running, waiting (to be started again) or stopped."""

    name: str
    pid: int | None
    port: int | None
    state: str
    restarts: int = 0


@dataclass
class _Child:
    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=deque)
    restarts: int = 0

    def status(self) -> ProcessStatus:
        pid = self.process.pid if self.process else None
        return ProcessStatus(self.spec.name, pid, self.spec.port, "running" if pid else "waiting", self.restarts)


class StopSignal:
    """SIGTERM, SIGINT and SIGHUP as a flag, and a pipe that wakes a sleeper (also when a child dies).

    While `interrupting`, they raise KeyboardInterrupt instead, for work that does not poll the flag.
    """

    def __init__(self) -> None:
        self.requested = False
        self.interrupting = False

    @contextmanager
    def caught(self) -> Iterator[StopSignal]:
        """Installs the handlers for the time of the block (main thread only)."""
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, self._request_stop) for number in numbers}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            yield self
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._reader)
            os.close(writer)

    def wait(self, seconds: float) -> None:
        """Sleeps until a signal arrives, at most `seconds`."""
        if select.select([self._reader], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self._reader, 4096)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if self.interrupting:
            raise KeyboardInterrupt


class PidFile:
    """`var/huikuan.pid`: the process that has its lock is the supervisor, whatever number it contains."""

    def __init__(self, var_dir: Path) -> None:
        self.path = var_dir / "huikuan.pid"

    def owner(self) -> int | None:
        """Returns the process id of the running supervisor, None when there is none."""
        try:
            with self.path.open() as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(handle.read() or 0) or None
        except FileNotFoundError:
            pass
        return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the file for the time of the block. Raises SupervisorError when another supervisor runs."""
        with self.path.open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SupervisorError(
                    f"Huikuan is running already (process {self.owner()}). "
                    "See `huikuan status`; stop it with `huikuan down`."
                ) from None
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            try:
                yield
            finally:
                handle.truncate(0)


class Supervisor:
    """Runs the children of `specs` (named in the order in which they are stopped) until told to end.

    `care` is called every two seconds (it watches the database servers). A child may die `max_deaths`
    times within `window_seconds`; before each new start it waits `pause_seconds`, doubled each time.
    """

    def __init__(
        self,
        var_dir: Path,
        specs: Sequence[ChildSpec],
        environment: Mapping[str, str],
        *,
        cwd: Path,
        say: Callable[[str], None],
        care: Callable[[], None] = lambda: None,
        pause_seconds: float = 0.3,
        max_deaths: int = 5,
        window_seconds: float = 60,
    ) -> None:
        self.var_dir = var_dir
        self.log_dir = var_dir / "log"
        self._children = [_Child(spec) for spec in specs]
        self._environment = dict(environment)
        self._cwd = cwd
        self._say = say
        self._care = care
        self._pause_seconds = pause_seconds
        self._max_deaths = max_deaths
        self._window_seconds = window_seconds
        self._ready = False

    def run(
        self,
        stop: StopSignal,
        *,
        healthy: Callable[[], bool],
        on_ready: Callable[[], None],
        ready_seconds: float = 60,
    ) -> None:
        """Starts all children, calls `on_ready` once `healthy`, runs until `stop` is requested, then stops them.

        Raises SupervisorError when a child cannot run or the product is not healthy within `ready_seconds`.
        """
        begun, cared = time.monotonic(), time.monotonic()
        self.log_dir.mkdir(parents=True, exist_ok=True)
        try:
            while not stop.requested:
                self._start_due()
                stop.wait(self._until_next_start())
                self._collect()
                now = time.monotonic()
                if not self._ready and not stop.requested:
                    self._ready = healthy()
                    if self._ready:
                        self._start_due()
                        on_ready()
                    elif now - begun > ready_seconds:
                        raise SupervisorError(
                            f"It was not ready within {ready_seconds:.0f} seconds. The logs are in {self.log_dir}."
                        )
                if now - cared > CARE_SECONDS:
                    self._care()
                    cared = now
        finally:
            self._stop_all()

    def _start_due(self) -> None:
        started = False
        for child in self._to_start():
            if time.monotonic() >= child.start_at:
                child.process = self._spawn(child.spec)
                started = True
        if started:
            self._write_status()

    def _to_start(self) -> list[_Child]:
        """Returns the children that do not run and may, the last in the order of stopping first."""
        waiting = [child for child in reversed(self._children) if child.process is None]
        return [child for child in waiting if self._ready or not child.spec.after_ready]

    def _until_next_start(self) -> float:
        pauses = [child.start_at - time.monotonic() for child in self._to_start()]
        return max(0.0, min([TICK_SECONDS, *pauses]))

    def _spawn(self, spec: ChildSpec) -> subprocess.Popen[bytes]:
        supervisor = os.getpid()

        def bind_to_supervisor() -> None:
            if _LIBC is not None:
                _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
                if os.getppid() != supervisor:  # the parent died before PR_SET_PDEATHSIG was set
                    os._exit(1)

        with _open_log(self.log_dir / f"{spec.name}.log") as log:
            # A session of its own: Ctrl-C reaches the supervisor alone, and what a child leaves behind can be found.
            return subprocess.Popen(  # noqa: S603 - our own commands
                spec.argv,
                cwd=self._cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=bind_to_supervisor,
            )

    def _collect(self) -> None:
        for child in self._children:
            if child.process is None or child.process.poll() is None:
                continue
            code = child.process.returncode
            _end_session(child.process.pid)
            child.process = None
            now = time.monotonic()
            child.deaths.append(now)
            while child.deaths and now - child.deaths[0] > self._window_seconds:
                child.deaths.popleft()
            log = self.log_dir / f"{child.spec.name}.log"
            if len(child.deaths) > self._max_deaths:
                raise SupervisorError(
                    f"The {child.spec.name} process stopped {len(child.deaths)} times within a minute "
                    f"(last: {_ending(code)}). Its log says why: {log}. {_last_line(log)}"
                )
            child.start_at = now + self._pause_seconds * 2 ** (len(child.deaths) - 1)
            child.restarts += 1
            self._say(f"{child.spec.name} stopped ({_ending(code)}) and is started again; log: {log}")
            self._write_status()

    def _stop_all(self) -> None:
        for child in self._children:
            process, child.process = child.process, None
            if process is None:
                continue
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                process.wait(child.spec.stop_seconds)
            except subprocess.TimeoutExpired:
                self._say(
                    f"{child.spec.name} did not stop in {child.spec.stop_seconds:.0f} seconds and is ended by force"
                )
            _end_session(process.pid)
            process.wait()
        (self.var_dir / "huikuan.json").unlink(missing_ok=True)

    def _write_status(self) -> None:
        content = {"pid": os.getpid(), "processes": [asdict(child.status()) for child in self._children]}
        fresh = self.var_dir / "huikuan.json.new"
        fresh.write_text(json.dumps(content, indent=1))
        fresh.replace(self.var_dir / "huikuan.json")


def read_statuses(var_dir: Path) -> list[ProcessStatus]:
    """Returns the children of the supervisor running in `var_dir`; an empty list when none runs."""
    holder = PidFile(var_dir).owner()
    try:
        content = json.loads((var_dir / "huikuan.json").read_text())
    except FileNotFoundError:
        return []
    return [ProcessStatus(**row) for row in content["processes"]] if content["pid"] == holder else []


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_BYTES_KEPT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _end_session(leader: int) -> None:
    """Kills the remaining processes of the session that `leader` had opened."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    if not LINUX:
        return
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError, ValueError):
            session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
            if session == leader:
                os.kill(int(folder.name), signal.SIGKILL)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_line(log: Path) -> str:
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 4096))
        lines = handle.read().decode(errors="replace").strip().splitlines()
    return f"Its last line: {lines[-1].strip()}" if lines else "It is empty."
