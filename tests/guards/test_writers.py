"""A table is written by the slice that owns it: no insert, update or delete of a class that another slice defines.

Reads the source: names imported from another package's models, and the short aliases given to them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLATFORM = Path(__file__).resolve().parents[2] / "platform"
WRITES = frozenset({"insert", "update", "delete"})
# The bulk twin of `kernel.journal.record`, which writes one event.
ALLOWED = frozenset({("ar/customers/register/bulk.py", "JournalEvent")})


def _classes() -> dict[str, str]:
    """Class of a table → the package that owns it, "ar.ledger" or "kernel.mail"."""
    owners = {}
    for path in sorted(PLATFORM.rglob("*.py")):
        package = ".".join(path.relative_to(PLATFORM).with_suffix("").parts[:2])
        for node in ast.parse(path.read_bytes()).body:
            bases = (
                [base.id for base in node.bases if isinstance(base, ast.Name)] if isinstance(node, ast.ClassDef) else []
            )
            if isinstance(node, ast.ClassDef) and "Base" in bases:
                owners[node.name] = package
    return owners


def _aliases(function: ast.AST) -> dict[str, str]:
    """Short name → class, from `c = Contact` and `c, a = Contact, Action`."""
    found = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        targets = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        for name, given in zip(targets, values, strict=False):
            if isinstance(name, ast.Name) and isinstance(given, ast.Name):
                found[name.id] = given.id
    return found


def _written(tree: ast.Module) -> Iterator[str]:
    """The names of classes that a module inserts, updates or deletes."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        aliases = _aliases(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in WRITES:
                    yield aliases.get(node.args[0].id, node.args[0].id)


def test_no_slice_writes_a_table_of_another() -> None:
    owners = _classes()
    assert owners["Contact"] == "ar.customers", "the classes of the tables were not found"
    checked, foreign = 0, set()
    for path in sorted((PLATFORM / "ar").rglob("*.py")):
        place = path.relative_to(PLATFORM)
        for name in _written(ast.parse(path.read_bytes())):
            checked += name in owners
            if owners.get(name, ".".join(place.parts[:2])) != ".".join(place.parts[:2]):
                foreign.add((place.as_posix(), name))
    assert checked > 40
    assert foreign - ALLOWED == set()
