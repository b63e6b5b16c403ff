"""The people of a company: who belongs to it, with which roles; inviting, changing, removing.

May import web. Invariant: a person of another company does not exist here (404), and whoever is removed has lost
access with the next request.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, url_for

from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from tenants import commands, queries
from tenants.access import staff
from tenants.auth_routes import links
from tenants.inputs import ChangeRoles, InvitePerson
from tenants.invitations import send_invitation
from tenants.messages import MESSAGES
from tenants.permissions import ROLE_NAMES, Permission, Role
from web.context import actor, db
from web.forms import blank, read_form
from web.responses import Page, flash_error, flash_ok, invalid, render, see_other

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("/")
@staff(Permission.MANAGE_PEOPLE)
def index() -> Page:
    people = queries.members(db(), actor().tenant_id)
    return render("tenants/people/index.html", people=people, role_names=_role_names())


@bp.get("/new")
@staff(Permission.MANAGE_PEOPLE)
def new() -> Page:
    return render("tenants/people/new.html", form=blank(roles=[]), role_names=_role_names())


@bp.post("/")
@staff(Permission.MANAGE_PEOPLE)
def create() -> Page:
    form = read_form(InvitePerson)
    if not form.ok:
        return invalid("tenants/people/new.html", form=form, role_names=_role_names())
    try:
        user_id = commands.invite_person(db(), actor(), form.data)
        send_invitation(db(), actor(), user_id, links())
    except RuleBroken as fault:
        # 422 rolls back: the membership that was written just now goes with the mail that was not.
        form.errors["email"] = _(MESSAGES[fault.code], **fault.params)
        return invalid("tenants/people/new.html", form=form, role_names=_role_names())
    flash_ok(_("%(name)s is invited; a mail is on its way to %(email)s.", name=form.data.name, email=form.data.email))
    return see_other(url_for("people.index"))


@bp.get("/<uuid:user_id>")
@staff(Permission.MANAGE_PEOPLE)
def show(user_id: UUID) -> Page:
    person = queries.member(db(), actor().tenant_id, user_id)
    return render("tenants/people/show.html", form=blank(roles=list(person.roles)), **_person_page(person))


@bp.post("/<uuid:user_id>/roles")
@staff(Permission.MANAGE_PEOPLE)
def change_roles(user_id: UUID) -> Page:
    person = queries.member(db(), actor().tenant_id, user_id)
    form = read_form(ChangeRoles)
    if not form.ok:
        return invalid("tenants/people/show.html", form=form, **_person_page(person))
    commands.change_roles(db(), actor(), user_id, form.data)
    flash_ok(_("The roles of %(name)s are changed.", name=person.name))
    return see_other(url_for("people.index"))


@bp.post("/<uuid:user_id>/link")
@staff(Permission.MANAGE_PEOPLE)
def send_link(user_id: UUID) -> Page:
    person = queries.member(db(), actor().tenant_id, user_id)
    try:
        send_invitation(db(), actor(), user_id, links(), new_password=True)
    except RuleBroken as fault:
        flash_error(_(MESSAGES[fault.code], **fault.params))
        return see_other(url_for("people.show", user_id=user_id))
    flash_ok(_("A link to choose a password is on its way to %(email)s.", email=person.email))
    return see_other(url_for("people.show", user_id=user_id))


@bp.get("/<uuid:user_id>/remove")
@staff(Permission.MANAGE_PEOPLE)
def ask_remove(user_id: UUID) -> Page:
    return render("tenants/people/remove.html", person=queries.member(db(), actor().tenant_id, user_id))


@bp.post("/<uuid:user_id>/remove")
@staff(Permission.MANAGE_PEOPLE)
def remove(user_id: UUID) -> Page:
    person = queries.member(db(), actor().tenant_id, user_id)
    commands.remove_person(db(), actor(), user_id)
    flash_ok(_("%(name)s has no access any more.", name=person.name))
    return see_other(url_for("people.index"))


def _person_page(person: queries.Member) -> dict[str, object]:
    return {"person": person, "role_names": _role_names(), "is_self": person.user_id == actor().user_id}


def _role_names() -> list[tuple[str, str]]:
    return [(role.value, _(ROLE_NAMES[role])) for role in Role]
