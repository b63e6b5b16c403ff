"""Writes the movements of a parsed statement: new lines, sightings of known ones, questions about possible duplicates.

Invariants: the caller has the company's lock on bank lines; a movement is stored once, whatever files it comes in; one
that is only perhaps known becomes a question, never a line and never silence; only booked movements are money.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.events import Line, line_key, same_words_key
from ar.receipts.models import BankLineSighting, BankStatement, PossibleDuplicate
from ar.receipts.rules.line_identity import KnownLine, Movement, Resolution, StatementFacts, resolve
from ar.receipts.rules.returns import says_returned
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.ids import new_id, new_ids

CHUNK: Final = 1_000
#: A movement announced is the booked one of its amount at most so many days later or earlier.
PENDING_DAYS_MAX: Final = 10

_INSERT = sa.text("""
    INSERT INTO bank_line (tenant_id, id, bank_account_id, file_id, statement_id, statement_position, entry_id,
        balance_minor, balance_stated, status, position, line_key, occurrence, booked_on, value_on, currency, side,
        amount_minor, payer_name, payer_account, payer_bank, remittance, bank_reference, end_to_end_id, raw_kind,
        is_reversal, is_return, return_reason, return_state, state, reason, recorded_at)
    SELECT :tenant, l.id, :account, :file, :statement, l.place, l.entry, l.balance, l.stated, l.status, l.position,
        l.key, l.occurrence, l.booked, l.value, l.currency, l.side, l.minor, l.name, l.payer, l.bank, l.remittance,
        l.reference, l.own_reference, l.kind, l.reversal, l.returned, l.why, l.return_state, 'open', '', :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS int[]), CAST(:entries AS text[]), CAST(:balances AS bigint[]),
        CAST(:stated AS boolean[]), CAST(:statuses AS text[]), CAST(:positions AS int[]), CAST(:keys AS text[]),
        CAST(:occurrences AS int[]), CAST(:booked AS date[]), CAST(:value AS date[]), CAST(:currencies AS text[]),
        CAST(:sides AS smallint[]), CAST(:minors AS bigint[]), CAST(:names AS text[]), CAST(:payers AS text[]),
        CAST(:banks AS text[]), CAST(:remittances AS text[]), CAST(:references AS text[]),
        CAST(:own_references AS text[]), CAST(:kinds AS text[]), CAST(:reversals AS boolean[]),
        CAST(:returns AS boolean[]), CAST(:reasons AS text[]), CAST(:return_states AS text[]))
        AS l(id, place, entry, balance, stated, status, position, key, occurrence, booked, value, currency, side, minor,
             name, payer, bank, remittance, reference, own_reference, kind, reversal, returned, why, return_state)
