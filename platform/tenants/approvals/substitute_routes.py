"""The page of substitutes: who stands in for whom, and the form that names somebody.

May import web and tenants. Invariant: one names a substitute for oneself; an administrator does it for anybody.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from tenants.access import may, staff
from tenants.approvals.inputs import NewSubstitute
from tenants.approvals.messages import MESSAGES, SUBSTITUTE_STATES, SUBSTITUTE_TONES
from tenants.approvals.substitutes import revoke_substitute, set_substitute, substitute_lines
from tenants.permissions import Permission, allows
from tenants.queries import members
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("approval_substitutes", __name__, url_prefix="/approvals/substitutes")

TEMPLATE = "tenants/approvals/substitutes.html"
FIELDS = {"approval_substitute_days": "to_on", "approval_substitute_past": "to_on"}


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Who stands in for whom."""
    today = actor().today.isoformat()
    return render(TEMPLATE, **_page(blank(from_on=today, key=str(new_id()))))


@bp.post("/")
@staff(Permission.READ)
def create() -> Page:
    """Names a substitute for oneself, or as an administrator for anybody."""
    form = read_form(NewSubstitute)
    if not form.ok:
        return invalid(TEMPLATE, **_page(form))
    try:
        set_substitute(db(), actor(), form.data)
    except RuleBroken as error:
        form.errors[FIELDS.get(error.code, "substitute_id")] = _(MESSAGES[error.code])
        return invalid(TEMPLATE, **_page(form))
    flash_ok(_("The substitute is set."))
    return see_other(url_for("approval_substitutes.index"))


@bp.post("/<uuid:substitute_id>/revocation")
@staff(Permission.READ)
def revoke(substitute_id: UUID) -> Page:
    """Ends it at once."""
    revoke_substitute(db(), actor(), substitute_id)
    flash_ok(_("The substitute is revoked."))
    return see_other(url_for("approval_substitutes.index"))


def _page(form: Form[Any]) -> dict[str, Any]:
    people = [person for person in members(db(), actor().tenant_id) if person.active]
    return {
        "form": form,
        "lines": substitute_lines(db(), actor().tenant_id, actor().today),
        "people": [(str(person.user_id), person.name) for person in people],
        "readers": [(str(person.user_id), person.name) for person in people if allows(person.roles, Permission.READ)],
        "me": str(actor().user_id),
        "for_anybody": may(Permission.MANAGE_PEOPLE),
        "states": SUBSTITUTE_STATES,
        "tones": SUBSTITUTE_TONES,
    }
