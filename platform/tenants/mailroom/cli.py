"""Defines `huikuan mail`: lists the e-mails in doubt and settles one."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

import click

from tenants.commandline import emit, json_option, reports_errors, tenant_option, tenant_transaction
from tenants.mailroom import commands, queries
from tenants.mailroom.inputs import SettleMail

LIST_MAX = 1_000


@click.group(name="mail")
def group() -> None:
    """E-mails of which nobody knows whether they arrived."""


@group.command("list")
@tenant_option
@json_option
@reports_errors
def list_mails(slug: str, as_json: bool) -> None:
    """List the e-mails in doubt, with the Message-ID to look for in the mail server's log."""
    with tenant_transaction(slug, read_only=True) as (db, actor):
        total, mails = queries.mails_in_doubt(db, actor.tenant_id, LIST_MAX)
    lines = [f"{mail.id}  {mail.purpose:<18} {mail.to_address:<36} {mail.message_id}  {mail.reason}" for mail in mails]
    payload = {"in_doubt": total, "mails": [asdict(mail) for mail in mails]}
    emit(payload, as_json, lambda: "\n".join(lines) or "No e-mail is in doubt.")


@group.command()
@click.argument("mail_id", type=click.UUID)
@tenant_option
@click.option("--arrived", "outcome", flag_value="arrived", help="It arrived.")
@click.option("--lost", "outcome", flag_value="lost", help="It did not arrive.")
@click.option("--send-again", "outcome", flag_value="send_again", help="It did not arrive; send it again.")
@json_option
@reports_errors
def settle(mail_id: UUID, slug: str, outcome: str | None, as_json: bool) -> None:
    """Settle an e-mail in doubt: say what became of it."""
    if outcome is None:
        raise click.UsageError("Say what became of it: --arrived, --lost or --send-again.")
    with tenant_transaction(slug) as (db, actor):
        commands.settle_mail(db, actor, mail_id, SettleMail.model_validate({"outcome": outcome}))
    emit({"mail_id": mail_id, "outcome": outcome}, as_json, lambda: "Noted.")
