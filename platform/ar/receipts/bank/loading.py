"""Reading a stored bank file into lines: one pass, a chunk of lines in memory, what is known already left alone.

May import formats, banks, models and the kernel. Invariants: all lines of a file come in one transaction or none;
the n-th of two identical lines of a file is the n-th in the books, so that files may overlap in any way; every
statement whose balances do not agree with its lines is named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.accounts import Finder, Known
from ar.receipts.bank.formats import sniff, tables
from ar.receipts.bank.formats.events import (
    Closed,
    Event,
    Line,
    Opened,
    Problem,
    Refused,
    Source,
    account_keys,
    line_key,
)
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.ids import new_ids
from kernel.sheets import TableRefused

CHUNK: Final = 1_000
MAX_PROBLEMS_KEPT: Final = 1_000
MAX_STATEMENTS_KEPT: Final = 500
Progress = Callable[[int], None]

_INSERT = sa.text("""
    INSERT INTO bank_line (tenant_id, id, bank_account_id, file_id, position, line_key, occurrence, booked_on, value_on,
        currency, side, amount_minor, payer_name, payer_account, payer_bank, remittance, bank_reference, end_to_end_id,
        raw_kind, is_reversal, state, reason, recorded_at)
    SELECT :tenant, l.id, l.account, :file, l.position, l.key, l.occurrence, l.booked, l.value, l.currency, l.side,
        l.minor, l.name, l.payer, l.bank, l.remittance, l.reference, l.own_reference, l.kind, l.reversal, 'open', '',
        :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:accounts AS uuid[]), CAST(:positions AS int[]), CAST(:keys AS text[]),
        CAST(:occurrences AS int[]), CAST(:booked AS date[]), CAST(:value AS date[]), CAST(:currencies AS text[]),
        CAST(:sides AS smallint[]), CAST(:minors AS bigint[]), CAST(:names AS text[]), CAST(:payers AS text[]),
        CAST(:banks AS text[]), CAST(:remittances AS text[]), CAST(:references AS text[]),
        CAST(:own_references AS text[]), CAST(:kinds AS text[]), CAST(:reversals AS boolean[]))
        AS l(id, account, position, key, occurrence, booked, value, currency, side, minor, name, payer, bank,
             remittance, reference, own_reference, kind, reversal)
    ON CONFLICT (tenant_id, bank_account_id, line_key, occurrence) DO NOTHING
    RETURNING bank_line.id
""")


@dataclass(slots=True)
class Named:
    """An account that the file names, and ours."""

    account_no: str
    currency: str
    account: Known | None
    why_not: str
    told: bool
    lines: int = 0

    def to_json(self) -> dict[str, Any]:
        """As kept with the file."""
        return {
            "account_no": self.account_no,
            "currency": self.currency,
            "bank_account_id": str(self.account.id) if self.account else None,
            "why_not": self.why_not,
            "told": self.told,
            "lines": self.lines,
        }


@dataclass(slots=True)
class _Balance:
    """One statement of the file and the sum of its lines."""

    opened: Opened
    named: Named
    total_minor: int = 0
    lines: int = 0


@dataclass(slots=True)
class Reading:
    """What was found in a file. `lines_new` were added by this reading, `lines_known` stood there before."""

    format: str = ""
    encoding: str = ""
    lines_total: int = 0
    lines_new: int = 0
    lines_bad: int = 0
    accounts: dict[tuple[str, str], Named] = field(default_factory=dict)
    statements: list[dict[str, Any]] = field(default_factory=list)
    statements_total: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    from_on: date | None = None
    to_on: date | None = None
    #: Lines belong to an account that nobody has named yet.
    asks: bool = False

    @property
    def lines_known(self) -> int:
        """Lines that were in the books before."""
        return self.lines_total - self.lines_new

    def note(self, line: int, code: str, params: dict[str, Any], *, lost: bool) -> None:
        """Keeps a problem; beyond MAX_PROBLEMS_KEPT they are only counted."""
        self.lines_bad += lost
        if len(self.problems) < MAX_PROBLEMS_KEPT:
            self.problems.append({"line": line, "code": code, "params": params})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of ours to read, and what a person said about the accounts in it."""

    id: UUID
    filename: str
    content: bytes
    chosen: UUID | None
    told: dict[tuple[str, str], UUID]
    currency: str


def recognise(content: bytes, filename: str) -> tuple[str, str, str]:
    """(reader's name, format as kept, encoding). Raises Refused, TableRefused."""
    kind = sniff.format_of(content)
    if kind == "table":
        format_name, encoding = tables.describe(content, filename)
        return kind, format_name, encoding
    return kind, kind, sniff.encoding_of(content)


def read_into(db: Session, actor: Actor, file: StoredFile, progress: Progress = lambda _lines: None) -> Reading:
    """Reads the file and writes its lines; writes nothing at all when an account of it is unknown (`asks`).

    The caller holds the company's gate for bank lines. Raises Refused and TableRefused when nothing of it can be read.
    """
    finder = Finder(db, actor.tenant_id, file.chosen, file.told)
    kind, format_name, encoding = recognise(file.content, file.filename)
    reading = Reading(format_name, encoding)
    source = Source(file.content, encoding, file.filename, lambda number: finder.currency_of(number, file.currency))
    writer = _Writer(db, actor, file.id)
    with db.begin_nested() as savepoint:
        _stream(_guarded(sniff.READERS[kind](source), reading), finder, reading, writer, progress, file.told)
        if reading.asks:
            savepoint.rollback()
            reading.lines_new = 0
    if not reading.lines_total and reading.lines_bad:
        raise Refused("bank_file_nothing_readable", problems=reading.problems[:MAX_PROBLEMS_KEPT])
    if not reading.statements_total:
        raise Refused("bank_file_no_statement")
    return reading


