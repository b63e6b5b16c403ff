"""Serves one assessment: its form while it can be written, with the score as one chooses.

Invariant: parse, authorise, one command or one query, render; the live score is a GET and changes nothing. The views
are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request

from ar.credit.assessments import drafting, queries, signing
from ar.credit.assessments.inputs import SaveAssessment
from ar.credit.assessments.messages import HEADER_LABELS, unit_text
from ar.credit.assessments.routes import NAMES, bp
from ar.credit.assessments.sign_routes import show_page
from ar.credit.assessments.trading import first_of_month
from ar.credit.policy.queries import credit_policy, size_of
from ar.credit.rules.caps import term_cap_days
from ar.credit.rules.policy import CreditPolicy
from ar.credit.rules.scoring import ITEMS, Score, ScoreFault, founding_band, score_of
from ar.credit.rules.suggestion import MonthOfSales, Suggestion, suggest
from kernel.i18n import gettext as _
from kernel.inputs import CommandInput
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form, stored
from web.responses import Page, part, render

FIELDS = {
    "assessment_limit_unreadable": "limit",
    "assessment_forecast_unreadable": "forecast",
    "assessment_term_cap": "term_days",
    "assessment_no_credit": "limit",
    "assessment_no_opinion": "limit",
    "assessment_incomplete": "points_years",
}


@dataclass(frozen=True)
class LiveScore:
    """What the chosen numbers give: `score` None while some are missing, counted in `missing`."""

    score: Score | None
    missing: int
    cap_days: int | None
    suggestion: Suggestion
    weights: tuple[int, ...]
    literal_raw: bool


def edit_page(form: Form[Any], assessment_id: UUID) -> str:
    """Renders the form, filled with what is stored unless it was posted."""
    page = queries.assessment_page(db(), actor(), assessment_id)
    if page.row.state not in drafting.EDITABLE:
        return show_page(form, assessment_id)
    shown = form if form.values else blank(**stored(drafting.form_values(page.row)))
    founded = founding_band(shown.value("founded_on"), actor().today)
    return render(
        "ar/credit/assessments/edit.html",
        page=page,
        row=page.row,
        form=shown,
        items=ITEMS,
        header_labels=HEADER_LABELS,
        unit=unit_text(page.row.currency),
        founded=founded,
        live=_live(page.row, credit_policy(db(), actor().tenant_id), shown.values),
        **NAMES,
    )


@bp.get("/<uuid:assessment_id>")
@staff(Permission.READ)
def show(assessment_id: UUID) -> Page:
    """Shows one assessment: its form while it can be written, else what it says with its sign-offs."""
    if may(Permission.ASSESS):
        return edit_page(blank(), assessment_id)
    return show_page(blank(), assessment_id)


def _read_points(model: type[SaveAssessment]) -> Form[SaveAssessment]:
    """Reads the form with its twelve radio groups; one without a choice is not scored yet."""
    typed = [request.form.get(f"points_{item.code}", "") for item in ITEMS]
    return read_form(model, extra={"points": [text or None for text in typed]})


@bp.post("/<uuid:assessment_id>")
@staff(Permission.ASSESS)
@command_form(SaveAssessment, page=edit_page, fields=FIELDS, read=_read_points)
def save(data: SaveAssessment, assessment_id: UUID) -> Page:
    """Saves the draft, or submits it for the sign-offs."""
    if request.form.get("do") == "submit":
        signing.submit_assessment(db(), actor(), assessment_id, data)
        return done(_("Submitted. The sales manager signs next."), "assessments.show", assessment_id=assessment_id)
    drafting.save_assessment(db(), actor(), assessment_id, data)
    return done(_("Saved as a draft."), "assessments.show", assessment_id=assessment_id)


@bp.get("/<uuid:assessment_id>/score")
@staff(Permission.ASSESS)
def score(assessment_id: UUID) -> Page:
    """Returns score, grade and suggestion for what is chosen at the moment."""
    row = drafting.load_assessment(db(), actor().tenant_id, assessment_id)
    live = _live(row, credit_policy(db(), actor().tenant_id), request.args)
    return part("ar/credit/assessments/_score.html", live=live, row=row, **NAMES)


@bp.post("/<uuid:assessment_id>/discard")
@staff(Permission.ASSESS)
@command_form(CommandInput, page=edit_page)
def discard(_data: CommandInput, assessment_id: UUID) -> Page:
    """Discards a draft or a returned assessment."""
    drafting.discard_assessment(db(), actor(), assessment_id)
    return done(_("Discarded."), "assessments.index")


def _live(row: Any, policy: CreditPolicy, typed: Mapping[str, Any]) -> LiveScore:
    """Scores what is typed; numbers that cannot be read count as missing."""
    points = [_number(typed.get(f"points_{item.code}", "")) for item in ITEMS]
    missing = sum(point is None for point in points)
    found = None
    if not missing:
        try:
            found = score_of([point or 0 for point in points], policy.weights, literal_raw=policy.literal_raw)
        except ScoreFault:
            missing = 1
    months = [MonthOfSales(first_of_month(each["month"]), each["sales_minor"]) for each in row.trading["months"]]
    grade, size = found.grade if found else None, size_of(db(), actor().tenant_id, row.customer_id)
    return LiveScore(
        score=found,
        missing=missing,
        cap_days=term_cap_days(policy, grade, size, actor().today) if grade else None,
        suggestion=suggest(months, row.currency, _number(typed.get("term_days", "")), grade, policy, size=size),
        weights=policy.weights,
        literal_raw=policy.literal_raw,
    )


def _number(text: Any) -> int | None:
    plain = str(text).strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 4 else None
