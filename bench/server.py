"""The server that is measured: an embedded PostgreSQL of its own with fsync on, or a database made on DATABASE_URL.

May import app.embedded and app.migrate. Invariant: nothing of the operator's is touched: own folder, own database,
both gone afterwards.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

#: Tables on which the owner may COPY: row-level security stays enabled, and the app's role stays under it.
STAGED = (
    "customer",
    "entry",
    "posting",
    "open_item",
    "allocation",
    "ledger_sum",
    "policy_version",
    "ladder_state",
    "step",
    "action",
    "day_run",
    "credit_limit",
    "commitment",
    "commitment_change",
    "sales_order",
    "sales_order_line",
    "delivery",
    "delivery_line",
    "sign_off",
    "sign_off_line",
    "bill",
)


@contextmanager
def database() -> Iterator[str]:
    """The URL of a migrated database, as its owner; the environment of the product points at it."""
    given = os.environ.pop("DATABASE_URL", "")
    with tempfile.TemporaryDirectory(prefix="huikuan-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        os.environ.update(ENVIRONMENT="test", VAR_DIR=folder, SECRET_KEY="bench-only-" + "x" * 32)
        with _own_database(given) if given else _embedded(Path(folder)) as url:
            os.environ["DATABASE_URL"] = url
            from app.migrate import migrate

            migrate(url.replace("postgresql://", "postgresql+psycopg://"))
            with psycopg.connect(url, autocommit=True) as owner:
                for name in STAGED:
                    owner.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(name)))
            yield url


@contextmanager
def _embedded(folder: Path) -> Iterator[str]:
    from app.embedded import EmbeddedServers

    servers = EmbeddedServers(folder, fast=False, redis=False)
    urls = servers.start()
    try:
        yield plain(urls.owner_url)
    finally:
        servers.stop()


@contextmanager
def _own_database(given: str) -> Iterator[str]:
    name = f"huikuan_bench_{uuid4().hex[:10]}"
    admin = plain(given)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    head, _, tail = admin.rpartition("/")
    query = tail.partition("?")[2]
    try:
        yield f"{head}/{name}" + (f"?{query}" if query else "")
    finally:
        from kernel.db import engine

        engine().dispose()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def plain(url: str) -> str:
    """The URL as psycopg wants it."""
    return "postgresql://" + url.split("://", 1)[1]
