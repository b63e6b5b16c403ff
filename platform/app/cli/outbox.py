"""Defines `huikuan outbox retry` and `discard`: reschedules messages that were given up, or closes one for good."""

from __future__ import annotations

from uuid import UUID

import click

from kernel import journal, outbox
from kernel.errors import NotFound
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


@group.command()
@click.argument("message_id", type=click.UUID)
@tenant_option
@click.option("--reason", required=True, help="Why it is not to be tried again; the journal keeps it.")
@json_option
@reports_errors
def discard(message_id: UUID, slug: str, reason: str, as_json: bool) -> None:
    """Close for good a message that was given up and that no retry can help."""
    with tenant_transaction(slug) as (db, actor):
        kind = outbox.discard(db, actor.tenant_id, message_id, actor.now)
        if kind is None:
            raise NotFound("work_not_given_up")
        journal.record(db, actor, "work_discarded", subject_id=message_id, data={"kind": kind, "reason": reason})
    emit({"discarded": message_id, "kind": kind}, as_json, lambda: f"{kind} is closed.")
