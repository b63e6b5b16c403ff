"""Views are made by name (ADR 0024): no row is spread into a constructor, sliced, counted off or typed Any."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "platform"
#: The one place that may spread a row: it has compared the names.
MAKER = "kernel/views.py"
#: Tuples that are no rows of a statement.
SPREAD = {
    "ar/credit/rules/exposure.py": {"Parts"},  # the same fields again, each changed
    "ar/imports/inputs.py": {"Finding", "Group"},  # kept as JSON arrays in the report of an import
}
ROW_NAMES = {"row", "r"}
ANY = {"Any", "Sequence[Any]", "list[Any]", "tuple[Any, ...]"}


def test_no_view_is_made_from_the_places_of_a_rows_columns() -> None:
    assert _faults(_positional) == []


def test_no_rows_of_a_statement_are_typed_any() -> None:
    assert _faults(_untyped) == []


def _faults(is_fault: Callable[[str, ast.AST], bool]) -> list[str]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name != MAKER:
            nodes = ast.walk(ast.parse(path.read_bytes()))
            found += [f"{name}:{getattr(node, 'lineno', 0)}" for node in nodes if is_fault(name, node)]
    return found


def _positional(file: str, node: ast.AST) -> bool:
    """`View(*row)`, `View(*(*row, more))`, `View(row.number, row.name)`, `row[:15]`, `row[3]`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.lstrip("_")[:1].isupper():
        spread = any(isinstance(argument, ast.Starred) for argument in node.args)
        read = [argument for argument in node.args if isinstance(argument, ast.Attribute) and _is_row(argument.value)]
        return (spread and node.func.id not in SPREAD.get(file, ())) or len(read) > 1
    if isinstance(node, ast.Subscript) and _is_row(node.value):
        place = node.slice
        return isinstance(place, ast.Slice) or (isinstance(place, ast.Constant) and isinstance(place.value, int))
    return False


def _is_row(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ROW_NAMES


def _untyped(_file: str, node: ast.AST) -> bool:
    """`rows: Any = db.execute(…)`."""
    if not isinstance(node, ast.AnnAssign) or node.value is None or ast.unparse(node.annotation) not in ANY:
        return False
    return any(_runs_a_statement(each) for each in ast.walk(node.value))


def _runs_a_statement(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    named = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return named in ("execute", "columns")
