"""Measuring: medians of interleaved rounds, time in the database beside time in Python, the table and the JSON.

May import SQLAlchemy. Invariants: floor and product take turns, so that a slow minute of the machine hits both; the
first round of each warms up and is thrown away.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Result:
    """One row of the table. Times in milliseconds; `limit` is the highest ratio allowed (None: for information)."""

    name: str
    what: str
    floor_ms: float
    product_ms: float
    limit: float | None
    statements: int | None = None
    python_ms: float | None = None
    python_limit_ms: float | None = None
    statements_limit: int | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Product by floor."""
        return self.product_ms / self.floor_ms if self.floor_ms else float("inf")

    @property
    def ok(self) -> bool:
        """Whether every limit that was set is kept."""
        within = self.limit is None or self.ratio <= self.limit
        if self.python_limit_ms is not None and self.python_ms is not None:
            within = within and self.python_ms <= self.python_limit_ms
        if self.statements_limit is not None and self.statements is not None:
            within = within and self.statements <= self.statements_limit
        return within


@dataclass
class Tally:
    """What an engine did inside `watching`: how many statements, how long in the database, which ones."""

    count: int = 0
    database_s: float = 0.0
    statements: list[tuple[str, Any, float]] = field(default_factory=list)


@contextmanager
def watching(engine: sa.Engine) -> Iterator[Tally]:
    """Counts and times the statements of an engine."""
    tally, started = Tally(), [0.0]

    def before(*_: Any) -> None:
        started[0] = perf_counter()

    def after(_c: Any, _cursor: Any, statement: str, parameters: Any, _ctx: Any, _many: bool) -> None:
        spent = perf_counter() - started[0]
        tally.count += 1
        tally.database_s += spent
        tally.statements.append((statement, parameters, spent))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield tally
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def alternate(rounds: int, *works: Callable[[], float], between: Callable[[], None] | None = None) -> tuple[float, ...]:
    """Medians in milliseconds of works that return their own seconds, taking turns; one warm-up round."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for slot, work in zip(times, works, strict=True):
            if between:
                between()
            gc.collect()
            spent = work()
            if number:
                slot.append(spent * 1000)
    return tuple(median(slot) for slot in times)


def alternate_cpu(rounds: int, *works: Callable[[], float]) -> tuple[float, ...]:
    """Means in milliseconds of processor time, of this process and its backends, that works take in turns.

    For a machine that others use too. Each work returns what it took by `cpu_s`; the clock of a backend ticks a hundred
    times a second, so of works of a few milliseconds only the sums of many turns say something.
    """
    spent = [0.0 for _ in works]
    for number in range(rounds + 1):
        for place, work in enumerate(works):
            taken = work()
            spent[place] += taken if number else 0
    return tuple(each / rounds * 1000 for each in spent)


def cpu_s(*backends: int) -> float:
    """Seconds of processor time of this process so far, and of backends of PostgreSQL on this machine by process id."""
    ticks = os.sysconf("SC_CLK_TCK")
    theirs = 0.0
    for pid in backends:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        theirs += (int(fields[11]) + int(fields[12])) / ticks
    return process_time() + theirs


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """A work that measures itself whole."""

    def run() -> float:
        start = perf_counter()
        work()
        return perf_counter() - start

    return run


def table(results: list[Result], floor: str = "floor") -> str:
    """The results as aligned text; `floor` says what the product is compared with."""
    head = ("work", f"{floor} ms", "product ms", "ratio", "at most", "stmts", "python ms", "")
    rows = [head]
    for r in results:
        rows.append(
            (
                r.what,
                f"{r.floor_ms:,.2f}",
                f"{r.product_ms:,.2f}",
                f"{r.ratio:.2f}",
                "" if r.limit is None else f"{r.limit:.3g} x",
                "" if r.statements is None else str(r.statements),
                "" if r.python_ms is None else f"{r.python_ms:,.1f}",
                "" if r.limit is None else ("ok" if r.ok else "MISSED"),
            )
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if at in (0, 7) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def write_json(results: list[Result], facts: dict[str, Any], name: str = "latest.json") -> None:
    """Writes the results to a file in `bench/results/`."""
    RESULTS.mkdir(exist_ok=True)
    payload = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"python": sys.version.split()[0], "system": platform.platform(), **facts},
        "results": [{**asdict(r), "ratio": round(r.ratio, 3), "ok": r.ok} for r in results],
    }
    (RESULTS / name).write_text(json.dumps(payload, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
