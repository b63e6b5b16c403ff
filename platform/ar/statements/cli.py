"""Commands `huikuan statement`: issue one customer's statements of a month, or queue those of all customers.

Invariant: amounts are signed minor units, dates ISO; a portal link is printed in development only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from ar.customers.lookups import find_numbers
from ar.statements import issuing, monthly_run, queries
from ar.statements.drawing_up import IssuedStatement
from ar.statements.inputs import parse_period
from kernel.actor import Actor
from kernel.db import TenantSession
from kernel.errors import RuleBroken
from kernel.money import format_with_symbol
from kernel.settings import settings
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction

date_option = click.option("--date", "on", type=DAY, help="Act as on this day (default: today).")
period_option = click.option("--period", required=True, metavar="YYYY-MM", help="The month.")


@click.group("statement")
def group() -> None:
    """Statements of account."""


@group.command("issue")
@tenant_option
@click.option("--customer", "customer_no", required=True, metavar="NO", help="The customer's number.")
@period_option
@click.option("--currency", metavar="CODE", help="Only this currency.")
@click.option("--no-send", is_flag=True, help="Issue without mailing.")
@click.option(
    "--despite-answer", is_flag=True, help="Take the place of a statement of the same days that was answered."
)
@click.option("--state-interest", is_flag=True, help="State late interest beside the balance; it may fix the claim.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Also write the PDFs to this folder.")
@date_option
@json_option
@reports_errors
def issue(
    slug: str,
    customer_no: str,
    period: str,
    currency: str | None,
    no_send: bool,
    despite_answer: bool,
    state_interest: bool,
    output: Path | None,
    on: date | None,
    as_json: bool,
) -> None:
    """Issue a customer's statements of a month, one per currency, and mail them."""
    with tenant_transaction(slug, on=on) as (db, actor):
        month = parse_period(period, actor.today)
        issued = issuing.issue_for_customer(
            db,
            actor,
            customer_no,
            month,
            currency=currency,
            mailed=not no_send,
            despite_answer=despite_answer,
            state_interest=state_interest,
        )
        rows = [_row(db, actor, statement) for statement in issued]
        if output:
            _write_pdfs(db, actor, issued, output)
    emit({"statements": rows}, as_json, lambda: "\n".join(_line(row) for row in rows))


@group.command("issue-month")
@tenant_option
@period_option
@click.option("--customer", "customer_no", metavar="NO", help="Only this customer.")
@date_option
@json_option
@reports_errors
def issue_month(slug: str, period: str, customer_no: str | None, on: date | None, as_json: bool) -> None:
    """Queue the statements of everybody with business or a balance in the month; the worker draws them up."""
    with tenant_transaction(slug, on=on) as (db, actor):
        month = parse_period(period, actor.today)
        customer_id = None
        if customer_no:
            found = find_numbers(db, actor.tenant_id, [customer_no]).get(customer_no)
            if found is None:
                raise RuleBroken("statement_customer_unknown", number=customer_no)
            customer_id = found.id
        queued = monthly_run.issue_month(db, actor, month, customer_id)
    emit({"period": month.label, "queued": queued}, as_json, lambda: f"{queued} statements queued for {month.label}.")


def _row(db: TenantSession, actor: Actor, issued: IssuedStatement) -> dict[str, Any]:
    view = queries.statement_view(db, actor.tenant_id, issued.statement_id, actor.today)
    row = view.as_json() | {"missing_characters": "".join(issued.missing_characters)}
    if settings().environment == "development":
        row["portal_url"] = issued.portal_url
    return row


def _line(row: dict[str, Any]) -> str:
    sent = f"sent to {row['sent_to']}" if row["sent_to"] else "not sent: no contact can receive mail, or --no-send"
    amount = format_with_symbol(row["closing_minor"], row["currency"])
    link = f"\n  {row['portal_url']}" if row.get("portal_url") else ""
    return f"{row['number']}  {amount}  {sent}{link}"


def _write_pdfs(db: TenantSession, actor: Actor, issued: Sequence[IssuedStatement], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for statement in issued:
        number, content = queries.stored_pdf(db, actor.tenant_id, statement.statement_id)
        (folder / f"{number}.pdf").write_bytes(content)
