"""Errors that commands and queries raise; the edge turns each into a page, a JSON body or an exit code.

Invariant: a `code` is stable and translated at the edge (`app.messages`), `params` fill its text.
"""

from __future__ import annotations


class HuikuanError(Exception):
    """Base: `code` is snake_case and stable, `params` are JSON-able."""

    status = 500

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return f"{self.code} {self.params}" if self.params else self.code


class NotFound(HuikuanError):
    """The object does not exist, or not for this tenant: indistinguishable from outside (HTTP 404)."""

    status = 404


class Forbidden(HuikuanError):
    """The user is signed in but lacks the permission (HTTP 403)."""

    status = 403


class Conflict(HuikuanError):
    """The data changed since the page was shown (HTTP 409)."""

    status = 409


class RuleBroken(HuikuanError):
    """The request breaks a business rule (HTTP 422)."""

    status = 422
