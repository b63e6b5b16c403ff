"""Serves the page on which a person says how the columns of an uploaded file are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, cast
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.imports import commands, messages, queries
from ar.imports.columns import FileKind, fields
from ar.imports.inputs import MappedSource
from ar.imports.messages import DOCUMENT_KINDS, KIND_LABELS, ORIGINS, PASSED_OVER, question_text
from ar.imports.pipeline import BOOKED_KINDS
from kernel.errors import Conflict, NotFound
from kernel.i18n import gettext as _
from kernel.sheets.mapping import ColumnMapping
from kernel.sheets.samples import Sample
from tenants.access import staff
from tenants.permissions import Permission
from web import mapping_form
from web.context import actor, db
from web.forms import posted
from web.mapping_form import MappingForm, Words, read_mapping, show_mapping
from web.refusals import refused
from web.responses import Page, render, see_other

bp = Blueprint("import_mapping", __name__, url_prefix="/imports")
HAVE_CURRENCY: Final = ("open-items", "receipts", "limits", "orders")


def _words(kind: str) -> list[Words]:
    """Returns the words of a file that the page asks a meaning for."""
    if kind != "open-items":
        return []
    known = [("", _("By its usual meaning")), *((name, _(label)) for name, label in DOCUMENT_KINDS.items())]
    skip, label = mapping_form.SKIP_OPTION
    return [Words("kinds", "kind", _("What the types of document mean"), [*known, (skip, _(label))])]


def _choices(kind: str, sample: Sample) -> dict[str, Any]:
    """Returns the options of the page's lists, in the current language."""

    def said(options: Any) -> list[tuple[str, str]]:
        return [(key, _(label)) for key, label in options]

    return {
        "decimal_marks": said(mapping_form.DECIMAL_MARKS),
        "date_orders": said(mapping_form.DATE_ORDERS),
        "roundings": said(mapping_form.ROUNDINGS),
        "encodings": said(mapping_form.ENCODINGS),
        "delimiters": said(mapping_form.DELIMITERS),
        "sheets": [(name, name) for name in sample.sheets],
        "signs": said(messages.RECEIPT_SIGNS if kind == "receipts" else messages.SIGNS),
        "early_due": said(messages.EARLY_DUE),
        "before_lock": said(messages.BEFORE_LOCK),
        "credits": said(messages.CREDITS),
        "repeated": said(messages.REPEATED),
        "unnumbered": said(messages.UNNUMBERED),
        "headings": said(messages.HEADINGS),
        "carried": said(messages.CARRIED),
        "kinds": [("", "—"), *((name, _(label)) for name, label in DOCUMENT_KINDS.items())],
    }


def _load(job_id: UUID) -> tuple[queries.JobPage, Sample, ColumnMapping]:
    job = queries.job(db(), actor().tenant_id, job_id)
    if not job.sample:
        raise NotFound("import_not_found")
    stored = {name: value for name, value in job.sample.items() if name not in commands.NOT_OF_SAMPLE}
    return job, Sample.from_json(stored), ColumnMapping.model_validate(job.mapping)


def _page(job: queries.JobPage, sample: Sample, form: MappingForm) -> str:
    origin = job.sample.get("origin", "guess")
    return render(
        "ar/imports/mapping.html",
        job=job,
        form=form,
        questions=[question_text(code, params) for code, params in job.sample.get("questions", ())],
        origin=_(ORIGINS[origin]) if origin in ORIGINS else origin,
        kinds=KIND_LABELS,
        reasons=PASSED_OVER,
        choices=_choices(job.kind, sample),
        has_currency=job.kind in HAVE_CURRENCY,
        is_booked=job.kind in BOOKED_KINDS,
    )


@bp.get("/<uuid:job_id>/mapping")
@staff(Permission.IMPORT)
def mapping(job_id: UUID) -> Page:
    """Shows every column of a file with its guess, its first rows, and how it is opened."""
    job, sample, told = _load(job_id)
    if not job.can_be_mapped:
        return see_other(url_for("imports.show", job_id=job_id))
    return _page(job, sample, show_mapping(sample, fields(cast(FileKind, job.kind)), told, _words(job.kind)))


@bp.post("/<uuid:job_id>/mapping")
@staff(Permission.IMPORT)
def map_columns(job_id: UUID) -> Page:
    """Stores how the columns are read and checks the file, or shows it again opened in another way."""
    job, sample, told = _load(job_id)
    read, form = read_mapping(posted(), sample, fields(cast(FileKind, job.kind)), told, _words(job.kind))
    if read is None:
        return _page(job, sample, form), 422
    source = MappedSource(
        fingerprint=sample.fingerprint, name=posted().get("name", "")[:100], remember="remember" in posted()
    )
    look = posted().get("do") == "look"
    try:
        commands.map_columns(db(), actor(), job_id, job.kind, read, source, look=look)
    except Conflict as fault:
        return refused(fault, url_for("imports.show", job_id=job_id))
    return see_other(url_for("imports.show", job_id=job_id))


def _checked_again(job_id: UUID, ask: Callable[[], object]) -> Page:
    """Asks for another check of a file and leads to its page."""
    url = url_for("imports.show", job_id=job_id)
    try:
        ask()
    except Conflict as fault:
        return refused(fault, url)
    return see_other(url)


@bp.post("/<uuid:job_id>/check")
@staff(Permission.IMPORT)
def check_again(job_id: UUID) -> Page:
    """Checks a file whose import failed once more. Idempotent."""
    return _checked_again(job_id, lambda: commands.check_again(db(), actor(), job_id))


@bp.post("/<uuid:job_id>/openings")
@staff(Permission.IMPORT)
def as_openings(job_id: UUID) -> Page:
    """Checks a file again with what is dated in the locked period posted on the day after it."""
    return _checked_again(job_id, lambda: commands.post_as_openings(db(), actor(), job_id))


@bp.post("/<uuid:job_id>/credits")
@staff(Permission.IMPORT)
def credit(job_id: UUID) -> Page:
    """Checks a file again with its documents posted against another account, revenue unless told otherwise."""
    openings = request.form.get("account") == "opening_balance"
    account: Literal["opening_balance", "revenue"] = "opening_balance" if openings else "revenue"
    return _checked_again(job_id, lambda: commands.credit_account(db(), actor(), job_id, account))
