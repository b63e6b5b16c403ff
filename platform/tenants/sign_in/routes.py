"""Serves sign-out, the language and the choice of a company, and begins sessions. Signing in is in `start_routes`.

Invariants: every sign-in starts a new session, of the cookie and on the server, where a sign-out ends it; nothing of
an account is kept by a cache.
"""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    after_this_request,
    current_app,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_user

from kernel import i18n
from kernel.clock import utc_now
from kernel.i18n import gettext as _
from tenants import queries
from tenants.access import public
from tenants.account import mails, notices
from tenants.account.browsers import browser_name
from tenants.sign_in import sessions
from tenants.sign_in.commands import set_language
from tenants.sign_in.devices import Device, read_device, write_device
from tenants.sign_in.identity import SignedInPerson
from web.context import db, remote_address
from web.responses import Page, flash_ok, render, safe_next, see_other

bp = Blueprint("auth", __name__)

LANGUAGE_COOKIE_S = 365 * 86_400
#: How long a browser is remembered (browsers keep no cookie for longer than 400 days).
DEVICE_COOKIE, DEVICE_COOKIE_S = "huikuan_browser", 400 * 86_400


@bp.after_request
def _not_stored(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@bp.get("/")
@public
def home() -> Page:
    return redirect(landing_url(current_user) if current_user.is_authenticated else url_for("auth.sign_in"), code=303)


@bp.get("/companies")
@public
def companies() -> Page:
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in"), code=303)
    i18n.set_language(current_user.language)
    active = sorted(current_user.active_companies(), key=lambda company: queries.name_key(company.name))
    return render("tenants/sign_in/companies.html", companies=active, person=current_user, language_url=language_url())


@bp.post("/sign-out")
@public
def sign_out() -> Page:
    if current_user.is_authenticated:
        now = utc_now()
        sessions.end(db(), current_user.id, current_user.session_id, now)
        notices.note(db(), current_user._get_current_object(), "signed_out", now)
    session.clear()
    flash_ok(_("You are signed out."))
    return see_other(url_for("auth.sign_in"))


@bp.post("/language")
@public
def language() -> Page:
    wanted = i18n.language_of_tag(request.form.get("language"))
    response = make_response(see_other(safe_next(request.form.get("next"), url_for("auth.home"))))
    if wanted is not None:
        if current_user.is_authenticated:
            set_language(db(), current_user.id, wanted)
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie("lang", wanted, LANGUAGE_COOKIE_S, secure=secure, httponly=True, samesite="Lax")
    return response


def begin_session(person: SignedInPerson, *, is_known: bool = True) -> None:
    """Signs a person in, in a new session, and remembers their browser; the last that a view asks of the database.

    `is_known`: whether they signed in with this browser before; a new one is mailed to them, save the first ever.
    """
    now, browser = utc_now(), browser_name(request.user_agent.string)
    tell = not is_known and sessions.had_any(db(), person.id)
    said = session.get("_flashes")
    session.clear()
    session.permanent = True
    login_user(person)
    session["_user_id"] = sessions.begin(db(), person.id, now, browser=browser, address=remote_address())
    if said:
        session["_flashes"] = said
    _remember_browser(person)
    notices.note(
        db(),
        person,
        "signed_in_new_browser" if tell else "signed_in",
        now,
        queue=(lambda entered, actor, to: mails.queue_new_browser(entered, actor, to, browser)) if tell else None,
        browser=browser,
    )


def device_of_browser() -> Device:
    """Returns the browser of the request, as its cookie knows it."""
    return read_device(current_app.config["SECRET_KEY"], request.cookies.get(DEVICE_COOKIE, ""))


def landing_url(person: SignedInPerson) -> str:
    """Returns the URL after sign-in: the only company, else the choice of companies."""
    active = person.active_companies()
    return url_for("overview.today", company=active[0].slug) if len(active) == 1 else url_for("auth.companies")


def language_url() -> str:
    """Returns the URL that sets the language."""
    return url_for("auth.language")


def _remember_browser(person: SignedInPerson) -> None:
    known = device_of_browser().with_person(person.id, person.session_version)
    text, secure = write_device(current_app.config["SECRET_KEY"], known), current_app.config["SESSION_COOKIE_SECURE"]

    @after_this_request
    def remember(response: Response) -> Response:
        response.set_cookie(DEVICE_COOKIE, text, DEVICE_COOKIE_S, secure=secure, httponly=True, samesite="Lax")
        return response
