"""`huikuan bank`: imports a bank statement from a file, as the pages do but at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from ar.receipts.bank import files as bank_files
from ar.receipts.bank import queries as bank_queries
from ar.receipts.bank.formats.events import account_key
from ar.receipts.bank.inputs import BankUpload
from ar.receipts.bank.messages import format_text
from kernel.errors import NotFound
from tenants.commandline import emit, json_option, reports_errors, tenant_option, tenant_transaction

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
PROBLEMS_PRINTED = 50


@click.group("bank")
def group() -> None:
    """Bank statements."""


@group.command("import")
@click.argument("file", type=FILE)
@tenant_option
@click.option("--account", metavar="NUMBER", help="Number or name of your account, when the file does not name it.")
@json_option
@reports_errors
def import_file(file: Path, slug: str, account: str | None, as_json: bool) -> None:
    """Import a bank statement from FILE, in any format that the bank page names. Known lines are not added again."""
    with tenant_transaction(slug) as (db, actor):
        chosen = _find_account(db, actor.tenant_id, account) if account else None
        upload = BankUpload(file.name, file.read_bytes(), chosen)
        file_id, is_new = bank_files.upload(db, actor, upload, schedule=False)
        bank_files.parse_file(db, actor, file_id)
        page = bank_queries.file_page(db, actor.tenant_id, file_id)
        payload = page.as_json(uploaded_before=not is_new)
    emit(payload, as_json, lambda: _text(payload))
    if page.state in ("refused", "asking"):
        raise SystemExit(1)


def _find_account(db: Session, tenant_id: UUID, number_or_name: str) -> UUID:
    for row in bank_queries.accounts(db, tenant_id):
        if number_or_name == row.name or (
            row.account_no and account_key(number_or_name) == account_key(row.account_no)
        ):
            return row.id
    raise NotFound("bank_account_not_found")


def _text(payload: dict[str, Any]) -> str:
    lines = [f"{format_text(payload['format']) or 'File'}: {payload['state']}."]
    counts = f"{payload['new']} new, {payload['known']} known before, {payload['unread']} could not be read"
    lines.append(f"{payload['lines']} lines: {counts}.")
    for each in payload["problems"][:PROBLEMS_PRINTED]:
        lines.append(f"Line {each['line']}: {each['message']}" if each["line"] else each["message"])
    for each in payload["accounts"]:
        if each["lines"] and not each["bank_account_id"]:
            lines.append(f"Unknown account {each['account_no'] or '(not named)'} {each['currency']}: use --account.")
    return "\n".join(lines)
