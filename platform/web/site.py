"""The application as a class of its own: quick templates, and addresses that are built once and kept.

Invariant: an address is what Flask would have returned; it is kept under all that it
depends on (where the product is mounted, company, endpoint, values), and no more than KEPT of them.
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
    """The application, which remembers the addresses it has built."""

    jinja_environment = PageEnvironment

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept = lru_cache(maxsize=KEPT)(self._build)

    def url_for(self, endpoint: str, /, **values: Any) -> str:  # type: ignore[override]  # as Flask's, passed on
        """As Flask's. Ids stand in for each other: an address with one id is built once and filled in after that."""
        if not has_request_context() or endpoint[:1] == "." or any(name[0] == "_" for name in values):
            return super().url_for(endpoint, **values)
        where = (request.root_path, g.get("company_slug"), endpoint)
        if len(values) == 1:
            ((name, value),) = values.items()
            if type(value) is UUID:
                return self._kept(where, ((name, _ANY),)).replace(_PLACE, str(value))
        if all(type(value) in _PLAIN for value in values.values()):
            return self._kept(where, tuple(values.items()))
        return super().url_for(endpoint, **values)

    def _build(self, where: tuple[str, str | None, str], values: tuple[tuple[str, Any], ...]) -> str:
        return super().url_for(where[2], **dict(values))
