"""`huikuan order check`: asks what the credit checks answer to an order, and stores nothing.

Invariant: READ ONLY; amounts printed are minor units.
"""

from __future__ import annotations

from datetime import date

import click

from ar.credit.lookups import reason_sentences, reasons_json
from ar.sales.orders.facts import order_id_of, preview_check
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction


@click.group("order")
def group() -> None:
    """Sales orders."""


@group.command("check")
@tenant_option
@click.option("--order", "order_no", required=True, metavar="NO", help="Number of the order.")
@click.option("--date", "on", type=DAY, help="Act as on this day (default: today).")
@json_option
@reports_errors
def check(slug: str, order_no: str, on: date | None, as_json: bool) -> None:
    """Show whether the order passes the credit checks, and every reason when it does not. Nothing is stored."""
    with tenant_transaction(slug, on=on, read_only=True) as (db, actor):
        decision = preview_check(db, actor, order_id_of(db, actor.tenant_id, order_no))
    answer = {
        "order_no": order_no,
        "decision": "pass" if decision.passes else "held",
        "reasons": reasons_json(decision.reasons),
    }
    emit(answer, as_json, lambda: "\n".join([str(answer["decision"]), *reason_sentences(decision.reasons)]))
