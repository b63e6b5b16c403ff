"""`huikuan document`: posts an invoice, debit note, credit note or goods return from the command line.

Invariant: parsed like the form, so that it is refused with the same messages.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from ar.ledger.documents.commands import DocumentRefused, document_items, item_json, post_document
from ar.ledger.documents.inputs import PREFIXES, SubmittedDocument
from ar.ledger.messages import FIELD_LABELS
from ar.ledger.models import CREDIT_REASONS
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.ids import new_id
from kernel.money import format_with_symbol
from kernel.settings import terminal_language
from tenants.commandline import DAY, emit, fail, json_option, reports_errors, tenant_option, tenant_transaction


@click.group("document")
def group() -> None:
    """Invoices, debit notes, credit notes and goods returned."""


@group.command("post")
@tenant_option
@click.option("--kind", type=click.Choice(sorted(PREFIXES)), default="invoice", show_default=True)
@click.option("--customer", required=True, metavar="NO", help="The customer's number, or a name that fits one only.")
@click.option("--amount", required=True, metavar="AMOUNT", help="With tax, in the document's currency.")
@click.option("--number", default="", metavar="NO", help="The document's number (default: the next running one).")
@click.option("--on", "document_on", default="", metavar="YYYY-MM-DD", help="The document's date (default: today).")
@click.option("--due", "due_on", default="", metavar="YYYY-MM-DD", help="Default: by the customer's terms.")
@click.option("--currency", default="", metavar="CODE", help="Default: the company's.")
@click.option("--tax-rate", default="", metavar="PERCENT", help="Included in the amount, for example 13.")
@click.option("--tax", default="", metavar="AMOUNT", help="Instead of the rate.")
@click.option("--discount-percent", default="", metavar="PERCENT", help="Granted on what is paid in time.")
@click.option("--discount-days", default="", metavar="DAYS", help="From the document's date.")
@click.option("--instalment", "instalments", multiple=True, metavar="YYYY-MM-DD=AMOUNT", help="Once per instalment.")
@click.option("--reference", default="", metavar="TEXT", help="Of a credit: the document it concerns.")
@click.option("--allocate", is_flag=True, help="Allocate a credit to the document it concerns at once.")
@click.option("--reason", type=click.Choice(CREDIT_REASONS), default="goods", help="Why a credit note is given.")
@click.option("--memo", default="", metavar="TEXT", help="A note that stays in the books.")
@click.option("--key", metavar="KEY", help="Of 16 to 64 characters: the same call again posts nothing more.")
@click.option("--date", "acting_on", type=DAY, help="Act as on this day (default: today).")
@json_option
@reports_errors
def post(
    slug: str,
    kind: str,
    instalments: tuple[str, ...],
    allocate: bool,
    key: str | None,
    acting_on: date | None,
    as_json: bool,
    **texts: str,
) -> None:
    """Post one document."""
    parts = [part.partition("=") for part in instalments]
    data = SubmittedDocument.model_validate(
        {
            **texts,
            "instalment_due": [due for due, _mark, _amount in parts],
            "instalment_amount": [amount for _due, _mark, amount in parts],
            "allocate": "1" if allocate else "",
            "key": key or str(new_id()),
        }
    )
    try:
        with tenant_transaction(slug, on=acting_on) as (db, actor):
            item_id = post_document(db, actor, kind, data)
            rows = [item_json(item) for item in document_items(db, actor.tenant_id, item_id)]
    except DocumentRefused as refused:
        with use_language(terminal_language()):
            fields = refused.texts()
            lines = [
                f"{_(FIELD_LABELS[name]) if name in FIELD_LABELS else name}: {text}" for name, text in fields.items()
            ]
        fail(refused.code, "\n".join(lines), as_json=as_json, fields=fields)
    emit({"document": rows[0]["document_no"], "items": rows}, as_json, lambda: "\n".join(map(_line, rows)))


def _line(row: dict[str, Any]) -> str:
    amount = format_with_symbol(row["amount_minor"], row["currency"])
    part = f" ({row['instalment_no']})" if row["instalment_no"] else ""
    return f"{row['document_no']}{part}  {amount}  due {row['due_on']}"
