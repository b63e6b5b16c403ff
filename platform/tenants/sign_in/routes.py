"""Serves sign-in, sign-out, the language and the choice of a company. Password links are in `welcome_routes`.

Invariants: a wrong e-mail and a wrong password look and last the same; attempts are limited by IP address and by
normalised e-mail; every sign-in starts a new session.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app, make_response, redirect, request, session, url_for
from flask_login import current_user, login_user, logout_user

from kernel import i18n
from kernel.i18n import gettext as _
from tenants import queries
from tenants.access import public
from tenants.sign_in.commands import set_language
from tenants.sign_in.identity import SignedInPerson, load_person_by_id
from tenants.sign_in.inputs import SignIn, sign_in_key
from tenants.sign_in.passwords import verify_password
from web.context import db
from web.forms import Form, blank, read_form
from web.limits import limiter
from web.responses import Page, flash_ok, render, safe_next, see_other

bp = Blueprint("auth", __name__)

LANGUAGE_COOKIE_S = 365 * 86_400
TRIES_BY_ADDRESS = "20 per minute; 200 per hour"
TRIES_BY_EMAIL = "10 per 10 minutes"


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
    active = sorted((c for c in current_user.companies if c.active), key=lambda company: queries.name_key(company.name))
    return render("tenants/sign_in/companies.html", companies=active, person=current_user, language_url=language_url())


@bp.get("/sign-in")
@public
def sign_in() -> Page:
    wanted = safe_next(request.args.get("next"), "")
    if current_user.is_authenticated:
        return redirect(wanted or landing_url(current_user), code=303)
    return _sign_in_page(blank(), wanted)


@bp.post("/sign-in")
@limiter.limit(TRIES_BY_ADDRESS)
@limiter.limit(TRIES_BY_EMAIL, key_func=lambda: "sign-in " + sign_in_key(request.form.get("email", ""))[:255])
@public
def start_session() -> Page:
    wanted = safe_next(request.form.get("next"), "")
    form = read_form(SignIn)
    if not form.ok:
        return _sign_in_page(form, wanted), 422
    found = queries.user_for_sign_in(db(), form.data.email)
    # Also for an unknown address a hash is computed, so that the answer takes as long.
    right = verify_password(found[1] if found else None, form.data.password)
    person = load_person_by_id(db(), found[0]) if found and right else None
    if person is None:
        form.errors["email"] = _("The e-mail address or the password is not right.")
        return _sign_in_page(form, wanted), 422
    begin_session(person)
    return see_other(wanted or landing_url(person))


@bp.post("/sign-out")
@public
def sign_out() -> Page:
    logout_user()
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


def begin_session(person: SignedInPerson) -> None:
    """Signs a person in, in a new session."""
    session.clear()
    session.permanent = True
    login_user(person)


def landing_url(person: SignedInPerson) -> str:
    """Returns the URL after sign-in: the only company, else the choice of companies."""
    active = [company for company in person.companies if company.active]
    return url_for("overview.today", company=active[0].slug) if len(active) == 1 else url_for("auth.companies")


def _sign_in_page(form: Form[SignIn], wanted: str) -> str:
    return render("tenants/sign_in/sign_in.html", form=form, next=wanted, language_url=language_url())


def language_url() -> str:
    """Returns the URL that sets the language."""
    return url_for("auth.language")
