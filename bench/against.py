"""Another build beside this one, in the same run: `--against REV`.

A checkout of REV in a temporary folder with an environment of its own from its lock; one PostgreSQL and one Redis
server with a database for each build, since their schemas differ; a mail server that takes everything. The builds take
turns. What counts is CPU time: of the processes that work, and of the PostgreSQL server, its ended backends included.
Invariant: a build that is not measured stands still (SIGSTOP).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from app.embedded import EmbeddedServers
from bench import over_http
from bench.measure import Result
from bench.server import plain

ROOT = Path(__file__).resolve().parents[1]
SIDE = Path(__file__).with_name("side.py")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
WAIT_S = 300


@dataclass(frozen=True)
class Versus:
    """Work that both builds do: how many units a turn, how many turns, the highest ratio allowed to the other build.

    `by_driver`: the driver does it itself, without worker, dispatcher or mail; `server_alone`: only PostgreSQL counts.
    """

    name: str
    what: str
    units: int
    turns: int
    limit: float
    by_driver: bool = False
    server_alone: bool = False


VERSUS = (
    Versus("mail", "a mail through dispatcher and worker, to delivered", 60, 3, 1 / 3),
    Versus("letter", "a letter of demand, from its release to delivered", 25, 3, 1 / 3),
    Versus("month", "a statement of a month, planned with the others, to delivered; 20,000 open items", 50, 3, 1 / 4),
    Versus("today", "what Today shows, of 50,000 open items", 20, 3, 1 / 10, by_driver=True, server_alone=True),
    Versus(
        "receivables",
        "50 of 50,000 open items, with totals",
        20,
        3,
        1 / 10,
        by_driver=True,
        server_alone=True,
    ),
    Versus("cash", "how far cash is posted, of 50,000 open items", 20, 3, 1 / 4, by_driver=True, server_alone=True),
    Versus("bank", "a bank file of 20 lines, read and matched against 50,000 items", 10, 5, 1 / 10, by_driver=True),
    Versus("bank-10000", "a bank file of 10,000 lines, read and matched against 50,000", 1, 2, 1 / 2, by_driver=True),
)


class MailSink:
    """A mail server on loopback that takes every mail and counts them."""

    def __init__(self) -> None:
        self.taken = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"smtp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            line, _address = self._listener.accept()
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            reader, in_text = line.makefile("rb"), False
            line.sendall(b"220 sink\r\n")
            for raw in reader:
                if in_text:
                    if raw != b".\r\n":
                        continue
                    with self._lock:
                        self.taken += 1
                in_text = not in_text and raw[:4].upper() == b"DATA"
                line.sendall(b"354 go on\r\n" if in_text else b"221 bye\r\n" if raw[:4] == b"QUIT" else b"250 ok\r\n")


@dataclass
class Side:
    """A build at work: its driver, its worker and its dispatcher."""

    name: str
    root: Path
    environment: dict[str, str]
    driver: subprocess.Popen[str]
    workers: list[subprocess.Popen[bytes]]
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)
    wall_ms: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, *what: Any) -> Any:
        """Lets the driver do something; returns its answer."""
        assert self.driver.stdin is not None
        self.driver.stdin.write(json.dumps(what) + "\n")
        self.driver.stdin.flush()
        return self.answer()

    def answer(self) -> Any:
        """Returns the driver's next answer."""
        assert self.driver.stdout is not None
        line = self.driver.stdout.readline()
        if not line:
            raise RuntimeError(f"the driver of {self.name} ended")
        return json.loads(line)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the worker and the dispatcher with all their processes."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def cpu_s(self) -> float:
        """Returns the CPU time so far of worker and dispatcher, their ended processes included."""
        return sum(_cpu_s(pid, ended=True) for pid in self._pids())

    def _pids(self) -> list[int]:
        return [pid for process in self.workers for pid in process_tree(process.pid)]


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_s(pid: int, *, ended: bool) -> float:
    """CPU time of a process; with `ended` also of its children that have ended."""
    try:
        times = [int(each) for each in _stat(pid)[11:15]]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(times if ended else times[:2]) / TICKS_A_SECOND


