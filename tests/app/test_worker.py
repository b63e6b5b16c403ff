"""The worker as a process: killed, hanging or told to stop amid a job, it loses nothing and does nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from app import dispatcher
from app.embedded.state import wait_until
from kernel import outbox, queue
from kernel.clock import utc_now
from kernel.mail import OutgoingMail, queue_mail
from tests.support.companies import TestCompany
from tests.support.delivery import Post
from tests.support.mail_gate import mail_gate

ROOT = Path(__file__).resolve().parents[2]
# The product's worker on the suite's clock, with one kind of work that never ends.
WORKER = """
import os, sys, time
from tests.support.clock import set_the_clock
set_the_clock()
from app import handlers, lane, worker
from kernel import queue
handlers.HANDLERS["test.endless"] = lambda db, actor, payload: time.sleep(600)
handlers.HANDLERS["imports.check"] = lambda db, actor, payload: None
queue.QUEUES["mail"] = int(sys.argv[1])
lane.JOBS_MAX = int(sys.argv[2])
worker.main()
"""


@dataclass
class RunningWorker:
    """A worker that runs, and its working process."""

    process: subprocess.Popen[bytes]

    def children(self) -> list[int]:
        """Returns the ids of its working processes."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def stop(self) -> int:
        """Tells it to stop; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def _worker(
    database_url: str,
    *,
    smtp_url: str = "",
    mail_limit_s: int = 60,
    jobs_max: int = 400,
    stop_s: int = 20,
    processes: int = 1,
) -> Iterator[RunningWorker]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "platform"), str(ROOT)]),
        "WORKER_PROCESSES": str(processes),
        "WORKER_STOP_SECONDS": str(stop_s),
    }
    if smtp_url:
        environment["SMTP_URL"] = smtp_url
    command = [sys.executable, "-c", WORKER, str(mail_limit_s), str(jobs_max)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield RunningWorker(process)
    finally:
        process.kill()
        process.wait()


def _mail(company: TestCompany) -> UUID:
    with company.transaction() as db:
        outgoing = OutgoingMail(
            to_address="lina@xinsheng.example", to_name="李娜", subject="Statement", body_text="Hello"
        )
        return queue_mail(db, company.actor(), outgoing, purpose="test")


def _states(company: TestCompany) -> list[str]:
    sql = "SELECT state FROM mail_message WHERE tenant_id = :t ORDER BY id"
    with company.reading() as db:
        return list(db.execute(sa.text(sql), {"t": company.tenant_id}).scalars())


def _row(company: TestCompany, kind: str) -> tuple[str, int]:
    sql = "SELECT state, attempts FROM outbox_message WHERE tenant_id = :t AND kind = :k"
    with company.reading() as db:
        row = db.execute(sa.text(sql), {"t": company.tenant_id, "k": kind}).one()
    return row.state, row.attempts


def _becomes(said: Callable[[], object], wanted: object, seconds: float = 30) -> None:
    if not wait_until(lambda: said() == wanted, seconds):
        assert said() == wanted


def test_one_process_sends_many_mails_outlives_a_lost_redis_and_dies_with_its_worker(
    company: TestCompany, post: Post, redis_url: str, database_url: str
) -> None:
    for _ in range(5):
        _mail(company)
    assert dispatcher.dispatch_once(utc_now()) == 5
    seen: set[int] = set()
    with _worker(database_url, jobs_max=3) as worker:

        def all_sent() -> bool:
            seen.update(worker.children())
            return _states(company) == ["sent"] * 5

        assert wait_until(all_sent, 30)
        assert len(seen) <= 2
        # Redis loses everything and drops every connection.
        client = queue.redis_client()
        client.flushall()
        client.client_kill_filter(_type="normal", skipme=True)
        _mail(company)
        assert dispatcher.dispatch_once(utc_now()) == 1
        _becomes(lambda: _states(company), ["sent"] * 6)
        # The worker is killed itself: nothing it started stays.
        assert wait_until(lambda: len(worker.children()) == 1, 30)
        (child,) = worker.children()
        worker.process.kill()
        worker.process.wait()
        assert wait_until(lambda: not _runs(child), 10)
    assert len(post.all()) == 6


def test_a_process_killed_amid_smtp_leaves_one_mail_in_doubt_and_the_rest_goes_on(
    company: TestCompany, redis_url: str, database_url: str
) -> None:
    for _ in range(3):
        _mail(company)
    with mail_gate("TEXT") as gate, _worker(database_url, smtp_url=gate.url) as worker:
        assert dispatcher.dispatch_once(utc_now()) == 3
        assert gate.held.wait(30)
        (child,) = worker.children()
        os.kill(child, signal.SIGKILL)
        _becomes(lambda: _states(company), ["unknown", "sent", "sent"])
        assert worker.stop() == 0
    assert len(gate.texts) == 3  # the one in doubt was offered once
    assert dispatcher.dispatch_once(utc_now()) == 0


def test_a_job_over_its_time_is_ended_with_its_process_and_the_queue_goes_on(
    company: TestCompany, redis_url: str, database_url: str
) -> None:
    for _ in range(2):
        _mail(company)
    with mail_gate("RCPT") as gate, _worker(database_url, smtp_url=gate.url, mail_limit_s=4) as worker:
        assert dispatcher.dispatch_once(utc_now()) == 2
        _becomes(lambda: _states(company), ["unknown", "sent"])
        assert worker.stop() == 0
    with company.reading() as db:
        sql = sa.text("SELECT reason FROM mail_message WHERE tenant_id = :t AND state = 'unknown'")
        assert db.execute(sql, {"t": company.tenant_id}).scalar_one() == "it took longer than it may"


def test_told_to_stop_the_worker_finishes_the_job_in_hand(
    company: TestCompany, redis_url: str, database_url: str
) -> None:
    for _ in range(2):
        _mail(company)
    with mail_gate("TEXT") as gate, _worker(database_url, smtp_url=gate.url) as worker:
        assert dispatcher.dispatch_once(utc_now()) == 2
        assert gate.held.wait(30)
        worker.process.send_signal(signal.SIGTERM)
        gate.open.set()
        assert worker.process.wait(30) == 0
    assert _states(company) == ["sent", "queued"]


def test_a_job_that_does_not_end_in_time_is_handed_back_and_no_try_is_counted(
    company: TestCompany, redis_url: str, database_url: str
) -> None:
    with company.transaction() as db:
        outbox.put(db, company.actor(), "test.endless", {})
    with _worker(database_url, stop_s=1) as worker:
        assert dispatcher.dispatch_once(utc_now()) == 1
        _becomes(lambda: _row(company, "test.endless"), ("leased", 1))
        assert worker.stop() == 0
    assert _row(company, "test.endless") == ("ready", 0)
    assert dispatcher.dispatch_once(utc_now()) == 1


def test_a_preview_waits_for_no_run_and_for_no_mails(
    company: TestCompany, other_company: TestCompany, redis_url: str, database_url: str
) -> None:
    with company.transaction() as db:
        for _ in range(3):
            outbox.put(db, company.actor(), "test.endless", {})
    for _ in range(30):
        _mail(company)
    with mail_gate("TEXT") as gate, _worker(database_url, smtp_url=gate.url, processes=2, stop_s=1) as worker:
        assert dispatcher.dispatch_once(utc_now()) == 33
        assert gate.held.wait(30)
        with other_company.transaction() as db:
            outbox.put(db, other_company.actor(), "imports.check", {})
        assert dispatcher.dispatch_once(utc_now()) >= 1  # on a slow machine with what a lease gave back
        gate.open.set()
        _becomes(lambda: _row(other_company, "imports.check"), ("done", 1))
        # One lane is held by a run, the other goes on with the mails.
        _becomes(lambda: _states(company), ["sent"] * 30)
        assert worker.stop() == 0


def _runs(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
