"""Creates the Flask application from the settings.

Invariants: a strict Content-Security-Policy without `unsafe-*` on every response; every HuikuanError becomes an error
page of its status; no business rules in here.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, render_template, request, session
from flask_login import LoginManager
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from app import probes, registry, shell, transaction
from app.embedded.state import State, make_private_home
from app.messages import message_of, sentence_of
from kernel.db import is_away
from kernel.errors import HuikuanError
from kernel.log import configure_logging
from kernel.memory import keep_loaded_objects
from kernel.settings import APP_ROOT, Settings, settings
from tenants.access import reads_money, url_if_allowed
from tenants.sign_in.identity import load_person
from tenants.sign_in.sessions import SESSION_LIFE
from web import assets, compression, limits, refusals, responses, sent_once, templating
from web.csrf import MaskedCsrf
from web.site import Site

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
UPLOAD_MAX_BYTES = 21 * 1024 * 1024
# Deadlock, serialisation failure, lock not available: two people were faster than each other.
CROSSED = {"40P01", "40001", "55P03"}
PAGES = {403, 404, 409, 413, 422, 429, 500, 503}
# After this many seconds a browser, or a person, may try again while the database is away.
RETRY_AFTER_S = 5

csrf = MaskedCsrf()


def create_app(given: Settings | None = None) -> Flask:
    """Creates the application for these settings (default: the process's)."""
    from app.blueprints import register

    configured = given or settings()
    configure_logging(plain=not configured.is_production)
    app = Site("huikuan", template_folder=str(APP_ROOT / "templates"), static_folder=None)
    app.debug = configured.environment == "development"
    app.config.update(
        SECRET_KEY=configured.secret_key or development_secret(configured),
        MAX_CONTENT_LENGTH=UPLOAD_MAX_BYTES,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="huikuan",
        SESSION_COOKIE_SECURE=configured.base_url.startswith("https://"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_LIFE,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_CHECK_DEFAULT=False,  # `app.transaction` checks it, once it knows who sends the form
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        TRUSTED_HOSTS=trusted_hosts(configured),
        HUIKUAN=configured,
    )
    if configured.trusted_proxies:
        hops = configured.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    compression.install(app)  # the first installed is the last to see an answer
    templating.prepare(app.jinja_env)
    assets.install(app)
    responses.install(app)
    refusals.install(app, lambda error: sentence_of(error, money=reads_money()))
    sent_once.install(app)
    app.jinja_env.globals["url_if_allowed"] = url_if_allowed
    csrf.init_app(app)
    limits.install(app, configured.redis_url, configured.redis_prefix, enabled=configured.environment != "test")
    _sign_in(app)
    registry.install()
    transaction.install(app)
    register(app)
    app.register_blueprint(probes.bp)
    _errors(app)
    app.context_processor(shell.context)
    app.after_request(_headers)
    keep_loaded_objects()
    return app


def development_secret(configured: Settings) -> str:
    """Returns the secret stored under var/, so that a restart signs nobody out; production sets its own.

    `huikuan up` gives its processes the same one, so that a link made by the command line is valid there.
    """
    make_private_home(configured.var_dir)
    return State(configured.var_dir).secret("app", "secret_key")


def trusted_hosts(configured: Settings) -> list[str] | None:
    """Returns the host names accepted in production, PUBLIC_URL's and the machine's own; else None, for any.

    A redirect or link built from a forged `Host` header would lead people to an attacker's site.
    """
    if not configured.is_production:
        return None
    names = (urlsplit(configured.base_url).hostname, configured.host, "localhost", "127.0.0.1")
    return list(dict.fromkeys(name for name in names if name))


def _sign_in(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = "basic"
    manager.user_loader(lambda cookie: load_person(g.db, cookie) if "db" in g else None)


def _errors(app: Flask) -> None:
    def page(status: int, **values: Any) -> tuple[str, int]:
        known = status if status in PAGES else (500 if status >= 500 else 404)
        return render_template(f"errors/{known}.html", **values), status

    @app.errorhandler(HuikuanError)
    def refused(error: HuikuanError) -> tuple[str, int]:
        if "db" in g:
            g.db.rollback()
        return page(error.status, error_text=message_of(error, money=reads_money()))

    @app.errorhandler(PoolTimeout)
    @app.errorhandler(DBAPIError)
    def crossed(error: DBAPIError | PoolTimeout) -> Any:
        if is_away(error):
            return away(error)
        if getattr(getattr(error, "orig", None), "sqlstate", "") in CROSSED:
            if "db" in g:
                g.db.rollback()
            return page(409)
        return broken(error)

    def away(error: Exception) -> Response:
        app.logger.warning("the database is away at %s: %s", request.endpoint, str(error).partition("\n")[0])
        db = g.pop("db", None)
        if db is not None:
            db.close()
        g.pop("_login_user", None)  # the page is drawn without asking who is there
        transaction.choose_language(None)
        return _try_again(app.make_response(page(503, changing=request.method not in transaction.SAFE)))

    @app.errorhandler(SecurityError)
    def wrong_name(_error: SecurityError) -> Response:
        # Plain text, as a page would need addresses, and those the very name that is not ours.
        message = "This server does not answer to that name. Use the address in PUBLIC_URL.\n"
        return Response(message, 400, mimetype="text/plain")

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> Any:
        code = error.code or 500
        return error.get_response() if code < 400 else page(code)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> tuple[str, int]:
        reference = secrets.token_hex(4)
        app.logger.error("unexpected error %s at %s", reference, request.endpoint, exc_info=error)
        if "db" in g:
            g.db.rollback()
        return page(500, error_ref=reference)


def _try_again(response: Response) -> Response:
    """Marks an answer as that of a server that comes back soon."""
    response.status_code = 503
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    response.headers["Cache-Control"] = "no-store"
    return response


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CSP)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    # An answer that read or set the cookie is one reader's own, a 404 too.
    if "actor" in g or session.accessed or session.modified:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