def process_tree(pid: int) -> list[int]:
    """A process and all that it started, at every depth."""
    found, seen = [pid], 0
    while seen < len(found):
        for path in Path(f"/proc/{found[seen]}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(each) for each in path.read_text().split()]
        seen += 1
    return found


@contextmanager
def checkout(revision: str, folder: Path) -> Iterator[Path]:
    """Yields a checkout of the revision with an environment of its own, or the folder that holds a built one."""
    if Path(revision, ".venv").is_dir():
        yield Path(revision).absolute()
        return
    target = folder / "against"
    target.mkdir()
    commit = _run("git", "rev-parse", "--verify", f"{revision}^{{commit}}", cwd=ROOT).decode().strip()
    archive = _run("git", "archive", commit, cwd=ROOT)
    _run("tar", "-x", cwd=target, given=archive)
    print(f"building {commit[:10]} (a minute or two)", file=sys.stderr, flush=True)
    _run("make", "install", cwd=target, env={**os.environ, "MAKEFLAGS": "", "MAKELEVEL": ""})
    yield target


def _run(*command: str, cwd: Path, given: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    done = subprocess.run(command, cwd=cwd, input=given, env=env, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own
    return done.stdout


@contextmanager
def _server_database(admin: str) -> Iterator[str]:
    name = f"against_{uuid4().hex[:10]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    head, _, tail = admin.rpartition("/")
    yield f"{head}/{name}" + (f"?{tail.partition('?')[2]}" if "?" in tail else "")


@contextmanager
def _side(name: str, root: Path, database_url: str, redis_url: str, smtp_url: str, folder: Path) -> Iterator[Side]:
    """Yields a build that is ready and stands still."""
    python = str(root / ".venv" / "bin" / "python")
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {
        "ENVIRONMENT": "development",
        "DATABASE_URL": database_url,
        "DATABASE_PREPARE": "true",  # as `huikuan up` says to its processes at its own server
        "REDIS_URL": redis_url,
        "SMTP_URL": smtp_url,
        "SECRET_KEY": "bench-only-" + "x" * 32,
        "VAR_DIR": str(folder / name),
        "APP_ROOT": str(root),
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "WORKER_PROCESSES": "1",
        "LANG": "C.UTF-8",
    }
    (folder / name).mkdir()
    _run(str(root / ".venv" / "bin" / "huikuan"), "db", "migrate", cwd=root, env=environment)
    with ExitStack() as stack:
        driver = subprocess.Popen(  # noqa: S603 - our own
            [python, "-P", str(SIDE)],
            cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(_stop, driver)
        log = stack.enter_context((folder / f"{name}.log").open("wb"))
        workers = [
            subprocess.Popen([python, "-m", module], cwd=root, env=environment, stdout=log, stderr=log)  # noqa: S603
            for module in ("app.worker", "app.dispatcher")
        ]
        side = Side(name, root, environment, driver, workers)
        for worker in workers:
            stack.callback(_stop, worker)
        stack.callback(side.signal, signal.SIGCONT)
        side.answer()
        sleep(8)  # the dispatcher's first ticks, the worker's first look
        side.signal(signal.SIGSTOP)
        yield side


def _stop(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _turn(side: Side, case: Versus, sink: MailSink, server_pid: int, units: int) -> tuple[float, float]:
    """One turn; returns (CPU seconds of the build and the server, seconds on the wall) for one unit."""
    if case.by_driver:
        server, build, began = _server_cpu_s(server_pid), _cpu_s(side.driver.pid, ended=True), perf_counter()
        side.ask(case.name, units)
        wall = perf_counter() - began
        spent = _server_cpu_s(server_pid) - server
        spent += 0 if case.server_alone else _cpu_s(side.driver.pid, ended=True) - build
        return spent / units, wall / units
    side.ask(case.name, units)
    wanted = sink.taken + units
    server = _server_cpu_s(server_pid)
    build, began = side.cpu_s(), perf_counter()
    side.signal(signal.SIGCONT)
    deadline = monotonic() + WAIT_S
    while sink.taken < wanted:
        if monotonic() > deadline:
            raise RuntimeError(f"{side.name}: {wanted - sink.taken} of {units} were not delivered in {WAIT_S} s")
        sleep(0.02)
    wall = perf_counter() - began
    sleep(0.7)  # the last outcome is noted
    spent = side.cpu_s() - build + _server_cpu_s(server_pid) - server
    side.signal(signal.SIGSTOP)
    return spent / units, wall / units


def _server_cpu_s(postmaster: int) -> float:
    """CPU time of the server: of its living processes, and of those that have ended, which the postmaster counts."""
    living = sum(_cpu_s(pid, ended=False) for pid in process_tree(postmaster)[1:])
    return living + _cpu_s(postmaster, ended=True)


def run(revision: str, only: Sequence[str]) -> list[Result]:
    """Measures the cases against another build; the floor of each result is that build."""
    cases = [case for case in VERSUS if not only or case.name in only]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="huikuan-against-")))
        folder.chmod(0o755)
        other = stack.enter_context(checkout(revision, folder))
        servers = EmbeddedServers(folder / "servers", fast=False)
        urls = servers.start()
        stack.callback(servers.stop)
        postmaster = next(row.pid for row in servers.status() if row.name.startswith("postgres") and row.pid)
        sink = MailSink()
        sides = []
        for number, (name, root) in enumerate(((revision, other), ("this build", ROOT))):
            url = stack.enter_context(_server_database(plain(urls.admin_url)))
            redis = f"{urls.redis_url.rstrip('/').removesuffix('/0')}/{number}"
            sides.append(stack.enter_context(_side(name.replace("/", "-"), root, url, redis, sink.url, folder)))
        results = [_measure(case, sides, sink, postmaster) for case in cases]
        if not only or over_http.CASE in only:
            results += _pages_over_http(sides, postmaster, folder)
        return results


def _pages_over_http(sides: list[Side], postmaster: int, folder: Path) -> list[Result]:
    """Fills the same books in both builds, serves them, and asks for their pages."""
    books = []
    for side in sides:
        began = perf_counter()
        books.append(side.ask("books", over_http.ITEMS)["result"])
        print(f"books of {side.name}: {perf_counter() - began:.0f} s", file=sys.stderr, flush=True)

    def cpu_s(pid: int) -> float:
        return sum(_cpu_s(each, ended=True) for each in process_tree(pid)) + _server_cpu_s(postmaster)

    with ExitStack() as stack:
        served = []
        for side, filled in zip(sides, books, strict=True):
            log = folder / f"web-{side.name}.log"
            web = over_http.serve(side.name, side.root, side.environment, "app.factory:create_app()", log)
            served.append(stack.enter_context(web))
            over_http.sign_in(served[-1], filled)
        ours = sides[-1]
        told = {**ours.environment, "BENCH_TENANT": books[-1]["tenant"], "PYTHONPATH": str(ROOT)}
        log = folder / "web-bare.log"
        bare = stack.enter_context(over_http.serve("bare", ROOT, told, "bench.bare_page:create_app()", log))
        return over_http.measure(served, bare, cpu_s)


def _measure(case: Versus, sides: list[Side], sink: MailSink, postmaster: int) -> Result:
    cpu: list[list[float]] = [[] for _ in sides]
    wall: list[list[float]] = [[] for _ in sides]
    for turn in range(case.turns + 1):
        for at, side in enumerate(sides):
            units = case.units if turn else min(case.units, max(case.units // 4, 3))
            spent, took = _turn(side, case, sink, postmaster, units)
            print(f"{case.name}, {side.name}: {spent * 1000:.1f} ms of CPU each", file=sys.stderr, flush=True)
            if turn:  # the first warms up
                cpu[at].append(spent * 1000)
                wall[at].append(took * 1000)
    pairs = [ours / theirs for theirs, ours in zip(*cpu, strict=True)]
    more = {
        "against": sides[0].name,
        "ratios of the pairs": [round(each, 3) for each in pairs],
        "wall ms": [round(median(each), 1) for each in wall],
    }
    return Result(f"against-{case.name}", f"{case.what} (CPU)", median(cpu[0]), median(cpu[1]), case.limit, more=more)
