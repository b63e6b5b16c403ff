"""The row of tabs over pages that belong together. Invariant: one order on every page, exactly one tab is current."""

from __future__ import annotations

from collections.abc import Mapping

from flask import url_for

from web.filters import Chip


def tabs(current: str, pages: Mapping[str, str]) -> list[Chip]:
    """Returns a tab for each page, endpoint → label, in this order; the one of the endpoint `current` is marked."""
    return [Chip(label, url_for(endpoint), endpoint == current) for endpoint, label in pages.items()]
