"""Pages of bank accounts: the list, adding one (also for a file that needs it), and changes.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank import files as bank_files
from ar.receipts.bank import queries as bank_queries
from ar.receipts.bank.inputs import SaveBankAccount
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.responses import Page, render

bp = Blueprint("bank_accounts", __name__, url_prefix="/bank/accounts")

FIELDS = {"bank_account_known": "account_no", "bank_account_currency": "currency"}
SHOWN = ("name", "bank_name", "account_no", "currency", "account_code", "active")


@bp.get("/")
@staff(Permission.READ_BANK)
def index() -> Page:
    """Lists the accounts with the last booking date imported."""
    rows = bank_queries.accounts(db(), actor().tenant_id)
    return render("ar/receipts/bank/accounts/index.html", accounts=rows, may_edit=may(Permission.POST_LEDGER))


def _new_page(form: Form[Any]) -> str:
    return render("ar/receipts/bank/accounts/show.html", form=form, account=None)


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """Shows the form for a new account, filled in from the file that needs it."""
    given = {name: request.args.get(name, "")[:200] for name in ("account_no", "file_id")}
    currency = request.args.get("currency", "")[:3] or "CNY"
    return _new_page(blank(**given, currency=currency, account_code="bank", active=True))


def _read_new(model: type[SaveBankAccount]) -> Form[SaveBankAccount]:
    return read_form(model, {"active": True})


@bp.post("/")
@staff(Permission.POST_LEDGER)
@command_form(SaveBankAccount, page=_new_page, fields=FIELDS, read=_read_new)
def create(data: SaveBankAccount) -> Page:
    """Adds an account; parses the file that needs it."""
    bank_accounts.add_account(db(), actor(), data)
    text = _("The account is added.")
    try:
        file_id = UUID(request.form.get("file_id", ""))
    except ValueError:
        return done(text, "bank_accounts.index")
    if bank_queries.file_page(db(), actor().tenant_id, file_id).state == "asking":
        bank_files.parse_again(db(), actor(), file_id)
    return done(text, "bank.show", bank_file_id=file_id)


def _account_page(form: Form[Any], bank_account_id: UUID) -> str:
    row = bank_queries.account(db(), actor().tenant_id, bank_account_id)
    stored = {name: getattr(row, name) for name in SHOWN}
    return render("ar/receipts/bank/accounts/show.html", form=form.at("account", **stored, file_id=""), account=row)


@bp.get("/<uuid:bank_account_id>")
@staff(Permission.READ_BANK)
def show(bank_account_id: UUID) -> Page:
    """Shows an account with the form to change it."""
    return _account_page(blank(), bank_account_id)


def _read_change(model: type[SaveBankAccount]) -> Form[SaveBankAccount]:
    """Reads the form; an account keeps its currency, and a box that is not ticked is not sent."""
    row = bank_queries.account(db(), actor().tenant_id, (request.view_args or {})["bank_account_id"])
    form = read_form(model, {"active": "active" in request.form, "currency": row.currency})
    form.values.setdefault("active", False)
    return form


@bp.post("/<uuid:bank_account_id>")
@staff(Permission.POST_LEDGER)
@command_form(SaveBankAccount, page=_account_page, slot="account", fields=FIELDS, read=_read_change)
def update(data: SaveBankAccount, bank_account_id: UUID) -> Page:
    """Changes an account."""
    bank_accounts.change_account(db(), actor(), bank_account_id, data)
    return done(_("Saved."), "bank_accounts.index")
