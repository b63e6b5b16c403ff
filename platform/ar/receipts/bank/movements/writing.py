"""Writes the movements of a parsed statement: new lines, sightings of known ones, questions about possible duplicates.

Invariants: the caller has the company's lock on bank lines; a movement is stored once, whatever files it comes in; one
that is only perhaps known becomes a question, never a line and never silence; only booked movements are money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.events import Line, line_key
from ar.receipts.bank.movements.known_lines import (
    asked_places,
    known_line,
    known_rows,
    lines_by_position,
    source_of,
)
from ar.receipts.bank.movements.line_rows import NewLine, Place, insert_lines, movement_json, numbered
from ar.receipts.bank.movements.models import BankStatement, PossibleDuplicate
from ar.receipts.bank.movements.pending import note_booked, write_pending
from ar.receipts.rules.line_identity import Movement, Resolution, StatementFacts, resolve
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.ids import new_id, new_ids

_INSERT_SIGHTINGS = sa.text("""
    INSERT INTO bank_line_sighting (tenant_id, id, line_id, statement_id, statement_position, evidence, words,
        recorded_at)
    SELECT :tenant, s.id, s.line, :statement, s.place, s.evidence, s.words, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:lines AS uuid[]), CAST(:places AS int[]), CAST(:evidences AS text[]),
        CAST(:words AS text[])) AS s(id, line, place, evidence, words)
    RETURNING true
