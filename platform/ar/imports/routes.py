"""Serves the import pages: upload, preview with control totals, application, history.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.imports import commands, files, queries
from ar.imports.columns import FILE_KINDS, fields
from ar.imports.inputs import ApplyImport, ImportFile, UploadFile
from ar.imports.jobs import stored_file
from ar.imports.messages import KIND_LABELS, STATE_LABELS
from ar.imports.report_page import report_facts
from ar.imports.undoing import depends_on
from kernel.errors import Conflict, HuikuanError, NotFound
from kernel.i18n import gettext as _
from kernel.sheets.mapping import ColumnMapping, parse_mapping
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.refusals import put_refusal, refused
from web.responses import Page, download, flash_ok, part, render, see_other

bp = Blueprint("imports", __name__, url_prefix="/imports")


def _index_page(form: Form[Any]) -> str:
    asked = read_page(request.args)
    jobs, total = queries.history(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    return render(
        "ar/imports/index.html",
        form=form,
        jobs=jobs,
        pager=asked.page(total, url_for("imports.index"), request.args),
        kinds=KIND_LABELS,
        states=STATE_LABELS,
        fields={kind: fields(kind) for kind in FILE_KINDS},
    )


@bp.get("/")
@staff(Permission.IMPORT)
def index() -> Page:
    """Shows the upload form and the history of imports."""
    asked = request.args.get("kind", "")
    return _index_page(blank(kind=asked if asked in FILE_KINDS else "open-items"))


@bp.post("/")
@staff(Permission.IMPORT)
def create() -> Page:
    """Uploads a file and queues its check."""
    form = read_form(UploadFile)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        form.errors["file"] = _("Choose a file.")
    if form.ok and sent is not None:
        try:
            file = ImportFile(form.data.kind, sent.filename or "", sent.read(), _mapping(form.data))
            return see_other(url_for("imports.show", job_id=commands.upload(db(), actor(), file)))
        except HuikuanError as fault:
            put_refusal(form, fault, otherwise="mapping" if fault.code.startswith("mapping") else "file")
    return _index_page(form), 422


def _show_page(form: Form[Any], job_id: UUID) -> str:
    return render("ar/imports/show.html", **_show(job_id, form))


@bp.get("/<uuid:job_id>")
@staff(Permission.IMPORT)
def show(job_id: UUID) -> Page:
    """Shows one import: progress, then control totals and errors, then the result."""
    return _show_page(blank(), job_id)


@bp.get("/<uuid:job_id>/progress")
@staff(Permission.IMPORT)
def progress(job_id: UUID) -> Page:
    """Renders the part of the page that polls the job."""
    return part("ar/imports/_job.html", **_show(job_id, blank()))


@bp.post("/<uuid:job_id>/application")
@staff(Permission.IMPORT)
@command_form(ApplyImport, page=_show_page, fields={"import_totals_unconfirmed": "totals_confirmed"})
def apply(data: ApplyImport, job_id: UUID) -> Page:
    """Queues the application of a checked import with confirmed totals. Idempotent."""
    if commands.request_application(db(), actor(), job_id, data):
        flash_ok(_("The import is being applied."))
    return see_other(url_for("imports.show", job_id=job_id))


@bp.post("/<uuid:job_id>/undo")
@staff(Permission.IMPORT)
def undo(job_id: UUID) -> Page:
    """Queues the undoing of an applied import. Idempotent."""
    url = url_for("imports.show", job_id=job_id)
    try:
        if commands.request_undo(db(), actor(), job_id):
            flash_ok(_("The import is being undone."))
    except Conflict as fault:
        return refused(fault, url)
    return see_other(url)


@bp.get("/<uuid:job_id>/errors.xlsx")
@staff(Permission.IMPORT)
def errors(job_id: UUID) -> Page:
    """Downloads the uploaded rows with their errors."""
    job = queries.job(db(), actor().tenant_id, job_id)
    content = files.rows_with_errors(stored_file(db(), actor().tenant_id, job), job.report)
    errors = _("errors")
    return download(content, files.XLSX, f"{job.file_name.rsplit('.', 1)[0]}-{errors}.xlsx")


@bp.get("/samples/<kind>.xlsx")
@staff(Permission.IMPORT)
def sample(kind: str) -> Page:
    """Downloads an example file of a kind."""
    if kind not in FILE_KINDS:
        raise NotFound("import_not_found")
    return download(files.sample_file(kind), files.XLSX, f"{kind}.xlsx")


def _mapping(data: UploadFile) -> ColumnMapping:
    """Returns the uploaded mapping, or an empty one, with the form's order of dates."""
    sent = request.files.get("mapping")
    mapping = parse_mapping(sent.read()) if sent is not None and sent.filename else ColumnMapping()
    return mapping.model_copy(update={"date_order": data.date_order}) if data.date_order else mapping


def _show(job_id: UUID, form: Form[Any]) -> dict[str, Any]:
    job = queries.job(db(), actor().tenant_id, job_id)
    depends = depends_on(db(), actor().tenant_id, job_id) if job.state == "applied" else []
    return {"job": job, "form": form, "depends": depends, **report_facts(job)}
