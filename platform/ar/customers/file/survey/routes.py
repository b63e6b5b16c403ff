"""Serves the questionnaire of one customer: its form, filled from the last version, and the versions.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from ar.customers.file.survey import commands
from ar.customers.file.survey.inputs import ANSWER_MAX, AnswerQuestionnaire
from ar.customers.file.survey.questions import CODES, QUESTIONS
from ar.customers.queries import customer_detail
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form, stored
from web.responses import Page, render

bp = Blueprint("questionnaires", __name__, url_prefix="/customers")


def _page(form: Form[Any], customer_id: UUID) -> str:
    customer = customer_detail(db(), actor().tenant_id, customer_id)
    versions = commands.questionnaires(db(), actor().tenant_id, customer_id)
    last = commands.answer_values(versions[0].answers if versions else {})
    shown = form.at("answers", **stored(last))
    questions = {_(group): [(code, _(label)) for code, label in each.items()] for group, each in QUESTIONS.items()}
    return render(
        "ar/customers/file/survey/show.html",
        customer=customer,
        versions=versions,
        form=shown,
        questions=questions,
        labels={code: label for each in questions.values() for code, label in each},
        most=ANSWER_MAX,
        may_keep=may(Permission.KEEP_FILE),
    )


@bp.get("/<uuid:customer_id>/questionnaire")
@staff(Permission.READ)
def show(customer_id: UUID) -> Page:
    """Shows the questionnaire and its versions."""
    return _page(blank(), customer_id)


def _read(model: type[AnswerQuestionnaire]) -> Form[AnswerQuestionnaire]:
    return read_form(model, extra={"answers": {code: request.form.get(code, "").strip() for code in CODES}})


@bp.post("/<uuid:customer_id>/questionnaire")
@staff(Permission.KEEP_FILE)
@command_form(AnswerQuestionnaire, page=_page, slot="answers", read=_read)
def answer(data: AnswerQuestionnaire, customer_id: UUID) -> Page:
    """Keeps the answers as a new version."""
    commands.answer_questionnaire(db(), actor(), customer_id, data)
    return done(_("The answers are kept as a new version."), "questionnaires.show", customer_id=customer_id)
