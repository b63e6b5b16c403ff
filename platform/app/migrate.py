"""Brings a database to the head revision. May import alembic; runs as the role of the URL."""

from __future__ import annotations

import logging

from alembic import command
from alembic.config import Config

from kernel.settings import APP_ROOT


def alembic_config(url: str) -> Config:
    """Alembic's configuration for a database URL."""
    config = Config(str(APP_ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migrate(url: str) -> None:
    """Upgrades to head; does nothing when there already."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(url), "head")
