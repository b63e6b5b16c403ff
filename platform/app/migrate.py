"""Migrates a database to the head revision, as the role of its URL."""

from __future__ import annotations

import logging

from alembic import command
from alembic.config import Config

from kernel.settings import APP_ROOT


def alembic_config(url: str) -> Config:
    """Returns Alembic's configuration for a database URL."""
    config = Config(str(APP_ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migrate(url: str) -> None:
    """Upgrades the database to head. Idempotent."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(url), "head")
