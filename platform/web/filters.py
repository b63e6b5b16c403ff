"""Filters and sorting of a list page, read from the query string into the page's own frozen dataclass.

    @dataclass(frozen=True)
    class InvoiceFilters:
        q: str = text()
        stage: str = choice("all", "overdue", "disputed")
        since: date | None = day()
        sort: str = choice("due", "-due", "amount", "-amount")

Invariant: any query string gives a valid value; what is unknown or malformed becomes the default
(a choice's first), and defaults never appear in the links built here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import date
from typing import Any, ClassVar, Protocol, TypeVar

from kernel.bookable import FIRST_DAY, LAST_DAY, is_bookable
from web.paging import address

__all__ = ["FIRST_DAY", "LAST_DAY"]  # named here for what reads a day from an address

_READER = "reader"
_IS_DAY = "is_day"


class Filters(Protocol):
    """Any frozen dataclass whose fields are declared with the functions below."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


F = TypeVar("F", bound=Filters)


def _declare(default: Any, read: Callable[[str], Any], *, is_day: bool = False) -> Any:
    return field(default=default, metadata={_READER: read, _IS_DAY: is_day})


def text(default: str = "", *, max_length: int = 200) -> Any:
    """Declares a filter of free text, trimmed and cut; NUL is dropped since PostgreSQL refuses it."""
    return _declare(default, lambda raw: raw.replace("\x00", "").strip()[:max_length])


def choice(default: str, *others: str) -> Any:
    """Declares a filter with one of the named values; the first is the default."""
    known = {default, *others}
    return _declare(default, lambda raw: raw if raw in known else default)


def one_of(known: Callable[[], Iterable[str]]) -> Any:
    """Declares a filter with one of the values registered at start, or ""."""
    return _declare("", lambda raw: raw if raw in set(known()) else "")


def day(default: date | None = None) -> Any:
    """Declares a filter with an ISO date from FIRST_DAY to LAST_DAY."""
    return _declare(default, lambda raw: _day(raw) or default, is_day=True)


def whole(default: int | None = None, *, least: int = 0, most: int = 10**9) -> Any:
    """Declares a filter with a whole number within bounds."""

    def read_whole(raw: str) -> int | None:
        number = raw.strip()
        if len(number) > 10 or not (number.isascii() and number.removeprefix("-").isdigit()):
            return default
        return int(number) if least <= int(number) <= most else default

    return _declare(default, read_whole)


def flag(default: bool = False) -> Any:
    """Declares a filter that is on for 1, on, true or yes and off for 0, off, false or no."""
    words = {**dict.fromkeys(("1", "on", "true", "yes"), True), **dict.fromkeys(("0", "off", "false", "no"), False)}
    return _declare(default, lambda raw: words.get(raw.lower(), default))


def read(cls: type[F], args: Mapping[str, str]) -> F:
    """Reads the filters from a query string. Never raises on any value in it."""
    return cls(**{f.name: f.metadata[_READER](args[f.name]) for f in fields(cls) if f.name in args})


def unread_days(cls: type[Filters], args: Mapping[str, str]) -> dict[str, str]:
    """Returns the invalid dates that were typed (cut to 40 characters), by field name."""
    return {
        f.name: typed[:40]
        for f in fields(cls)
        if f.metadata[_IS_DAY] and (typed := args.get(f.name, "").replace("\x00", "").strip()) and not _day(typed)
    }


def currency_options(known: Iterable[str], wanted: str, every: str) -> list[tuple[str, str]]:
    """Returns a select's options: `every` for no filter, the known codes, and the wanted one when it is unknown."""
    codes = {*known, wanted.upper()} - {""}
    return [("", every), *((code, code) for code in sorted(codes))]


def active(filters: Filters, *, ignore: Iterable[str] = ("sort",)) -> dict[str, str]:
    """Returns the fields that differ from their defaults, as written in an address."""
    skipped = set(ignore)
    return {
        f.name: _write(value)
        for f in fields(filters)
        if f.name not in skipped and (value := getattr(filters, f.name)) != f.default
    }


def url(filters: Filters, path: str, **changes: object) -> str:
    """Returns `path` with these filters and `changes`, without defaults and page number. Raises KeyError."""
    defaults = {f.name: f.default for f in fields(filters)}
    values = {name: getattr(filters, name) for name in defaults}
    for name, value in changes.items():
        values[name] = value if name in defaults else _unknown(name)
    return address(path, (), {n: _write(v) for n, v in values.items() if v != defaults[n]})


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter choice as a link."""

    label: str
    url: str
    current: bool
    count: int | None = None


def chips(
    filters: Filters, name: str, options: Iterable[tuple[object, str] | tuple[object, str, int]], path: str
) -> list[Chip]:
    """Returns links that set the field `name` to each option (`value, label[, count]`), keeping the other filters."""
    now = getattr(filters, name)
    return [
        Chip(
            option[1],
            url(filters, path, **{name: option[0]}),
            now == option[0],
            option[2] if len(option) == 3 else None,
        )
        for option in options
    ]


@dataclass(frozen=True, slots=True)
class SortLink:
    """A sortable column head; `state` is the word `aria-sort` wants."""

    url: str
    state: str


def sort_links(filters: Filters, path: str, *keys: str, name: str = "sort") -> dict[str, SortLink]:
    """Returns the sorting link of each key; it reverses the order when the list is sorted by it already.

    Both `key` and `-key` must be among the field's choices, else the link would lead to the default.
    """
    now = getattr(filters, name)
    links = {}
    for key in keys:
        state = {key: "ascending", f"-{key}": "descending"}.get(now, "none")
        turned = f"-{key}" if state == "ascending" else key
        links[key] = SortLink(url(filters, path, **{name: turned}), state)
    return links


def _day(raw: str) -> date | None:
    try:
        found = date.fromisoformat(raw.strip()) if len(raw.strip()) == 10 else None
    except ValueError:
        return None
    return found if found and is_bookable(found) else None


def _write(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _unknown(name: str) -> object:
    raise KeyError(name)
