"""Paging of lists: the page requested by an address, and the links to other pages.

Invariant: for any address the page exists and the size is one on offer; every other argument of the address is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

SIZES = (25, 50, 100)
DEFAULT_SIZE = 50
MAX_NUMBER = 1_000_000

Args = Mapping[str, str] | Iterable[tuple[str, str]]


def pairs(args: Args) -> list[tuple[str, str]]:
    """Returns the arguments as pairs; of a Werkzeug MultiDict all values."""
    if isinstance(args, Mapping):
        items = getattr(args, "items", None)
        try:
            return [(str(k), str(v)) for k, v in items(multi=True)]  # type: ignore[misc]
        except TypeError:
            return [(str(k), str(v)) for k, v in args.items()]
    return list(args)


def address(path: str, args: Args, changes: Mapping[str, object]) -> str:
    """Returns `path` with `args`, where `changes` replaces (a value) or drops (None, empty) arguments."""
    kept = [(key, value) for key, value in pairs(args) if key not in changes]
    kept += [(key, str(value)) for key, value in changes.items() if value not in (None, "")]
    return f"{path}?{urlencode(kept)}" if kept else path


@dataclass(frozen=True, slots=True)
class PageLink:
    """One page (or page size) in the pager."""

    number: int
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class PageAsked:
    """The requested page before the total is known; `offset` and `limit` go into the query."""

    number: int = 1
    size: int = DEFAULT_SIZE

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size

    @property
    def limit(self) -> int:
        """Returns the number of rows on a page."""
        return self.size

    def page(self, total: int, path: str = "", args: Args = ()) -> Page:
        """Returns the page within `total` rows; beyond the end the last one."""
        last = max(1, -(-total // self.size))
        return Page(min(self.number, last), self.size, total, path, tuple(pairs(args)))


def read_page(args: Mapping[str, str], default_size: int = DEFAULT_SIZE) -> PageAsked:
    """Reads `page` and `size`; invalid values become the first page and the default size."""
    size = _whole(args.get("size"))
    return PageAsked(
        number=min(max(_whole(args.get("page")) or 1, 1), MAX_NUMBER),
        size=size if size in SIZES else default_size,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of `total` rows, with the links around it."""

    number: int
    size: int
    total: int
    path: str = ""
    args: tuple[tuple[str, str], ...] = ()

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size

    @property
    def pages(self) -> int:
        """Returns the number of pages, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Returns the number of the first row shown; 0 when there is none."""
        return self.offset + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Returns the number of the last row shown."""
        return min(self.offset + self.size, self.total)

    def url(self, number: int) -> str:
        """Returns the address of another page with the same filters."""
        return address(self.path, self.args, {"page": number if number > 1 else None})

    @property
    def prev_url(self) -> str | None:
        """The address of the previous page, if any."""
        return self.url(self.number - 1) if self.number > 1 else None

    @property
    def next_url(self) -> str | None:
        """The address of the next page, if any."""
        return self.url(self.number + 1) if self.number < self.pages else None

    @property
    def links(self) -> list[PageLink | None]:
        """Returns links to the first, last and neighbouring pages; None is a gap."""
        near = {1, self.pages, *range(self.number - 1, self.number + 2)}
        shown: list[PageLink | None] = []
        before = 0
        for number in sorted(n for n in near if 1 <= n <= self.pages):
            if number - before == 2:
                shown.append(PageLink(number - 1, self.url(number - 1), False))
            elif number - before > 2:
                shown.append(None)
            shown.append(PageLink(number, self.url(number), number == self.number))
            before = number
        return shown

    @property
    def size_links(self) -> list[PageLink]:
        """Returns links to the page sizes on offer, each starting at the first page."""
        return [
            PageLink(size, address(self.path, self.args, {"size": size, "page": None}), size == self.size)
            for size in SIZES
        ]


def _whole(text: str | None) -> int | None:
    if text is None or len(text) > 9 or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
