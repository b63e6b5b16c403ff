"""Probes and figures: alive, ready, and how much waits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from app import dispatcher, migrate, probes
from app.cli import main
from app.metrics import exposition, measure
from kernel import outbox, queue, settings
from kernel.clock import utc_now
from tests.support.companies import TestCompany
from tests.support.database import as_owner


def test_the_process_is_alive_whatever_became_of_its_servers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "read_only_transaction", None)
    assert app.test_client().get("/healthz").json["status"] == "ok"  # type: ignore[index]


def test_it_is_ready_when_database_and_redis_answer(app: Flask, redis_url: str) -> None:
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_is_not_ready_without_redis_and_says_so(
    app: Flask, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    for cached in (settings.settings, queue.redis_client):
        cached.cache_clear()
    answer = app.test_client().get("/readyz")
    monkeypatch.undo()
    for cached in (settings.settings, queue.redis_client):
        cached.cache_clear()
    assert answer.status_code == 503
    assert answer.json == {"status": "unavailable", "redis": "ConnectionError"}


def test_it_is_not_ready_on_a_database_of_another_release(
    app: Flask, engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "HEAD").write_text("9999_later\n")
    monkeypatch.setattr(migrate, "APP_ROOT", tmp_path)
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["database"].endswith("not 9999")  # type: ignore[index]


def test_the_figures_say_what_waits_what_was_given_up_and_what_is_in_doubt(
    company: TestCompany, redis_url: str
) -> None:
    def figures() -> dict[str, dict[str, float]]:
        return {gauge.name: gauge.values for gauge in measure(utc_now())}

    before = figures()
    for number in range(3):
        with company.transaction() as db:
            outbox.put(db, company.actor(), "imports.check", {}, key=f"check:{number}")
    as_owner(company.tenant_id, "UPDATE outbox_message SET state = 'dead' WHERE tenant_id = %s AND key = 'check:0'")
    now = figures()
    assert now["outbox_messages"]["ready"] == before["outbox_messages"]["ready"] + 2
    assert now["outbox_messages"]["dead"] == before["outbox_messages"]["dead"] + 1
    assert now["queue_jobs"] == {"mail": 0, "runs": 0, "imports": 0, "documents": 0}
    assert now["dispatcher_up"] == {"": 0}
    dispatcher.dispatch_once(utc_now())
    queue.lead(dispatcher.OFFICE, "me", 15)
    now = figures()
    assert now["queue_jobs"]["imports"] == 2
    assert now["dispatcher_up"] == {"": 1}
    aged = {gauge.name: gauge.values for gauge in measure(utc_now() + timedelta(hours=1))}
    assert 3_600 - 60 < aged["outbox_oldest_due_seconds"]["imports"] < 3_700
    text = exposition(measure(utc_now()))
    assert "# TYPE huikuan_queue_jobs gauge\n" in text
    assert 'huikuan_queue_jobs{queue="imports"} 2\n' in text
    assert company.slug not in text


def test_the_command_prints_the_figures(engine: sa.Engine, redis_url: str) -> None:
    done = CliRunner().invoke(main, ["metrics"])
    assert done.exit_code == 0
    assert "huikuan_mails_in_doubt " in done.output
