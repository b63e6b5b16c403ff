"""`huikuan receipt`: posts a receipt, shows how far cash is posted.

Invariant: amounts typed are in the currency's own units, amounts printed as JSON are minor units; the same `--key`
twice has one effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

import click

from ar.ledger.lookups import item_ids
from ar.receipts.posting import commands as receipts
from ar.receipts.posting import queries
from ar.receipts.posting.cash_state import cash_state
from ar.receipts.posting.inputs import Method, PostReceipt
from kernel.actor import Actor
from kernel.db import TenantSession
from kernel.errors import NotFound
from kernel.money import format_with_symbol
from tenants.commandline import DAY, emit, fail, json_option, reports_errors, tenant_option, tenant_transaction
from tenants.queries import tenant


@click.group("receipt")
def group() -> None:
    """Money that came in."""


@group.command("post")
@tenant_option
@click.option("--customer", "customer_no", metavar="NO", help="The customer's number.")
@click.option("--amount", metavar="AMOUNT", help="As written, like 1,234.50.")
@click.option("--currency", metavar="CODE", help="Default: the company's own.")
@click.option(
    "--on", "received_on", type=DAY, metavar="DATE", help="The day it came in, also a locked one (default: today)."
)
@click.option("--method", type=click.Choice(get_args(Method)), default="transfer", show_default=True)
@click.option("--payer", "payer_name", default="", help="Who paid.")
@click.option("--payer-account", default="", help="From which account.")
@click.option("--text", "remittance", default="", help="The text of the payment.")
@click.option("--designation", default="", help="Document numbers that the debtor named when paying.")
@click.option("--pay", "pays", multiple=True, metavar="NO[=AMOUNT]", help="A document to pay; may be repeated.")
@click.option("--costs-first", is_flag=True, help="Costs and interest of a debt before its principal (Civil Code 561).")
@click.option("--unapplied", is_flag=True, help="Apply nothing.")
@click.option("--key", help="The same key again changes nothing.")
@click.option("--from-json", type=click.File("r"), help="Read all of it from a file (- for standard input).")
@click.option("--date", "on", type=DAY, help="Act as on this day (default: today).")
@json_option
@reports_errors
def post(
    slug: str, pays: tuple[str, ...], unapplied: bool, from_json: Any, on: date | None, as_json: bool, **options: Any
) -> None:
    """Post a receipt. Without --pay it is allocated in the legal order: what was named, then the oldest due."""
    with tenant_transaction(slug, on=on) as (db, actor):
        given = json.load(from_json) if from_json else _input_of(db, actor, pays, unapplied, options)
        if not isinstance(given, dict):
            fail("invalid_input", "One JSON object is wanted.", as_json=as_json)
        given.setdefault("currency", tenant(db, actor.tenant_id).currency)
        given.setdefault("received_on", actor.today.isoformat())
        given.setdefault("key", receipts.new_idempotency_key())
        item_id = receipts.post_receipt(db, actor, PostReceipt.model_validate(given))
        page = queries.credit_page(db, actor.tenant_id, item_id)
    emit(page.as_json(), as_json, lambda: _text(page))


@group.command("state")
@tenant_option
@json_option
@reports_errors
def state(slug: str, as_json: bool) -> None:
    """Show how far cash is posted, and what waits."""
    with tenant_transaction(slug, read_only=True) as (db, actor):
        cash = cash_state(db, actor.tenant_id)
    through = cash.booked_through_on.isoformat() if cash.booked_through_on else None
    emit(
        cash.as_json(),
        as_json,
        lambda: (
            f"Receipts posted through {through or '-'}; unapplied credits {cash.unapplied}; "
            f"bank lines waiting {cash.lines_waiting}, of which sure {cash.lines_sure}"
        ),
    )


def _input_of(
    db: TenantSession, actor: Actor, pays: tuple[str, ...], unapplied: bool, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the options as the command's input; looks up documents to pay by number. Raises NotFound."""
    given: dict[str, Any] = {name: value for name, value in options.items() if value not in (None, "")}
    named = [pay.partition("=") for pay in pays]
    kinds = ("invoice", "opening", "debit_note", "interest")
    found = item_ids(db, actor.tenant_id, [(kind, number) for number, _eq, _amount in named for kind in kinds])
    by_no = {number: item_id for (_kind, number), item_id in found.items()}
    if any(number not in by_no for number, _eq, _amount in named):
        raise NotFound("item_not_found")
    given["parts"] = [{"item_id": by_no[number], "amount": amount} for number, _eq, amount in named]
    given["how"] = "ticked" if named else "nothing" if unapplied else "order"
    return given


def _text(page: queries.CreditPage) -> str:
    lines = [f"{page.document_no}  {format_with_symbol(page.amount_minor, page.currency)}"]
    if page.document_on != page.came_on:
        lines.append(f"  came on {page.came_on}, posted on {page.document_on}: the day it came is locked")
    lines += [f"  {each.document_no}  {format_with_symbol(each.amount_minor, page.currency)}" for each in page.paid]
    lines.append(f"  unapplied  {format_with_symbol(page.open_minor, page.currency)}")
    return "\n".join(lines)
