"""Views by name: frozen dataclasses made from rows, each column found by the name of its field (ADR 0024).

Invariants: no view depends on the order of a statement's columns; a field without a column of its name is refused at
the first row, before anybody sees a page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar, cast

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import SQLCoreOperations

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")

#: A row whose columns are read by name.
DbRow: TypeAlias = sa.Row[*tuple[Any, ...]]

#: Stands in `view_columns` for a field that no column fills: `view` is given its value when the row is read.
LATER: Final[Any] = object()


def value(column: SQLCoreOperations[T]) -> T:
    """Returns the column, typed as the value that a row will hold, so that mypy compares it with the field."""
    return cast(T, column)


def tuple_of(column: sa.ColumnElement[list[T]] | InstrumentedAttribute[list[T]]) -> tuple[T, ...]:
    """Returns an array column like `value`; its list is read as the tuple that the frozen view holds."""
    item_type = cast(sa.ARRAY[T], column.type).item_type
    return cast(tuple[T, ...], sa.type_coerce(column, sa.ARRAY(item_type, as_tuple=True)))


def view_columns(_view: Callable[P, object], /, *_: P.args, **fields: P.kwargs) -> list[sa.ColumnElement[Any]]:
    """Returns the columns that fill a view, labelled with its fields: `view_columns(Leg, account=value(p.account))`.

    Written as the view's own constructor, so mypy refuses a field that is missing, unknown or of another type.
    """
    return [_named(name, column) for name, column in fields.items() if column is not LATER]


def select_view(view: Callable[P, object], /, *args: P.args, **fields: P.kwargs) -> sa.Select[*tuple[Any, ...]]:
    """Returns a select of `view_columns`, to be joined, narrowed and sorted as any other."""
    return sa.select(*view_columns(view, *args, **fields))


def json_view(_view: Callable[P, object], /, *_: P.args, **fields: P.kwargs) -> sa.ColumnElement[Any]:
    """Returns a JSON object of the view's fields, for several views in one column; `from_json` reads them."""
    return _json_object(fields)


def json_of(view: Callable[..., object], source: sa.FromClause) -> sa.ColumnElement[Any]:
    """Returns the same from the columns of a subquery that was made by `select_view`."""
    return _json_object({name: source.c[name] for name in _names(view)})


def _json_object(columns: Mapping[str, object]) -> sa.ColumnElement[Any]:
    # Names as they stand: as parameters they would be sent anew with each request.
    pairs = [part for name, column in columns.items() for part in (sa.literal_column(f"'{name}'"), column)]
    return sa.func.jsonb_build_object(*pairs)


def from_json(view: Callable[..., V], found: Sequence[Any] | None) -> tuple[V, ...]:
    """Makes the views of a JSON array; days, moments and ids become what the fields say. Raises ValidationError."""
    return tuple(_reader(view).validate_python(each) for each in found or ())


def views(view: Callable[..., V], rows: Iterable[DbRow]) -> list[V]:
    """Makes one view of each row. Raises TypeError when a field has no column; columns of no field are passed over."""
    # Fetched at once: row by row costs several times as much.
    found = rows.all() if isinstance(rows, sa.Result) else rows if isinstance(rows, Sequence) else list(rows)
    if not found:
        return []
    names = found[0]._fields
    fields, pick = _row_reader(view, names, ())
    if fields == names:
        return [view(*row) for row in found]
    return [view(*pick(row)) for row in found]


def view(view: Callable[..., V], row: DbRow, /, **more: Any) -> V:
    """Makes a view of one row; `more` gives the fields that no column fills. Raises TypeError like `views`."""
    fields, pick = _row_reader(view, row._fields, tuple(more))
    return view(**dict(zip(fields, pick(row), strict=True)), **more)


def _named(name: str, column: Any) -> Any:
    return column if getattr(column, "key", None) == name else column.label(name)


def _names(view: Any) -> tuple[str, ...]:
    """The fields of a dataclass or a named tuple, in order."""
    if dataclasses.is_dataclass(view):
        return tuple(field.name for field in dataclasses.fields(view) if field.init)
    names: tuple[str, ...] = view._fields
    return names


@cache
def _reader(view: Any) -> TypeAdapter[Any]:
    return TypeAdapter(view)


@lru_cache(maxsize=2048)
def _row_reader(
    view: Any, names: tuple[str, ...], given: tuple[str, ...]
) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The fields that columns fill, in the view's order, and what reads their values; once per view and statement."""
    fields = tuple(name for name in _names(view) if name not in given)
    if missing := [name for name in fields if names.count(name) != 1]:
        raise TypeError(f"{view.__name__}: not exactly one column for {', '.join(missing)}; there are {names}")
    places = [names.index(name) for name in fields]
    if len(places) == 1:
        return fields, lambda row: (row[places[0]],)
    return fields, itemgetter(*places) if places else lambda _row: ()
