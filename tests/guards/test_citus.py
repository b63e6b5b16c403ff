"""Habits of statements that cost nothing on one server and decide whether companies can be spread over several."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [*sorted((ROOT / "platform").rglob("*.py")), *sorted((ROOT / "migrations").rglob("*.py"))]
CODE = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in SOURCES}
CONFLICT = re.compile(r"ON CONFLICT[^;\"]*?DO UPDATE SET[^;\"]*", re.S)
INSERT_SELECT = re.compile(r"INSERT INTO (?:(?!INSERT INTO|\"\"\").)*?\bSELECT\b(?:(?!\"\"\").)*", re.S)


def test_no_count_is_taken_from_the_driver() -> None:
    """For INSERT … SELECT … ON CONFLICT Citus counts the rows selected: use RETURNING and count what came back."""
    assert [name for name, code in CODE.items() if re.search(r"\.rowcount\b", code)] == []


def test_a_company_is_entered_by_a_function_and_never_by_set_config() -> None:
    """Citus does not hand `set_config()` on to its shards."""
    assert [name for name, code in CODE.items() if re.search(r"SELECT (?:pg_catalog\.)?set_config\(", code)] == []


def test_an_upsert_names_no_parameter_where_it_updates() -> None:
    """Citus refuses a parameter there; `excluded.tenant_id` says the same."""
    found = {name: clause for name, code in CODE.items() for clause in CONFLICT.findall(code) if ":tenant" in clause}
    assert found == {}


@pytest.mark.parametrize("name", sorted(name for name, code in CODE.items() if INSERT_SELECT.search(code)))
def test_insert_select_returns_or_says_what_a_conflict_does(name: str) -> None:
    """A plain INSERT … SELECT becomes COPY on Citus, which row-level security refuses."""
    for statement in INSERT_SELECT.findall(CODE[name]):
        assert "RETURNING" in statement or "ON CONFLICT" in statement, statement
