"""`huikuan order`: checks an order, and ships a note of it or all that is left, if the checks let it.

Invariant: what is refused moves nothing, and its decision is kept.
"""

from __future__ import annotations

from datetime import date

import click

from ar.credit.lookups import reason_sentences, reasons_json
from ar.sales.deliveries.shipping import ship_order
from ar.sales.orders.check_command import group
from ar.sales.orders.facts import order_id_of
from kernel.clock import local_date
from kernel.errors import RuleBroken
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction

__all__ = ["group"]


@group.command("ship")
@tenant_option
@click.option("--order", "order_no", required=True, metavar="NO", help="Number of the order.")
@click.option("--delivery", "delivery_no", metavar="NO", help="The note to ship (default: the open one, or a new one).")
@click.option("--date", "on", type=DAY, help="Act as on this day (default: today).")
@json_option
@reports_errors
def ship(slug: str, order_no: str, delivery_no: str | None, on: date | None, as_json: bool) -> None:
    """Ship an order's note, or all that is left of the order on a new one, when no check holds it."""
    with tenant_transaction(slug, on=on) as (db, actor):
        today = local_date(actor.now, actor.timezone)
        if actor.today > today:  # other commands may look ahead, goods do not leave tomorrow
            raise RuleBroken("delivery_ship_day", today=today.isoformat())
        order_id = order_id_of(db, actor.tenant_id, order_no)
        number, decision = ship_order(db, actor, order_id, delivery_no)
    answer = {
        "order_no": order_no,
        "delivery_no": number or None,
        "decision": "pass" if decision.passes else "held",
        "reasons": reasons_json(decision.reasons),
    }
    emit(
        answer,
        as_json,
        lambda: "\n".join([f"{answer['decision']} {number}".rstrip(), *reason_sentences(decision.reasons)]),
    )
    if not decision.passes:
        raise SystemExit(1)
