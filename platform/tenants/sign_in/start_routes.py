"""Serves signing in, and gives back the form of somebody who was signed out while they typed.

Invariants: a wrong e-mail and a wrong password look and last the same; failures are limited (`tries`); what one person
typed is not shown to another. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from flask import make_response, redirect, request
from flask_login import current_user

from kernel import i18n
from kernel.i18n import gettext as _
from kernel.log import logger
from tenants import queries
from tenants.access import public
from tenants.sign_in import sessions, tries
from tenants.sign_in.identity import SignedInPerson, load_person_by_id
from tenants.sign_in.inputs import SignIn
from tenants.sign_in.passwords import verify_password
from tenants.sign_in.routes import begin_session, bp, device_of_browser, landing_url, language_url
from web.context import db
from web.forms import Form, blank, read_form
from web.kept_form import KEPT, RETURNED, RETURNED_FILES, KeptForm, read_kept
from web.limits import client, limits
from web.responses import Page, flash_error, render, safe_next, see_other

log = logger(__name__)


@bp.get("/sign-in")
@public
def sign_in() -> Page:
    wanted = safe_next(request.args.get("next"), "")
    if current_user.is_authenticated:
        return redirect(wanted or landing_url(current_user), code=303)
    return sign_in_page(blank(), wanted)


@bp.post("/sign-in")
@public
def start_session() -> Page:
    wanted = safe_next(request.form.get("next"), "")
    form = read_form(SignIn)
    if not form.ok:
        return sign_in_page(form, wanted), 422
    found = queries.user_for_sign_in(db(), form.data.email)
    device = device_of_browser()
    known = found is not None and device.knows(found[0], found[2])
    attempt = tries.SignInTry(form.data.email, client(), device.id if known else "")
    wait_s = tries.wait_s(limits(), attempt)
    if wait_s:
        return _wait(form, wanted, wait_s)
    # Also for an unknown address a hash is computed, so that the answer takes as long.
    right = verify_password(found[1] if found else None, form.data.password)
    right = right and found is not None and sessions.hold_version(db(), found[0], found[2])
    person = load_person_by_id(db(), found[0]) if found and right else None
    if person is None:
        tries.failed(limits(), attempt)
        form.errors["email"] = _("The e-mail address or the password is not right.")
        return sign_in_page(form, wanted), 422
    tries.succeeded(limits(), attempt)
    begin_session(person, is_known=known)
    kept = read_kept(request.form.get(KEPT, ""))
    return go_on_page(kept, person) if kept and _is_theirs(kept, person) else see_other(wanted or landing_url(person))


def sign_in_page(form: Form[SignIn], wanted: str) -> str:
    """Renders the form of signing in; `kept` in its values is a form that waits for it (`web.kept_form`)."""
    kept = read_kept(form.value(KEPT))
    return render("tenants/sign_in/sign_in.html", form=form, next=wanted, kept=kept, language_url=language_url())


def go_on_page(kept: KeptForm, person: SignedInPerson) -> str:
    """Renders the page that sends a form that waited back to where it was typed."""
    i18n.set_language(person.language)
    marks = [(RETURNED, kept.back), *((RETURNED_FILES, name) for name in kept.files)]
    return render("tenants/sign_in/go_on.html", action=kept.path, fields=[*kept.fields, *marks])


def _is_theirs(kept: KeptForm, person: SignedInPerson) -> bool:
    """Returns whether a form is given back to the person; what another one typed is not shown to them."""
    if kept.typed_by in ("", str(person.id)):
        return True
    flash_error(_("What was typed before belonged to somebody else and was not kept."))
    return False


def _wait(form: Form[SignIn], wanted: str, wait_s: int) -> Page:
    log.warning("sign_in_limited", client=client(), wait_s=wait_s)
    form.errors["email"] = _(
        "Too many wrong passwords. Wait %(minutes)s minutes, or have a link to a new password mailed to you.",
        minutes=-(-wait_s // 60),
    )
    answer = make_response(sign_in_page(form, wanted), 429)
    answer.headers["Retry-After"] = str(wait_s)
    return answer
