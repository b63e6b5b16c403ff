"""Pages of reviews: the list, one review with its lines, decisions on many, submitting and cancelling.

Invariant: parse, authorise, one command or one query, render. One line is in `line_routes`, on the same blueprint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from ar.credit.reviews import deciding, opening, queries, signing, texts
from ar.credit.reviews.inputs import CancelReview, DecideLines, OpenReview, SubmitReview
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from kernel.ids import parse_uuid
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("reviews", __name__, url_prefix="/reviews")

FIELDS = {"review_percent_needed": "percent", "review_unlimited": "decision", "review_lines_none": ""}


@dataclass(frozen=True)
class LineFilters:
    """Filters of the lines."""

    only: str = filters.choice(*queries.FILTERS)


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the reviews, the newest first."""
    return _list(blank())


def _list(form: Form[Any]) -> str:
    asked, path = read_page(request.args), url_for("reviews.index")
    rows, total = queries.reviews(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    return render(
        "ar/credit/reviews/index.html",
        rows=rows,
        total=total,
        form=form,
        states=texts.STATE_NAMES,
        pager=asked.page(total, path, request.args),
        may_open=may(Permission.MANAGE_CREDIT) and not any(row.state in ("open", "submitted") for row in rows),
    )


@bp.post("/", endpoint="open")
@staff(Permission.MANAGE_CREDIT)
@command_form(OpenReview, page=_list)
def open_review(_data: OpenReview) -> Page:
    """Opens a review of every limit with the figures of today."""
    campaign_id = opening.open_review(db(), actor())
    return done(_("The review is open."), "reviews.show", campaign_id=campaign_id)


def _show(form: Form[Any], campaign_id: UUID) -> str:
    wanted, asked = filters.read(LineFilters, request.args), read_page(request.args)
    path = url_for("reviews.show", campaign_id=campaign_id)
    review = queries.review(db(), actor().tenant_id, campaign_id)
    lines = queries.review_lines(
        db(), actor().tenant_id, campaign_id, only=wanted.only, offset=asked.offset, limit=asked.limit
    )
    total = review.count(wanted.only)
    options = [(code, name, review.count(code)) for code, name in texts.filter_names().items()]
    return render(
        "ar/credit/reviews/show.html",
        review=review,
        lines=lines,
        total=total,
        form=form,
        only=wanted.only,
        ticked=set(request.form.getlist("selected")) if request.method == "POST" else set(),
        chips=filters.chips(wanted, "only", options, path),
        pager=asked.page(total, path, request.args),
        states=texts.STATE_NAMES,
        decisions=texts.DECISION_NAMES,
        outcomes=texts.OUTCOME_NAMES,
        choices=[("", _("Choose a decision")), *texts.decision_choices()],
        may_decide=may(Permission.MANAGE_CREDIT) and review.state == "open",
        may_export=may(Permission.EXPORT),
    )


@bp.get("/<uuid:campaign_id>")
@staff(Permission.READ)
def show(campaign_id: UUID) -> Page:
    """Shows a review: progress, and the lines that a filter shows."""
    return _show(blank(), campaign_id)


def _read_many(model: type[DecideLines]) -> Form[DecideLines]:
    """Reads the ticked customers, or all that the filter shows."""
    if request.form.get("all_matching"):
        only = filters.read(LineFilters, request.args).only
        campaign_id = (request.view_args or {})["campaign_id"]
        ids = [str(each) for each in queries.matching(db(), actor().tenant_id, campaign_id, only)]
    else:
        ids = [raw for raw in request.form.getlist("selected") if parse_uuid(raw) is not None]
    return read_form(model, extra={"customer_ids": ids})


@bp.post("/<uuid:campaign_id>/decisions")
@staff(Permission.MANAGE_CREDIT)
@command_form(DecideLines, page=_show, slot="many", fields=FIELDS, read=_read_many)
def decide_many(data: DecideLines, campaign_id: UUID) -> Page:
    """Decides on the ticked customers in one way."""
    count = deciding.decide_lines(db(), actor(), campaign_id, data)
    text = ngettext("%(num)s customer is decided.", "%(num)s customers are decided.", count)
    return done(text, "reviews.show", campaign_id=campaign_id, only=filters.read(LineFilters, request.args).only)


@bp.post("/<uuid:campaign_id>/submission")
@staff(Permission.MANAGE_CREDIT)
@command_form(SubmitReview, page=_show, slot="submission")
def submit(_data: SubmitReview, campaign_id: UUID) -> Page:
    """Submits a review for the general manager's signature."""
    signing.submit_review(db(), actor(), campaign_id)
    return done(_("The review waits for the general manager's signature."), "reviews.show", campaign_id=campaign_id)


@bp.post("/<uuid:campaign_id>/cancellation")
@staff(Permission.MANAGE_CREDIT)
@command_form(CancelReview, page=_show, slot="cancellation")
def cancel(data: CancelReview, campaign_id: UUID) -> Page:
    """Cancels an open review."""
    signing.cancel_review(db(), actor(), campaign_id, data)
    return done(_("The review is cancelled. No limit was changed."), "reviews.show", campaign_id=campaign_id)
