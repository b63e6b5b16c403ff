"""Migrates a database to the head revision, as the role of its URL; a database that is there costs one statement."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError

from kernel.settings import APP_ROOT

if TYPE_CHECKING:
    from alembic.config import Config


def alembic_config(url: str) -> Config:
    """Returns Alembic's configuration for a database URL."""
    from alembic.config import Config

    config = Config(str(APP_ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


class MigrationError(Exception):
    """The database refused a revision; the message gives its words and its hint."""


def head_revision() -> str:
    """Returns the newest revision of this build, as the database notes it: `0020` of `0020_rates_and_days`."""
    return (APP_ROOT / "migrations" / "HEAD").read_text(encoding="utf-8").strip().partition("_")[0]


def is_current(url: str) -> bool:
    """Returns whether the database stands at the newest revision, by one statement; False also without an answer."""
    try:
        with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=10) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except psycopg.Error:
        return False
    return [version for (version,) in found] == [head_revision()]


def migrate(url: str) -> None:
    """Upgrades the database to head; where it is there, Alembic and the models are not even loaded. Idempotent.

    Raises MigrationError, and OperationalError when the database does not answer.
    """
    if is_current(url):
        return
    from alembic import command

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
