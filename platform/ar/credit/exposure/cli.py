"""`huikuan credit exposure`: what customers owe and will owe, against their limits."""

from __future__ import annotations

from datetime import date

import click

from ar.credit.exposure.rows import AccountRow, account_rows, customer_id_of, row_json
from kernel.i18n import gettext as _
from kernel.money import format_minor
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction


@click.command("exposure")
@tenant_option
@click.option("--customer", "number", metavar="NO", help="One customer, by number; all by default.")
@click.option("--as-of", "as_of", type=DAY, metavar="DATE", help="At the end of this day, instead of now.")
@json_option
@reports_errors
def exposure_command(slug: str, number: str | None, as_of: date | None, as_json: bool) -> None:
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
