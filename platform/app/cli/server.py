"""Defines `huikuan up`, `down`, `status` and `demo`: the product on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import asdict
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from app import supervisor
from app.cli import install
from app.cli.lazy import CommandWithoutSlices
from app.cli.local import adopt, forget_connections
from app.migrate import migrate
from app.seeds.people import MARKER, missing_companies, sign_ins
from kernel.settings import Settings, settings
from tenants.commandline import emit, fail, json_option, reports_errors

# All that the product keeps below VAR_DIR; a reset removes this and nothing else.
KEPT = ("postgres", "redis", "mail", "log", "demo", "embedded.*", "huikuan.*")
# The page of `app.development` that shows what the mail catcher caught.
MAIL_PAGE = "/mail"

detach_option = click.option("--detach", is_flag=True, help="Return when it is ready; `huikuan down` stops it.")


@click.command("up", cls=CommandWithoutSlices)
@detach_option
@reports_errors
def up(detach: bool) -> None:
    """Run the product: web, worker, dispatcher, and the servers that no URL was given for."""
    supervisor.up(settings(), detach=detach, prepare=_migrate, on_ready=lambda ready: _announce(ready, detach))


@click.command("down", cls=CommandWithoutSlices)
@reports_errors
def down() -> None:
    """Stop the product and the database servers of its own."""
    if not supervisor.down(settings()):
        click.echo("Nothing was running.")


@click.command("status", cls=CommandWithoutSlices)
@json_option
@reports_errors
def status(as_json: bool) -> None:
    """Every process of the product: its id, port and state."""
    rows = supervisor.status(settings())
    emit({"processes": [asdict(row) for row in rows]}, as_json, lambda: "\n".join(map(_status_line, rows)))


@click.command("demo", cls=CommandWithoutSlices)
@click.option("--reset", is_flag=True, help="Forget the demo company first and start over.")
@detach_option
@reports_errors
def demo(reset: bool, detach: bool) -> None:
    """Run the product with a demo company, and say who can sign in."""
    configured = settings()
    if configured.is_production:
        fail("production", "The demo is not for production. Start the product with `huikuan up`.", as_json=False)
    if reset:
        _reset(configured)
    people: list[Any] = []

    def prepare(resolved: Settings) -> None:
        _migrate(resolved)
        people.extend(_seed(resolved))

    supervisor.up(
        configured,
        detach=detach,
        meanwhile=_load_builder,
        prepare=prepare,
        on_ready=lambda ready: _announce(ready, detach, people),
    )


def _load_builder(configured: Settings) -> None:
    """Loads what builds the companies, where none was built yet: two seconds that the servers need for themselves."""
    if not (configured.var_dir / MARKER).exists():
        import_module("app.seeds.play")


def _migrate(resolved: Settings) -> None:
    click.echo("bringing the database up to date")
    migrate(resolved.owner_url)


def _seed(resolved: Settings) -> Iterable[Any]:
    adopt(resolved)
    try:
        if missing_companies():
            # Loads every slice: not on a second start.
            from app.seeds.play import seed

            install()
            seed(click.echo, side_by_side=True)
    finally:
        forget_connections()
    (resolved.var_dir / MARKER).touch()
    return sign_ins()


def _announce(ready: Settings, detach: bool, people: Iterable[Any] = ()) -> None:
    lines = ["", f"Huikuan runs at {ready.base_url}"]
    for company, members in groupby(people, key=lambda person: person.company):
        lines += ["", f"Sign in to {company} with"]
        lines += [f"  {person.role:<26} {person.email:<36} {person.password}" for person in members]
    lines.append("")
    if ready.environment == "development":
        lines.append(f"Mail that would have been sent: {ready.base_url}{MAIL_PAGE}")
    lines += ["`huikuan down` stops it." if detach else "Ctrl-C stops it.", ""]
    click.echo("\n".join(lines))


def _reset(configured: Settings) -> None:
    """Stops what runs and removes its data; asks first where it may not be a demo's."""
    folder = configured.var_dir.absolute()
    if configured.database_url:
        fail(
            "not_ours",
            "DATABASE_URL names a server that is not ours to empty. Drop that database yourself, "
            "or run without DATABASE_URL.",
            as_json=False,
        )
    if (folder / "postgres").exists() and not (folder / MARKER).exists():
        question = f"{folder} was not made by the demo. Remove all companies and documents in it?"
        if not click.confirm(question, default=False):
            fail("not_confirmed", "Nothing was removed.", as_json=False)
    supervisor.down(configured)
    for pattern in KEPT:
        for path in folder.glob(pattern):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _status_line(row: supervisor.ProcessStatus) -> str:
    where = f"port {row.port}" if row.port else ""
    again = f"started again {row.restarts} times" if row.restarts else ""
    return f"{row.name:<12} {row.state:<9} {row.pid or '':<8} {where:<12} {again}".rstrip()
