"""Serves a customer's standing: group, size, exemption from the survey, and the history of its owners.

Invariant: parse, authorise, one command or one query, render. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ar.customers.inputs import SetStanding, standing_values
from ar.customers.messages import EXEMPTION_NAMES, GROUP_KINDS, SIZE_NAMES
from ar.customers.queries import customer_detail
from ar.customers.register import standing as standings
from ar.customers.register.owner_queries import owner_history
from ar.customers.register.routes import bp
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.refusals import str_of
from web.responses import Page, render

FIELDS = {
    "group_head_unknown": "head_no",
    "group_own_head": "head_no",
    "group_head_has_head": "head_no",
    "group_has_members": "head_no",
    "group_kind_needed": "group_kind",
}
NAMES = {"group_kind": GROUP_KINDS, "size_class": SIZE_NAMES, "survey_exemption": EXEMPTION_NAMES}


def _choices(name: str, blank_text: str) -> list[tuple[str, str]]:
    return [("", blank_text), *((code, _(label)) for code, label in NAMES[name].items())]


def _words(name: str, value: Any) -> str:
    """Returns the stored value of a field as the page shows it."""
    return _(NAMES[name][value]) if value and name in NAMES else str_of(name, value)


def _standing_page(form: Form[Any], customer_id: UUID) -> str:
    tenant_id = actor().tenant_id
    known = standings.standing(db(), tenant_id, customer_id)
    return render(
        "ar/customers/register/standing.html",
        customer=customer_detail(db(), tenant_id, customer_id),
        standing=known,
        history=owner_history(db(), tenant_id, customer_id),
        form=form.at("standing", **stored(standing_values(known))),
        group_kinds=_choices("group_kind", _("Of no group")),
        sizes=_choices("size_class", _("Not classified")),
        exemptions=_choices("survey_exemption", _("A survey is asked for")),
        names=NAMES,
        may_set=may(Permission.MANAGE_CREDIT),
    )


@bp.get("/<uuid:customer_id>/standing")
@staff(Permission.READ)
def standing(customer_id: UUID) -> Page:
    """Shows the standing of a customer."""
    return _standing_page(blank(), customer_id)


@bp.post("/<uuid:customer_id>/standing")
@staff(Permission.MANAGE_CREDIT)
@command_form(SetStanding, page=_standing_page, slot="standing", fields=FIELDS, words=_words)
def set_standing(data: SetStanding, customer_id: UUID) -> Page:
    """Sets group, size and exemption."""
    standings.set_standing(db(), actor(), customer_id, data)
    return done(_("The standing is saved."), "customers.standing", customer_id=customer_id)
