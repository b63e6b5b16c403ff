"""Declares the audience of a route: staff with a permission, a signed-in person, debtors by link, the public, others.

Invariant: every route has exactly one audience (a guard test checks it), and a staff route also its permission; the
check runs before the view.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, url_for

from kernel.errors import Forbidden
from tenants.permissions import Permission, allows
from web.context import actor, has_actor
from web.sent_once import answer_once

F = TypeVar("F", bound=Callable[..., Any])

STAFF, PERSON, PORTAL, PUBLIC, ADMIN, WEBHOOK = "staff", "person", "portal", "public", "admin", "webhook"
AUDIENCES = frozenset({STAFF, PERSON, PORTAL, PUBLIC, ADMIN, WEBHOOK})
#: Audiences that have to be signed in.
SIGNED_IN = frozenset({STAFF, PERSON})


def staff(permission: Permission) -> Callable[[F], F]:
    """Admits signed-in members of the URL's company who have `permission`, else raises Forbidden(`not_permitted`).

    A form posted to it has one effect however often it is sent (`web.sent_once`).
    """

    def mark(view: F) -> F:
        @wraps(view)
        def checked(*args: Any, **values: Any) -> Any:
            if not allows(actor().roles, permission):
                raise Forbidden("not_permitted", permission=permission.value)
            return answer_once(view, *args, **values)

        checked.audience = STAFF  # type: ignore[attr-defined]
        checked.permission = permission  # type: ignore[attr-defined]
        return cast(F, checked)

    return mark


def _audience(name: str) -> Callable[[F], F]:
    def mark(view: F) -> F:
        view.audience = name  # type: ignore[attr-defined]
        return view

    return mark


def person(view: F) -> F:
    """Admits anybody who is signed in, to what is their own and no company's."""
    return _audience(PERSON)(view)


def portal(view: F) -> F:
    """Admits debtors with a link; the view opens the token itself."""
    return _audience(PORTAL)(view)


def public(view: F) -> F:
    """Admits anybody: sign-in, health, assets."""
    return _audience(PUBLIC)(view)


def may(permission: Permission) -> bool:
    """Returns True when the current user has `permission`; for showing a button."""
    return allows(actor().roles, permission)


def reads_money() -> bool:
    """Whether who asked may be shown amounts: anybody but staff who see goods and no customers (ADR 0035)."""
    roles = actor().roles if has_actor() else ()
    return not roles or allows(roles, Permission.READ)


def url_if_allowed(endpoint: str, **values: Any) -> str | None:
    """Returns the address of a staff page, or None where the reader may not open it; for links and the way up."""
    permission = getattr(current_app.view_functions[endpoint], "permission", None)
    return url_for(endpoint, **values) if permission is None or may(permission) else None
