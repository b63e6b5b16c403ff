"""Pages of assessments: the list, and the start of a new one.

Invariant: parse, authorise, one command or one query, render. The form of one is in `edit_routes`, its sign-offs and
its print are in `sign_routes`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for

from ar.credit.assessments import drafting, queries
from ar.credit.assessments.inputs import ChooseCustomer, StartAssessment
from ar.credit.assessments.messages import STATE_NAMES
from ar.customers.lookups import find_numbers
from ar.customers.messages import SIZE_NAMES
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import ROLE_NAMES, Permission
from web import filters
from web.command_form import command_form
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render, see_other

bp = Blueprint("assessments", __name__, url_prefix="/assessments")

NAMES: dict[str, Any] = {"states": STATE_NAMES, "roles": ROLE_NAMES, "size_names": SIZE_NAMES}


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists assessments, the newest first."""
    wanted, asked = filters.read(queries.AssessmentFilters, request.args), read_page(request.args)
    path = url_for("assessments.index")
    rows, counts = queries.assessment_list(
        db(), actor().tenant_id, wanted, actor().today, offset=asked.offset, limit=asked.limit
    )
    labels = {
        "all": _("All"),
        "undecided": _("Not decided"),
        "approved": _("In force"),
        "lapsing": _("Lapsing soon"),
        "lapsed": _("Lapsed"),
        "superseded": _("Superseded"),
        "withdrawn": _("Discarded"),
    }
    return render(
        "ar/credit/assessments/index.html",
        rows=rows,
        wanted=wanted,
        chips=filters.chips(wanted, "show", [(name, labels[name], counts[name]) for name in queries.VIEWS], path),
        pager=asked.page(counts[wanted.show], path, request.args),
        active=filters.active(wanted, ignore=("show",)),
        today=actor().today,
        may_assess=may(Permission.ASSESS),
        **NAMES,
    )


def _new_page(form: Form[Any]) -> str:
    return render("ar/credit/assessments/new.html", form=form)


@bp.get("/new")
@staff(Permission.ASSESS)
def new() -> Page:
    """Shows the choice of the customer."""
    return _new_page(blank(customer_no=request.args.get("customer", "")[:80]))


@bp.post("/")
@staff(Permission.ASSESS)
@command_form(ChooseCustomer, page=_new_page, fields={"customer_unknown": "customer_no"}, otherwise="customer_no")
def create(data: ChooseCustomer) -> Page:
    """Starts an assessment of the customer, or opens the one that is not decided yet."""
    customer = find_numbers(db(), actor().tenant_id, [data.customer_no]).get(data.customer_no)
    if customer is None:
        raise RuleBroken("customer_unknown", text=data.customer_no)
    undecided = drafting.undecided_assessment(db(), actor().tenant_id, customer.id)
    if undecided is not None:
        return see_other(url_for("assessments.show", assessment_id=undecided.id))
    assessment_id = drafting.start_assessment(db(), actor(), StartAssessment(customer_id=customer.id))
    return see_other(url_for("assessments.show", assessment_id=assessment_id))
