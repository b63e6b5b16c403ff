"""Two kinds of import contract that name places by pattern, for `lint-imports` (see pyproject.toml).

`places`: modules that match must not import these packages directly, save the modules excepted by pattern.
`faces`: another slice imports of a slice only its public rooms. Both look at every module, so a new one cannot escape.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, NamedTuple

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class BrokenImport(NamedTuple):
    """A module and what it imports against the contract."""

    importer: str
    imported: str


class _PatternContract(Contract):  # type: ignore[misc]  # importlinter is untyped
    """A contract whose check yields the imports that break it."""

    def broken_imports(self, graph: ImportGraph) -> list[BrokenImport]:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken = sorted(self.broken_imports(graph))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported}")


def _matches(module: str, patterns: Any) -> bool:
    return any(fnmatchcase(module, pattern) for pattern in patterns)


class PlacesContract(_PatternContract):
    """`modules` (patterns; `*` spans dots) import none of `forbidden` directly, save `except_modules`."""

    type_name = "places"

    modules = fields.ListField(subfield=fields.StringField())
    except_modules = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    forbidden = fields.ListField(subfield=fields.StringField())

    def broken_imports(self, graph: ImportGraph) -> list[BrokenImport]:
        return [
            BrokenImport(importer, imported)
            for importer in graph.modules
            if _matches(importer, self.modules) and not _matches(importer, self.except_modules)
            for imported in graph.find_modules_directly_imported_by(importer)
            if _matches(imported, chain.from_iterable((name, f"{name}.*") for name in self.forbidden))
        ]


class FacesContract(_PatternContract):
    """Modules of `container` (its slices and, with `also_from`, others) enter a slice by its `faces` only.

    A face is a child of the slice (`ar.ledger.lookups`); of those in `deep_faces` every descendant is public too.
    """

    type_name = "faces"

    container = fields.StringField()
    faces = fields.ListField(subfield=fields.StringField())
    deep_faces = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def broken_imports(self, graph: ImportGraph) -> list[BrokenImport]:
        prefix = f"{self.container}."
        return [
            BrokenImport(importer, imported)
            for importer in graph.modules
            if importer.startswith(prefix)
            for imported in graph.find_modules_directly_imported_by(importer)
            if imported.startswith(prefix) and not self._is_open(importer, imported)
        ]

    def _is_open(self, importer: str, imported: str) -> bool:
        slice_name, *room = imported.removeprefix(f"{self.container}.").split(".")
        if importer.split(".")[1] == slice_name:
            return True
        return bool(room) and (room[0] in self.deep_faces or (len(room) == 1 and room[0] in self.faces))