def _guarded(events: Iterator[Event], reading: Reading) -> Iterator[Event]:
    """A file that breaks off in the middle has been read up to there, and says so; at its beginning it is refused."""
    try:
        yield from events
    except (Refused, TableRefused) as refused:
        if not reading.lines_total:
            raise
        params = {name: value for name, value in refused.params.items() if name != "line"}
        yield Problem(int(str(refused.params.get("line", refused.params.get("row", 0)))), refused.code, params)


def _stream(
    events: Iterator[Event],
    finder: Finder,
    reading: Reading,
    writer: _Writer,
    progress: Progress,
    told: dict[tuple[str, str], UUID],
) -> None:
    balances: dict[int, _Balance] = {}
    for event in events:
        if isinstance(event, Line):
            balance = balances[event.ref]
            _count(event, balance, reading)
            if balance.named.account is not None and not reading.asks:
                reading.lines_new += writer.add(event, balance.named.account.id)
            if reading.lines_total % CHUNK == 0:
                progress(reading.lines_total)
        elif isinstance(event, Opened):
            key = (event.account_no, event.currency)
            if key not in reading.accounts:
                account, why_not = finder.find(*key)
                said = key in told or (account is not None and account.key not in account_keys(event.account_no))
                reading.accounts[key] = Named(event.account_no, event.currency, account, why_not, said)
            balances[event.ref] = _Balance(event, reading.accounts[key])
        elif isinstance(event, Closed):
            if balance_or_none := balances.pop(event.ref, None):
                _close(event, balance_or_none, reading)
        else:
            reading.note(event.line, event.code, event.params, lost=event.lost)
    if not reading.asks:
        reading.lines_new += writer.flush()
    for ref in sorted(balances):
        _close(Closed(ref), balances[ref], reading)


def _count(line: Line, balance: _Balance, reading: Reading) -> None:
    reading.lines_total += 1
    balance.lines += 1
    balance.named.lines += 1
    reading.asks = reading.asks or balance.named.account is None
    balance.total_minor += line.side * line.amount_minor
    reading.from_on = min(reading.from_on or line.booked_on, line.booked_on)
    reading.to_on = max(reading.to_on or line.booked_on, line.booked_on)


def _close(closed: Closed, balance: _Balance, reading: Reading) -> None:
    """Compares opening + lines with closing, where the bank gives both."""
    opened = balance.opened
    opening = opened.opening_minor if opened.opening_minor is not None else closed.opening_minor
    off = None
    if opening is not None and closed.closing_minor is not None:
        off = closed.closing_minor - opening - balance.total_minor
    if off:
        params = {"number": opened.number, "off_minor": off, "currency": opened.currency, "account": opened.account_no}
        reading.note(0, "balance_differs", params, lost=False)
    reading.statements_total += 1
    if len(reading.statements) < MAX_STATEMENTS_KEPT:
        reading.statements.append(
            {
                "account_no": opened.account_no,
                "currency": opened.currency,
                "number": opened.number,
                "opening_minor": opening,
                "total_minor": balance.total_minor,
                "closing_minor": closed.closing_minor,
                "off_minor": off,
                "lines": balance.lines,
                "on": closed.on.isoformat() if closed.on else None,
            }
        )


class _Writer:
    """Gathers lines and inserts them in chunks; counts the n-th of identical lines per account."""

    def __init__(self, db: Session, actor: Actor, file_id: UUID) -> None:
        self._db, self._actor, self._file_id = db, actor, file_id
        self._rows: list[tuple[Line, UUID, str, int]] = []
        self._seen: dict[UUID, set[int]] = defaultdict(set)
        self._repeated: dict[tuple[UUID, int], int] = {}

    def add(self, line: Line, account_id: UUID) -> int:
        """Takes a line; returns how many were new when this filled a chunk."""
        key = line_key(line)
        self._rows.append((line, account_id, key, self._occurrence(account_id, int(key, 16))))
        return self.flush() if len(self._rows) >= CHUNK else 0

    def _occurrence(self, account_id: UUID, key: int) -> int:
        seen = self._seen[account_id]
        if key not in seen:  # nearly all lines: a number in a set, no counter
            seen.add(key)
            return 1
        nth = self._repeated.get((account_id, key), 1) + 1
        self._repeated[account_id, key] = nth
        return nth

    def flush(self) -> int:
        """Writes what is gathered; returns how many lines were not there before."""
        if not self._rows:
            return 0
        lines = [line for line, *_rest in self._rows]
        values: dict[str, list[Any]] = {
            "ids": list(new_ids(len(lines))),
            "accounts": [account_id for _line, account_id, _key, _at in self._rows],
            "positions": [line.position for line in lines],
            "keys": [key for _line, _account, key, _at in self._rows],
            "occurrences": [at for _line, _account, _key, at in self._rows],
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
        }
        self._rows.clear()
        bound = {name: array_text(each) for name, each in values.items()}
        given = {"tenant": self._actor.tenant_id, "file": self._file_id, "now": self._actor.now, **bound}
        return len(self._db.execute(_INSERT, given).all())
