"""What a view needs of its request: the session and who acts.

Invariant: `app.transaction` opens and ends the session; nobody else commits.
"""

from __future__ import annotations

from typing import cast

from flask import g

from kernel.actor import Actor
from kernel.db import TenantSession


def db() -> TenantSession:
    """The request's session (READ ONLY on GET and HEAD)."""
    return cast(TenantSession, g.db)


def actor() -> Actor:
    """Who acts in this request, for which company, today."""
    return cast(Actor, g.actor)


def keep() -> None:
    """Commits also when the answer is an error: a counted try must not be forgotten."""
    g.keep = True


def remote_address() -> str:
    """Where the request came from, as far as trusted proxies tell."""
    from flask import request

    return request.remote_addr or ""
