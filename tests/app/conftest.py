"""Fixtures of the tests with a queue: a Redis server of their own, and a desk cleared of other tests' work."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.embedded import EmbeddedServers
from kernel import queue, settings
from kernel.db import open_session, transaction
from tenants.queries import active_tenants


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis server of this test process."""
    servers = EmbeddedServers(tmp_path_factory.mktemp("redis"), fast=True, postgres=False)
    yield servers.start().redis_url
    servers.stop()


@pytest.fixture
def redis_url(redis_server: str, engine: sa.Engine) -> Iterator[str]:
    """This process pointed at an empty Redis, and nothing of other tests due."""
    _clear_the_desk()
    os.environ["REDIS_URL"] = redis_server
    for cached in (settings.settings, queue.redis_client):
        cached.cache_clear()
    queue.redis_client().flushall()
    yield redis_server
    queue.redis_client().close()
    os.environ.pop("REDIS_URL")
    for cached in (settings.settings, queue.redis_client):
        cached.cache_clear()


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
