"""The mappings of known systems, shipped as data, and how a file is told to be of one of them.

Invariant: a system is known by its headers alone; its mapping names only what its files have.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ar.imports.columns import FileKind, fields
from kernel.sheets import header_key
from kernel.sheets.mapping import ColumnMapping

_FOLDER: Final = Path(__file__).parents[1] / "presets" / "systems"


@dataclass(frozen=True, slots=True)
class System:
    """One system: `needs` are the headers its files have, each with its other spellings in compared form."""

    name: str
    kind: FileKind
    needs: tuple[frozenset[str], ...]
    mapping: dict[str, Any]

    def fits(self, keys: frozenset[str]) -> bool:
        """Tells that a file with these compared headers is of this system."""
        return all(names & keys for names in self.needs)

    def mapping_for(self, headers: Sequence[str]) -> ColumnMapping:
        """Returns the mapping for a file of this system: without what its headers lack."""
        keys = {header_key(header): header for header in headers}
        columns = {
            name: keys[key]
            for name, choices in self.mapping.get("columns", {}).items()
            for key in list(map(header_key, choices.split("|")))
            if key in keys
        }
        skip_when = {
            header: values for header, values in self.mapping.get("skip_when", {}).items() if header_key(header) in keys
        }
        known = {each.name for each in fields(self.kind) if keys.keys() & set(each.keys())}
        constants = {name: text for name, text in self.mapping.get("constants", {}).items() if name not in known}
        own = {"columns": columns, "skip_when": skip_when, "constants": constants}
        return ColumnMapping.model_validate({**self.mapping, **own})


@cache
def systems() -> tuple[System, ...]:
    """Returns the shipped systems, those that need the most headers first."""
    found = []
    for path in sorted(_FOLDER.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        needs = tuple(frozenset(map(header_key, [each] if isinstance(each, str) else each)) for each in data["needs"])
        found.append(System(data["name"], data["kind"], needs, data["mapping"]))
    return tuple(sorted(found, key=lambda system: -len(system.needs)))


def system_of(kind: FileKind, headers: Sequence[str]) -> System | None:
    """Returns the system whose files of this kind have these headers, None for an unknown one."""
    keys = frozenset(map(header_key, headers))
    return next((system for system in systems() if system.kind == kind and system.fits(keys)), None)
