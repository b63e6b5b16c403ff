"""The supervisor: everything starts, a dead child comes back, and nothing is left behind, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.embedded import free_port
from app.embedded.state import wait_until
from app.processes import ProcessStatus
from app.supervisor import SupervisorError, child_environment, down, product_processes, status, up
from kernel.settings import APP_ROOT, Settings, read_settings

# The stand-ins for the product's processes: one answers /healthz, all note when they are asked to stop.
CHILD = """
import http.server, json, os, pathlib, signal, sys
from kernel.settings import instance_of
name, notes = sys.argv[1], pathlib.Path(sys.argv[2])
def stop(number, frame):
    with notes.open("a") as target:
        target.write(name + "\\n")
    raise SystemExit(0)
signal.signal(signal.SIGTERM, stop)
notes.with_name(f"{name}.listens").touch()
if name == "web":
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"instance": instance_of(os.environ["SECRET_KEY"])}).encode())
    http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Healthy).serve_forever()
if name == "worker":
    if os.fork() == 0:  # a job that knows nothing of the supervisor
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setpgrp()
while True:
    signal.pause()
"""

RUN = """
import sys
from app.embedded import EmbeddedError
from app.processes import ChildSpec
from app.supervisor import SupervisorError, up
from kernel.settings import read_settings
names, child, notes, detach = sys.argv[1].split(","), sys.argv[2], sys.argv[3], sys.argv[4] == "detach"
def processes(settings, mail_port):
    broken = ("sh", "-c", "echo no such ledger; exit 1")
    commands = {name: broken if name == "broken" else (sys.executable, child, name, notes) for name in names}
    return [ChildSpec(name, argv, stop_seconds=5) for name, argv in commands.items()]
try:
    up(read_settings(), detach=detach, with_mailcatcher=False, processes=processes, pause_seconds=0.01,
       prepare=lambda settings: print("prepared", flush=True), on_ready=lambda settings: print("READY", flush=True))
except (SupervisorError, EmbeddedError) as fault:
    sys.exit(str(fault))
"""


@dataclass
class Product:
    """A product of stand-ins in a folder of its own, pointing at servers that somebody else runs."""

    folder: Path
    settings: Settings
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *names: str, detach: bool = False) -> subprocess.Popen[str]:
        (self.folder / "child.py").write_text(CHILD)
        (self.folder / "run.py").write_text(RUN)
        files = [str(self.folder / name) for name in ("child.py", "notes")]
        process = subprocess.Popen(
            [sys.executable, str(self.folder / "run.py"), ",".join(names), *files, "detach" if detach else "stay"],
            env=child_environment(self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def rows(self) -> dict[str, ProcessStatus]:
        return {row.name: row for row in status(self.settings)}

    def running(self) -> list[int]:
        """Every process of the stand-ins: their command lines name the folder."""
        return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and self._is_ours(p)]

    def _is_ours(self, process: Path) -> bool:
        try:
            return (process / "cmdline").read_text().split("\0")[1] == str(self.folder / "child.py")
        except (OSError, IndexError):
            return False

    def listens(self, *names: str) -> bool:
        """Whether each of these has got far enough to note that it was asked to stop."""
        return all((self.folder / f"{name}.listens").exists() for name in names)

    def notes(self) -> list[str]:
        return (self.folder / "notes").read_text().split()


def _until(condition: Callable[[], object]) -> None:
    assert wait_until(lambda: bool(condition()), 10), "it did not happen in time"


def _until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert any(line.strip() == "READY" for line in process.stdout), process.communicate()[1]


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    settings = read_settings(
        {
            "DATABASE_URL": "postgresql://elsewhere.example/huikuan",
            "REDIS_URL": "redis://elsewhere.example/0",
            "PORT": str(free_port()),
            "VAR_DIR": str(tmp_path / "var"),
        }
    )
    made = Product(tmp_path, settings)
    yield made
    down(settings)
    for process in made.started:
        process.kill()
        process.communicate()
    for pid in made.running():
        os.kill(pid, signal.SIGKILL)


def test_ctrl_c_stops_everything_in_order_and_leaves_no_orphan(product: Product) -> None:
    process = product.start("web", "worker", "dispatcher")
    _until_ready(process)
    rows = product.rows()
    assert [rows[name].state for name in ("supervisor", "web", "worker", "dispatcher")] == ["running"] * 4
    _until(lambda: len(product.running()) == 4)  # the worker's job is the fourth
    _until(lambda: product.listens("web", "worker", "dispatcher"))
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert product.running() == []
    assert product.notes() == ["web", "worker", "dispatcher"]
    assert product.rows()["supervisor"].state == "stopped"


def test_a_killed_child_comes_back_without_its_orphans(product: Product) -> None:
    _until_ready(product.start("web", "worker"))
    _until(lambda: len(product.running()) == 3)
    before = set(product.running())
    os.kill(product.rows()["worker"].pid or 0, signal.SIGKILL)
    _until(lambda: product.rows()["worker"].restarts == 1 and product.rows()["worker"].pid)
    _until(lambda: len(product.running()) == 3)
    assert len(before & set(product.running())) == 1  # the web process alone is the same


def test_children_do_not_outlive_a_killed_supervisor(product: Product) -> None:
    process = product.start("web", "dispatcher")
    _until_ready(process)
    _until(lambda: product.listens("web", "dispatcher"))
    process.kill()
    _until(lambda: not product.running())
    assert sorted(product.notes()) == ["dispatcher", "web"]


def test_a_child_that_cannot_live_ends_all_with_the_name_of_its_log(product: Product) -> None:
    process = product.start("web", "broken")
    _out, told = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "The broken process stopped 6 times within a minute (last: exit code 1)" in told
    assert str(product.folder / "var" / "log" / "broken.log") in told
    assert "no such ledger" in told
    assert product.running() == []


def test_detached_it_returns_when_ready_and_down_stops_it(product: Product) -> None:
    process = product.start("web", "worker", detach=True)
    told, _faults = process.communicate(timeout=10)
    assert process.returncode == 0
    assert told.index("prepared") < told.index("READY")
    assert product.rows()["web"].state == "running"
    with pytest.raises(SupervisorError, match="running already"):
        up(product.settings, say=lambda _line: None)
    said: list[str] = []
    assert down(product.settings, say=said.append)
    assert product.running() == []
    assert not down(product.settings, say=said.append)


def test_a_taken_port_is_told_with_the_way_out(product: Product) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", product.settings.port))
        other.listen()
        for detach in (False, True):
            _out, told = product.start("web", detach=detach).communicate(timeout=10)
            assert f"Port {product.settings.port} on 127.0.0.1 is taken" in told
            assert "PORT=" in told


def test_children_read_the_same_settings(product: Product) -> None:
    settings = product.settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:2525", "secret_key": "k" * 40})
    assert read_settings(child_environment(settings)) == settings
    assert child_environment(settings)["PYTHONPATH"].startswith(str(APP_ROOT / "platform"))


def test_the_product_is_web_worker_dispatcher_and_mail_in_development(product: Product) -> None:
    assert [p.name for p in product_processes(product.settings, 2525)] == ["web", "worker", "dispatcher", "mail"]
    assert [p.name for p in product_processes(product.settings, None)] == ["web", "worker", "dispatcher"]
