"""`huikuan journal`: verify a company's chain of hashes, or seal what has gathered."""

from __future__ import annotations

import click

from app.cli.output import emit, fail, json_option, reports_errors, tenant_option, tenant_transaction
from kernel import journal


@click.group("journal")
def group() -> None:
    """The journal of what happened."""


@group.command("verify")
@tenant_option
@json_option
@reports_errors
def verify(slug: str, as_json: bool) -> None:
    """Recompute the whole chain; exit 1 when a batch does not hold."""
    with tenant_transaction(slug, read_only=True) as (db, actor):
        found = journal.verify(db, actor.tenant_id)
    seen = {"batches": found.batches, "events": found.events, "unsealed": found.unsealed, "head": found.head}
    if not found.ok:
        message = f"Batch {found.broken_at} does not hold: an event was changed, added or taken away."
        fail("journal_broken", message, as_json=as_json, ok=False, broken_at=found.broken_at, **seen)
    emit(
        {"ok": True, **seen},
        as_json,
        lambda: (
            f"The chain holds: {found.events} events in {found.batches} batches, {found.unsealed} not sealed yet.\n"
            f"Head: {found.head}"
        ),
    )


@group.command("seal")
@tenant_option
@json_option
@reports_errors
def seal(slug: str, as_json: bool) -> None:
    """Seal what the journal has gathered since."""
    events = batches = 0
    with tenant_transaction(slug) as (db, actor):
        while sealed := journal.seal(db, actor.tenant_id, actor.now):
            events, batches = events + sealed, batches + 1
    emit({"events": events, "batches": batches}, as_json, lambda: f"{events} events are sealed in {batches} batches.")
