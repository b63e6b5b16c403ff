"""What is ordered by its moment is recorded at a moment that was read after the locks (S1, ADR 0037)."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeGuard

PLATFORM: Final = Path(__file__).parents[2] / "platform"
#: Each takes a lock and returns the actor at the moment after it.
LOCKS: Final = {
    "after_locks",
    "freeze_customers",
    "hold_books",
    "lock_books_alone",
    "lock_cases",
    "lock_counter",
    "lock_credit",
    "lock_customers",
    "share_customers",
}
#: The columns by which books, papers, answers and runs are ordered.
MOMENTS: Final = {"confirmed_at", "issued_at", "posted_at", "recorded_at"}
#: Ordered by nothing else: whoever records them excludes nobody. Each with the reason.
FREE: Final = {
    "assess_document": "an opinion on a document; a run reads the newest under its own lock",
    "_insert_statement": "its writer was made by `parse_file` with the actor after the lock of the bank's lines",
    "_ask": "likewise",
}


def _functions() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sorted(PLATFORM.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield path, node


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _key(path: Path, name: str) -> str:
    """Returns the name by which a function is known: a private one in its module, others everywhere."""
    return f"{path.relative_to(PLATFORM)}: {name}" if name.startswith("_") else name


def _calls(node: ast.AST) -> set[str]:
    return {_name(each) for each in ast.walk(node) if isinstance(each, ast.Call)}


def _is_of_a_call(node: ast.AST) -> TypeGuard[Any]:
    """Returns whether a node is a statement that is nothing but a call, or binds or returns what one returns."""
    return isinstance(node, ast.Expr | ast.Assign | ast.Return) and isinstance(node.value, ast.Call)


def _goes_on_with(statement: ast.stmt) -> bool:
    """Returns whether a statement binds `actor`, alone or before what else the lock returns, or returns it."""
    if isinstance(statement, ast.Return):
        return True
    if not isinstance(statement, ast.Assign):
        return False
    first = statement.targets[0].elts[0] if isinstance(statement.targets[0], ast.Tuple) else statement.targets[0]
    return isinstance(first, ast.Name) and first.id == "actor"


def test_who_takes_a_lock_goes_on_with_the_moment_after_it() -> None:
    faults = []
    for path, function in _functions():
        for statement in ast.walk(function):
            if _is_of_a_call(statement) and _name(statement.value) in LOCKS and not _goes_on_with(statement):
                faults.append(f"{path.relative_to(PLATFORM)}:{statement.lineno}")
    assert faults == [], "bind what the lock returns to `actor`"


def test_no_moment_from_before_the_locks_orders_anything() -> None:
    """A function that records `actor.now` under such a name took a lock, or everybody who calls it did."""
    callers: dict[str, set[str]] = defaultdict(set)
    locked, records = set(), []
    for path, function in _functions():
        name = _key(path, function.name)
        for each in _calls(function) - {function.name}:
            callers[_key(path, each)].add(name)
        if _takes_a_lock(function):
            locked.add(name)
        if _records_now(function) and function.name not in FREE:
            records.append(name)

    def is_held(name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in locked:
            return True
        above = callers[name] - seen - {name}
        return bool(above) and all(is_held(each, seen | {name}) for each in above)

    faults = [name for name in records if not is_held(name)]
    assert not faults, "read the moment after a lock, `actor = lock_customers(…)`: " + ", ".join(faults)


def _takes_a_lock(function: ast.FunctionDef) -> bool:
    """Returns whether a function goes on with the moment of a lock, of LOCKS or of a helper that passes it on."""
    for statement in ast.walk(function):
        if isinstance(statement, ast.Assign | ast.Return) and isinstance(statement.value, ast.Call):
            passes_on = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple)
            if _goes_on_with(statement) and (passes_on or _name(statement.value) in LOCKS):
                return True
    return False


def _records_now(function: ast.FunctionDef) -> bool:
    """Returns whether a function writes `actor.now` under one of MOMENTS, as keyword or key of a dict."""
    for node in ast.walk(function):
        pairs: list[tuple[str | None, ast.AST]] = []
        if isinstance(node, ast.Call):
            pairs = [(each.arg, each.value) for each in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [
                (key.value if isinstance(key, ast.Constant) else None, value)
                for key, value in zip(node.keys, node.values, strict=True)
            ]
        for name, value in pairs:
            if name in MOMENTS and ast.unparse(value) in ("actor.now", "self._actor.now", "self.actor.now"):
                return True
    return False
