"""A database per test process: created, migrated, dropped. On DATABASE_URL when given, else on an embedded server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from app.embedded import EmbeddedServers
from app.migrate import migrate
from kernel.settings import settings


@contextmanager
def database() -> Iterator[str]:
    """Yields the URL of a fresh, migrated database and drops it afterwards."""
    with _server() as admin, new_database(admin) as url:
        yield url


@contextmanager
def new_database(beside: str) -> Iterator[str]:
    """The same on the server that the URL `beside` names."""
    name = f"huikuan_test_{uuid4().hex[:12]}"
    with psycopg.connect(_plain(beside), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = _with_database(beside, name)
    try:
        migrate(url)
        yield url
    finally:
        with psycopg.connect(_plain(beside), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def as_owner(tenant_id: UUID, statement: str, *values: object) -> None:
    """Runs one statement past the app's grants, for what the product itself never writes."""
    with psycopg.connect(_plain(settings().database_url)) as connection:
        connection.execute("SELECT enter_tenant(%s)", [tenant_id])
        assert connection.execute(statement, [tenant_id, *values]).rowcount  # type: ignore[arg-type]


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("TEST_SERVER_URL", "")
    if given:
        yield "postgresql+psycopg://" + given.split("://", 1)[1]
        return
    with tempfile.TemporaryDirectory(prefix="huikuan-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        servers = EmbeddedServers(Path(folder), fast=True, redis=False)
        urls = servers.start()
        try:
            yield urls.admin_url
        finally:
            servers.stop()


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _with_database(url: str, name: str) -> str:
    head, _, tail = url.rpartition("/")
    query = tail.partition("?")[2]
    return f"{head}/{name}" + (f"?{query}" if query else "")
