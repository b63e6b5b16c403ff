"""Serves the page of substitutes, and the form that names one.

Invariant: members name substitutes for themselves, administrators for anybody.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.approvals.inputs import NewSubstitute
from tenants.approvals.messages import SUBSTITUTE_STATES, SUBSTITUTE_TONES
from tenants.approvals.substitutes import revoke_substitute, set_substitute, substitute_lines
from tenants.permissions import Permission, allows
from tenants.queries import members
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.responses import Page, render

bp = Blueprint("approval_substitutes", __name__, url_prefix="/approvals/substitutes")

FIELDS = {"approval_substitute_days": "to_on", "approval_substitute_past": "to_on"}


def _substitutes_page(form: Form[Any]) -> str:
    people = [person for person in members(db(), actor().tenant_id) if person.active]
    return render(
        "tenants/approvals/substitutes/index.html",
        form=form.at("substitute", from_on=actor().today.isoformat()),
        lines=substitute_lines(db(), actor().tenant_id, actor().today),
        people=[(str(person.user_id), person.name) for person in people],
        readers=[(str(person.user_id), person.name) for person in people if allows(person.roles, Permission.READ)],
        me=str(actor().user_id),
        for_anybody=may(Permission.MANAGE_PEOPLE),
        states=SUBSTITUTE_STATES,
        tones=SUBSTITUTE_TONES,
    )


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists the substitutes."""
    return _substitutes_page(blank())


@bp.post("/")
@staff(Permission.READ)
@command_form(NewSubstitute, page=_substitutes_page, slot="substitute", fields=FIELDS, otherwise="substitute_id")
def create(data: NewSubstitute) -> Page:
    """Names a substitute for oneself, or as an administrator for anybody."""
    set_substitute(db(), actor(), data)
    return done(_("The substitute is appointed."), "approval_substitutes.index")


@bp.post("/<uuid:substitute_id>/revocation")
@staff(Permission.READ)
def revoke(substitute_id: UUID) -> Page:
    """Revokes a substitute at once."""
    revoke_substitute(db(), actor(), substitute_id)
    return done(_("The substitute is revoked."), "approval_substitutes.index")
