"""`huikuan receipt match`: matches the waiting bank lines, and posts the sure matches when told to.

Invariant: the sure matches are posted in batches, one transaction each, until none is left.
"""

from __future__ import annotations

from datetime import date

import click

from ar.receipts.matching.commands import accept_sure_matches, match_lines
from ar.receipts.posting.cli import group
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction


@group.command("match")
@tenant_option
@click.option("--accept", is_flag=True, help="Post the sure ones too.")
@click.option("--date", "on", type=DAY, help="Act as on this day (default: today).")
@json_option
@reports_errors
def match(slug: str, accept: bool, on: date | None, as_json: bool) -> None:
    """Match the waiting bank lines; with --accept post those that are sure."""
    posted = passed_over = 0
    with tenant_transaction(slug, on=on) as (db, actor):
        matched = match_lines(db, actor)
    while accept:
        with tenant_transaction(slug, on=on) as (db, actor):
            done = accept_sure_matches(db, actor)
        posted, passed_over = posted + done.posted, passed_over + done.passed_over
        if not done.more or not (done.posted or done.passed_over):
            break
    counts = {"sure": matched.sure, "likely": matched.likely, "hand": matched.hand}
    emit(
        {**counts, "booked": posted, "passed_over": passed_over},
        as_json,
        lambda: f"sure {matched.sure}, proposals {matched.likely}, by hand {matched.hand}; posted {posted}",
    )
