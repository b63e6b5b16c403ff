"""Page of the credit policy: what is in force, the form of a new version, the versions.

Invariant: parse, authorise, one command or one query, render.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from ar.credit.policy import queries
from ar.credit.policy.commands import set_credit_policy
from ar.credit.policy.inputs import SetCreditPolicy, form_values
from ar.credit.policy.messages import OPTIONAL_NAMES
from ar.credit.rules.scoring import ITEMS, Grade
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.refusals import str_of
from web.responses import Page, render

bp = Blueprint("credit_policy", __name__, url_prefix="/credit-policy")

#: Field → label, in the order of the form; weights, caps and factors are named by item and grade.
LABELS: dict[str, str] = {
    "weights": mark("Weights of the twelve items"),
    "literal_raw": mark("Grade the sum of the scores itself, out of 96"),
    **{f"cap_{grade.lower()}": mark("Longest term") for grade in Grade},
    "cap_in_months": mark("Count the longest term in calendar months"),
    **{f"factor_{grade.lower()}": mark("Factor of the suggested limit") for grade in Grade},
    "term_tolerance_days": mark("Days past due that are tolerated"),
    "bank_bills_count": mark("Acceptances of banks add to what is owed"),
    "limit_months": mark("Months that an assessment and its limit last"),
    "unconfirmed_days": mark("Days until an unanswered statement holds orders"),
    "large_order_days": mark("Days of usual sales from which an order is large"),
    "manager_percent": mark("Excess that the sales manager approves"),
    "director_percent": mark("Excess that the finance director approves"),
    "long_use_percent": mark("Use of the limit that counts as high"),
    "long_use_days": mark("Days of high use after which it is explained"),
    "checks_off": mark("Checks that are off"),
}


def _label(name: str) -> str:
    """Returns the label of a field; a cap or factor with its grade."""
    grade = name.rpartition("_")[2].upper() if name.startswith(("cap_", "factor_")) else ""
    return f"{_(LABELS[name])} {grade}".strip() if grade in Grade.__members__ else _(LABELS[name])


def _words(name: str, value: Any) -> str:
    """Returns a stored value as the page says it."""
    if name == "checks_off":
        return ", ".join(_(OPTIONAL_NAMES[code]) for code in value)
    if name in ("literal_raw", "cap_in_months", "bank_bills_count"):
        return _("yes") if value else _("no")
    return str_of(name, value)


def _policy_page(form: Form[Any]) -> str:
    policy = queries.credit_policy(db(), actor().tenant_id)
    shown = form if form.values else blank(**stored(form_values(policy)))
    posted = request.method == "POST"
    ticked = set(request.form.getlist("checks_off")) if posted else set(policy.checks_off)
    return render(
        "ar/credit/policy/show.html",
        form=shown,
        items=ITEMS,
        grades=[grade.value for grade in Grade],
        weights=list(shown.value("weights", [])),
        ticked=ticked,
        off=sorted(policy.checks_off),
        optional=[(code, _(name)) for code, name in OPTIONAL_NAMES.items()],
        optional_names=OPTIONAL_NAMES,
        versions=queries.policy_versions(db(), actor().tenant_id),
        label=_label,
        words=_words,
        may_set=may(Permission.MANAGE_CREDIT),
    )


@bp.get("/")
@staff(Permission.READ)
def show() -> Page:
    """Shows the policy in force and its versions."""
    return _policy_page(blank())


@bp.post("/")
@staff(Permission.MANAGE_CREDIT)
@command_form(SetCreditPolicy, page=_policy_page, fields={"policy_thresholds": "director_percent"}, words=_words)
def save(data: SetCreditPolicy) -> Page:
    """Records a new version."""
    set_credit_policy(db(), actor(), data)
    return done(_("The credit policy is recorded; the next decision follows it."), "credit_policy.show")
