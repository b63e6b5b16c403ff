"""`huikuan credit`: grades an assessment, suggests a limit, sets exposure against limits.

Invariant: nothing is stored; amounts are minor units.
"""

from __future__ import annotations

from datetime import date

import click

from ar.credit.assessments.messages import score_fault_text
from ar.credit.exposure.rows import AccountRow, account_rows, customer_id_of, row_json
from ar.credit.limits.suggesting import suggest_limit, suggestion_text
from ar.credit.rules.caps import cap_months
from ar.credit.rules.policy import DEFAULT_POLICY
from ar.credit.rules.scoring import EQUAL_WEIGHTS, ScoreFault, score_of
from ar.customers.lookups import find_numbers
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.money import format_minor
from kernel.settings import terminal_language
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction


class IntegersParam(click.ParamType[tuple[int, ...]]):
    """Whole numbers separated by commas."""

    name = "n,n,…"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers such as 8,7,6", param, ctx)


@click.group("credit")
def group() -> None:
    """Credit of customers."""


@group.command("grade")
@click.option("--scores", type=IntegersParam(), required=True, help="The twelve scores in the order of Annex 1.")
@click.option("--weights", type=IntegersParam(), default=EQUAL_WEIGHTS, help="The twelve weights (default: all 1).")
@click.option("--literal-raw", is_flag=True, help="Grade the sum of the scores itself, out of 96.")
@json_option
@reports_errors
def grade(scores: tuple[int, ...], weights: tuple[int, ...], literal_raw: bool, as_json: bool) -> None:
    """Score and grade an assessment."""
    try:
        found = score_of(scores, weights, literal_raw=literal_raw)
    except ScoreFault as fault:
        option = "--weights" if fault.code == "score_weights" else "--scores"
        with use_language(terminal_language()):
            text = score_fault_text(fault)
        raise click.BadParameter(text, param_hint=option) from None
    months = cap_months(DEFAULT_POLICY, found.grade)
    payload = {
        "raw": found.raw,
        "maximum": found.maximum,
        "score": found.score,
        "grade": found.grade,
        "limit_cap_months": months,
    }
    emit(payload, as_json, lambda: f"{found.raw}/{found.maximum}  {found.score}  {found.grade}  ≤ {months}")


@group.command("suggest")
@tenant_option
@click.option("--customer", "customer_no", required=True, metavar="NO", help="The customer's number.")
@click.option("--as-of", "as_of", type=DAY, help="As of this day (default: today).")
@json_option
@reports_errors
def suggest(slug: str, customer_no: str, as_of: date | None, as_json: bool) -> None:
    """Suggest a limit from the average monthly sales."""
    with tenant_transaction(slug, on=as_of, read_only=True) as (db, actor):
        customer = find_numbers(db, actor.tenant_id, [customer_no]).get(customer_no)
        if customer is None:
            raise NotFound("customer_not_found")
        found = suggest_limit(db, actor.tenant_id, customer.id, actor.today)
    emit(found.as_json(), as_json, lambda: suggestion_text(found))


@group.command("exposure")
@tenant_option
@click.option("--customer", "number", metavar="NO", help="One customer, by number; all by default.")
@click.option("--as-of", "as_of", type=DAY, metavar="DATE", help="At the end of this day, instead of now.")
@json_option
@reports_errors
def exposure(slug: str, number: str | None, as_of: date | None, as_json: bool) -> None:
    """Print exposure, limits and what is available."""
    with tenant_transaction(slug, read_only=True) as (db, actor):
        ids = None if number is None else [customer_id_of(db, actor.tenant_id, number)]
        rows = account_rows(db, actor.tenant_id, actor.today, as_of=as_of, customer_ids=ids)
        day = as_of or actor.today
    emit({"as_of": day.isoformat(), "rows": [row_json(row) for row in rows]}, as_json, lambda: _text(rows))


def _text(rows: list[AccountRow]) -> str:
    return "\n".join(_line(row) for row in rows) or _("No customer has a limit or owes anything.")


def _line(row: AccountRow) -> str:
    account, limit = row.account, row.account.limit

    def amount(minor: int | None) -> str:
        return "-" if minor is None else format_minor(minor, account.currency)

    granted = _("unlimited") if limit.unlimited else amount(limit.total_minor)
    over = _("OVER") if account.is_over else ""
    sums = (amount(account.exposure_minor), granted, amount(account.available_minor))
    return "  ".join([row.customer_no, account.currency, *sums, over]).rstrip()
