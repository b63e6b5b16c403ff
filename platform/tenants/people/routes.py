"""Serves the people of a company: list, invite, change roles, remove.

Invariant: a person of another company is not found (404); a removed person has no access from the next request on.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from tenants import queries
from tenants.access import staff
from tenants.people import commands
from tenants.people.inputs import ChangeRoles, InvitePerson
from tenants.people.invitations import send_invitation
from tenants.permissions import ROLE_NAMES, Permission, Role
from tenants.sign_in.welcome_routes import links
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.refusals import refused, str_of
from web.responses import Page, render

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("/")
@staff(Permission.MANAGE_PEOPLE)
def index() -> Page:
    people = queries.members(db(), actor().tenant_id)
    return render("tenants/people/index.html", people=people, role_names=_role_names())


def _new_page(form: Form[Any]) -> str:
    return render("tenants/people/new.html", form=form, role_names=_role_names())


@bp.get("/new")
@staff(Permission.MANAGE_PEOPLE)
def new() -> Page:
    return _new_page(blank(roles=[]))


@bp.post("/")
@staff(Permission.MANAGE_PEOPLE)
@command_form(InvitePerson, page=_new_page, otherwise="email")
def create(data: InvitePerson) -> Page:
    user_id = commands.invite_person(db(), actor(), data)
    # When the mail is refused, the membership that was written just now goes with it.
    send_invitation(db(), actor(), user_id, links())
    text = _("%(name)s has been invited; an e-mail is on its way to %(email)s.", name=data.name, email=data.email)
    return done(text, "people.index")


def _person_page(form: Form[Any], user_id: UUID) -> str:
    person = queries.member(db(), actor().tenant_id, user_id)
    return render(
        "tenants/people/show.html",
        form=form.at("roles", **stored({"roles": sorted(person.roles)})),
        person=person,
        role_names=_role_names(),
        is_self=person.user_id == actor().user_id,
    )


def _words(name: str, value: Any) -> str:
    """Returns the stored roles as the page shows them."""
    return str_of(name, [label for code, label in _role_names() if code in value])


@bp.get("/<uuid:user_id>")
@staff(Permission.MANAGE_PEOPLE)
def show(user_id: UUID) -> Page:
    return _person_page(blank(), user_id)


@bp.post("/<uuid:user_id>/roles")
@staff(Permission.MANAGE_PEOPLE)
@command_form(ChangeRoles, page=_person_page, slot="roles", otherwise="roles", words=_words)
def change_roles(data: ChangeRoles, user_id: UUID) -> Page:
    person = queries.member(db(), actor().tenant_id, user_id)
    commands.change_roles(db(), actor(), user_id, data)
    return done(_("The roles of %(name)s are changed.", name=person.name), "people.index")


@bp.post("/<uuid:user_id>/link")
@staff(Permission.MANAGE_PEOPLE)
def send_link(user_id: UUID) -> Page:
    person = queries.member(db(), actor().tenant_id, user_id)
    try:
        send_invitation(db(), actor(), user_id, links(), new_password=True)
    except RuleBroken as fault:
        return refused(fault, url_for("people.show", user_id=user_id))
    text = _("A link to choose a password is on its way to %(email)s.", email=person.email)
    return done(text, "people.show", user_id=user_id)


@bp.get("/<uuid:user_id>/remove")
@staff(Permission.MANAGE_PEOPLE)
def ask_remove(user_id: UUID) -> Page:
    return render("tenants/people/remove.html", person=queries.member(db(), actor().tenant_id, user_id))


@bp.post("/<uuid:user_id>/remove")
@staff(Permission.MANAGE_PEOPLE)
def remove(user_id: UUID) -> Page:
    person = queries.member(db(), actor().tenant_id, user_id)
    commands.remove_person(db(), actor(), user_id)
    return done(_("%(name)s no longer has access.", name=person.name), "people.index")


def _role_names() -> list[tuple[str, str]]:
    return [(role.value, _(ROLE_NAMES[role])) for role in Role]
