"""Pages over HTTP, of both builds and of a bare Flask page: gunicorn as the product starts it, eight clients at once.

May import the processes of `bench.against`. The builds have the same books, filled by their own commands: 100,000 open
items of 5,000 customers, paid ones, a day's run with letters that wait, a statement with its link. Invariants: the
builds take turns, page by page; who is not asked stands still; every answer is 200 and is read whole, as a browser asks
for it (gzip accepted).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from bench.measure import Result

CASE, ITEMS = "http", 100_000
CLIENTS, SECONDS, TURNS = 8, 6, 3
WORKERS, THREADS = 2, 8
CLIENT = Path(__file__).with_name("clients.py")
START_S = 60


@dataclass(frozen=True)
class AskedPage:
    """A page of both builds: `path` after the company's root (or from `/`), the highest ratio to the other build."""

    name: str
    what: str
    path: str
    limit: float


PAGES = (
    AskedPage("today", "Today", "", 1 / 20),
    AskedPage("receivables", "receivables, 50 rows", "receivables/?per=50", 1 / 20),
    AskedPage("queue", "review queue", "cases/", 1 / 20),
    AskedPage("customer", "one customer", "customers/{customer}", 1 / 4),
    AskedPage("customers", "customers, 50 rows", "customers/?per=50", 1 / 3),
    AskedPage("portal", "the debtor's page", "{portal}", 1 / 3),
)


@dataclass
class Served:
    """A web server at work: where it listens, the reader's cookie, and what its pages are called."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    paths: dict[str, str]
    cookie: str = ""
    spent_ms: dict[str, list[list[float]]] = field(default_factory=dict)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)
    a_second: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, page: str, cpu_s: Callable[[int], float], seconds: float, *, counts: bool) -> None:
        """One turn: eight clients ask for the page; `cpu_s` is the CPU time so far of this process and the server."""
        path = self.paths.get(page, "/")
        headers = {"Accept-Encoding": "gzip", "Accept": "text/html"}
        if path.startswith("/c/"):  # a debtor has no cookie
            headers["Cookie"] = self.cookie
        told = {"host": "127.0.0.1", "port": self.port, "path": path, "headers": headers, "seconds": seconds}
        began = cpu_s(self.process.pid)
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-P", str(CLIENT)],
            input=json.dumps({**told, "clients": CLIENTS}).encode(), stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        cpu = cpu_s(self.process.pid) - began
        answers = json.loads(done.stdout)
        count = len(answers["spent_ms"])
        rate, each = count / answers["seconds"], cpu / count * 1000
        print(f"{page}, {self.name}: {rate:.1f} a second, {each:.1f} ms of CPU each", file=sys.stderr, flush=True)
        if counts:
            self.spent_ms.setdefault(page, []).append(answers["spent_ms"])
            self.cpu_ms.setdefault(page, []).append(each)
            self.a_second.setdefault(page, []).append(rate)

    def p50(self, page: str) -> list[float]:
        """The median answer of each turn (ms)."""
        return [median(turn) for turn in self.spent_ms[page]]

    def p99(self, page: str) -> float:
        """The 99th percentile of the answers of all turns (ms)."""
        return quantiles(sorted(ms for turn in self.spent_ms[page] for ms in turn), n=100, method="inclusive")[98]


@contextmanager
def serve(name: str, root: Path, environment: dict[str, str], application: str, log: Path) -> Iterator[Served]:
    """Yields gunicorn with the application, as `huikuan up` starts it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (
        *(str(root / ".venv" / "bin" / "python"), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS)),
        *("--no-control-socket", *(("--preload",) if _preloads(root) else ()), application),
    )
    # In production templates are not looked up on the disk again.
    production = {**environment, "ENVIRONMENT": "production", "PUBLIC_URL": "https://127.0.0.1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=root, env=production, stdout=out, stderr=out)  # noqa: S603 - our own
    try:
        _wait_for(port, process)
        yield Served(name, process, port, {})
    finally:
        process.terminate()
        process.wait(30)


def _preloads(root: Path) -> bool:
    return "--preload" in (root / "platform" / "app" / "supervisor.py").read_text()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + START_S
    while monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            sleep(0.1)
    raise RuntimeError("the web server did not start")


def sign_in(served: Served, books: dict[str, str]) -> None:
    """Signs the reader in by the form, and finds the paths of the pages."""
    root = f"http://127.0.0.1:{served.port}"
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("https", "http")))  # the session's is for https
    browser = build_opener(HTTPCookieProcessor(jar))
    page = browser.open(f"{root}/sign-in").read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token, "the sign-in page has no token"
    typed = {"email": books["email"], "password": books["password"], "csrf_token": token[1]}
    browser.open(Request(f"{root}/sign-in", urlencode(typed).encode(), headers={"Referer": f"{root}/sign-in"}))  # noqa: S310
    base = f"/c/{books['company']}/"
    listed = browser.open(f"{root}{base}customers/").read().decode()
    customer = re.search(rf'{base}customers/([0-9a-f-]{{36}})"', listed)
    assert customer, "nobody is listed"
    for page_ in PAGES:
        path = page_.path.format(customer=customer[1], portal=books["portal"])
        served.paths[page_.name] = path if path.startswith("/") else base + path
    served.cookie = "; ".join(f"{each.name}={each.value}" for each in jar)


def measure(builds: list[Served], bare: Served, cpu_s: Callable[[int], float]) -> list[Result]:
    """Asks every page of both builds and the bare one in turns; two results a page: median, 99th percentile."""
    results = []
    for page in PAGES:
        for turn in range(TURNS + 1):
            for served in (*builds, bare):
                _signal(served.process.pid, signal.SIGCONT)
                served.ask(page.name, cpu_s, SECONDS if turn else 2, counts=bool(turn))
                _signal(served.process.pid, signal.SIGSTOP)
        results += _results(page, *builds, bare)
    for served in (*builds, bare):
        _signal(served.process.pid, signal.SIGCONT)
    return results


def _results(page: AskedPage, other: Served, ours: Served, bare: Served) -> list[Result]:
    name = page.name
    sides = (other, ours, bare)
    more: dict[str, Any] = {
        "against": other.name,
        "ratios of the pairs": [round(b / a, 3) for a, b in zip(other.p50(name), ours.p50(name), strict=True)],
        "wall ms": [round(median(each.p50(name)), 1) for each in sides],
        "p99 ms": [round(each.p99(name), 1) for each in sides],
        "requests a second": [round(median(each.a_second[name]), 1) for each in sides],
        "cpu ms": [round(median(each.cpu_ms[name]), 1) for each in sides],
        "of the bare page": round(median(ours.p50(name)) / median(bare.p50(name)), 2),
        "sides": [each.name for each in sides],
    }
    p50 = [median(each.p50(name)) for each in sides]
    return [
        Result(f"http-{name}-p50", f"{page.what}, over HTTP, 8 clients: p50", p50[0], p50[1], page.limit, more=more),
        Result(
            f"http-{name}-p99", f"{page.what}, over HTTP, 8 clients: p99",
            other.p99(name), ours.p99(name), page.limit, more=more,
        ),
    ]  # fmt: skip


def _signal(pid: int, number: signal.Signals) -> None:
    from bench.against import process_tree

    for each in process_tree(pid):
        try:
            os.kill(each, number)
        except ProcessLookupError:
            continue
