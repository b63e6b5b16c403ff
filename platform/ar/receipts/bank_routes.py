"""The pages of bank statements: files, one file with its lines, and lines set aside.

May import this slice, web and tenants. Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.receipts import bank_files, bank_messages, bank_queries
from ar.receipts.bank_inputs import AssignAccount, BankUpload, SetAside
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("bank", __name__, url_prefix="/bank")

PROBLEMS_SHOWN = 200
STATEMENTS_SHOWN = 100


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """The files that were uploaded, newest first, and the form for the next."""
    return render("ar/receipts/bank_index.html", **_index(blank()))


@bp.post("/")
@staff(Permission.IMPORT)
def create() -> Page:
    """Takes a statement file in and has it read. The same file again leads to its page and adds nothing."""
    form: Form[Any] = Form(values=dict(request.form))
    sent = request.files.get("file")
    chosen = _chosen(form)
    if sent is None or not sent.filename:
        form.errors["file"] = _("Choose a file.")
    if form.errors or sent is None:
        return invalid("ar/receipts/bank_index.html", **_index(form))
    try:
        upload = BankUpload(sent.filename or "", sent.read(), chosen)
        file_id, is_new = bank_files.upload(db(), actor(), upload)
    except RuleBroken as fault:
        form.errors["file"] = bank_messages.finding_text(fault.code, fault.params)
        return invalid("ar/receipts/bank_index.html", **_index(form))
    flash_ok(_("The file is being read.") if is_new else _("This file is here already. Nothing is added twice."))
    return see_other(url_for("bank.show", bank_file_id=file_id))


@bp.get("/files/<uuid:bank_file_id>")
@staff(Permission.READ)
def show(bank_file_id: UUID) -> Page:
    """One file: counts, balances, what could not be read, and its lines."""
    return render("ar/receipts/bank_file.html", **_file(bank_file_id))


@bp.get("/files/<uuid:bank_file_id>/progress")
@staff(Permission.READ)
def progress(bank_file_id: UUID) -> Page:
    """The part of the page that follows the reading."""
    return render("ar/receipts/_bank_file.html", **_file(bank_file_id))


@bp.post("/files/<uuid:bank_file_id>/accounts")
@staff(Permission.IMPORT)
def assign(bank_file_id: UUID) -> Page:
    """Says whose account a number in the file is."""
    form = read_form(AssignAccount)
    if form.ok:
        try:
            bank_files.assign_account(db(), actor(), bank_file_id, form.data)
            flash_ok(_("The account is noted."))
            return see_other(url_for("bank.show", bank_file_id=bank_file_id))
        except (RuleBroken, Conflict) as fault:
            form.errors["bank_account_id"] = bank_messages.finding_text(fault.code, fault.params)
    return invalid("ar/receipts/bank_file.html", **_file(bank_file_id, form))


@bp.post("/files/<uuid:bank_file_id>/readings")
@staff(Permission.IMPORT)
def read_again(bank_file_id: UUID) -> Page:
    """Has a file read once more that was refused or waited for an account."""
    bank_files.read_again(db(), actor(), bank_file_id)
    flash_ok(_("The file is being read."))
    return see_other(url_for("bank.show", bank_file_id=bank_file_id))


@bp.get("/lines/<uuid:bank_line_id>")
@staff(Permission.READ)
def line(bank_line_id: UUID) -> Page:
    """One line as the bank told it, and what was decided about it."""
    return render("ar/receipts/bank_line.html", **_line(bank_line_id, blank()))


@bp.post("/lines/<uuid:bank_line_id>/setting-aside")
@staff(Permission.POST_LEDGER)
def set_aside(bank_line_id: UUID) -> Page:
    """Sets a line aside: it is not a customer's money."""
    form = read_form(SetAside)
    if not form.ok:
        return invalid("ar/receipts/bank_line.html", **_line(bank_line_id, form))
    bank_files.set_aside(db(), actor(), bank_line_id, form.data)
    flash_ok(_("The line is set aside."))
    return see_other(url_for("bank.line", bank_line_id=bank_line_id))


@bp.post("/lines/<uuid:bank_line_id>/taking-back")
@staff(Permission.POST_LEDGER)
def take_back(bank_line_id: UUID) -> Page:
    """Puts a line that was set aside among the open ones again."""
    bank_files.take_back(db(), actor(), bank_line_id)
    flash_ok(_("The line is to be matched again."))
    return see_other(url_for("bank.line", bank_line_id=bank_line_id))


def _chosen(form: Form[Any]) -> UUID | None:
    """The account chosen beside the file, if one was."""
    text = str(form.value("bank_account_id")).strip()
    try:
        return UUID(text) if text else None
    except ValueError:
        form.errors["bank_account_id"] = _("Choose one of the options.")
        return None


def _index(form: Form[Any]) -> dict[str, Any]:
    asked = read_page(request.args)
    tenant_id = actor().tenant_id
    rows, total = bank_queries.files(db(), tenant_id, offset=asked.offset, limit=asked.limit)
    return {
        "form": form,
        "files": rows,
        "options": [("", _("As the file says")), *bank_queries.account_options(db(), tenant_id)],
        "pager": asked.page(total, url_for("bank.index"), request.args),
        "states": bank_messages.STATES,
        "format_text": bank_messages.format_text,
        "may_upload": may(Permission.IMPORT),
    }


def _file(bank_file_id: UUID, form: Form[Any] | None = None) -> dict[str, Any]:
    tenant_id, asked = actor().tenant_id, read_page(request.args)
    file = bank_queries.file_page(db(), tenant_id, bank_file_id)
    wanted = filters.read(bank_queries.LineFilters, request.args)
    rows, total = bank_queries.lines_of(db(), tenant_id, bank_file_id, wanted, offset=asked.offset, limit=asked.limit)
    path = url_for("bank.show", bank_file_id=bank_file_id)
    chips = [
        ("all", _("All")),
        ("open", _("To match")),
        ("matched", _("Matched")),
        ("set_aside", _("Set aside")),
        ("out", _("Money out")),
    ]
    return {
        "file": file,
        "form": form or blank(),
        "lines": rows,
        "pager": asked.page(total, path, request.args),
        "chips": filters.chips(wanted, "state", chips, path),
        "unknown": [each for each in file.accounts if not each["bank_account_id"] and each["lines"]],
        "options": {each["currency"]: _options(each["currency"]) for each in file.accounts},
        "account_names": bank_queries.account_names(db(), tenant_id),
        "problems": [(p["line"], bank_messages.finding_text(p["code"], p["params"])) for p in _shown(file)],
        "statements": file.statements[:STATEMENTS_SHOWN],
        "states": bank_messages.STATES,
        "line_states": bank_messages.LINE_STATES,
        "why_not": bank_messages.WHY_NOT,
        "format_text": bank_messages.format_text,
        "may_upload": may(Permission.IMPORT),
    }


def _options(currency: str) -> list[tuple[str, str]]:
    return [("", _("Choose")), *bank_queries.account_options(db(), actor().tenant_id, currency)]


def _shown(file: bank_queries.FilePage) -> list[dict[str, Any]]:
    return file.problems[:PROBLEMS_SHOWN]


def _line(bank_line_id: UUID, form: Form[Any]) -> dict[str, Any]:
    row = bank_queries.line(db(), actor().tenant_id, bank_line_id)
    file = bank_queries.file_page(db(), actor().tenant_id, row.file_id)
    states, decides = bank_messages.LINE_STATES, may(Permission.POST_LEDGER)
    return {"line": row, "file": file, "form": form, "line_states": states, "may_decide": decides}
