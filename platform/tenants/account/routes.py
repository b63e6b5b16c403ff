"""Serves a person's own account: where they are signed in, ending sessions, changing the password.

Invariant: all of it is the signed-in person's own; nobody ends another person's session or learns of it.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, url_for
from flask_login import current_user

from kernel.clock import utc_now
from kernel.i18n import gettext as _
from tenants import queries
from tenants.access import person
from tenants.account import mails, notices
from tenants.account.inputs import ChangePassword
from tenants.sign_in import sessions
from tenants.sign_in.commands import set_password
from tenants.sign_in.passwords import verify_password
from tenants.sign_in.routes import landing_url, language_url
from tenants.sign_in.tries import BY_PERSON
from web.context import db
from web.formatters import set_zone
from web.forms import Form, blank, read_form
from web.limits import limits
from web.responses import Page, flash_ok, invalid, render, see_other

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.after_request
def _not_stored(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@bp.get("/")
@person
def show() -> Page:
    me = current_user
    set_zone(next((company.timezone for company in me.active_companies()), "Asia/Shanghai"))
    return render(
        "tenants/account/show.html",
        person=me,
        sessions=sessions.open_sessions(db(), me.id, utc_now()),
        back_url=landing_url(me),
        language_url=language_url(),
    )


@bp.post("/sessions/<uuid:session_id>/end")
@person
def end_session(session_id: UUID) -> Page:
    if session_id != current_user.session_id and sessions.end(db(), current_user.id, session_id, utc_now()):
        _note_ended(1)
        flash_ok(_("That browser is signed out."))
    return see_other(url_for("account.show"))


@bp.post("/sessions/end")
@person
def end_others() -> Page:
    count = sessions.end_all(db(), current_user.id, utc_now(), but=current_user.session_id)
    if count:
        _note_ended(count)
    flash_ok(_("You are signed out everywhere else."))
    return see_other(url_for("account.show"))


@bp.get("/password")
@person
def password() -> Page:
    return render("tenants/account/password.html", **_password_page(blank()))


@bp.post("/password")
@person
def change_password() -> Page:
    me, form = current_user._get_current_object(), read_form(ChangePassword)
    key = ("password", str(me.id))
    if form.ok and form.data.password != form.data.again:
        form.errors["again"] = _("The two passwords are not the same.")
    if form.ok and not limits().passes(BY_PERSON, *key):
        form.errors["current"] = _("Too many wrong passwords. Wait ten minutes, then try again.")
    if form.ok:
        found = queries.user_for_sign_in(db(), me.email)
        if not verify_password(found[1] if found else None, form.data.current):
            limits().count(BY_PERSON, *key)
            form.errors["current"] = _("This is not your present password.")
    if not form.ok:
        return invalid("tenants/account/password.html", **_password_page(form))
    set_password(db(), me.id, form.data.password, but=me.session_id)
    notices.note(db(), me, "password_changed", utc_now(), queue=mails.queue_changed)
    flash_ok(_("Your password is changed, and you are signed out everywhere else."))
    return see_other(url_for("account.show"))


def _password_page(form: Form[ChangePassword]) -> dict[str, object]:
    return {"form": form, "person": current_user, "language_url": language_url()}


def _note_ended(count: int) -> None:
    notices.note(db(), current_user._get_current_object(), "sessions_ended", utc_now(), count=count)
