"""CSRF tokens that look different in every answer: flask-wtf's own, under a mask.

Invariant: no answer carries the bytes of a secret twice, so that the size of compressed pages tells nothing of it
(BREACH, ADR 0040); a token is checked by flask-wtf alone.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Final

from flask import Flask, current_app, g
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

_MARK: Final = "m."


class MaskedCsrf(CSRFProtect):  # type: ignore[misc]  # flask-wtf has no types
    """flask-wtf's protection, whose tokens are masked in pages and unmasked before they are checked."""

    def init_app(self, app: Flask) -> None:
        """Protects the application; templates get `csrf_token()`."""
        super().init_app(app)
        # Pages see flask-wtf's context processor, imported macros its global: both are replaced.
        app.jinja_env.globals["csrf_token"] = masked_token
        app.context_processor(lambda: {"csrf_token": masked_token})

    def is_forged(self) -> bool:
        """Returns whether the request changes something and carries no token of its own session.

        `app.transaction` asks once it knows who sends the form: an old token is no forgery, but a session that ended.
        """
        if not current_app.config["WTF_CSRF_ENABLED"]:
            return False
        try:
            self.protect()
        except CSRFError:
            return True
        return False

    def _get_csrf_token(self) -> str | None:
        sent: str | None = super()._get_csrf_token()
        return unmasked(sent) if sent else sent


def masked_token() -> str:
    """Returns the token of this request under a mask of its own; the same on each call within one answer."""
    if "masked_csrf" not in g:
        g.masked_csrf = masked(generate_csrf())
    token: str = g.masked_csrf
    return token


def masked(token: str) -> str:
    """Returns a token under a new random mask, as text for a form."""
    raw = token.encode()
    mask = secrets.token_bytes(len(raw))
    return _MARK + base64.urlsafe_b64encode(mask + _xor(raw, mask)).decode()


def unmasked(sent: str) -> str:
    """Returns the token behind a mask; what is no masked token is returned as it is, for the check to refuse."""
    if not sent.startswith(_MARK):
        return sent
    try:
        both = base64.urlsafe_b64decode(sent[len(_MARK) :])
        half = len(both) // 2
        return _xor(both[:half], both[half:]).decode()
    except (binascii.Error, ValueError):
        return sent


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
