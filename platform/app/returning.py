"""Answers a request whose session is over: by sign-in, which leads back, and by the same form again.

Invariant: nothing that was typed is lost. A form is shown again after signing in; a page that htmx works on stays as
it is, with a sentence on top.
"""

from __future__ import annotations

from typing import Final

from flask import g, request, session, url_for
from werkzeug.utils import redirect

from tenants.sign_in.start_routes import sign_in_page
from web.forms import blank
from web.kept_form import KEPT, SECRETS, chosen_files, is_from_elsewhere, keep_form, page_before, typed
from web.responses import Page, is_htmx, part, render, safe_next

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
UNAUTHORIZED: Final = 401
CONFLICT: Final = 409


def sign_in_first() -> Page:
    """Answers who is not signed in: by the way to sign in, and of a form with what was typed."""
    if is_htmx():
        return _said_on_the_page()
    if request.method in SAFE:
        return redirect(url_for("auth.sign_in", next=safe_next(request.full_path.rstrip("?"), "/")), code=303)
    typed_by = str(session.get("_user_id", "")).partition("|")[0]
    kept = keep_form(typed_by)
    if not kept:
        return redirect(url_for("auth.sign_in", next=page_before()), code=303)
    return sign_in_page(blank(**{KEPT: kept}), page_before()), UNAUTHORIZED


def page_too_old() -> Page:
    """Answers a form outside a company whose page is older than the session: by the form once more, to be sent on."""
    secret = not SECRETS.isdisjoint(request.form)
    fields = () if secret or is_from_elsewhere() or chosen_files() else typed()
    g.pop("forged", None)
    back = page_before(request.path)
    return render("errors/too_old.html", action=request.full_path.rstrip("?"), fields=fields, back=back), CONFLICT


def _said_on_the_page() -> Page:
    """Says on the page that is there that its reader is signed out; what is typed on it stays."""
    answer = part("errors/_signed_out.html", swap="innerHTML", url=url_for("auth.sign_in", next=page_before()))
    answer.status_code = 422  # which htmx puts into the page
    answer.headers["HX-Retarget"] = "#flashes"
    return answer
