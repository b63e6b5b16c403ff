"""Migrates a database to the head revision, as the role of its URL."""

from __future__ import annotations

import logging

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError, OperationalError

from kernel.settings import APP_ROOT


def alembic_config(url: str) -> Config:
    """Returns Alembic's configuration for a database URL."""
    config = Config(str(APP_ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


class MigrationError(Exception):
    """The database refused a revision; the message gives its words and its hint."""


def migrate(url: str) -> None:
    """Upgrades the database to head. Idempotent.

    Raises MigrationError, and OperationalError when the database does not answer.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        command.upgrade(alembic_config(url), "head")
    except OperationalError:
        raise
    except (DBAPIError, psycopg.Error) as error:
        # The files of SQL go past SQLAlchemy, so their errors are the driver's own.
        said = error.orig if isinstance(error, DBAPIError) else error
        diagnosis = getattr(said, "diag", None)
        reason = str(getattr(diagnosis, "message_primary", None) or said)
        hint = getattr(diagnosis, "message_hint", None) or ""
        raise MigrationError(f"The migration failed: {reason}. {hint}".strip()) from error
