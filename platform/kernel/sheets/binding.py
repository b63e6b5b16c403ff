"""Binds a file's own headers to the canonical columns, by synonym or by a mapping.

Invariant: a canonical column has one source (a header, a pattern of headers, or a constant); a header that the mapping
names and the file lacks is an error, never an empty column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from kernel.errors import RuleBroken
from kernel.sheets.mapping import ColumnMapping, Target
from kernel.sheets.parsing import MAX_COLUMNS, header_key

_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Binding:
    """A mapping bound to the headers of one file.

    `values(cells)` returns the canonical columns in order; `headers`: the header of each (empty: not in the file);
    `places`: its position; `ignored`: headers without a column; `missing`: required columns the file lacks;
    `by_name`: the name of a thing stands in the place of its number.
    """

    names: tuple[str, ...]
    values: Callable[[list[str]], Sequence[str]]
    skips: Callable[[list[str]], bool]
    headers: dict[str, str]
    missing: list[str] = field(default_factory=list)
    unknown_headers: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    constants: frozenset[str] = frozenset()
    places: dict[str, int] = field(default_factory=dict)
    by_name: bool = False

    def place(self, name: str) -> int:
        """Returns the sort position of a column from the left: "" first, absent columns last."""
        absent = MAX_COLUMNS + self.names.index(name) if name in self.names else 2 * MAX_COLUMNS
        return self.places.get(name, absent) if name else -1


def header_names(targets: Sequence[Target], mapping: ColumnMapping) -> set[str]:
    """Returns the headers by which the header row is recognised."""
    named = {place for text in mapping.columns.values() for place in (_PLACE.findall(text) or [text])}
    return {header_key(name) for name in named} | {key for each in targets for key in each.keys()}  # noqa: SIM118


def bind(targets: Sequence[Target], headers: Sequence[str], mapping: ColumnMapping) -> Binding:
    """Binds the columns of a kind of file to the headers found. Raises RuleBroken(`mapping_column_unknown`).

    Columns that the mapping does not name are bound by their known headers, except those it calls unread.
    """
    names = tuple(each.name for each in targets)
    for name in (*mapping.columns, *mapping.constants):
        if name not in names:
            raise RuleBroken("mapping_column_unknown", column=name, known=", ".join(names))
    at = _positions(headers)
    unread = {at[header_key(header)] for header in mapping.unread if header_key(header) in at}
    unknown = [header for header in mapping.skip_when if header_key(header) not in at]
    sources: dict[str, Any] = {}
    used: set[int] = set()
    for each in targets:
        source = _source(each.name, each.keys(), at, mapping, unknown, unread)
        sources[each.name] = source
        used.update(_positions_of(source))
    missing = [each.name for each in targets if each.required and sources[each.name] is None]
    return Binding(
        names=names,
        values=_row_getter([sources[name] for name in names], len(headers)),
        skips=_skip_test(mapping, at),
        headers={name: _header_of(sources[name], headers) for name in names},
        missing=missing,
        unknown_headers=unknown,
        ignored=[header for place, header in enumerate(headers) if header and place not in used],
        constants=frozenset(mapping.constants),
        places={name: min(_positions_of(sources[name])) for name in names if _positions_of(sources[name])},
    )


@dataclass(frozen=True, slots=True)
class _HeaderPattern:
    """A text with placeholders for headers; empty when all its cells are."""

    text: str
    places: tuple[int, ...]

    def fill(self, cells: Sequence[str]) -> str:
        found = [cells[place] for place in self.places]
        if not any(found):
            return ""
        rest = iter(found)
        return _PLACE.sub(lambda _match: next(rest), self.text)


def _positions(headers: Sequence[str]) -> dict[str, int]:
    at: dict[str, int] = {f"#{place + 1}": place for place in range(len(headers))}
    for place, header in enumerate(headers):
        if header:
            at.setdefault(header_key(header), place)
    return at


def column_name_at(headers: Sequence[str], place: int) -> str:
    """Returns the name by which a mapping refers to a column: its header, or its place where that is not enough."""
    key = header_key(headers[place])
    alone = key and sum(header_key(header) == key for header in headers) == 1
    return headers[place] if alone and not _PLACE.search(headers[place]) else f"#{place + 1}"


def _source(
    name: str, keys: tuple[str, ...], at: dict[str, int], mapping: ColumnMapping, unknown: list[str], unread: set[int]
) -> int | str | _HeaderPattern | None:
    """Returns the source of a column: a position, a constant, a pattern, or None."""
    if name in mapping.columns:
        pattern = mapping.columns[name]
        named = _PLACE.findall(pattern)
        lacking = [header for header in (named or [pattern]) if header_key(header) not in at]
        if lacking:
            unknown.extend(lacking)
            return None
        return (
            _HeaderPattern(pattern, tuple(at[header_key(header)] for header in named))
            if named
            else at[header_key(pattern)]
        )
    if name in mapping.constants:
        return mapping.constants[name]
    return next((at[key] for key in keys if key in at and at[key] not in unread), None)


def _positions_of(source: int | str | _HeaderPattern | None) -> tuple[int, ...]:
    if isinstance(source, _HeaderPattern):
        return source.places
    return (source,) if isinstance(source, int) else ()


def _header_of(source: int | str | _HeaderPattern | None, headers: Sequence[str]) -> str:
    if isinstance(source, _HeaderPattern):
        return source.text
    return headers[source] if isinstance(source, int) else ""


def _row_getter(sources: list[int | str | _HeaderPattern | None], width: int) -> Callable[[list[str]], Sequence[str]]:
    """Returns a function from cells to canonical columns; constants follow the cells, so one itemgetter takes a row."""
    tail: list[str] = []
    places: list[int] = []
    patterns: list[tuple[int, _HeaderPattern]] = []
    for column, source in enumerate(sources):
        if isinstance(source, int):
            places.append(source)
            continue
        places.append(width + len(tail))
        tail.append(source if isinstance(source, str) else "")
        if isinstance(source, _HeaderPattern):
            patterns.append((column, source))
    pick = itemgetter(*places)
    if not patterns:
        return lambda cells: pick(cells + tail)

    def filled(cells: list[str]) -> Sequence[str]:
        row = list(pick(cells + tail))
        for column, pattern in patterns:
            row[column] = pattern.fill(cells)
        return row

    return filled


def _skip_test(mapping: ColumnMapping, at: dict[str, int]) -> Callable[[list[str]], bool]:
    tests = [
        (at[header_key(header)], frozenset(values))
        for header, values in mapping.skip_when.items()
        if header_key(header) in at
    ]
    return lambda cells: any(cells[place] in values for place, values in tests)
