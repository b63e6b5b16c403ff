"""The command line `huikuan`: registers every group and command, nothing more.

Invariant: exit 0 on success, 1 when the work failed, 2 on wrong usage (see `app.cli.output`).
"""

from __future__ import annotations

import click

from app import registry
from app.cli import (
    bank,
    db,
    doctor,
    documents,
    imports,
    interest,
    journal,
    outbox,
    receipts,
    report,
    run,
    server,
    statement,
    tenant,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="huikuan", message="%(version)s")
def main() -> None:
    """Huikuan: trade credit and collections."""
    registry.install()


for _command in (
    server.up,
    server.down,
    server.status,
    server.demo,
    db.group,
    tenant.group,
    imports.group,
    interest.group,
    documents.group,
    bank.group,
    receipts.group,
    run.run_day_command,
    run.simulate_command,
    statement.group,
    report.group,
    doctor.doctor,
    journal.group,
    outbox.group,
):
    main.add_command(_command)
