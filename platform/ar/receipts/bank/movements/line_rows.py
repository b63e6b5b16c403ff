"""Inserts movements as bank lines, many at once, and keeps them with a question until they are.

Invariant: the caller has the company's lock on bank lines, so occurrences of equal lines are numbered without gaps.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.events import Line
from ar.receipts.rules.returns import says_returned
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.ids import new_ids

CHUNK: Final = 1_000
_INSERT = sa.text("""
    INSERT INTO bank_line (tenant_id, id, bank_account_id, file_id, statement_id, statement_position, entry_id,
        balance_minor, balance_stated, status, position, line_key, occurrence, booked_on, value_on, currency, side,
        amount_minor, payer_name, payer_account, payer_bank, remittance, bank_reference, end_to_end_id, raw_kind,
        split, is_reversal, is_return, return_reason, return_state, state, reason, recorded_at)
    SELECT :tenant, l.id, :account, :file, :statement, l.place, l.entry, l.balance, l.stated, l.status, l.position,
        l.key, l.occurrence, l.booked, l.value, l.currency, l.side, l.minor, l.name, l.payer, l.bank, l.remittance,
        l.reference, l.own_reference, l.kind, l.split, l.reversal, l.returned, l.why, l.return_state, 'open', '', :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS int[]), CAST(:entries AS text[]), CAST(:balances AS bigint[]),
        CAST(:stated AS boolean[]), CAST(:statuses AS text[]), CAST(:positions AS int[]), CAST(:keys AS text[]),
        CAST(:occurrences AS int[]), CAST(:booked AS date[]), CAST(:value AS date[]), CAST(:currencies AS text[]),
        CAST(:sides AS smallint[]), CAST(:minors AS bigint[]), CAST(:names AS text[]), CAST(:payers AS text[]),
        CAST(:banks AS text[]), CAST(:remittances AS text[]), CAST(:references AS text[]),
        CAST(:own_references AS text[]), CAST(:kinds AS text[]), CAST(:splits AS jsonb[]),
        CAST(:reversals AS boolean[]), CAST(:returns AS boolean[]), CAST(:reasons AS text[]),
        CAST(:return_states AS text[]))
        AS l(id, place, entry, balance, stated, status, position, key, occurrence, booked, value, currency, side, minor,
             name, payer, bank, remittance, reference, own_reference, kind, split, reversal, returned, why,
             return_state)
    RETURNING true
""")


@dataclass(frozen=True, slots=True)
class NewLine:
    """A movement to insert as a line: its place in the statement, key and occurrence, the balance behind it."""

    line: Line
    place: int
    key: str
    occurrence: int
    balance_minor: int | None
    balance_stated: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where lines come from: our account, the file and the statement."""

    account_id: UUID
    file_id: UUID
    statement_id: UUID


def insert_lines(db: Session, actor: Actor, place: Place, rows: Sequence[NewLine]) -> list[UUID]:
    """Inserts the movements as lines; returns their ids in order."""
    ids = list(new_ids(len(rows)))
    given = {
        "tenant": actor.tenant_id,
        "account": place.account_id,
        "file": place.file_id,
        "statement": place.statement_id,
        "now": actor.now,
    }
    for start in range(0, len(rows), CHUNK):
        columns = _columns(rows[start : start + CHUNK], ids[start : start + CHUNK])
        db.execute(_INSERT, {**given, **{name: array_text(values) for name, values in columns.items()}})
    return ids


def numbered(fresh: Sequence[NewLine], rows: Sequence[Any]) -> list[NewLine]:
    """Numbers the movements among the stored lines with the same words and days."""
    used = Counter[str]()
    for row in rows:
        used[row.line_key] = max(used[row.line_key], row.occurrence)
    found = []
    for each in fresh:
        used[each.key] += 1
        found.append(replace(each, occurrence=used[each.key]))
    return found


def movement_json(each: NewLine) -> dict[str, Any]:
    """Returns a movement as it is stored with a question, with the balance behind it."""
    line = each.line._replace(running_balance_minor=each.balance_minor)._asdict()
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in line.items()}


def movement_of(stored: dict[str, Any]) -> Line:
    """Returns the movement stored with a question."""
    given = {name: value for name, value in stored["line"].items() if name in Line._fields}
    days = {name: date.fromisoformat(given[name]) for name in ("booked_on", "value_on")}
    split = tuple((str(number), int(minor)) for number, minor in given.get("split", ()))
    return Line(**{**given, **days, "split": split})


def _return_state(line: Line) -> str | None:
    if line.status != "booked":
        return None
    returned = line.is_reversal or line.is_return or says_returned(line.side, line.raw_kind, line.remittance)
    return "open" if returned else None


def _columns(rows: Sequence[NewLine], ids: Sequence[UUID]) -> dict[str, list[Any]]:
    lines = [each.line for each in rows]
    return {
        "ids": list(ids),
        "places": [each.place for each in rows],
        "entries": [line.entry_id for line in lines],
        "balances": [each.balance_minor for each in rows],
        "stated": [each.balance_stated for each in rows],
        "statuses": [line.status for line in lines],
        "positions": [line.position for line in lines],
        "keys": [each.key for each in rows],
        "occurrences": [each.occurrence for each in rows],
        "booked": [line.booked_on for line in lines],
        "value": [line.value_on for line in lines],
        "currencies": [line.currency for line in lines],
        "sides": [line.side for line in lines],
        "minors": [line.amount_minor for line in lines],
        "names": [line.payer_name for line in lines],
        "payers": [line.payer_account for line in lines],
        "banks": [line.payer_bank for line in lines],
        "remittances": [line.remittance for line in lines],
        "references": [line.bank_reference for line in lines],
        "own_references": [line.end_to_end_id for line in lines],
        "kinds": [line.raw_kind for line in lines],
        "splits": [json.dumps(line.split) if line.split else None for line in lines],
        "reversals": [line.is_reversal for line in lines],
        "returns": [line.is_return for line in lines],
        "reasons": [line.return_reason for line in lines],
        "return_states": [_return_state(line) for line in lines],
    }
