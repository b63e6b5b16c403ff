"""Builds the responses of views, for browsers and htmx.

Invariants: a successful POST answers 303 to a page that a reload does not repeat; bad input answers 422 with what was
typed; an answer that differs under htmx says so in `Vary`. Nothing else touches htmx-flask.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote, urlsplit

from flask import Flask, Response, after_this_request, flash, make_response, redirect, render_template
from htmx_flask import Htmx, request
from htmx_flask import make_response as make_htmx_response
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.wrappers import Response as BaseResponse

from kernel.texts import file_name as clean_file_name
from web.form_fields import complete

Page = str | Response | BaseResponse | tuple[str, int]
#: How htmx puts a part into the page. `beforebegin` and `afterbegin` are missing: htmx-flask 0.1.0 lacks the comma
#: between them and refuses both.
Swap = Literal["innerHTML", "outerHTML", "beforeend", "afterend", "delete", "none"]


class SiteRequest(HtmxAwareRequest):  # type: ignore[misc]  # htmx-flask has no types
    """A request that knows of htmx, and whose files have names that can be kept, shown and sent again."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        for _field, sent in self.files.items(multi=True):
            sent.filename = clean_file_name(sent.filename or "")


def install(app: Flask) -> None:
    """Lets the application read its requests as `SiteRequest`."""
    Htmx(app)
    app.request_class = SiteRequest


def render(template: str, **values: Any) -> str:
    """Renders a page or a partial."""
    return complete(render_template(template, **values))


def part(template: str, *, swap: Swap | None = None, **values: Any) -> Response:
    """Returns a part of a page for htmx; `swap` overrules how the page's element asks for it to be put in."""
    return make_htmx_response(complete(render_template(template, **values)), reswap=swap)  # type: ignore[no-any-return]


def invalid(template: str, **values: Any) -> Page:
    """Renders the form again with status 422, its errors and what was typed."""
    return complete(render_template(template, **values)), 422


def see_other(url: str) -> Page:
    """Redirects with 303 after a change; htmx gets HX-Redirect."""
    return make_htmx_response("", 204, redirect=url) if is_htmx() else redirect(url, code=303)


def download(content: bytes, media_type: str, file_name: str, *, inline: bool = False) -> Response:
    """Returns a download; the file name may be Chinese. A header has one line, whatever was kept as a name."""
    file_name = clean_file_name(file_name) or "file"
    response = make_response(content)
    response.headers["Content-Type"] = media_type
    kind = "inline" if inline else "attachment"
    plain = file_name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def is_htmx() -> bool:
    """Returns True when htmx asks for a part; a restored history page is asked for whole. The answer then varies."""
    after_this_request(_varied)
    return bool(request.htmx) and not request.htmx.history_restore_request


def _varied(response: Response) -> Response:
    response.vary.add("HX-Request")
    return response


def flash_ok(text: str) -> None:
    """Shows a message of success on the next page."""
    flash(text, "ok")


def flash_error(text: str) -> None:
    """Shows an error message on the next page."""
    flash(text, "late")


def way_back(fallback: str = "") -> str:
    """Returns the page of this site that the request names as `next`, in its address or form; else `fallback`."""
    return safe_next(request.values.get("next"), fallback)


def safe_next(target: str | None, fallback: str) -> str:
    """Returns `target` when it is a path on this site, else `fallback` (no `//evil`, no scheme, no backslash)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc or any(ord(c) < 32 for c in target) else target
