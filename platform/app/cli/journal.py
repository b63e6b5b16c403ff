"""Defines `huikuan journal`: verifies a company's hash chain, or seals new events."""

from __future__ import annotations

import click

from kernel import journal
from tenants.commandline import emit, fail, json_option, reports_errors, tenant_option, tenant_transaction


@click.group("journal")
def group() -> None:
    """The journal of what happened."""


@group.command("verify")
@tenant_option
@click.option("--expect", "anchor", metavar="HEAD", help="A head noted earlier: it must still be in the chain.")
@click.option(
    "--at-least", type=click.IntRange(min=0), metavar="COUNT", help="A count noted earlier: no fewer may be here."
)
@json_option
@reports_errors
def verify(slug: str, anchor: str | None, at_least: int | None, as_json: bool) -> None:
    """Verify the hash chain; exit 1 on a broken batch or a missing anchor."""
    noted = anchor.strip().lower() if anchor is not None else None
    with tenant_transaction(slug, read_only=True) as (db, actor):
        found = journal.verify(db, actor.tenant_id, anchor=noted)
    seen = {
        "batches": found.batches,
        "events": found.events,
        "unsealed": found.unsealed,
        "recorded": found.recorded,
        "head": found.head,
    }
    if found.broken_at is not None:
        message = f"Batch {found.broken_at} does not hold: an event was changed, added or taken away."
        fail("journal_broken", message, as_json=as_json, ok=False, broken_at=found.broken_at, **seen)
    if found.anchor_found is False:
        message = f"{noted} is not in the chain: sealed events were taken away, or the chain was written anew."
        fail("journal_anchor_gone", message, as_json=as_json, ok=False, expected=noted, **seen)
    if at_least is not None and found.recorded < at_least:
        message = f"The journal holds {found.recorded} events and not {at_least}: events were taken away."
        fail("journal_events_gone", message, as_json=as_json, ok=False, expected=at_least, **seen)
    emit(
        {"ok": True, **seen},
        as_json,
        lambda: (
            f"The chain holds: {found.events} events in {found.batches} batches, {found.unsealed} not sealed yet.\n"
            f"Count: {found.recorded}\nHead: {found.head}"
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
