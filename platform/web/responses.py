"""The responses of views.

Invariant: a successful POST answers 303, so that a reload does not repeat it; invalid input answers 422 with what was
typed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

Page = str | Response | BaseResponse | tuple[str, int]


def render(template: str, **values: Any) -> str:
    """Renders a page or a partial."""
    return render_template(template, **values)


def invalid(template: str, **values: Any) -> Page:
    """Renders the form again with status 422, its errors and what was typed."""
    return render_template(template, **values), 422


def see_other(url: str) -> Page:
    """Redirects with 303 after a change; under htmx the browser is told to load that page."""
    if is_htmx():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        return response
    return redirect(url, code=303)


def download(content: bytes, media_type: str, file_name: str, *, inline: bool = False) -> Response:
    """Returns a file as download, under a name that may be Chinese."""
    from urllib.parse import quote

    response = make_response(content)
    response.headers["Content-Type"] = media_type
    kind = "inline" if inline else "attachment"
    plain = file_name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def is_htmx() -> bool:
    """Returns whether htmx requests a partial; a page restored from history is requested whole."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def flash_ok(text: str) -> None:
    """Shows a message of success on the next page."""
    flash(text, "ok")


def flash_error(text: str) -> None:
    """Shows an error message on the next page."""
    flash(text, "late")


def safe_next(target: str | None, fallback: str) -> str:
    """Returns `target` when it is a path on this site, else `fallback` (no `//evil`, no scheme, no backslash)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc or any(ord(c) < 32 for c in target) else target
