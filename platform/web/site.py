"""The Flask application class: fast templates and cached addresses.

Invariant: an address is what Flask would have returned; it is cached by all that it depends on (mount point, company,
endpoint, values), and at most KEPT are cached.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from flask import Flask, g, has_request_context, request

from web.templating import PageEnvironment

KEPT: Final = 4096
_ANY: Final = UUID(int=0)
_PLACE: Final = str(_ANY)
_PLAIN: Final = frozenset({str, int, type(None)})


class Site(Flask):
    """The application; it caches the addresses it has built."""

    jinja_environment = PageEnvironment

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept = lru_cache(maxsize=KEPT)(self._build)

    def url_for(self, endpoint: str, /, **values: Any) -> str:  # type: ignore[override]  # as Flask's, passed on
        """Builds an address as Flask does; one with a single id is built once and the id filled in later."""
        if not has_request_context() or endpoint[:1] == "." or any(name[0] == "_" for name in values):
            return super().url_for(endpoint, **values)
        where = (request.root_path, g.get("company_slug"), endpoint)
        ids = [value for value in values.values() if type(value) is UUID]
        if not all(type(value) in _PLAIN or type(value) is UUID for value in values.values()) or len(ids) > 1:
            return super().url_for(endpoint, **values)
        if not ids:
            return self._kept(where, tuple(values.items()))
        kept = tuple((name, _ANY if type(value) is UUID else value) for name, value in values.items())
        return self._kept(where, kept).replace(_PLACE, str(ids[0]), 1)

    def _build(self, where: tuple[str, str | None, str], values: tuple[tuple[str, Any], ...]) -> str:
        return super().url_for(where[2], **dict(values))
