"""Pages of late interest: the runs, and the preview of a new one.

Invariant: parse, authorise, one command or one query, render; a preview is a GET and changes nothing. An interest
document has its page in `charge_routes`, terms and reference rates in `terms_routes`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.interest import commands, correcting, queries, texts
from ar.interest.inputs import PostInterest
from ar.interest.messages import SERIES_NAMES
from ar.interest.rules.documents import DocumentTerms
from ar.ledger.messages import KIND_NAMES
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.refusals import put_refusal
from web.responses import Page, invalid, render

bp = Blueprint("interest", __name__, url_prefix="/interest")

NEW = "ar/interest/new.html"
FIELDS = {
    "interest_customer_unknown": "customer_no",
    "interest_through_future": "through_on",
    "interest_document_day": "document_on",
    "period_locked": "document_on",
    "interest_rate_missing": "without_missing",
    "interest_minimum_unreadable": "minimum",
    "interest_nobody": "everyone",
}
SHOWN_DOCUMENTS = 500
WORDS: dict[str, Any] = {
    "kinds": KIND_NAMES,
    "rate_text": texts.rate_text,
    "source_text": texts.source_text,
    "exact_text": texts.exact_text,
    "reason_text": texts.reason_text,
    "series_names": SERIES_NAMES,
}


@dataclass(frozen=True)
class PreviewFilters:
    """What is asked in the URL: which debts, and of the documents date, days to pay, smallest amount."""

    through_on: date | None = filters.day()
    document_on: date | None = filters.day()
    due_days: str = filters.text(max_length=3)
    minimum: str = filters.text(max_length=40)
    customer_no: str = filters.text(max_length=80)
    currency: str = filters.text(max_length=3)


@bp.get("/")
@staff(Permission.READ_CLAIMS)
def index() -> Page:
    """Lists runs, the newest first."""
    asked, path = read_page(request.args), url_for("interest.index")
    rows, total = queries.runs(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    pager = asked.page(total, path, request.args)
    shown = {"may_post": may(Permission.POST_LEDGER), "to_correct": correcting.propose(db(), actor()).count}
    return render("ar/interest/index.html", rows=rows, total=total, pager=pager, **shown)


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """Shows the choice of debts and, given a day, the preview."""
    wanted = filters.read(PreviewFilters, request.args)
    form = blank(
        through_on=(wanted.through_on or actor().today).isoformat(),
        customer_no=wanted.customer_no,
        currency=wanted.currency.upper(),
        document_on=(wanted.document_on or actor().today).isoformat(),
        due_days=wanted.due_days,
        minimum=wanted.minimum,
    )
    for name in filters.unread_days(PreviewFilters, request.args):
        form.errors[name] = _("Enter a date such as 2026-11-21.")
    if wanted.through_on is None:
        return render(NEW, form=form, preview=None, **WORDS)
    return _preview_page(form, wanted)


@bp.post("/")
@staff(Permission.POST_LEDGER)
def create() -> Page:
    """Posts the preview; when the figures have changed, shows the new ones instead."""
    form = read_form(PostInterest)
    if not form.ok:
        return _refused_page(form)
    try:
        run_id = commands.post_run(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        put_refusal(form, error, FIELDS)
        return _refused_page(form, 409 if error.code == "interest_changed" else 422)
    return done(_("The interest is posted."), "interest.run", run_id=run_id)


@bp.get("/runs/<uuid:run_id>")
@staff(Permission.READ_CLAIMS)
def run(run_id: UUID) -> Page:
    """Shows a run and its documents."""
    return render("ar/interest/run.html", page=queries.run_page(db(), actor().tenant_id, run_id))


def _preview_page(form: Form[Any], asked: PreviewFilters, status: int = 200) -> Page:
    """Renders the form with the preview calculated now, and what was ticked of a refused one."""
    days = int(asked.due_days) if asked.due_days.isdecimal() else None
    terms = DocumentTerms(asked.document_on or actor().today, days, asked.minimum)
    through_on, currency = asked.through_on or actor().today, asked.currency.upper() or None
    try:
        found = commands.preview(db(), actor(), through_on, asked.customer_no, currency, terms)
    except RuleBroken as error:
        put_refusal(form, error, FIELDS)
        return invalid(NEW, form=form, preview=None, **WORDS)
    ticked = {name: _posted_ids(name) for name in ("customers", "include", "leave_out")}
    groups, hidden = found.first_groups(SHOWN_DOCUMENTS)
    page = render(NEW, form=form, preview=found, groups=groups, hidden=hidden, ticked=ticked, **WORDS)
    return (page, status) if status != 200 else page


def _refused_page(form: Form[Any], status: int = 422) -> Page:
    """Renders the preview again with the values typed, what was ticked, and the errors."""
    asked = filters.read(PreviewFilters, request.form)
    if asked.through_on is None:
        return invalid(NEW, form=form, preview=None, **WORDS)
    return _preview_page(form, asked, status)


def _posted_ids(name: str) -> Collection[str]:
    return request.form.getlist(name) if request.method == "POST" else ()
