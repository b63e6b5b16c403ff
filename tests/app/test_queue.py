"""Dispatcher, Redis and worker together: what a command put into the outbox is done by a job, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from rq import SimpleWorker

from app import dispatcher
from app.embedded import EmbeddedServers
from kernel import journal, outbox, queue, settings
from kernel.clock import utc_now
from kernel.db import open_session, transaction
from tenants.queries import active_tenants
from tests.support.companies import TestCompany
from tests.support.delivery import Post


def _clear_the_desk() -> None:
    """What other tests left in their companies' outboxes is none of this test's work."""
    with open_session(None, read_only=True) as db:
        tenants = [tenant.id for tenant in active_tenants(db)]
    for tenant_id in tenants:
        with transaction(tenant_id) as db:
            db.execute(
                sa.text("UPDATE outbox_message SET state = 'done' WHERE tenant_id = :t AND state <> 'done'"),
                {"t": tenant_id},
            )


@pytest.fixture
def redis_url(tmp_path: Path, engine: sa.Engine) -> Iterator[str]:
    """A Redis server of this test, and this process pointed at it."""
    _clear_the_desk()
    servers = EmbeddedServers(tmp_path / "redis", fast=True, postgres=False)
    url = servers.start().redis_url
    os.environ["REDIS_URL"] = url
    for cached in (settings.settings, queue.redis_client):
        cached.cache_clear()
    yield url
    queue.redis_client().close()
    os.environ.pop("REDIS_URL")
    for cached in (settings.settings, queue.redis_client):
        cached.cache_clear()
    servers.stop()


def _work() -> None:
    """A worker that takes all queues in this process until they are empty."""
    connection = queue.redis_client()
    worker = SimpleWorker([queue.queue(name) for name in queue.QUEUES], connection=connection, serializer="json")
    worker.work(burst=True, logging_level="ERROR")


def test_what_was_put_is_claimed_queued_and_done_once(company: TestCompany, post: Post, redis_url: str) -> None:
    with company.transaction() as db:
        actor = company.actor()
        for number in range(3):
            journal.record(db, actor, "note_written", data={"number": number})
        outbox.put(db, actor, "journal.seal", {"period": "now"}, key="journal.seal:now")
    assert dispatcher.dispatch_once(utc_now()) >= 1
    assert dispatcher.dispatch_once(utc_now()) == 0
    _work()
    with company.reading() as db:
        found = journal.verify(db, company.tenant_id)
    assert found.ok
    assert found.unsealed == 0
    assert found.events >= 3


def test_two_dispatchers_hand_out_each_row_once(company: TestCompany, redis_url: str) -> None:
    with company.transaction() as db:
        for number in range(20):
            outbox.put(db, company.actor(), "journal.seal", {"period": str(number)})
    now = utc_now()
    handed = dispatcher.dispatch_once(now) + dispatcher.dispatch_once(now)
    jobs = sum(len(queue.queue(name).job_ids) for name in queue.QUEUES)
    assert handed == jobs >= 20
