"""What is seen from outside: `huikuan --help`, a page on the wire, and the demo's books.

May import app.seeds. Invariant: the floor of help is click alone with as many commands; that of the wire is the page
as it was before it was compressed.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from time import perf_counter, process_time

from app.cli.lazy import load_index
from app.factory import create_app
from app.seeds.play import seed
from bench.measure import Result, alternate
from bench.pages import signed_in
from bench.stage import stage_items
from kernel.settings import APP_ROOT

ROUNDS = 5
BARE = """
import click
main = click.Group("bare")
for n in range({commands}):
    main.add_command(click.Command(f"c{{n}}", help="A command."))
main()
"""


def help_text(_url: str, _items: int) -> list[Result]:
    """CPU of `huikuan --help` beside a bare click group."""

    def cpu(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-c", code, "--help"]
        environment = {**os.environ, "PYTHONPATH": str(APP_ROOT / "platform")}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603 - our own
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = BARE.format(commands=len(load_index()))
    floor_ms, product_ms = alternate(ROUNDS, lambda: cpu(bare), lambda: cpu("from app.cli import main; main()"))
    return [Result("help", "huikuan --help (CPU; floor: click alone)", floor_ms, product_ms, 2.0)]


def wire(url: str, _items: int) -> list[Result]:
    """Bytes of fifty receivables, compressed by plain; read `ms` as bytes."""
    stage = stage_items(url, 2_000, paid=False)
    app = create_app()
    client = signed_in(app, stage)
    path = f"/c/{stage.slug}/receivables/"
    plain = len(client.get(path).data)
    packed = len(client.get(path, headers={"Accept-Encoding": "gzip"}).data)
    return [Result("wire", "receivables, 50 rows, on the wire (bytes; floor: plain)", plain, packed, 0.2)]


def demo(_url: str, _items: int) -> list[Result]:
    """The demo's books from nothing: wall time, and CPU of the client beside it."""
    wall, cpu = perf_counter(), process_time()
    seed(lambda _line: None)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    return [Result("demo", "books of the demo (floor: CPU of the client)", cpu * 1000, wall * 1000, None)]
