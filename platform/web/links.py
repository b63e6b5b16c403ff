"""Addresses in templates: Flask's own `url_for`, quick where a page writes the same address for each of its rows.

May import Flask, no domain. Invariant: what it returns is what Flask would have returned; nothing outlives a request.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import flask
from flask import Flask, g

_ANY: Final = UUID(int=0)
_PLACE: Final = str(_ANY)


def url_for(endpoint: str, **values: Any) -> str:
    """As flask.url_for. An address that differs by one id alone is built once per request and filled in after that."""
    if len(values) == 1:
        ((name, value),) = values.items()
        if type(value) is UUID:
            patterns: dict[tuple[str, str], str] = g.setdefault("url_patterns", {})
            pattern = patterns.get((endpoint, name))
            if pattern is None:
                anybody: dict[str, Any] = {name: _ANY}
                pattern = patterns[endpoint, name] = flask.url_for(endpoint, **anybody)
            return pattern.replace(_PLACE, str(value))
    return flask.url_for(endpoint, **values)


def install(app: Flask) -> None:
    """Gives templates this `url_for`."""
    app.jinja_env.globals["url_for"] = url_for
