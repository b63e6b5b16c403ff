"""Serves what an assessment says with its sign-offs, the forms that sign or return it, and Annex 1.

Invariant: parse, authorise, one command or one query, render; the engine decides who may sign, and a refused sign-off
writes nothing. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from ar.credit.assessments import queries, signing
from ar.credit.assessments.inputs import ReturnAssessment, SignAssessment
from ar.credit.assessments.messages import HEADER_LABELS, unit_text
from ar.credit.assessments.printing import print_assessment
from ar.credit.assessments.routes import NAMES, bp
from ar.credit.policy.queries import credit_policy, size_of
from ar.credit.rules.caps import term_cap_days
from ar.credit.rules.scoring import ITEMS, Grade
from ar.credit.rules.ten_thousands import ten_thousands
from kernel import storage
from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.visibility import everything
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form
from web.responses import Page, download, render

SIGN_FIELDS = {
    "assessment_limit_unreadable": "limit",
    "assessment_term_cap": "term_days",
    "assessment_no_credit": "limit",
    "limit_file_gaps": "limit",
}
SIGNED = {
    "pending": mark("Signed. The next one has been notified."),
    "approved": mark("Signed; the limit is in force."),
}


def _visible_page(assessment_id: UUID) -> queries.AssessmentPage:
    """Returns the page of who sees the customer, or is asked to sign in the place of somebody who does."""
    try:
        return queries.assessment_page(db(), actor(), assessment_id)
    except NotFound:
        with everything(db()):
            page = queries.assessment_page(db(), actor(), assessment_id)
        if page.approval is None or not page.approval.may_decide:
            raise
        return page


def show_page(form: Form[Any], assessment_id: UUID) -> str:
    """Renders the assessment; `form` comes back in its slot: sign or return."""
    page = _visible_page(assessment_id)
    row, last = page.row, page.signs[-1] if page.signs else None
    size = size_of(db(), actor().tenant_id, row.customer_id)
    first: dict[str, Any] = {}
    if last is not None:
        first = {"limit": ten_thousands(last.limit_minor, row.currency), "term_days": last.term_days}
    return render(
        "ar/credit/assessments/show.html",
        page=page,
        row=row,
        items=list(zip(ITEMS, row.scores, row.weights, strict=True)),
        header_labels=HEADER_LABELS,
        unit=unit_text(row.currency),
        cap_days=term_cap_days(credit_policy(db(), actor().tenant_id), Grade(row.grade), size, actor().today),
        form=form.at("sign", **first),
        returning=form.at("return"),
        may_assess=may(Permission.ASSESS),
        today=actor().today,
        **NAMES,
    )


@bp.post("/<uuid:assessment_id>/signature")
@staff(Permission.READ)
@command_form(SignAssessment, page=show_page, slot="sign", fields=SIGN_FIELDS, also=(Forbidden,))
def sign(data: SignAssessment, assessment_id: UUID) -> Page:
    """Signs the step that the page showed, with a limit and a term."""
    with everything(db()):
        state = signing.sign_assessment(db(), actor(), assessment_id, data)
    return done(_(SIGNED[state]), "assessments.show", assessment_id=assessment_id)


@bp.post("/<uuid:assessment_id>/return")
@staff(Permission.READ)
@command_form(ReturnAssessment, page=show_page, slot="return", also=(Forbidden,))
def hand_back(data: ReturnAssessment, assessment_id: UUID) -> Page:
    """Returns the assessment to its author, with the reason."""
    with everything(db()):
        signing.return_assessment(db(), actor(), assessment_id, data)
    return done(_("Returned to its author."), "assessments.show", assessment_id=assessment_id)


@bp.get("/<uuid:assessment_id>/annex-1")
@staff(Permission.READ)
def annex(assessment_id: UUID) -> Page:
    """Shows Annex 1 as a PDF: the paper that was kept, or else what stands in the assessment now."""
    page, who = _visible_page(assessment_id), actor()
    language = "en" if request.args.get("language") == "en" else who.language
    kept = page.row.print_sha256
    with everything(db()):
        if kept is not None and "language" not in request.args:
            content = storage.load(db(), who.tenant_id, kept).content
        else:
            content = print_assessment(db(), who.tenant_id, assessment_id, language, who.timezone).pdf
    return download(content, "application/pdf", f"{page.row.number}.pdf", inline=True)
