"""Opens one session per request and commits once at its end; nothing else of the web side commits.

Invariants: GET and HEAD run READ ONLY, so the database itself refuses a change; other methods commit when the
answer is below 400 (or the view said `keep()`), and are rolled back otherwise; a staff view runs inside its company.
"""

from __future__ import annotations

from flask import Flask, Response, abort, current_app, g, request
from flask_login import current_user
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import returning
from ar.customers.lookups import limit_to_visible_customers
from kernel import i18n
from kernel.actor import Actor
from kernel.clock import local_date, utc_now
from kernel.db import end_reading, enter_tenant, is_away, open_session, transaction
from kernel.errors import Conflict, NotFound
from tenants.access import PERSON, SIGNED_IN, STAFF
from tenants.sign_in import sessions
from tenants.sign_in.identity import SignedInPerson
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
        choose_language(None)
        return None
    if any("\x00" in text for text in (*request.args.values(), *request.form.values())):
        abort(422)
    g.db = open_session(None, read_only=request.method in SAFE)
    audience = getattr(current_app.view_functions[request.endpoint], "audience", None)
    g.forged = current_app.extensions["csrf"].is_forged()
    if audience in SIGNED_IN and not current_user.is_authenticated:
        choose_language(None)
        return returning.sign_in_first()
    if audience == STAFF:
        _enter_company()
        return None  # a form with the token of an older session is shown again by `web.sent_once`
    choose_language(current_user.language if audience == PERSON else None)
    return returning.page_too_old() if g.forged else None


def _enter_company() -> None:
    """Sets the actor of a staff request. Raises NotFound for a company the user does not belong to."""
    choose_language(current_user.language)
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


def choose_language(language: str | None) -> None:
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
        except DBAPIError as error:
            db.rollback()
            if is_away(error):
                # Whether it was done is not known: the page says so, and the form's key makes a second try harmless.
                return current_app.make_response(current_app.handle_user_exception(error))
            # Whatever the SQLSTATE: an error at COMMIT means that nothing was done.
            current_app.logger.exception("refused at commit")
            return current_app.make_response(current_app.handle_user_exception(Conflict("refused_at_commit")))
    return response


def _end(_error: BaseException | None) -> None:
    db = g.pop("db", None)
    if db is not None and request.method in SAFE:
        end_reading(db)
    elif db is not None:
        db.close()
    _note_use()


def _note_use() -> None:
    """Notes every few minutes that the session is in use: a transaction of its own, since a GET is READ ONLY."""
    person, now = g.get("_login_user"), utc_now()
    if not isinstance(person, SignedInPerson) or person.session_id is None or not person.is_due_to_be_seen(now):
        return
    try:
        with transaction(None) as db:
            sessions.seen(db, person.session_id, now)
    except (DBAPIError, PoolTimeout):
        current_app.logger.warning("the use of a session could not be noted", exc_info=True)
