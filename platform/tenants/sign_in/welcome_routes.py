"""Serves the link by which an invited person chooses a password and is signed in.

Invariant: a link works once; an invalid one gives no reason. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from flask import current_app

from kernel.clock import utc_now
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.settings import settings
from tenants import queries
from tenants.access import public
from tenants.account import mails, notices
from tenants.sign_in.commands import set_password
from tenants.sign_in.identity import SignedInPerson, load_person_by_id
from tenants.sign_in.inputs import ChoosePassword
from tenants.sign_in.links import WelcomeLinks
from tenants.sign_in.routes import begin_session, bp, landing_url, language_url
from web.context import db
from web.forms import blank, read_form
from web.limits import limited
from web.responses import Page, flash_ok, invalid, render, see_other


def links() -> WelcomeLinks:
    """Returns the welcome links of this installation."""
    return WelcomeLinks(current_app.config["SECRET_KEY"], settings().base_url)


@bp.get("/welcome/<token>")
@public
@limited("60 per minute")
def welcome(token: str) -> Page:
    person = _invited(token)
    return (
        _gone() if person is None else render("tenants/sign_in/welcome.html", form=blank(), **_welcome(person, token))
    )


@bp.post("/welcome/<token>")
@public
@limited("20 per minute")
def choose_password(token: str) -> Page:
    person = _invited(token)
    if person is None:
        return _gone()
    form = read_form(ChoosePassword)
    if form.ok and form.data.password != form.data.again:
        form.errors["again"] = _("The two passwords are not the same.")
    if not form.ok:
        return invalid("tenants/sign_in/welcome.html", form=form, **_welcome(person, token))
    before = queries.user_for_sign_in(db(), person.email)
    try:
        set_password(db(), person.id, form.data.password, version=person.session_version)
    except NotFound:
        return _gone()  # used this moment
    renewed = load_person_by_id(db(), person.id)
    if renewed is None:
        return _gone()
    begin_session(renewed)
    if before and before[1] is not None:
        notices.note(db(), renewed, "password_changed", utc_now(), queue=mails.queue_changed)
    flash_ok(_("Your password is set, and you are signed in."))
    return see_other(landing_url(renewed))


def _invited(token: str) -> SignedInPerson | None:
    opened = links().open(token)
    person = load_person_by_id(db(), opened[0]) if opened else None
    return person if person and opened and person.session_version == opened[1] else None


def _welcome(person: SignedInPerson, token: str) -> dict[str, object]:
    return {"person": person, "token": token, "language_url": language_url()}


def _gone() -> Page:
    return render("tenants/sign_in/link_gone.html", language_url=language_url()), 404
