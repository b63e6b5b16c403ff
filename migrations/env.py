"""Alembic environment: migrates as the role of the URL, one process at a time, one transaction a revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from app.models import metadata
from kernel.db import make_engine
from kernel.settings import settings

LOCK = 72_741_901
# On a Citus cluster a new table is made beside distributed ones and only then distributed (infra/citus); without
# Citus these are names that nobody reads.
CITUS = ("citus.enable_local_reference_table_foreign_keys = off", "citus.enable_unsafe_triggers = on")


def _url() -> str:
    configured = context.config.get_main_option("sqlalchemy.url")
    return configured or settings().owner_url


def run() -> None:
    engine = make_engine(_url(), role=None, pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            for setting in CITUS:
                connection.exec_driver_sql(f"SET {setting}")
            connection.commit()
            context.configure(
                connection=connection,
                target_metadata=metadata,
                compare_type=True,
                transaction_per_migration=True,
            )
            with context.begin_transaction():
                context.run_migrations()
    finally:
        # With the connection its lock ends, also after a failed revision in a process that lives on.
        engine.dispose()


run()
