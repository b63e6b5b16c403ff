"""The few errors that commands and queries raise; the edge turns each into a page, a JSON body or an exit code.

Invariant: a `code` is stable and translated at the edge (`kernel.messages`), `params` fill its text.
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
    """It does not exist, or not for this tenant: the two look the same from outside."""

    status = 404


class Forbidden(HuikuanError):
    """The person is known but may not do this."""

    status = 403


class Conflict(HuikuanError):
    """The world has moved on since the page was shown."""

    status = 409


class RuleBroken(HuikuanError):
    """A rule of the policy or of bookkeeping says no."""

    status = 422
