"""Page of the credit policy: what is in force, the form of a new version, the versions.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, request

from ar.credit.policy import queries
from ar.credit.policy.commands import set_credit_policy
from ar.credit.policy.inputs import SetCreditPolicy, form_values
from ar.credit.policy.messages import OPTIONAL_NAMES, class_name, entry_labels, label_of, signal_marks, words_of
from ar.credit.rules.policy import CLASSES
from ar.credit.rules.scoring import ITEMS, Grade
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form, stored
from web.responses import Page, render

bp = Blueprint("credit_policy", __name__, url_prefix="/credit-policy")
#: Fields of several figures each.
MANY = ("weights", "class_caps", "class_factors", "fires_at", "rearms_below")


def _policy_page(form: Form[Any]) -> str:
    policy = queries.credit_policy(db(), actor().tenant_id)
    shown = form if form.values else blank(**stored(form_values(policy)))
    posted = request.method == "POST"
    many = {name: list(shown.value(name, [])) for name in MANY}
    wrong_class = any(name.startswith("class_") for name in form.errors)
    ticked = set(request.form.getlist("checks_off")) if posted else set(policy.checks_off)
    return render(
        "ar/credit/policy/show.html",
        form=shown,
        items=ITEMS,
        grades=[grade.value for grade in Grade],
        many=many,
        ticked=ticked,
        off=sorted(policy.checks_off),
        optional=[(code, _(name)) for code, name in OPTIONAL_NAMES.items()],
        optional_names=OPTIONAL_NAMES,
        versions=queries.policy_versions(db(), actor().tenant_id),
        label=label_of,
        labels=entry_labels(),
        words=words_of,
        classes=[class_name(*each) for each in CLASSES],
        classes_open=wrong_class or any(many["class_caps"] + many["class_factors"]),
        signals=signal_marks(),
        may_set=may(Permission.MANAGE_CREDIT),
    )


@bp.get("/")
@staff(Permission.READ)
def show() -> Page:
    """Shows the policy in force and its versions."""
    return _policy_page(blank())


@bp.post("/")
@staff(Permission.MANAGE_CREDIT)
@command_form(
    SetCreditPolicy,
    page=_policy_page,
    fields={"policy_thresholds": "director_percent"},
    read=partial(read_form, each=MANY),
    words=words_of,
)
def save(data: SetCreditPolicy) -> Page:
    """Records a new version."""
    set_credit_policy(db(), actor(), data)
    return done(_("The credit policy is recorded; the next decision follows it."), "credit_policy.show")
