"""`huikuan bank`: adds and lists bank accounts, imports a bank statement from a file, as the pages do but at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank import files as bank_files
from ar.receipts.bank import queries as bank_queries
from ar.receipts.bank.formats.account_numbers import matching
from ar.receipts.bank.inputs import BankUpload, SaveBankAccount
from ar.receipts.bank.messages import STATES, format_text
from ar.receipts.bank.movements import queries as movement_queries
from ar.receipts.bank.movements.queries import AccountState, BreakView
from ar.receipts.bank.queries import FilePage
from kernel.errors import NotFound
from kernel.i18n import gettext
from kernel.money import format_minor
from kernel.sheets.mapping import parse_mapping
from tenants.commandline import emit, json_option, reports_errors, tenant_option, tenant_transaction
from tenants.queries import tenant

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
PROBLEMS_PRINTED = 50


@click.group("bank")
def group() -> None:
    """Bank statements."""


@group.group("account")
def account_group() -> None:
    """Your accounts at banks."""


@account_group.command("add")
@tenant_option
@click.option("--name", required=True, help="The name your staff use.")
@click.option("--number", default="", help="As in the statements: IBAN or account number; a cash box has none.")
@click.option("--currency", metavar="CODE", help="Default: the company's own.")
@click.option("--bank", "bank_name", default="", help="The bank's name.")
@click.option("--cash", is_flag=True, help="A cash box: posted to cash, not to bank.")
@json_option
@reports_errors
def add(slug: str, name: str, number: str, currency: str | None, bank_name: str, cash: bool, as_json: bool) -> None:
    """Add a bank account, so that statements of it can be imported."""
    with tenant_transaction(slug) as (db, actor):
        data = SaveBankAccount(
            name=name,
            bank_name=bank_name,
            account_no=number,
            currency=currency or tenant(db, actor.tenant_id).currency,
            account_code="cash" if cash else "bank",
        )
        account_id = bank_accounts.add_account(db, actor, data)
    payload = {"account_id": str(account_id), **data.model_dump(exclude={"active"})}
    emit(payload, as_json, lambda: f"Account {data.name} {data.account_no} {data.currency} is added.")


@account_group.command("list")
@tenant_option
@json_option
@reports_errors
def list_accounts(slug: str, as_json: bool) -> None:
    """List your accounts with their last statements, and where statements do not continue."""
    with tenant_transaction(slug, read_only=True) as (db, actor):
        states = movement_queries.account_states(db, actor.tenant_id)
    emit({"accounts": [asdict(each) for each in states]}, as_json, lambda: _accounts_text(states))


def _accounts_text(states: Sequence[AccountState]) -> str:
    return "\n".join(map(_account_text, states)) or "There is no bank account yet."


def _account_text(state: AccountState) -> str:
    through = state.through_on.isoformat() if state.through_on else "no statement yet"
    lines = [f"{state.name} {state.account_no} {state.currency}: {through}"]
    lines += [f"  {_break_text(state, each)}" for each in state.breaks]
    if state.questions or state.returns:
        lines.append(f"  maybe the same: {state.questions}; returned payments: {state.returns}")
    return "\n".join(lines)


def _break_text(state: AccountState, each: BreakView) -> str:
    """Returns a place where the balances of an account do not continue, with what each side says."""
    word = "A gap" if each.kind == "gap" else "An overlap"
    off, before, after = (
        format_minor(minor, state.currency)
        for minor in (abs(each.off_minor), each.before.balance_minor, each.after.balance_minor)
    )
    ends = [f"statement {end.number}" if end.number else end.last_on.isoformat() for end in (each.before, each.after)]
    return f"{word} of {off} {state.currency}: {ends[0]} ends with {before}, {ends[1]} begins with {after}."


@group.command("import")
@click.argument("file", type=FILE)
@tenant_option
@click.option("--account", metavar="NUMBER", help="Number or name of your account, when the file does not name it.")
@click.option("--mapping", "mapping_file", type=FILE, help="How the columns of a table are read: a JSON object.")
@json_option
@reports_errors
def import_file(file: Path, slug: str, account: str | None, mapping_file: Path | None, as_json: bool) -> None:
    """Import a bank statement from FILE, in any format that the bank page names. Known lines are not added again."""
    mapping = parse_mapping(mapping_file.read_bytes()).model_dump(mode="json") if mapping_file else None
    with tenant_transaction(slug) as (db, actor):
        chosen = _find_account(db, actor.tenant_id, account) if account else None
        upload = BankUpload(file.name, file.read_bytes(), chosen, mapping)
        file_id, is_new = bank_files.upload(db, actor, upload, schedule=False)
        was_read = bank_queries.file_page(db, actor.tenant_id, file_id).state == "read"
        bank_files.parse_file(db, actor, file_id)
        page = bank_queries.file_page(db, actor.tenant_id, file_id)
        payload = page.as_json(uploaded_before=not is_new)
        if was_read:  # its counts are those of the first time; nothing was added by this one
            payload |= {"new": 0, "known": page.lines_new + page.lines_known}
        states = _states_of(db, actor.tenant_id, page)
        payload["breaks"] = [{"account_id": str(state.id), **asdict(each)} for state, each in states]
    emit(payload, as_json, lambda: "\n".join([_text(payload), *(_break_line(*each) for each in states)]))
    if page.state in ("refused", "mapping", "asking"):
        raise SystemExit(1)


def _states_of(db: Session, tenant_id: UUID, page: FilePage) -> list[tuple[AccountState, BreakView]]:
    """Returns where the balances of the file's accounts do not continue, with their accounts."""
    ours = {each["bank_account_id"] for each in page.accounts}
    states = movement_queries.account_states(db, tenant_id) if page.state == "read" else []
    return [(state, each) for state in states if str(state.id) in ours for each in state.breaks]


def _break_line(state: AccountState, each: BreakView) -> str:
    return f"{state.name}: {_break_text(state, each)}"


def _find_account(db: Session, tenant_id: UUID, number_or_name: str) -> UUID:
    rows = bank_queries.accounts(db, tenant_id)
    named = next((row.id for row in rows if row.name == number_or_name), None)
    found = named or matching(number_or_name, [(row.account_no, row.id) for row in rows])
    if found is None:
        raise NotFound("bank_account_not_found")
    return found


def _text(payload: dict[str, Any]) -> str:
    lines = [f"{format_text(payload['format']) or 'File'}: {gettext(STATES[payload['state']][0]).rstrip('?')}."]
    if payload["uploaded_before"] and payload["state"] == "read" and not payload["new"]:
        lines.append("This file was imported before; nothing is added twice.")
    counts = f"{payload['new']} new, {payload['known']} known before, {payload['unread']} could not be read"
    lines.append(f"{payload['lines']} lines: {counts}.")
    if payload["asked"]:
        lines.append(f"{payload['asked']} may be known already: decide on the page of bank statements.")
    if payload["pending"]:
        lines.append(f"{payload['pending']} are announced only and not booked.")
    for each in payload["problems"][:PROBLEMS_PRINTED]:
        lines.append(f"Line {each['line']}: {each['message']}" if each["line"] else each["message"])
    for each in payload["questions"]:
        lines.append(f"Row {each['line']}: {each['message']}" if each["line"] else each["message"])
    if payload["questions"]:
        lines.append("Nothing was added. Say how the columns are read with --mapping, or on the page of the file.")
    for each in payload["accounts"]:
        if each["lines"] and not each["bank_account_id"]:
            lines.append(f"Unknown account {each['account_no'] or '(not named)'} {each['currency']}: use --account.")
    return "\n".join(lines)
