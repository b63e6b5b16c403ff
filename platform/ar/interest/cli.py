"""`huikuan interest`: previews and posts the late interest through a day.

Invariant: `preview` runs READ ONLY; `post` posts what it previews in the same transaction; amounts are minor units.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from ar.interest import commands, queries
from ar.interest.inputs import PostInterest
from ar.interest.run_preview import Preview
from kernel.ids import new_id
from kernel.money import format_with_symbol
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction

through_option = click.option("--through", "through_on", type=DAY, required=True, help="Last day that bears interest.")
customer_option = click.option("--customer", "customer_no", default="", metavar="NO", help="Only this customer.")
currency_option = click.option("--currency", metavar="CODE", help="Only this currency.")
date_option = click.option("--date", "on", type=DAY, help="Act as on this day (default: today).")


@click.group("interest")
def group() -> None:
    """Late interest."""


@group.command("preview")
@tenant_option
@through_option
@customer_option
@currency_option
@date_option
@json_option
@reports_errors
def preview(
    slug: str, through_on: date, customer_no: str, currency: str | None, on: date | None, as_json: bool
) -> None:
    """Show line by line what a run would charge. Nothing is stored."""
    with tenant_transaction(slug, on=on, read_only=True) as (db, actor):
        shown = commands.preview(db, actor, through_on, customer_no, currency.upper() if currency else None)
    emit(shown.as_json(), as_json, lambda: _table(shown))


@group.command("post")
@tenant_option
@through_option
@customer_option
@currency_option
@click.option("--document-date", "document_on", type=DAY, help="Date of the documents (default: the day acted on).")
@click.option("--due-days", type=click.IntRange(0, 365), default=0, help="Days to pay.")
@date_option
@json_option
@reports_errors
def post(
    slug: str,
    through_on: date,
    customer_no: str,
    currency: str | None,
    document_on: date | None,
    due_days: int,
    on: date | None,
    as_json: bool,
) -> None:
    """Charge the interest through a day: one document per customer and currency."""
    with tenant_transaction(slug, on=on) as (db, actor):
        code = currency.upper() if currency else None
        shown = commands.preview(db, actor, through_on, customer_no, code)
        data = PostInterest(
            through_on=through_on,
            document_on=document_on or actor.today,
            due_days=due_days,
            customer_no=customer_no,
            currency=code,
            fingerprint=shown.fingerprint,
            key=str(new_id()),
        )
        page = queries.run_page(db, actor.tenant_id, commands.post_run(db, actor, data))
    lines = [
        f"{each.document_no}  {each.customer_no}  {_money(each.amount_minor, each.currency)}" for each in page.charges
    ]
    emit(page.as_json(), as_json, lambda: "\n".join([page.run.number, *lines]))


def _table(shown: Preview) -> str:
    rows = [
        f"{group.customer_no}  {item.document_no}  {line.from_on} – {line.to_on}  {line.days} d  "
        f"{line.rate.percent.normalize():f} %/{line.rate.per}  {_money(line.amount_minor, group.currency)}"
        for group in shown.groups
        for item in group.items
        for line in item.lines
    ]
    rows += [f"{each.customer_no}  {each.document_no}  not charged: {each.reason}" for each in shown.left_out]
    return "\n".join([*rows, *(f"Sum {_money(minor, currency)}" for currency, minor in shown.totals.items())])


def _money(minor: Any, currency: Any) -> str:
    return format_with_symbol(int(minor), str(currency))