""")
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


@dataclass(frozen=True, slots=True)
class NewLine:
    """A movement to insert as a line: its place in the statement, key and occurrence, the balance behind it."""

    line: Line
    place: int
    key: str
    occurrence: int
    balance_minor: int | None
    balance_stated: bool


class StatementWriter:
    """Writes the statements of one file, one after the other. `source`: the file's format as stored."""

    def __init__(self, db: Session, actor: Actor, file_id: UUID, source: str) -> None:
        self._db, self._actor, self._file_id, self._source = db, actor, file_id, _source(source)
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
            counts += self._write_pending(account_id, statement_id, pending)
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
        rows = self._known(account_id, [each.line for each in booked])
        movements = [self._movement(each) for each in booked]
        known = [_known_line(row) for row in rows if row.status == "booked"]
        positions = self._positions(statement_id) if is_repeated else {}
        found = resolve(facts, movements, known, positions)
        fresh = [each for each, what in zip(booked, found, strict=True) if what.known is None]
        ids = self._insert(account_id, statement_id, _numbered(fresh, rows))
        self._settle_pending(account_id, fresh, ids)
        same = [(each, what) for each, what in zip(booked, found, strict=True) if what.verdict == "same"]
        # The same statement again says nothing new, unless in other words.
        self._record_sightings(
            statement_id,
            [(each, what) for each, what in same if not is_repeated or _other_words(each, what)],
        )
        asked = [(each, what) for each, what in zip(booked, found, strict=True) if what.verdict == "maybe"]
        self._ask(account_id, statement_id, asked)
        return WrittenCounts(new=len(fresh), known=len(same), asked=len(asked))

    def insert_asked(self, account_id: UUID, statement_id: UUID, place: int, line: Line) -> UUID:
        """Inserts a movement that a person has said to be another one than the line it resembles."""
        rows = self._known(account_id, [line])
        new = NewLine(
            line, place, line_key(line), 1, line.running_balance_minor, line.running_balance_minor is not None
        )
        (line_id,) = self._insert(account_id, statement_id, _numbered([new], rows))
        self._settle_pending(account_id, [new], [line_id])
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

    def _known(self, account_id: UUID, lines: Sequence[Line]) -> list[Any]:
        """Returns the account's lines of the days of these movements, and those with their entry ids."""
        days = [line.booked_on for line in lines]
        given = {"tenant": self._actor.tenant_id, "account": account_id, "first": min(days), "last": max(days)}
        rows = list(self._db.execute(_KNOWN_BY_DAY, given))
        entries = sorted({line.entry_id for line in lines if line.entry_id})
        if entries:
            rows += self._db.execute(_KNOWN_BY_ENTRY, {**given, "entries": array_text(entries)})
        return rows

    def _positions(self, statement_id: UUID) -> dict[int, UUID]:
        rows = self._db.execute(_POSITIONS, {"tenant": self._actor.tenant_id, "statement": statement_id})
        return {row.place: row.id for row in rows}

    def _insert(self, account_id: UUID, statement_id: UUID, rows: Sequence[NewLine]) -> list[UUID]:
        ids = list(new_ids(len(rows)))
        given = {
            "tenant": self._actor.tenant_id,
            "account": account_id,
            "file": self._file_id,
            "statement": statement_id,
            "now": self._actor.now,
        }
        for start in range(0, len(rows), CHUNK):
            columns = _columns(rows[start : start + CHUNK], ids[start : start + CHUNK])
            self._db.execute(_INSERT, {**given, **{name: array_text(values) for name, values in columns.items()}})
        return ids

    def _record_sightings(self, statement_id: UUID, same: Sequence[tuple[NewLine, Resolution]]) -> None:
        rows = [
            {
                "tenant_id": self._actor.tenant_id,
                "id": sighting_id,
                "line_id": what.known.id,
                "statement_id": statement_id,
                "statement_position": each.place,
                "evidence": what.evidence,
                "words": each.line.remittance if _other_words(each, what) else "",
                "recorded_at": self._actor.now,
            }
            for (each, what), sighting_id in zip(same, new_ids(len(same)), strict=True)
            if what.known is not None
        ]
        if rows:
            self._db.execute(sa.insert(BankLineSighting), rows)

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

    def _pending(self, account_id: UUID) -> list[Any]:
        return list(self._db.execute(_PENDING, {"tenant": self._actor.tenant_id, "account": account_id}))

    def _settle_pending(self, account_id: UUID, fresh: Sequence[NewLine], ids: Sequence[UUID]) -> None:
        """Notes of announced movements that they are booked now: the same money, not another."""
        pending = self._pending(account_id) if fresh else []
        became: dict[UUID, UUID] = {}
        for each, line_id in zip(fresh, ids, strict=True) if pending else ():
            row = next((row for row in pending if row.id not in became and _announces(row, each.line)), None)
            if row is not None:
                became[row.id] = line_id
        if became:
            given = {"ids": array_text(became), "booked": array_text(became.values())}
            self._db.execute(_BECAME, {"tenant": self._actor.tenant_id, **given})

    def _write_pending(self, account_id: UUID, statement_id: UUID, lines: Sequence[Line]) -> WrittenCounts:
        """Writes announced movements, except those that are booked or announced already."""
        reach = timedelta(days=PENDING_DAYS_MAX)
        first, last = min(line.booked_on for line in lines) - reach, max(line.booked_on for line in lines) + reach
        ends = [lines[0]._replace(booked_on=first), lines[0]._replace(booked_on=last)]
        rows = self._known(account_id, [*ends, *lines])
        seen, fresh = set[UUID](), list[NewLine]()
        for place, line in enumerate(lines, start=1):
            key = line_key(line)
            row = next((row for row in rows if row.id not in seen and _is_announced(row, line, key)), None)
            if row is not None:
                seen.add(row.id)
            else:
                fresh.append(NewLine(line, place, key, 1, None, False))
        self._insert(account_id, statement_id, _numbered(fresh, rows))
        return WrittenCounts(pending=len(fresh), known=len(lines) - len(fresh))


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


def _source(stored_format: str) -> str:
    """Returns the family of a format: CSV and XLSX of a bank say the same."""
    kind = stored_format.removeprefix("zip-").partition("-")[0]
    return "table" if kind in ("csv", "xlsx", "xls", "html") else kind


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


def _known_line(row: Any) -> KnownLine:
    movement = Movement(
        row.line_key,
        row.booked_on,
        row.signed_minor,
        0,
        row.entry_id,
        row.balance_minor,
        row.balance_stated,
        _source(row.format),
    )
    if row.statement_id is None:
        return KnownLine(row.id, movement, same_before=row.same_before)
    facts = StatementFacts(row.number, row.opening_minor, row.closing_minor, row.closed_on, row.total_minor, row.lines)
    return KnownLine(row.id, movement, facts, row.same_before)


def _numbered(fresh: Sequence[NewLine], rows: Sequence[Any]) -> list[NewLine]:
    """Numbers the movements among the stored lines with the same words and days."""
    used = Counter[str]()
    for row in rows:
        used[row.line_key] = max(used[row.line_key], row.occurrence)
    numbered = []
    for each in fresh:
        used[each.key] += 1
        numbered.append(replace(each, occurrence=used[each.key]))
    return numbered


def _other_words(each: NewLine, what: Resolution) -> bool:
    return what.known is not None and what.known.movement.content != each.key


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
        "reversals": [line.is_reversal for line in lines],
        "returns": [line.is_return for line in lines],
        "reasons": [line.return_reason for line in lines],
        "return_states": [_return_state(line) for line in lines],
    }
