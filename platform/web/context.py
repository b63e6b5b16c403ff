"""The context of a request for its view: the database session and the actor.

Invariant: `app.transaction` opens, commits and closes the session; nothing else commits.
"""

from __future__ import annotations

from typing import cast

from flask import g

from kernel.actor import Actor
from kernel.db import TenantSession


def db() -> TenantSession:
    """Returns the request's database session (READ ONLY on GET and HEAD)."""
    return cast(TenantSession, g.db)


def actor() -> Actor:
    """Returns the actor of the request: the user, the company and its date."""
    return cast(Actor, g.actor)


def has_actor() -> bool:
    """Whether it is known by now who asks: an error may come before."""
    return "actor" in g


def keep() -> None:
    """Commits the request even when the response is an error, so that a counted attempt is not lost."""
    g.keep = True


def remote_address() -> str:
    """Returns the client's IP address as reported by trusted proxies."""
    from flask import request

    return request.remote_addr or ""
