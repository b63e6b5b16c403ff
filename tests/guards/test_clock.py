"""No test asks the real date: the suite has a clock of its own, and nothing in `tests/` goes round it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from kernel.clock import utc_now
from tests.support.clock import NOW

TESTS = Path(__file__).resolve().parents[1]
ASKING = {
    *(
        "datetime.now",
        "datetime.today",
        "datetime.utcnow",
        "date.today",
        "datetime.datetime.now",
        "datetime.date.today",
    ),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime"),
}
#: In statements: what the database server takes for now.
SQL = re.compile(r"\bnow\(\)|\b(?:statement|transaction|clock)_timestamp\(\)|\bcurrent_(?:date|timestamp|time)\b", re.I)
#: Files that start processes, whose clock nobody can set from here, and why no date is asked there all the same.
PROCESSES = {
    "app/test_cli.py": "the command line as a process: it lists companies and tries an empty and an absent database",
    "app/test_delivery.py": "a worker killed amid the conversation with the mail server: its lease is set by the test",
    "app/test_embedded.py": "a starter of servers that is killed: servers know no business date",
    "app/test_worker.py": "a worker on the suite's clock, killed, hanging or stopped amid a job",
    "app/test_supervisor.py": "stand-ins for the product's processes: they note that they started and stopped",
    "browser/test_paper.py": "pdftotext reads a printed page",
    "guards/test_slices.py": "a process that imports what the dispatcher and the worker import: no clock is asked",
    "kernel/test_pdf.py": "pdftotext reads a paper",
    "kernel/test_sheets_hostile.py": "a reader of hostile tables with little memory: no clock is asked",
    "support/killed.py": "its children set the clock themselves",
}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(TESTS.rglob("*.py")):
        yield path.relative_to(TESTS).as_posix(), ast.parse(path.read_bytes())


def test_the_date_is_the_suites_own_in_every_thread() -> None:
    with ThreadPoolExecutor(2) as pool:
        moments = [utc_now(), *pool.map(lambda _n: utc_now(), range(4))]
    assert all(NOW < moment < NOW + timedelta(hours=12) for moment in moments)


def test_no_test_asks_the_real_date() -> None:
    found = []
    for name, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ASKING:
                found.append(f"{name}:{node.lineno} {ast.unparse(node.func)}")
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                found += [f"{name}:{node.lineno} {each.name}" for each in node.names if f"time.{each.name}" in ASKING]
    assert found == []


def test_no_statement_of_a_test_asks_the_servers_date() -> None:
    found = [
        f"{name}:{node.lineno} {node.value[:60]}"
        for name, tree in _sources()
        if name != Path(__file__).relative_to(TESTS).as_posix()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]
    assert found == []


def test_processes_with_a_clock_of_their_own_are_known() -> None:
    starts = {
        name
        for name, tree in _sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and re.fullmatch(r"subprocess\.\w+|os\.(fork|system|spawn\w*)", ast.unparse(node.func))
    }
    assert starts == set(PROCESSES)
