"""Styles, script and pictures under names that carry their content's hash; joined at start, no build step.

Invariant: a name that once answered always means the same bytes,
so browsers may keep it for ever; a changed file is a new name (checked per request in development only).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, request

STATIC = Path(__file__).parent / "static"

#: The order is the cascade's: the layers are named in the first file, the rest follow them.
CSS = (
    *("reset", "tokens", "base", "layout", "table", "form", "button", "badge"),
    *("block", "dialog", "timeline", "chart", "portal", "print", "utilities"),
)
SOURCES: dict[str, tuple[str, ...]] = {
    "app.css": tuple(f"css/{name}.css" for name in CSS),
    "app.js": ("vendor/htmx.min.js", "js/app.js", "js/matching.js"),
    "favicon.svg": ("favicon.svg",),
}
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as served: `served_as` carries the hash of `body`."""

    served_as: str
    body: bytes
    content_type: str


def build(static: Path = STATIC) -> dict[str, Asset]:
    """Join the sources; the key is the plain name that templates use. Raises FileNotFoundError."""
    built = {}
    for name, parts in SOURCES.items():
        body = b"\n".join((static / part).read_bytes() for part in parts)
        stem, dot, suffix = name.rpartition(".")
        digest = hashlib.sha256(body).hexdigest()[:12]
        built[name] = Asset(f"{stem}.{digest}{dot}{suffix}", body, TYPES[dot + suffix])
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
        """`app.3f2a….css` for `app.css`. Raises KeyError for a name that is not ours."""
        return self._current()[name].served_as

    def find(self, served_as: str) -> Asset | None:
        """What answers under that hashed name now, or None."""
        return next((a for a in self._current().values() if a.served_as == served_as), None)


def install(app: Flask, *, prefix: str = "/assets") -> Assets:
    """Serve the assets below `prefix` (endpoint `assets`) and give templates `asset(name)`, their address."""
    assets = Assets(watch=app.debug)
    app.extensions["assets"] = assets

    def serve(name: str) -> Response:
        found = assets.find(name)
        if found is None:
            abort(404)
        response = Response(found.body, content_type=found.content_type)
        response.headers["Cache-Control"] = FOREVER
        response.set_etag(found.served_as)
        response.make_conditional(request)
        return response

    def address(name: str) -> str:
        root = request.script_root if request else ""
        return f"{root}{prefix}/{assets.served_as(name)}"

    serving: Callable[[str], Response] = serve
    app.add_url_rule(f"{prefix}/<name>", "assets", serving, methods=["GET"])
    app.jinja_env.globals["asset"] = address
    return assets
