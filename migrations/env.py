"""Alembic environment: migrates as the role of the URL, one process at a time, one transaction a revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from app.models import metadata
from kernel.db import make_engine
from kernel.settings import settings

LOCK = 72_741_901


def _url() -> str:
    configured = context.config.get_main_option("sqlalchemy.url")
    return configured or settings().database_url


def run() -> None:
    engine = make_engine(_url(), role=None, pool_size=1)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
        connection.commit()
    engine.dispose()


run()
