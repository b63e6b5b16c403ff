"""The row of tabs over pages that belong together. Invariant: one order on every page, exactly one tab is current."""

from __future__ import annotations

from collections.abc import Iterable

from web.filters import Chip

#: (name, label, address) of a tab, and how many wait behind it.
Tab = tuple[str, str, str] | tuple[str, str, str, int]


def tabs(current: str, pages: Iterable[Tab]) -> list[Chip]:
    """Returns the tabs in the order of `pages`, the one named `current` marked."""
    return [
        Chip(label=page[1], url=page[2], current=page[0] == current, count=page[3] if len(page) == 4 else None)
        for page in pages
    ]
