"""Long columns for `unnest`: one text per column instead of one driver call per value.

Invariant: the text is PostgreSQL's own array literal, so the cast at the server gives back exactly the values, NULL
for None, whatever characters a text has. Write `CAST(:ids AS uuid[])`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:+-]*")


def array_text(values: Iterable[object]) -> str:
    """Returns an array literal of ids, numbers, dates or texts; several times faster than a long bound list.

    Raises ValueError for a text with NUL, which PostgreSQL cannot store.
    """
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if not isinstance(value, str):
        return str(value)
    if _PLAIN.fullmatch(value) and value.upper() != "NULL":
        return value
    if "\x00" in value:
        raise ValueError("a text with NUL cannot be stored")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
