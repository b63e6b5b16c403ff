"""Fills in the embedded servers below `var/` as settings of a command when no server is configured.

Invariants: a DATABASE_URL that was given is never touched; PostgreSQL of our own is
started when needed and left running (`huikuan down` stops it), Redis is only found.
"""

from __future__ import annotations

import os

import click

from app import supervisor
from app.embedded import EmbeddedServers, State
from kernel.db import engine
from kernel.settings import Settings, settings


def use_local_servers() -> Settings:
    """Fills in the URLs not configured, before anything connects. Raises EmbeddedError."""
    given = settings()
    if given.database_url:
        return given
    running = {row.name for row in supervisor.embedded_servers(given).status() if row.state == "running"}
    servers = EmbeddedServers(given.var_dir, redis="redis" in running and not given.redis_url)
    urls = servers.start()
    if "postgres" not in running:
        click.echo("PostgreSQL of our own is started; `huikuan down` stops it.", err=True)
    found = {
        "database_url": urls.database_url,
        "database_owner_url": urls.owner_url,
        "redis_url": given.redis_url or urls.redis_url,
    }
    web = next((row for row in supervisor.status(given) if row.name == "web" and row.state == "running"), None)
    if web and web.port and not os.environ.get("PORT"):
        # Links are printed for the address at which the product runs now.
        os.environ["PORT"] = str(web.port)
        given = given.model_copy(update={"port": web.port})
    found["secret_key"] = given.secret_key or State(given.var_dir.absolute()).secret("app", "secret_key")
    return adopt(given.model_copy(update=found))


def adopt(resolved: Settings) -> Settings:
    """Makes these the settings of this process."""
    for name in ("database_url", "database_owner_url", "database_prepare", "redis_url", "smtp_url", "secret_key"):
        if value := getattr(resolved, name):
            os.environ[name.upper()] = str(value)
    forget_connections()
    settings.cache_clear()
    return settings()


def forget_connections() -> None:
    """Closes the connections of this process; the next use opens new ones."""
    if engine.cache_info().currsize:
        engine().dispose()
        engine.cache_clear()
