"""Defines `huikuan db`: migrates the database to the newest revision, or waits until it answers."""

from __future__ import annotations

import time

import click
import psycopg

from app.cli.local import use_local_servers
from app.migrate import head_revision, migrate
from tenants.commandline import emit, fail, json_option, reports_errors

POLL_SECONDS = 0.3


@click.group("db")
def group() -> None:
    """The database."""


@group.command("migrate")
@json_option
@reports_errors
def migrate_command(as_json: bool) -> None:
    """Bring the database to the newest revision; does nothing when it is there."""
    url = use_local_servers().owner_url
    migrate(url)
    head = head_revision()
    emit({"revision": head}, as_json, lambda: f"The database is at revision {head}.")


@group.command("wait")
@click.option("--seconds", type=click.FloatRange(min=0), default=60, show_default=True, help="How long at most.")
@json_option
@reports_errors
def wait_command(seconds: float, as_json: bool) -> None:
    """Wait until the database answers."""
    url = use_local_servers().database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    begun = time.monotonic()
    while True:
        try:
            psycopg.connect(url, connect_timeout=3).close()
            break
        except psycopg.OperationalError as error:
            if time.monotonic() - begun >= seconds:
                reason = str(error).strip().splitlines()[0]
                fail(
                    "database_unreachable",
                    f"The database did not answer within {seconds:g} seconds: {reason}",
                    as_json=as_json,
                )
            time.sleep(POLL_SECONDS)
    emit({"waited_seconds": round(time.monotonic() - begun)}, as_json, lambda: "The database answers.")