""")


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """A statement as parsed, with its movements in file order; `agrees`: its balances agree with them."""

    number: str
    opening_minor: int | None
    closing_minor: int | None
    closed_on: date | None
    lines: tuple[Line, ...]
    agrees: bool

    @property
    def booked(self) -> list[Line]:
        """Returns the booked movements."""
        return [line for line in self.lines if line.status == "booked"]

    @property
    def facts(self) -> StatementFacts:
        """Returns what identifies the statement; a number of zeros is none."""
        number = self.number if self.number.strip("0/ ") else ""
        booked = self.booked
        total = sum(line.side * line.amount_minor for line in booked)
        return StatementFacts(number, self.opening_minor, self.closing_minor, self.closed_on, total, len(booked))


@dataclass(frozen=True, slots=True)
class WrittenCounts:
    """Movements of a statement: inserted as lines, known before, asked about, announced only."""

    new: int = 0
    known: int = 0
    asked: int = 0
    pending: int = 0

    def __add__(self, other: WrittenCounts) -> WrittenCounts:
        return WrittenCounts(
            self.new + other.new, self.known + other.known, self.asked + other.asked, self.pending + other.pending
        )


class StatementWriter:
    """Writes the statements of one file, one after the other. `source`: the file's format as stored."""

    def __init__(self, db: Session, actor: Actor, file_id: UUID, source: str) -> None:
        self._db, self._actor, self._file_id, self._source = db, actor, file_id, source_of(source)
        self._ordinal = 0

    def write(self, account_id: UUID, statement: ParsedStatement) -> WrittenCounts:
        """Writes a statement of one of our accounts; returns the counts of its movements."""
        facts = statement.facts
        stored_id = self._same_statement(account_id, facts) if facts.is_identified else None
        statement_id = stored_id or self._insert_statement(account_id, statement, facts)
        booked = _with_balances(statement)
        pending = [line for line in statement.lines if line.status == "pending"]
        counts = WrittenCounts()
        if booked:
            counts += self._write_booked(account_id, statement_id, facts, booked, is_repeated=stored_id is not None)
        if pending:
            place = Place(account_id, self._file_id, statement_id)
            added = write_pending(self._db, self._actor, place, pending)
            counts += WrittenCounts(pending=added, known=len(pending) - added)
        return counts

    def _write_booked(
        self,
        account_id: UUID,
        statement_id: UUID,
        facts: StatementFacts,
        booked: Sequence[NewLine],
        *,
        is_repeated: bool,
    ) -> WrittenCounts:
        tenant_id, place = self._actor.tenant_id, Place(account_id, self._file_id, statement_id)
        # What this very statement asked already is asked once, and is no line of it.
        waiting = asked_places(self._db, tenant_id, statement_id) if is_repeated else set()
        held = sum((each.place, each.key) in waiting for each in booked)
        booked = [each for each in booked if (each.place, each.key) not in waiting]
        if not booked:
            return WrittenCounts(asked=held)
        rows = known_rows(self._db, tenant_id, account_id, [each.line for each in booked])
        movements = [self._movement(each) for each in booked]
        known = [known_line(row) for row in rows if row.status == "booked"]
        positions = lines_by_position(self._db, tenant_id, statement_id) if is_repeated else {}
        found = resolve(facts, movements, known, positions)
        fresh = [each for each, what in zip(booked, found, strict=True) if what.known is None]
        ids = insert_lines(self._db, self._actor, place, numbered(fresh, rows))
        note_booked(self._db, tenant_id, account_id, fresh, ids)
        same = [(each, what) for each, what in zip(booked, found, strict=True) if what.verdict == "same"]
        # Only a statement that is identified and new is worth noting, else only other words.
        tells = facts.is_identified and not is_repeated
        self._record_sightings(statement_id, [(each, what) for each, what in same if tells or _other_words(each, what)])
        asked = [(each, what) for each, what in zip(booked, found, strict=True) if what.verdict == "maybe"]
        self._ask(account_id, statement_id, asked)
        return WrittenCounts(new=len(fresh), known=len(same), asked=len(asked) + held)

    def insert_asked(self, account_id: UUID, statement_id: UUID, position: int, line: Line) -> UUID:
        """Inserts a movement that a person has said to be another one than the line it resembles."""
        place = Place(account_id, self._file_id, statement_id)
        rows = known_rows(self._db, self._actor.tenant_id, account_id, [line])
        stated = line.running_balance_minor is not None
        new = NewLine(line, position, line_key(line), 1, line.running_balance_minor, stated)
        (line_id,) = insert_lines(self._db, self._actor, place, numbered([new], rows))
        note_booked(self._db, self._actor.tenant_id, account_id, [new], [line_id])
        return line_id

    def _movement(self, each: NewLine) -> Movement:
        line = each.line
        return Movement(
            each.key,
            line.booked_on,
            line.side * line.amount_minor,
            each.place,
            line.entry_id,
            each.balance_minor,
            each.balance_stated,
            self._source,
        )

    def _same_statement(self, account_id: UUID, facts: StatementFacts) -> UUID | None:
        s = BankStatement
        return self._db.execute(
            sa.select(s.id)
            .where(
                s.tenant_id == self._actor.tenant_id,
                s.bank_account_id == account_id,
                s.number == facts.number,
                s.opening_minor.is_not_distinct_from(facts.opening_minor),
                s.closing_minor.is_not_distinct_from(facts.closing_minor),
                s.closed_on.is_not_distinct_from(facts.closed_on),
                s.total_minor == facts.total_minor,
                s.lines == facts.lines,
                s.lines > 0,
            )
            .order_by(s.recorded_at, s.id)
            .limit(1)
        ).scalar_one_or_none()

    def _insert_statement(self, account_id: UUID, statement: ParsedStatement, facts: StatementFacts) -> UUID:
        self._ordinal += 1
        statement_id, days = new_id(), [line.booked_on for line in statement.booked]
        self._db.execute(
            sa.insert(BankStatement).values(
                tenant_id=self._actor.tenant_id,
                id=statement_id,
                bank_account_id=account_id,
                file_id=self._file_id,
                ordinal=self._ordinal,
                number=facts.number,
                opening_minor=facts.opening_minor,
                closing_minor=facts.closing_minor,
                closed_on=facts.closed_on,
                first_on=min(days, default=None),
                last_on=max(days, default=None),
                lines=facts.lines,
                total_minor=facts.total_minor,
                recorded_at=self._actor.now,
            )
        )
        return statement_id

    def _record_sightings(self, statement_id: UUID, same: Sequence[tuple[NewLine, Resolution]]) -> None:
        met = [(each, what, what.known.id) for each, what in same if what.known is not None]
        if not met:
            return
        columns: dict[str, list[Any]] = {
            "ids": list(new_ids(len(met))),
            "lines": [line_id for _each, _what, line_id in met],
            "places": [each.place for each, _what, _line_id in met],
            "evidences": [what.evidence for _each, what, _line_id in met],
            "words": [each.line.remittance if _other_words(each, what) else "" for each, what, _line_id in met],
        }
        given = {"tenant": self._actor.tenant_id, "statement": statement_id, "now": self._actor.now}
        self._db.execute(_INSERT_SIGHTINGS, {**given, **{name: array_text(each) for name, each in columns.items()}})

    def _ask(self, account_id: UUID, statement_id: UUID, asked: Sequence[tuple[NewLine, Resolution]]) -> None:
        if not asked:
            return
        d = PossibleDuplicate
        open_questions = self._db.execute(
            sa.select(d.like_line_id, d.movement["key"].astext).where(
                d.tenant_id == self._actor.tenant_id, d.bank_account_id == account_id, d.state == "open"
            )
        )
        waiting = {(line_id, key) for line_id, key in open_questions}
        rows = [
            {
                "tenant_id": self._actor.tenant_id,
                "id": question_id,
                "bank_account_id": account_id,
                "file_id": self._file_id,
                "statement_id": statement_id,
                "statement_position": each.place,
                "like_line_id": what.known.id,
                "movement": {"key": each.key, "line": movement_json(each)},
                "state": "open",
                "recorded_at": self._actor.now,
            }
            for (each, what), question_id in zip(asked, new_ids(len(asked)), strict=True)
            if what.known is not None and (what.known.id, each.key) not in waiting
        ]
        if rows:
            self._db.execute(sa.insert(d), rows)


def _with_balances(statement: ParsedStatement) -> list[NewLine]:
    """Returns the booked movements with the balance behind each: stated, else computed where the balances agree."""
    running = statement.opening_minor if statement.agrees else None
    found = []
    for place, line in enumerate(statement.booked, start=1):
        if running is not None:
            running += line.side * line.amount_minor
        stated = line.running_balance_minor is not None
        balance = line.running_balance_minor if stated else running
        found.append(NewLine(line, place, line_key(line), 1, balance, stated))
    return found


def _other_words(each: NewLine, what: Resolution) -> bool:
    return what.known is not None and what.known.movement.content != each.key
