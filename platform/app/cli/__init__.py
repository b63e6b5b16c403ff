"""The command line `huikuan`: registers the commands of the installation and those that the slices bring.

Invariant: exit 0 on success, 1 when the work failed, 2 on wrong usage (see `tenants.commandline`).
"""

from __future__ import annotations

from pkgutil import resolve_name

import click

from app import registry
from app.cli import db, doctor, journal, metrics, outbox, server, tenant
from app.cli.local import use_local_servers
from app.embedded import EmbeddedError
from app.messages import message_of
from app.migrate import MigrationError
from app.processes import SupervisorError
from app.slices import SLICES
from tenants import commandline


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="huikuan", message="%(version)s")
def main() -> None:
    """Huikuan: trade credit and collections."""
    install()


def install() -> None:
    """Registers what the commands need of the application and of all slices. Idempotent."""
    registry.install()
    commandline.install(use_local_servers, message_of, (EmbeddedError, SupervisorError, MigrationError))


def _command(name: str) -> click.Command:
    found = resolve_name(name)
    if not isinstance(found, click.Command):
        raise TypeError(f"{name} is no command")
    return found


for _each in (
    server.up,
    server.down,
    server.status,
    server.demo,
    db.group,
    tenant.group,
    doctor.doctor,
    journal.group,
    outbox.group,
    metrics.metrics,
    *(_command(name) for each in SLICES for name in each.commands),
):
    main.add_command(_each)
