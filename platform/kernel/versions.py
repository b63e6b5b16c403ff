"""Versions of what a person edits, so that nobody overwrites what another has changed since the form was filled.

A version is made of the values themselves, one short hash each: no column, no counter, and whatever changes the record
(another person, an import, a command line) changes it. It also tells which of the values were changed.

Invariants: equal values have equal versions whatever their order; a command compares after it has locked the record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from kernel.errors import Conflict
from kernel.inputs import EditInput

_HASH_CHARS: Final = 8


def version_of(values: Mapping[str, Any]) -> str:
    """Returns the version of a record's values as its form shows them, field → value; "0" of a record not there yet."""
    return "".join(_hash(name, values[name]) for name in sorted(values)) or "0"


def changed_since(version: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the fields whose values differ from those of `version`, all of them where it does not tell."""
    names = sorted(values)
    seen = [version[at : at + _HASH_CHARS] for at in range(0, len(version), _HASH_CHARS)]
    if len(seen) != len(names):
        return tuple(names)
    return tuple(name for name, known in zip(names, seen, strict=True) if known != _hash(name, values[name]))


def check_version(data: EditInput, values: Mapping[str, Any]) -> None:
    """Checks that a record, which the caller has locked, is what the form was filled from.

    `values`: what it holds now, as the form shows it; empty when it is not there. Passes an input that comes from no
    form (version None). Raises Conflict(`changed_meanwhile`) with the fields that changed and their values.
    """
    if data.version is None or data.version == version_of(values):
        return
    changed = changed_since(data.version, values)
    raise Conflict("changed_meanwhile", version=version_of(values), now={name: values[name] for name in changed})


def _hash(name: str, value: object) -> str:
    known = json.dumps([name, value], sort_keys=True, default=str)
    return hashlib.sha256(known.encode()).hexdigest()[:_HASH_CHARS]
