"""Style sheets, script and pictures under names with the hash of their content; joined at start, no build step.

Invariant: a name always means the same bytes, so browsers may cache it for ever; a changed file gets a new name
(checked per request in development only).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, request

from web.compression import accepts_gzip, gzipped, mark_compressed

STATIC = Path(__file__).parent / "static"

#: The order is the cascade's: the layers are named in the first file, the rest follow them.
CSS = (
    *("reset", "tokens", "base", "layout", "table", "form", "button", "badge"),
    *("block", "dialog", "timeline", "chart", "portal", "print", "utilities"),
)
SOURCES: dict[str, tuple[str, ...]] = {
    "app.css": tuple(f"css/{name}.css" for name in CSS),
    "app.js": ("vendor/htmx.min.js", "js/app.js", "js/matching.js", "js/deliveries.js"),
    "favicon.svg": ("favicon.svg",),
}
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as served; the hash of `body` is part of `served_as`, `packed` is `body` as gzip, made once."""

    served_as: str
    body: bytes
    content_type: str
    packed: bytes


def build(static: Path = STATIC) -> dict[str, Asset]:
    """Joins the sources; returns assets by the plain name that templates use. Raises FileNotFoundError."""
    built = {}
    for name, parts in SOURCES.items():
        body = b"\n".join((static / part).read_bytes() for part in parts)
        stem, dot, suffix = name.rpartition(".")
        digest = hashlib.sha256(body).hexdigest()[:12]
        built[name] = Asset(f"{stem}.{digest}{dot}{suffix}", body, TYPES[dot + suffix], gzipped(body, 9))
    return built


class Assets:
    """The built assets of one process."""

    def __init__(self, static: Path = STATIC, *, watch: bool = False) -> None:
        self._static, self._watch = static, watch
        self._stamp = self._newest()
        self._built = build(static)

    def _newest(self) -> tuple[int, ...]:
        return tuple((self._static / part).stat().st_mtime_ns for parts in SOURCES.values() for part in parts)

    def _current(self) -> dict[str, Asset]:
        if self._watch and (stamp := self._newest()) != self._stamp:
            self._built, self._stamp = build(self._static), stamp
        return self._built

    def served_as(self, name: str) -> str:
        """Returns the served name, `app.3f2a….css` for `app.css`. Raises KeyError for an unknown name."""
        return self._current()[name].served_as

    def find(self, served_as: str) -> Asset | None:
        """Returns the asset under a hashed name, None when there is none."""
        return next((a for a in self._current().values() if a.served_as == served_as), None)


def install(app: Flask, *, prefix: str = "/assets") -> Assets:
    """Serves the assets below `prefix` (endpoint `assets`); templates get `asset(name)` for their addresses."""
    assets = Assets(watch=app.debug)
    app.extensions["assets"] = assets

    def serve(name: str) -> Response:
        found = assets.find(name)
        if found is None:
            abort(404)
        response = Response(found.body, content_type=found.content_type)
        response.headers["Cache-Control"] = FOREVER
        response.set_etag(found.served_as)
        response.vary.add("Accept-Encoding")
        if accepts_gzip(request):
            mark_compressed(response, found.packed)
        response.make_conditional(request)
        return response

    def address(name: str) -> str:
        root = request.script_root if request else ""
        return f"{root}{prefix}/{assets.served_as(name)}"

    serving: Callable[[str], Response] = serve
    app.add_url_rule(f"{prefix}/<name>", "assets", serving, methods=["GET"])
    app.jinja_env.globals["asset"] = address
    return assets
