"""The pages of our bank accounts: the list, a new one (also for a file that asks for it), and changes.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.receipts import bank_files, bank_messages, bank_queries, banks
from ar.receipts.bank_inputs import SaveBankAccount
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("bank_accounts", __name__, url_prefix="/bank/accounts")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Our accounts and through which day their statements are here."""
    rows = bank_queries.accounts(db(), actor().tenant_id)
    return render("ar/receipts/bank_accounts.html", accounts=rows, may_edit=may(Permission.POST_LEDGER))


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """The form for one more account; a file that asks for its account fills it in."""
    given = {name: request.args.get(name, "")[:200] for name in ("account_no", "file_id")}
    currency = request.args.get("currency", "")[:3] or "CNY"
    form = blank(**given, currency=currency, account_code="bank", active=True)
    return render("ar/receipts/bank_account.html", form=form, account=None)


@bp.post("/")
@staff(Permission.POST_LEDGER)
def create() -> Page:
    """Adds an account; the file that asked for it is read."""
    form = read_form(SaveBankAccount, {"active": True})
    if form.ok:
        try:
            banks.add_account(db(), actor(), form.data)
            return _back_to_file(form)
        except HuikuanError as fault:
            _put(form, fault)
    return invalid("ar/receipts/bank_account.html", form=form, account=None)


@bp.get("/<uuid:bank_account_id>")
@staff(Permission.READ)
def show(bank_account_id: UUID) -> Page:
    """One account, to look at or to change."""
    row = bank_queries.account(db(), actor().tenant_id, bank_account_id)
    names = ("name", "bank_name", "account_no", "currency", "account_code", "active")
    form = blank(**{name: getattr(row, name) for name in names}, file_id="")
    return render("ar/receipts/bank_account.html", form=form, account=row)


@bp.post("/<uuid:bank_account_id>")
@staff(Permission.POST_LEDGER)
def update(bank_account_id: UUID) -> Page:
    """Changes an account."""
    row = bank_queries.account(db(), actor().tenant_id, bank_account_id)
    form = read_form(SaveBankAccount, {"active": "active" in request.form, "currency": row.currency})
    if form.ok:
        try:
            banks.change_account(db(), actor(), bank_account_id, form.data)
            flash_ok(_("Saved."))
            return see_other(url_for("bank_accounts.index"))
        except (RuleBroken, Conflict) as fault:
            _put(form, fault)
    form.values.setdefault("active", False)
    return invalid("ar/receipts/bank_account.html", form=form, account=row)


def _put(form: Form[Any], fault: HuikuanError) -> None:
    """A refusal as the error of the field it is about. Raises it again when it is about none."""
    fields = {"bank_account_known": "account_no", "bank_account_currency": "currency"}
    if fault.code not in fields:
        raise fault
    form.errors[fields[fault.code]] = bank_messages.finding_text(fault.code, fault.params)


def _back_to_file(form: Form[Any]) -> Page:
    """To the file that asked for the account, which is read now; else to the list of accounts."""
    flash_ok(_("The account is added."))
    try:
        file_id = UUID(str(form.value("file_id")))
    except ValueError:
        return see_other(url_for("bank_accounts.index"))
    if bank_queries.file_page(db(), actor().tenant_id, file_id).state == "asking":
        bank_files.read_again(db(), actor(), file_id)
    return see_other(url_for("bank.show", bank_file_id=file_id))
