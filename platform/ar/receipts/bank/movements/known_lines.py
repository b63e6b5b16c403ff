"""Loads the stored lines of an account that movements of a statement may be.

Invariant: a fixed number of statements for any number of movements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.events import Line
from ar.receipts.rules.line_identity import KnownLine, Movement, StatementFacts
from kernel.arrays import array_text

_KNOWN_COLUMNS = """
    SELECT l.id, l.line_key, l.occurrence, l.booked_on, l.side * l.amount_minor AS signed_minor, l.entry_id,
        l.balance_minor, l.balance_stated, l.statement_id, l.status, f.format, s.number, s.opening_minor,
        s.closing_minor, s.closed_on, s.total_minor, s.lines,
        EXISTS (SELECT 1 FROM possible_duplicate AS d WHERE d.tenant_id = :tenant AND d.like_line_id = l.id
                AND d.state = 'same') AS same_before
    FROM bank_line AS l
    JOIN bank_file AS f ON f.tenant_id = :tenant AND f.id = l.file_id
    LEFT JOIN bank_statement AS s ON s.tenant_id = :tenant AND s.id = l.statement_id
    WHERE l.tenant_id = :tenant AND l.bank_account_id = :account
"""
_KNOWN_BY_DAY = sa.text(_KNOWN_COLUMNS + " AND l.booked_on BETWEEN :first AND :last ORDER BY l.occurrence, l.id")
_KNOWN_BY_ENTRY = sa.text(
    _KNOWN_COLUMNS
    + " AND l.booked_on NOT BETWEEN :first AND :last AND l.entry_id <> ''"
    + " AND l.entry_id IN (SELECT unnest(CAST(:entries AS text[]))) ORDER BY l.occurrence, l.id"
)
_POSITIONS = sa.text("""
    SELECT statement_position AS place, id FROM bank_line WHERE tenant_id = :tenant AND statement_id = :statement
    UNION
    SELECT statement_position, line_id FROM bank_line_sighting WHERE tenant_id = :tenant AND statement_id = :statement
""")

_ASKED = sa.text("""
    SELECT statement_position AS place, movement ->> 'key' AS key FROM possible_duplicate
    WHERE tenant_id = :tenant AND statement_id = :statement AND state = 'open'
""")


def known_rows(db: Session, tenant_id: UUID, account_id: UUID, lines: Sequence[Line]) -> list[Any]:
    """Returns the account's lines of the days of these movements, and those with their entry ids."""
    days = [line.booked_on for line in lines]
    given = {"tenant": tenant_id, "account": account_id, "first": min(days), "last": max(days)}
    rows = list(db.execute(_KNOWN_BY_DAY, given))
    entries = sorted({line.entry_id for line in lines if line.entry_id})
    if entries:
        rows += db.execute(_KNOWN_BY_ENTRY, {**given, "entries": array_text(entries)})
    return rows


def lines_by_position(db: Session, tenant_id: UUID, statement_id: UUID) -> dict[int, UUID]:
    """Returns the lines of a stored statement by their position in it."""
    rows = db.execute(_POSITIONS, {"tenant": tenant_id, "statement": statement_id})
    return {row.place: row.id for row in rows}


def asked_places(db: Session, tenant_id: UUID, statement_id: UUID) -> set[tuple[int, str]]:
    """Returns (position, content) of those movements of a stored statement of which a person is asked still."""
    rows = db.execute(_ASKED, {"tenant": tenant_id, "statement": statement_id})
    return {(row.place, row.key) for row in rows}


def known_line(row: Any) -> KnownLine:
    """Returns a stored line as identity is decided by it."""
    movement = Movement(
        content=row.line_key,
        booked_on=row.booked_on,
        signed_minor=row.signed_minor,
        position=0,
        entry_id=row.entry_id,
        balance_minor=row.balance_minor,
        balance_stated=row.balance_stated,
        source=source_of(row.format),
    )
    if row.statement_id is None:
        return KnownLine(id=row.id, movement=movement, same_before=row.same_before)
    facts = StatementFacts(
        number=row.number,
        opening_minor=row.opening_minor,
        closing_minor=row.closing_minor,
        closed_on=row.closed_on,
        total_minor=row.total_minor,
        lines=row.lines,
    )
    return KnownLine(id=row.id, movement=movement, statement=facts, same_before=row.same_before)


def source_of(stored_format: str) -> str:
    """Returns the family of a format: CSV and XLSX of a bank say the same."""
    kind = stored_format.removeprefix("zip-").partition("-")[0]
    return "table" if kind in ("csv", "xlsx", "xls", "html") else kind
