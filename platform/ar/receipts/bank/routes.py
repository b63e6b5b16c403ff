"""Pages of bank statements: the files, one file with its lines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.receipts.bank import files as bank_files
from ar.receipts.bank import messages as bank_messages
from ar.receipts.bank import queries as bank_queries
from ar.receipts.bank.inputs import AssignAccount, BankUpload
from ar.receipts.bank.movements import queries as movement_queries
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.refusals import put_refusal
from web.responses import Page, part, render, see_other

bp = Blueprint("bank", __name__, url_prefix="/bank")

PROBLEMS_SHOWN, STATEMENTS_SHOWN = 200, 100


def _index_page(form: Form[Any]) -> str:
    asked, tenant_id = read_page(request.args), actor().tenant_id
    rows, total = bank_queries.files(db(), tenant_id, offset=asked.offset, limit=asked.limit)
    return render(
        "ar/receipts/bank/index.html",
        form=form,
        accounts=movement_queries.account_states(db(), tenant_id),
        files=rows,
        options=[("", _("As in the file")), *bank_queries.account_options(db(), tenant_id, at_banks=True)],
        pager=asked.page(total, url_for("bank.index"), request.args),
        states=bank_messages.STATES,
        format_text=bank_messages.format_text,
        format_names=bank_messages.format_names(),
        may_upload=may(Permission.IMPORT),
    )


@bp.get("/")
@staff(Permission.READ_BANK)
def index() -> Page:
    """Lists the accounts with what waits, and the uploaded files, the newest first, with the upload form."""
    return _index_page(blank(bank_account_id=request.args.get("bank_account_id", "")[:36]))


@bp.post("/")
@staff(Permission.IMPORT)
def create() -> Page:
    """Uploads a statement file and queues its parsing. The same file again leads to its page and adds nothing."""
    form: Form[Any] = Form(values=dict(request.form))
    sent, chosen = request.files.get("file"), _chosen_account(form)
    if sent is None or not sent.filename:
        form.errors["file"] = _("Choose a file.")
    if form.errors or sent is None:
        return _index_page(form), 422
    try:
        file_id, is_new = bank_files.upload(db(), actor(), BankUpload(sent.filename or "", sent.read(), chosen))
    except RuleBroken as fault:
        put_refusal(form, fault, otherwise="file")
        return _index_page(form), 422
    text = _("The file is uploaded.") if is_new else _("This file has already been uploaded. Nothing is added twice.")
    return done(text, "bank.show", bank_file_id=file_id)


def _file_context(form: Form[Any], bank_file_id: UUID) -> dict[str, Any]:
    tenant_id, asked = actor().tenant_id, read_page(request.args)
    wanted = filters.read(bank_queries.LineFilters, request.args)
    file = bank_queries.file_page(db(), tenant_id, bank_file_id)
    rows, total = bank_queries.lines_of(db(), tenant_id, bank_file_id, wanted, offset=asked.offset, limit=asked.limit)
    path, problems = url_for("bank.show", bank_file_id=bank_file_id), file.problems[:PROBLEMS_SHOWN]
    return {
        "file": file,
        "form": form,
        "maybe_same": movement_queries.count_open_questions(db(), tenant_id, bank_file_id) if file.lines_asked else 0,
        "lines": rows,
        "pager": asked.page(total, path, request.args),
        "chips": filters.chips(
            wanted, "state", [(state, _(name)) for state, name in bank_messages.LINE_FILTERS.items()], path
        ),
        "unknown": [each for each in file.accounts if not each["bank_account_id"] and each["lines"]],
        "options": {currency: _options(currency) for currency in {"", *(each["currency"] for each in file.accounts)}},
        "account_names": bank_queries.account_names(db(), tenant_id),
        "problems": [(p["line"], bank_messages.finding_text(p["code"], p["params"])) for p in problems],
        "questions": [(q["line"], bank_messages.finding_text(q["code"], q["params"])) for q in file.questions],
        "statements": file.statements[:STATEMENTS_SHOWN],
        "states": bank_messages.STATES,
        "line_states": bank_messages.LINE_STATES,
        "why_not": bank_messages.WHY_NOT,
        "format_text": bank_messages.format_text,
        "may_upload": may(Permission.IMPORT),
    }


def _options(currency: str) -> list[tuple[str, str]]:
    return [("", _("Choose")), *bank_queries.account_options(db(), actor().tenant_id, currency, at_banks=True)]


def _file_page(form: Form[Any], bank_file_id: UUID) -> str:
    return render("ar/receipts/bank/show.html", **_file_context(form, bank_file_id))


@bp.get("/files/<uuid:bank_file_id>")
@staff(Permission.READ_BANK)
def show(bank_file_id: UUID) -> Page:
    """Shows a file: counts, balances, problems and lines."""
    return _file_page(blank(), bank_file_id)


@bp.get("/files/<uuid:bank_file_id>/progress")
@staff(Permission.READ_BANK)
def progress(bank_file_id: UUID) -> Page:
    """Renders the part of the page that shows the progress of parsing."""
    return part("ar/receipts/bank/_file.html", **_file_context(blank(), bank_file_id))


@bp.post("/files/<uuid:bank_file_id>/accounts")
@staff(Permission.IMPORT)
@command_form(AssignAccount, page=_file_page, otherwise="bank_account_id")
def assign(data: AssignAccount, bank_file_id: UUID) -> Page:
    """Assigns one of our accounts to a number in the file."""
    bank_files.assign_account(db(), actor(), bank_file_id, data)
    return done(_("The account is noted."), "bank.show", bank_file_id=bank_file_id)


@bp.post("/files/<uuid:bank_file_id>/readings", endpoint="read_again")
@staff(Permission.IMPORT)
def parse_again(bank_file_id: UUID) -> Page:
    """Queues the parsing of a refused or waiting file again."""
    bank_files.parse_again(db(), actor(), bank_file_id)
    return see_other(url_for("bank.show", bank_file_id=bank_file_id))


def _chosen_account(form: Form[Any]) -> UUID | None:
    """Returns the account chosen in the upload form, or None."""
    text = str(form.value("bank_account_id")).strip()
    try:
        return UUID(text) if text else None
    except ValueError:
        form.errors["bank_account_id"] = _("Choose one of the options.")
    return None
