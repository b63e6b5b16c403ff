"""Texts of statements that are built once and run many times, with their own constants written out.

Invariant: only an object that has been run before gets a text, so nothing that a request typed is ever written into
one; what is given by name at each run stays a parameter. With its constants in the text, a plan without values can use
the partial indexes that name them, and SQLAlchemy neither looks up what it compiled nor binds them again (ADR 0056).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg

#: No text: the statement is new, or has a constant that cannot be written out.
NONE: Final = ""


class _ConstantsWritten(PGCompiler_psycopg):
    """Writes each bound value that came with the statement as a literal of its type."""

    def visit_bindparam(  # type: ignore[override]  # the compiler gives the rest by name
        self, bindparam: sa.BindParameter[Any], literal_binds: bool = False, **given: Any
    ) -> str:
        """Returns the literal, or the parameter of what is given at each run (the execution option `given`)."""
        if literal_binds or bindparam.required or bindparam.key in self.execution_options["given"]:
            return self._written(bindparam, literal_binds, **given)
        text = self._written(bindparam, literal_binds=True, **given)
        kind = bindparam.type.dialect_impl(self.dialect)
        if bindparam.expanding or not kind.render_bind_cast:
            return text
        return cast("str", self.render_bind_cast(bindparam.type, kind, text))  # type: ignore[no-untyped-call]

    def _written(self, bindparam: sa.BindParameter[Any], literal_binds: bool, **given: Any) -> str:
        written = super().visit_bindparam(bindparam, literal_binds=literal_binds, **given)  # type: ignore[no-untyped-call]
        return cast("str", written)


def _make_dialect() -> PGDialect_psycopg:
    dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
    dialect.statement_compiler = _ConstantsWritten
    return dialect


_DIALECT: Final = _make_dialect()
_texts: Final[WeakKeyDictionary[Any, tuple[frozenset[str], str] | None]] = WeakKeyDictionary()


def text_of(statement: sa.Executable, params: Mapping[str, Any] | None) -> str:
    """Returns the statement for the driver, with the names of `params` as its parameters; NONE at its first run."""
    if not params:
        return NONE
    if statement not in _texts:
        _texts[statement] = None
        return NONE
    kept = _texts[statement]
    if kept is None:
        kept = _texts[statement] = (frozenset(params), _write(statement, frozenset(params)))
    names, text = kept
    return text if params.keys() == names else NONE


def _write(statement: Any, given: frozenset[str]) -> str:
    try:
        compiled = statement.execution_options(given=given).compile(dialect=_DIALECT)
    except sa.exc.CompileError:
        return NONE
    # A list that is given at each run has as many parameters as it has members then.
    return NONE if compiled.post_compile_params else str(compiled)
