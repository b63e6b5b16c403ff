"""Ids of page elements, made in one place so that a partial and what swaps it agree.

Invariant: the same kind and record always give the same valid id.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def dom_id(kind: str, record: object = None) -> str:
    """`row-42` for ("row", 42), for a record its `id`; `rows` alone when there is no record."""
    if record is None:
        return _UNSAFE.sub("-", kind)
    key = getattr(record, "id", record)
    return f"{_UNSAFE.sub('-', kind)}-{_UNSAFE.sub('-', str(key))}"
