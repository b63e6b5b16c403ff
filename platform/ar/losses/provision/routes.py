"""Serves the provision pages: the runs, and the preview of a new one.

Invariant: parse, authorise, one command or one query, render; a preview is a GET and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.ledger.commands import locked_through
from ar.losses.inputs import ReverseLoss
from ar.losses.provision import commands as provision
from ar.losses.provision import queries
from ar.losses.provision.exposure import current_policy
from ar.losses.provision.inputs import PostProvision
from ar.losses.tabs import losses_tabs
from ar.losses.texts import WORDS
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.refusals import explain, put_refusal
from web.responses import Page, render

bp = Blueprint("provisions", __name__, url_prefix="/provisions")

FIELDS = {
    "provision_in_future": "as_of",
    "provision_later_run": "as_of",
    "provision_rate_missing": "as_of",
    "period_locked": "as_of",
}
REVERSAL_FIELDS = {
    "period_locked": "effective_on",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
}


@dataclass(frozen=True)
class PreviewFilters:
    """As-of date of the preview."""

    as_of: date | None = filters.day()


@bp.get("/")
@staff(Permission.READ_BOOKS)
def index() -> Page:
    """Lists the runs, the newest first."""
    asked, path = read_page(request.args), url_for("provisions.index")
    rows, total = queries.runs(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    return render(
        "ar/losses/provision/index.html",
        rows=rows,
        total=total,
        policy=current_policy(db(), actor().tenant_id),
        pager=asked.page(total, path, request.args),
        tabs=losses_tabs("provisions.index"),
        may_post=may(Permission.POST_LEDGER),
        may_set=may(Permission.MANAGE_SETTINGS),
        **WORDS,
    )


@bp.get("/new")
@staff(Permission.POST_LEDGER)
def new() -> Page:
    """Shows the form for the as-of date and, once it is given, the estimate."""
    wanted = filters.read(PreviewFilters, request.args)
    form = blank(as_of=(wanted.as_of or _usual_day()).isoformat(), key=str(new_id()))
    for name in filters.unread_days(PreviewFilters, request.args):
        form.errors[name] = _("Enter a date such as 2026-11-21.")
    return _preview_page(form, wanted.as_of)


@bp.post("/")
@staff(Permission.POST_LEDGER)
def create() -> Page:
    """Posts the previewed run; when the books have changed, shows the new figures instead."""
    form = read_form(PostProvision)
    if not form.ok:
        return _preview_page(form, filters.read(PreviewFilters, request.form).as_of, 422)
    try:
        run_id = provision.post_run(db(), actor(), form.data)
    except (RuleBroken, Conflict) as error:
        put_refusal(form, error, FIELDS)
        return _preview_page(form, form.data.as_of, 409 if error.code == "provision_changed" else 422)
    return done(_("The provision is posted."), "provisions.show", provision_id=run_id)


def _run_page(form: Form[Any], provision_id: UUID) -> str:
    page = queries.run_page(db(), actor().tenant_id, provision_id)
    template, may_post = "ar/losses/provision/show.html", may(Permission.POST_LEDGER)
    return render(template, page=page, run=page.run, form=form, may_post=may_post, **WORDS)


@bp.get("/<uuid:provision_id>")
@staff(Permission.READ_BOOKS)
def show(provision_id: UUID) -> Page:
    """Shows a run with the figures it was posted with."""
    return _run_page(blank(), provision_id)


@bp.post("/<uuid:provision_id>/reversal")
@staff(Permission.POST_LEDGER)
@command_form(ReverseLoss, page=_run_page, fields=REVERSAL_FIELDS)
def reverse(data: ReverseLoss, provision_id: UUID) -> Page:
    """Reverses the last run."""
    provision.reverse_run(db(), actor(), provision_id, data)
    return done(_("The provision is reversed."), "provisions.show", provision_id=provision_id)


def _usual_day() -> date:
    """Returns the last month end while its period is open, else today."""
    today = actor().today
    month_end = today.replace(day=1) - timedelta(days=1)
    locked = locked_through(db(), actor().tenant_id)
    return today if locked is not None and month_end <= locked else month_end


def _preview_page(form: Form[Any], as_of: date | None, status: int = 200) -> Page:
    found, refusal = None, None
    if as_of is not None:
        try:
            found = provision.preview_run(db(), actor(), as_of)
        except RuleBroken as error:
            refusal, status = error.code, 422
            form.errors.setdefault("as_of", explain(error))
    page = render(
        "ar/losses/provision/new.html",
        form=form,
        preview=found,
        refusal=refusal,
        may_set=may(Permission.MANAGE_SETTINGS),
        **WORDS,
    )
    return (page, status) if status != 200 else page
