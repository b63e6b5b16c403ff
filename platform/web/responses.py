"""The few ways a view answers. May import Flask, no domain.

Invariant: a successful POST answers 303 to a page that a reload does not repeat; bad input answers 422 with
what was typed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

Page = str | Response | BaseResponse | tuple[str, int]


def render(template: str, **values: Any) -> str:
    """A page or a partial."""
    return render_template(template, **values)


def invalid(template: str, **values: Any) -> Page:
    """The same form again, 422, with its errors and what was typed."""
    return render_template(template, **values), 422


def see_other(url: str) -> Page:
    """After a change: look there. Under htmx the browser is told to load that page."""
    if is_htmx():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        return response
    return redirect(url, code=303)


def download(content: bytes, media_type: str, file_name: str, *, inline: bool = False) -> Response:
    """A file for the person, under a name that may be Chinese."""
    from urllib.parse import quote

    response = make_response(content)
    response.headers["Content-Type"] = media_type
    kind = "inline" if inline else "attachment"
    plain = file_name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def is_htmx() -> bool:
    """Whether htmx asks for a part; a restored history page is asked for whole."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def flash_ok(text: str) -> None:
    """Says on the next page that it worked."""
    flash(text, "ok")


def flash_error(text: str) -> None:
    """Says on the next page what did not work."""
    flash(text, "late")


def safe_next(target: str | None, fallback: str) -> str:
    """`target` when it is a path on this site, else `fallback` (no `//evil`, no scheme, no backslash)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc or any(ord(c) < 32 for c in target) else target
