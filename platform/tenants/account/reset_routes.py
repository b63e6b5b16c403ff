"""Serves the forgotten password: a link by mail to whoever asks for it, and the page that the link opens.

Invariants: what is answered, and how long it takes, tells nobody who signs in here; a link works once, for half an
hour; whoever uses it is signed in, and nowhere else. The views are registered on the blueprint of `sign_in.routes`.
"""

from __future__ import annotations

from functools import partial

from flask import url_for

from kernel.clock import utc_now
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from tenants import queries
from tenants.access import public
from tenants.account import mails, notices
from tenants.account.inputs import AskReset
from tenants.sign_in.commands import issue_reset, person_of_reset, use_reset
from tenants.sign_in.identity import load_person_by_id
from tenants.sign_in.inputs import ChoosePassword
from tenants.sign_in.routes import begin_session, bp, landing_url, language_url
from web.context import db
from web.forms import Form, blank, read_form
from web.limits import limited
from web.responses import Page, flash_ok, invalid, render, see_other


@bp.get("/forgotten")
@public
def forgotten() -> Page:
    return render("tenants/account/forgotten.html", form=blank(), language_url=language_url())


@bp.post("/forgotten")
@public
@limited("10 per 10 minutes")
def ask_reset() -> Page:
    form = read_form(AskReset)
    if not form.ok:
        return invalid("tenants/account/forgotten.html", form=form, language_url=language_url())
    if not _mail_link(form.data.email):
        mails.render_unsent_reset(current_language())
    flash_ok(
        _("If somebody signs in here with %(email)s, a link is on its way to that address.", email=form.data.email)
    )
    return see_other(url_for("auth.sign_in"))


def _mail_link(email: str) -> bool:
    """Queues the link to the person of that address; returns False when there is nobody to get one."""
    now, found = utc_now(), queries.user_for_sign_in(db(), email)
    person = load_person_by_id(db(), found[0]) if found else None
    secret = issue_reset(db(), person.id, now) if person and person.active_companies() else None
    if person is None or secret is None:
        return False
    notices.note(db(), person, "password_link_asked", now, queue=partial(mails.queue_reset, secret=secret))
    return True


@bp.get("/reset/<secret>")
@public
@limited("60 per minute")
def reset(secret: str) -> Page:
    return _reset_page(secret, blank()) or _gone()


@bp.post("/reset/<secret>")
@public
@limited("20 per minute")
def use_link(secret: str) -> Page:
    form, now = read_form(ChoosePassword), utc_now()
    if form.ok and form.data.password != form.data.again:
        form.errors["again"] = _("The two passwords are not the same.")
    if not form.ok:
        page = _reset_page(secret, form)
        return (page, 422) if page else _gone()
    user_id = use_reset(db(), secret, form.data.password, now)
    person = load_person_by_id(db(), user_id) if user_id else None
    if person is None:
        return _gone()
    begin_session(person)
    notices.note(db(), person, "password_changed", now, queue=mails.queue_changed)
    flash_ok(_("Your password is changed, and you are signed in here and nowhere else."))
    return see_other(landing_url(person))


def _reset_page(secret: str, form: Form[ChoosePassword]) -> str:
    """Renders the form of a good link; empty for any other."""
    user_id = person_of_reset(db(), secret, utc_now())
    person = load_person_by_id(db(), user_id) if user_id else None
    if person is None:
        return ""
    return render("tenants/account/reset.html", form=form, person=person, secret=secret, language_url=language_url())


def _gone() -> Page:
    return render("tenants/account/reset_gone.html", language_url=language_url()), 404
