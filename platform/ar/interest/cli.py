"""`huikuan interest`: previews and posts the late interest through a day, records the rates it rests on.

Invariant: `preview` runs READ ONLY; `post` posts what it previews in the same transaction; amounts are minor units.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from ar.interest import commands, correcting, queries
from ar.interest.corrections import Corrections, documents_of_batch
from ar.interest.inputs import SERIES_ORDER, AddRate, CorrectInterest, PostInterest
from ar.interest.rates import add_rate
from ar.interest.rules.documents import DocumentTerms
from ar.interest.run_preview import Preview
from kernel.ids import new_id
from kernel.money import format_with_symbol
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction

through_option = click.option("--through", "through_on", type=DAY, required=True, help="Last day that bears interest.")
customer_option = click.option("--customer", "customer_no", default="", metavar="NO", help="Only this customer.")
currency_option = click.option("--currency", metavar="CODE", help="Only this currency.")
minimum_option = click.option(
    "--minimum", default="", metavar="AMOUNT", help="Smallest document, in each currency (default: that of the terms)."
)
date_option = click.option("--date", "on", type=DAY, help="Act as on this day (default: today).")


@click.group("interest")
def group() -> None:
    """Late interest."""


@group.command("preview")
@tenant_option
@through_option
@customer_option
@currency_option
@minimum_option
@date_option
@json_option
@reports_errors
def preview(
    slug: str, through_on: date, customer_no: str, currency: str | None, minimum: str, on: date | None, as_json: bool
) -> None:
    """Show line by line what a run would charge. Nothing is stored."""
    with tenant_transaction(slug, on=on, read_only=True) as (db, actor):
        terms = DocumentTerms(actor.today, minimum=minimum)
        shown = commands.preview(db, actor, through_on, customer_no, currency.upper() if currency else None, terms)
    emit(shown.as_json(), as_json, lambda: _table(shown))


@group.command("post")
@tenant_option
@through_option
@customer_option
@currency_option
@click.option("--document-date", "document_on", type=DAY, help="Date of the documents (default: the day acted on).")
@click.option("--due-days", type=click.IntRange(0, 365), help="Days to pay (default: each customer's payment terms).")
@minimum_option
@click.option("--held", "also_held", is_flag=True, help="Charge what is held back or disputed, too.")
@click.option("--without-missing", is_flag=True, help="Leave out the debts whose rate is not known.")
@date_option
@json_option
@reports_errors
def post(
    slug: str,
    through_on: date,
    customer_no: str,
    currency: str | None,
    document_on: date | None,
    due_days: int | None,
    minimum: str,
    also_held: bool,
    without_missing: bool,
    on: date | None,
    as_json: bool,
) -> None:
    """Charge the interest through a day: one document per customer and currency.

    What is held back from collection, and documents below the smallest, are left out.
    """
    with tenant_transaction(slug, on=on) as (db, actor):
        code = currency.upper() if currency else None
        terms = DocumentTerms(document_on or actor.today, due_days, minimum)
        shown = commands.preview(db, actor, through_on, customer_no, code, terms)
        data = PostInterest(
            through_on=through_on,
            document_on=document_on or actor.today,
            due_days=due_days,
            minimum=minimum,
            everyone=True,
            customers=[group.customer_id for group in shown.groups if group.is_held] if also_held else [],
            include=[item.item_id for group in shown.groups for item in group.items] if also_held else [],
            without_missing=without_missing,
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


@group.command("rate")
@tenant_option
@click.argument("series", type=click.Choice(SERIES_ORDER))
@click.argument("percent")
@click.option("--from", "from_on", type=DAY, required=True, help="The day it takes effect.")
@click.option("--through", "through_on", type=DAY, help="The last day for which the source tells that it held.")
@click.option("--source", required=True, metavar="TEXT", help="Where it was published.")
@date_option
@json_option
@reports_errors
def record_rate(
    slug: str,
    series: str,
    percent: str,
    from_on: date,
    through_on: date | None,
    source: str,
    on: date | None,
    as_json: bool,
) -> None:
    """Record a published rate with its source; a correction is a further one of the same day."""
    given = {"series": series, "from_on": from_on, "through_on": through_on, "percent": percent, "source": source}
    with tenant_transaction(slug, on=on) as (db, actor):
        add_rate(db, actor, AddRate.model_validate(given))
    emit(given, as_json, lambda: f"{series} {percent} from {from_on}")


@group.command("corrections")
@tenant_option
@customer_option
@currency_option
@date_option
@json_option
@reports_errors
def show_corrections(slug: str, customer_no: str, currency: str | None, on: date | None, as_json: bool) -> None:
    """Show line by line which charged interest is not right any more. Nothing is stored."""
    with tenant_transaction(slug, on=on, read_only=True) as (db, actor):
        shown = correcting.propose(db, actor, customer_no, currency.upper() if currency else None)
    emit(shown.as_json(), as_json, lambda: _correction_table(shown))


@group.command("correct")
@tenant_option
@customer_option
@currency_option
@click.option("--reason", required=True, metavar="TEXT", help="What happened; it stays in the books.")
@click.option("--document-date", "document_on", type=DAY, help="Date of the documents (default: the day acted on).")
@click.option("--key", metavar="KEY", help="Of 16 to 64 characters: the same call again posts nothing more.")
@date_option
@json_option
@reports_errors
def correct(
    slug: str,
    customer_no: str,
    currency: str | None,
    reason: str,
    document_on: date | None,
    key: str | None,
    on: date | None,
    as_json: bool,
) -> None:
    """Post all that `corrections` shows: credits and further charges, one of each per customer and currency."""
    with tenant_transaction(slug, on=on) as (db, actor):
        code = currency.upper() if currency else None
        shown = correcting.propose(db, actor, customer_no, code)
        data = CorrectInterest(
            customer_no=customer_no,
            currency=code,
            lines=[line.line_id for group in shown.groups for line in group.lines],
            document_on=document_on or actor.today,
            reason=reason,
            fingerprint=shown.fingerprint,
            key=key or str(new_id()),
        )
        posted = documents_of_batch(db, actor.tenant_id, correcting.correct_interest(db, actor, data))
    lines = [f"{each.document_no}  {each.customer_no}  {_money(each.amount_minor, each.currency)}" for each in posted]
    documents = [
        {
            "document_no": each.document_no,
            "customer_no": each.customer_no,
            "currency": each.currency,
            "amount_minor": each.amount_minor,
        }
        for each in posted
    ]
    emit({"documents": documents}, as_json, lambda: "\n".join(lines))


def _correction_table(shown: Corrections) -> str:
    rows = [
        f"{group.customer_no}  {line.charge_no}  {line.document_no}  {line.from_on} – {line.to_on}  {line.days} d → "
        f"{line.right_days} d  {_money(line.before_minor, group.currency)} → "
        f"{_money(line.right_minor, group.currency)}  {_money(line.amount_minor, group.currency)}"
        for group in shown.groups
        for line in group.lines
    ]
    return "\n".join(rows or ["Nothing to put right."])


def _table(shown: Preview) -> str:
    rows = [
        f"{group.customer_no}  {item.document_no}  {line.from_on} – {line.to_on}  {line.days} d  "
        f"{line.rate.percent.normalize():f} %/{line.rate.per}  {_money(line.amount_minor, group.currency)}"
        for group in shown.groups
        for item in group.items
        for line in item.lines
    ]
    rows += [f"{each.customer_no}  {each.document_no}  not charged: {each.reason}" for each in shown.left_out]
    rows += [f"{each['customer_no']}  {each['document_no']}  left out: {each['reason']}" for each in shown.held]
    rows += [f"rate needed: {each.series} from {each.from_on} ({each.count} documents)" for each in shown.missing]
    return "\n".join([*rows, *(f"Sum {_money(minor, currency)}" for currency, minor in shown.totals.items())])


def _money(minor: Any, currency: Any) -> str:
    return format_with_symbol(int(minor), str(currency))
