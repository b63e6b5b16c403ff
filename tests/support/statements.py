"""The listener that fails a test whose statement names a tenant table without binding its tenant, and a counter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

import kernel.db
from app.models import TENANT_TABLES

# Statements that cross tenants by design, each with its reason.
ALLOWED = (
    "FROM outbox_message JOIN tenant ON tenant.id = outbox_message.tenant_id",  # the dispatcher's read
)

_NAMES = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?(" + "|".join(sorted(TENANT_TABLES)) + r")\b", re.IGNORECASE)
_BOUND = re.compile(r"tenant_id\"?\s*(?:=|IN)\s*\(?\s*(?:%\(|CAST\(%\(|\$\d)", re.IGNORECASE)
_INSERT = re.compile(r"^\s*INSERT INTO \"?\w+\"? \([^)]*\btenant_id\b", re.IGNORECASE)


def offence(statement: str) -> str | None:
    """Returns the tenant table that `statement` names without a bound tenant, or None."""
    named = _NAMES.search(statement)
    if not named or any(allowed in statement for allowed in ALLOWED):
        return None
    if _BOUND.search(statement) or _INSERT.search(statement):
        return None
    return named.group(1)


def install(engine: sa.Engine) -> None:
    """Raises, in the test that issues it, for a statement of `engine` that offends."""

    @event.listens_for(engine, "before_cursor_execute")
    def _look(_c: Any, _cursor: Any, statement: str, _p: Any, _ctx: Any, _many: bool) -> None:
        table = offence(statement)
        if table is not None:
            raise AssertionError(f"a statement on {table} carries no bound tenant_id: {statement}")


@contextmanager
def counted(engine: sa.Engine) -> Iterator[list[str]]:
    """Collects the statements that run inside, also on the engine that has taken the place of `engine` since."""
    seen: list[str] = []
    engines = {engine, kernel.db.engine()}

    def note(_c: Any, _cursor: Any, statement: str, _p: Any, _ctx: Any, _many: bool) -> None:
        seen.append(statement)

    for each in engines:
        event.listen(each, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for each in engines:
            event.remove(each, "before_cursor_execute", note)
