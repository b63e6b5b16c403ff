"""PostgreSQL or the mail server away for a moment: work waits, nothing fails through, nothing is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from structlog.testing import capture_logs

from app import handlers, jobs
from app.embedded.state import wait_until
from app.examination import company_checks
from kernel import mail, outbox
from kernel.clock import utc_now
from kernel.db import is_away
from kernel.log import logger
from kernel.mail import OutgoingMail
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain, smtp_at
from tests.support.rude import rude_server


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def _database_away(url: str) -> Iterator[None]:
    """Cuts every connection to the test's database and lets no new one in."""
    name = _plain(url).rpartition("/")[2].partition("?")[0]
    with psycopg.connect(_plain(url).replace(f"/{name}", "/postgres"), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')  # type: ignore[arg-type]
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')  # type: ignore[arg-type]


def _queue(company: TestCompany, to: str = "lina@xinsheng.example") -> UUID:
    with company.transaction() as db:
        outgoing = OutgoingMail(to_address=to, to_name="李娜", subject="账", body_text="请查收")
        return mail.queue_mail(db, company.actor(), outgoing, purpose="test")


def _claim(company: TestCompany) -> outbox.Claimed:
    with company.transaction() as db:
        (claimed,) = outbox.claim(db, company.tenant_id, utc_now())
    return claimed


def _arguments(claimed: outbox.Claimed) -> tuple[str, str, str]:
    return str(claimed.tenant_id), str(claimed.id), str(claimed.fence)


def _row(company: TestCompany) -> tuple[str, int, bool]:
    """(state, attempts, whether it is due now) of the company's only message."""
    sql = sa.text("SELECT state, attempts, due_at FROM outbox_message WHERE tenant_id = :t")
    with company.reading() as db:
        row = db.execute(sql, {"t": company.tenant_id}).one()
    return row.state, row.attempts, row.due_at <= utc_now()


def _state(company: TestCompany, mail_id: UUID) -> str:
    with company.reading() as db:
        return mail.get(db, company.tenant_id, mail_id).state


def test_a_job_waits_for_the_database_before_its_claim(company: TestCompany, post: Post, database_url: str) -> None:
    _queue(company)
    claimed, outcome = _claim(company), []
    thread = threading.Thread(target=lambda: outcome.append(jobs.deliver(*_arguments(claimed))))
    with _database_away(database_url):
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(20)
    assert outcome == ["sent"]
    assert _row(company) == ("done", 1, True)


def test_what_the_mail_server_said_is_noted_when_the_database_is_back(
    company: TestCompany, post: Post, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id = _queue(company)
    claimed, outcome = _claim(company), []
    send, sent = mail.send_over_smtp, threading.Event()
    away = _database_away(database_url)

    def sends_as_it_goes_away(*values: Any) -> mail.Outcome:
        said = send(*values)
        away.__enter__()
        sent.set()
        return said

    monkeypatch.setattr(mail, "send_over_smtp", sends_as_it_goes_away)
    thread = threading.Thread(target=lambda: outcome.append(jobs.deliver(*_arguments(claimed))))
    thread.start()
    assert sent.wait(20)
    thread.join(0.3)
    away.__exit__(None, None, None)
    thread.join(20)
    assert outcome == ["sent"]
    assert _state(company, mail_id) == "sent"
    assert len(post.all()) == 1


def test_work_whose_backend_is_killed_is_due_again_at_once_and_no_try_is_counted(
    company: TestCompany, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []

    def work(db: Any, actor: Any, _payload: Any) -> None:
        if not killed:
            killed.append(1)
            pid = db.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            with psycopg.connect(_plain(database_url), autocommit=True) as owner:
                owner.execute("SELECT pg_terminate_backend(%s)", [pid])
        db.execute(sa.text("SELECT 1"))

    monkeypatch.setitem(handlers.HANDLERS, "test.work", work)
    with company.transaction() as db:
        outbox.put(db, company.actor(), "test.work", {})
    assert drain(company.tenant_id, rounds=1) == ["failed"]
    assert _row(company) == ("ready", 0, True)
    assert drain(company.tenant_id) == ["done"]


def test_what_was_committed_is_not_done_again_because_the_answer_was_lost(company: TestCompany) -> None:
    with company.transaction() as db:
        outbox.put(db, company.actor(), "journal.seal", {"period": "now"})
    claimed = _claim(company)
    with company.transaction() as db:
        assert outbox.finish(db, claimed, utc_now())
    with company.transaction() as db:
        outbox.fail(db, claimed, utc_now(), "the line to the database broke at COMMIT")
        outbox.hand_back(db, claimed, utc_now())
    assert _row(company)[0] == "done"
    assert not jobs.release(claimed.tenant_id, claimed.id, claimed.fence, "killed", stopped=False)


def test_a_database_error_while_a_lease_is_kept_is_logged_and_the_lease_is_kept_on(
    company: TestCompany, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "KEEP_EVERY_S", 0.01)
    monkeypatch.setattr(jobs, "KEEP_AGAIN_S", 0.01)
    # A logger keeps what it was first used with, which may have been another test's.
    monkeypatch.setattr(jobs, "log", logger("app.jobs"))
    extended: list[int] = []

    def breaks_the_first(_c: Any, _cursor: Any, statement: str, _p: Any, _ctx: Any, _many: bool) -> None:
        if statement.startswith("UPDATE outbox_message SET lease_until=") and "fence=(" not in statement:
            extended.append(1)
            if len(extended) == 1:
                raise psycopg.OperationalError("the connection was cut")

    def work(_db: Any, _actor: Any, _payload: Any) -> None:
        assert wait_until(lambda: len(extended) >= 3, 10)

    monkeypatch.setitem(handlers.HANDLERS, "test.work", work)
    with company.transaction() as db:
        outbox.put(db, company.actor(), "test.work", {})
    event.listen(engine, "before_cursor_execute", breaks_the_first)
    try:
        with capture_logs() as logged:
            assert drain(company.tenant_id) == ["done"]
    finally:
        event.remove(engine, "before_cursor_execute", breaks_the_first)
    assert "a lease could not be extended" in [line["event"] for line in logged]


@pytest.mark.parametrize(
    ("stopped", "after"), [(False, ("ready", 1, False)), (True, ("ready", 0, True))], ids=["killed", "told to stop"]
)
def test_what_an_ended_process_left_is_given_back(
    company: TestCompany, stopped: bool, after: tuple[str, int, bool]
) -> None:
    with company.transaction() as db:
        outbox.put(db, company.actor(), "journal.seal", {"period": "now"})
    claimed = _claim(company)
    with company.transaction() as db:
        assert outbox.reclaim(db, company.tenant_id, claimed.id, claimed.fence, utc_now())
    assert jobs.release(claimed.tenant_id, claimed.id, claimed.fence, "signal 9", stopped=stopped)
    assert _row(company) == after


def test_a_job_that_kills_its_process_every_time_is_given_up_like_any_other(company: TestCompany) -> None:
    with company.transaction() as db:
        outbox.put(db, company.actor(), "journal.seal", {"period": "now"})
    now = utc_now()
    for _ in range(outbox.ATTEMPTS_MAX):
        now += timedelta(hours=3)
        with company.transaction() as db:
            (claimed,) = outbox.claim(db, company.tenant_id, now)
            assert outbox.reclaim(db, company.tenant_id, claimed.id, claimed.fence, now)
        assert jobs.release(claimed.tenant_id, claimed.id, claimed.fence, "signal 9", stopped=False)
    assert _row(company)[0] == "dead"


def _machine_dies_at(company: TestCompany, tries: int) -> None:
    """Work is begun that many times, and neither the job nor its worker is left to say how it went."""
    sql = sa.text("UPDATE outbox_message SET lease_until = :past WHERE tenant_id = :t")
    for _ in range(tries):
        claimed = _claim(company)
        with company.transaction() as db:
            assert outbox.reclaim(db, company.tenant_id, claimed.id, claimed.fence, utc_now())
            db.execute(sql, {"t": company.tenant_id, "past": utc_now() - timedelta(seconds=1)})


def test_work_at_which_the_machine_dies_every_time_is_given_up_and_the_examination_says_so(
    company: TestCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[int] = []
    monkeypatch.setitem(handlers.HANDLERS, "test.work", lambda *_: worked.append(1))
    with company.transaction() as db:
        outbox.put(db, company.actor(), "test.work", {})
    _machine_dies_at(company, outbox.ATTEMPTS_MAX)
    assert drain(company.tenant_id) == ["given up"]
    assert (worked, _row(company)[0]) == ([], "dead")
    assert drain(company.tenant_id) == []
    with company.reading() as db:
        (said,) = (c for c in company_checks(db, company.tenant_id) if c.name == "work: nothing was given up")
    assert not said.ok
    assert "the machine or process that worked on it ended" in said.detail
    with company.transaction() as db:
        assert outbox.revive(db, company.tenant_id, utc_now()) == 1
    assert drain(company.tenant_id) == ["done"]


def test_work_at_which_the_machine_died_less_often_is_still_done(
    company: TestCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(handlers.HANDLERS, "test.work", lambda *_: None)
    with company.transaction() as db:
        outbox.put(db, company.actor(), "test.work", {})
    _machine_dies_at(company, outbox.ATTEMPTS_MAX - 1)
    assert drain(company.tenant_id) == ["done"]


@pytest.mark.parametrize(("begun", "state"), [("queued", "failed"), ("sending", "unknown")])
def test_a_mail_at_which_the_machine_dies_every_time_comes_back_to_its_sender(
    company: TestCompany, post: Post, monkeypatch: pytest.MonkeyPatch, begun: str, state: str
) -> None:
    told: list[str] = []
    monkeypatch.setitem(handlers.ON_OUTCOME, "test", lambda _db, _actor, _row, outcome: told.append(outcome))
    mail_id = _queue(company)
    _machine_dies_at(company, mail.TRIES_MAX)
    if begun == "sending":
        with company.transaction() as db:
            mail.begin_sending(db, company.tenant_id, mail_id)
    assert drain(company.tenant_id) == ["given up"]
    assert (_state(company, mail_id), told, post.all()) == (state, [state], [])
    with company.reading() as db:
        assert "ended without a word" in str(mail.get(db, company.tenant_id, mail_id).reason)
    assert drain(company.tenant_id) == []


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"DATA": "hang up"}, "queued"),
        ({"DATA": "421 4.3.2 closing"}, "queued"),
        ({"RCPT": "hang up"}, "queued"),
        ({"TEXT": "hang up"}, "unknown"),
    ],
)
def test_only_a_line_cut_after_the_server_asked_for_the_text_leaves_a_doubt(
    company: TestCompany, answers: dict[str, str], state: str
) -> None:
    mail_id = _queue(company)
    with rude_server(answers) as url, smtp_at(url):
        drain(company.tenant_id, rounds=1)
    assert _state(company, mail_id) == state


@pytest.mark.parametrize(
    ("scheme", "to", "state"),
    [("smtp://", "李娜@xinsheng.example", "failed"), ("smtp://邮差:密码@", "lina@xinsheng.example", "queued")],
    ids=["an address that SMTP cannot write", "a password of ours that it cannot write"],
)
def test_what_cannot_be_written_has_left_no_doubt(company: TestCompany, scheme: str, to: str, state: str) -> None:
    mail_id = _queue(company, to)
    answers = {"EHLO": "250-rude\r\n250 AUTH PLAIN"}
    with rude_server(answers) as url, smtp_at(url.replace("smtp://", scheme)):
        drain(company.tenant_id, rounds=1)
    assert _state(company, mail_id) == state


def test_the_database_is_away_when_it_does_not_answer_not_when_it_says_no(company: TestCompany) -> None:
    with pytest.raises(sa.exc.DBAPIError) as refused, company.transaction() as db:
        db.execute(sa.text("SELECT 1 / 0"))
    assert not is_away(refused.value)
    nowhere = sa.create_engine("postgresql+psycopg://x@127.0.0.1:1/x", connect_args={"connect_timeout": 2})
    with pytest.raises(sa.exc.OperationalError) as unreachable:
        nowhere.connect()
    assert is_away(unreachable.value)
