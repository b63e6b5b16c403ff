"""Defines `huikuan outbox retry`: reschedules outbox messages that were given up."""

from __future__ import annotations

import click

from kernel import outbox
from tenants.commandline import emit, json_option, reports_errors, tenant_option, tenant_transaction


@click.group(name="outbox")
def group() -> None:
    """Work to do after commits: pending, and given up."""


@group.command()
@tenant_option
@json_option
@reports_errors
def retry(slug: str, as_json: bool) -> None:
    """Try again what was given up (doctor names it)."""
    with tenant_transaction(slug) as (db, actor):
        revived = outbox.revive(db, actor.tenant_id, actor.now)
    emit({"revived": revived}, as_json, lambda: f"{revived} messages are tried again.")
