"""Opens one session per request and commits once at its end; nothing else of the web side commits.

Invariants: GET and HEAD run READ ONLY, so the database itself refuses a change; other methods commit when the
answer is below 400 (or the view said `keep()`), and are rolled back otherwise; a staff view runs inside its company.
"""

from __future__ import annotations

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from sqlalchemy.exc import DBAPIError

from ar.customers.lookups import limit_to_visible_customers
from kernel import i18n
from kernel.actor import Actor
from kernel.clock import local_date, utc_now
from kernel.db import enter_tenant, open_session
from kernel.errors import Conflict, NotFound
from tenants.access import STAFF
from web.formatters import set_zone
from web.responses import Page

SAFE = {"GET", "HEAD", "OPTIONS"}
WITHOUT_DATABASE = {"assets", "static", "health.live"}


def install(app: Flask) -> None:
    """Wraps every request in a unit of work."""
    app.before_request(_begin)
    app.after_request(_commit)
    app.teardown_request(_end)
    app.url_value_preprocessor(lambda _endpoint, values: _take_company(values))
    app.url_defaults(_give_company)


def _take_company(values: dict[str, object] | None) -> None:
    g.company_slug = values.pop("company", None) if values else None


def _give_company(endpoint: str, values: dict[str, object]) -> None:
    if "company" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "company"):
        values["company"] = g.get("company_slug")


def _begin() -> Page | None:
    g.keep = False
    if request.endpoint is None or request.endpoint in WITHOUT_DATABASE:
        _set_language(None)
        return None
    if any("\x00" in text for text in (*request.args.values(), *request.form.values())):
        abort(422)
    g.db = open_session(None, read_only=request.method in SAFE)
    view = current_app.view_functions[request.endpoint]
    if getattr(view, "audience", None) != STAFF:
        _set_language(None)
        return None
    if not current_user.is_authenticated:
        _set_language(None)
        wanted = request.full_path.rstrip("?") if request.method in SAFE else "/"
        return redirect(url_for("auth.sign_in", next=wanted), code=303)
    _enter_company()
    return None


def _enter_company() -> None:
    """Sets the actor of a staff request. Raises NotFound for a company the user does not belong to."""
    _set_language(current_user.language)
    company = current_user.company(g.company_slug) if g.company_slug else None
    if company is None or not company.active:
        raise NotFound("company_not_found")
    now = utc_now()
    g.company = company
    g.actor = Actor(
        company.tenant_id,
        "person",
        current_user.name,
        now,
        local_date(now, company.timezone),
        company.timezone,
        current_user.language,
        current_user.id,
        company.roles,
    )
    set_zone(company.timezone)
    enter_tenant(g.db, company.tenant_id)
    limit_to_visible_customers(g.db, g.actor)


def _set_language(language: str | None) -> None:
    """Sets the page's language: ?lang=, else the user's, the cookie's, the browser's, Chinese."""
    asked = (
        i18n.language_of_tag(request.args.get("lang")) or language or i18n.language_of_tag(request.cookies.get("lang"))
    )
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"])
    i18n.set_language(asked or i18n.language_of_tag(best) or i18n.DEFAULT_LANGUAGE)


def _commit(response: Response) -> Response:
    db = g.get("db")
    if db is None or request.method in SAFE:
        return response
    if response.status_code < 400 or g.keep:
        try:
            db.commit()
        except DBAPIError:
            # Whatever the SQLSTATE: an error at COMMIT means that nothing was done.
            db.rollback()
            current_app.logger.exception("refused at commit")
            return current_app.make_response(current_app.handle_user_exception(Conflict("refused_at_commit")))
    return response


def _end(_error: BaseException | None) -> None:
    db = g.pop("db", None)
    if db is not None:
        db.close()
