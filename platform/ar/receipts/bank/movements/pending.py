"""Announced movements: stored, no money, and the same as the booked movement that they become.

Invariant: an announcement becomes one line at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.events import Line, line_key, same_words_key
from ar.receipts.bank.movements.known_lines import known_rows
from ar.receipts.bank.movements.line_rows import NewLine, Place, insert_lines, numbered
from kernel.actor import Actor
from kernel.arrays import array_text

#: A movement announced is the booked one of its amount at most so many days later or earlier.
PENDING_DAYS_MAX: Final = 10

_PENDING = sa.text("""
    SELECT id, booked_on, side * amount_minor AS signed_minor, entry_id, end_to_end_id, bank_reference, payer_name,
        remittance
    FROM bank_line
    WHERE tenant_id = :tenant AND bank_account_id = :account AND status = 'pending' AND booked_as_id IS NULL
    ORDER BY booked_on, id
""")
_BECAME = sa.text("""
    UPDATE bank_line SET booked_as_id = p.booked_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:booked AS uuid[])) AS p (id, booked_id)
    WHERE bank_line.tenant_id = :tenant AND bank_line.id = p.id
""")


def note_booked(db: Session, tenant_id: UUID, account_id: UUID, fresh: Sequence[NewLine], ids: Sequence[UUID]) -> None:
    """Notes of announced movements that they are booked now: the same money, not another."""
    pending = list(db.execute(_PENDING, {"tenant": tenant_id, "account": account_id})) if fresh else []
    became: dict[UUID, UUID] = {}
    for each, line_id in zip(fresh, ids, strict=True) if pending else ():
        row = next((row for row in pending if row.id not in became and _announces(row, each.line)), None)
        if row is not None:
            became[row.id] = line_id
    if became:
        given = {"ids": array_text(became), "booked": array_text(became.values())}
        db.execute(_BECAME, {"tenant": tenant_id, **given})


def write_pending(db: Session, actor: Actor, place: Place, lines: Sequence[Line]) -> int:
    """Inserts announced movements, except those that are booked or announced already; returns how many were new."""
    reach = timedelta(days=PENDING_DAYS_MAX)
    first, last = min(line.booked_on for line in lines) - reach, max(line.booked_on for line in lines) + reach
    ends = [lines[0]._replace(booked_on=first), lines[0]._replace(booked_on=last)]
    rows = known_rows(db, actor.tenant_id, place.account_id, [*ends, *lines])
    seen, fresh = set[UUID](), list[NewLine]()
    for at, line in enumerate(lines, start=1):
        key = line_key(line)
        row = next((row for row in rows if row.id not in seen and _is_announced(row, line, key)), None)
        if row is not None:
            seen.add(row.id)
        else:
            fresh.append(NewLine(line, at, key, 1, None, False))
    insert_lines(db, actor, place, numbered(fresh, rows))
    return len(fresh)


def _announces(row: Any, line: Line) -> bool:
    """Tells that a stored announcement is this booked movement."""
    if (
        row.signed_minor != line.side * line.amount_minor
        or abs((row.booked_on - line.booked_on).days) > PENDING_DAYS_MAX
    ):
        return bool(row.entry_id) and row.entry_id == line.entry_id
    return (
        (bool(row.entry_id) and row.entry_id == line.entry_id)
        or (bool(row.end_to_end_id) and row.end_to_end_id == line.end_to_end_id)
        or (bool(row.bank_reference) and row.bank_reference == line.bank_reference)
        or same_words_key(row.payer_name, row.remittance) == same_words_key(line.payer_name, line.remittance)
    )


def _is_announced(row: Any, line: Line, key: str) -> bool:
    """Tells that a stored line, announced or booked, is this announcement."""
    if row.signed_minor != line.side * line.amount_minor:
        return False
    return row.line_key == key or (bool(row.entry_id) and row.entry_id == line.entry_id)
