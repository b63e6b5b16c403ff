"""Imports the lines of a stored bank file in one pass; lines imported before are skipped.

Invariants: all lines of a file are inserted in one transaction or none; the n-th of identical lines of a file is the
n-th in the database, so that files may overlap in any way; every statement whose balances differ from its lines is
reported.
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

from ar.receipts.bank.accounts import AccountResolver, KnownAccount
from ar.receipts.bank.formats import recognition, zipped
from ar.receipts.bank.formats.events import (
    BankFormat,
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
from ar.receipts.bank.formats.tables import parsing as tables
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.ids import new_ids
from kernel.sheets import TableRefused

CHUNK: Final = 1_000
MAX_PROBLEMS_STORED: Final = 1_000
MAX_STATEMENTS_STORED: Final = 500
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
class FileAccount:
    """An account named in the file, and ours; `assigned`: by a person, not by its number."""

    account_no: str
    currency: str
    ours: KnownAccount | None
    why_not: str
    assigned: bool
    lines: int = 0

    def as_json(self) -> dict[str, Any]:
        """Returns the account as stored with the file."""
        return {
            "account_no": self.account_no,
            "currency": self.currency,
            "bank_account_id": str(self.ours.id) if self.ours else None,
            "why_not": self.why_not,
            "told": self.assigned,
            "lines": self.lines,
        }


@dataclass(slots=True)
class _Balance:
    """A statement of the file with the running sum of its lines, in minor units."""

    opened: Opened
    account: FileAccount
    total_minor: int = 0
    lines: int = 0


@dataclass(slots=True)
class FileReport:
    """The result of parsing a file. `lines_new` were inserted by it, `lines_known` had been imported before."""

    format: str = ""
    encoding: str = ""
    lines_total: int = 0
    lines_new: int = 0
    lines_bad: int = 0
    accounts: dict[tuple[str, str], FileAccount] = field(default_factory=dict)
    statements: list[dict[str, Any]] = field(default_factory=list)
    statements_total: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    from_on: date | None = None
    to_on: date | None = None
    #: Lines belong to an account that has not been assigned yet.
    needs_account: bool = False

    @property
    def lines_known(self) -> int:
        """Returns the number of lines imported before."""
        return self.lines_total - self.lines_new

    def add_problem(self, line: int, code: str, params: dict[str, Any], *, lost: bool) -> None:
        """Adds a problem; beyond MAX_PROBLEMS_STORED it is only counted. `lost`: a movement is missing."""
        self.lines_bad += lost
        if len(self.problems) < MAX_PROBLEMS_STORED:
            self.problems.append({"line": line, "code": code, "params": params})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file to parse: `chosen` account, `assigned` accounts by (number, currency), default `currency`."""

    id: UUID
    filename: str
    content: bytes
    chosen: UUID | None
    assigned: dict[tuple[str, str], UUID]
    currency: str


def recognise_format(content: bytes, filename: str) -> tuple[BankFormat, str, str]:
    """Returns (format, its code as stored, encoding). Raises Refused, TableRefused."""
    found = zipped.recognise(content)
    if found is tables.FORMAT:
        stored_code, encoding = tables.describe(content, filename)
        return found, stored_code, encoding
    return found, found.code, recognition.encoding_of(content)


def import_lines(db: Session, actor: Actor, file: StoredFile, progress: Progress = lambda _lines: None) -> FileReport:
    """Parses the file and inserts its lines; inserts nothing when an account is unknown (`needs_account`).

    The caller has the company's lock on bank lines. Raises Refused, TableRefused when nothing can be parsed.
    """
    resolver = AccountResolver(db, actor.tenant_id, file.chosen, file.assigned)
    bank_format, format_name, encoding = recognise_format(file.content, file.filename)
    report = FileReport(format_name, encoding)
    source = Source(file.content, encoding, file.filename, lambda number: resolver.currency_of(number, file.currency))
    writer = _LineWriter(db, actor, file.id)
    with db.begin_nested() as savepoint:
        events = _until_damaged(bank_format.parse(source), report)
        _import_events(events, resolver, report, writer, progress, file.assigned)
        if report.needs_account:
            savepoint.rollback()
            report.lines_new = 0
    if not report.lines_total and report.lines_bad:
        raise Refused("bank_file_nothing_readable", problems=report.problems[:MAX_PROBLEMS_STORED])
    if not report.statements_total:
        raise Refused("bank_file_no_statement")
    return report


def _until_damaged(events: Iterator[Event], report: FileReport) -> Iterator[Event]:
    """Yields the events up to a damage, then a Problem. Raises Refused, TableRefused if no line came before it."""
    try:
        yield from events
    except (Refused, TableRefused) as refused:
        if not report.lines_total:
            raise
        params = {name: value for name, value in refused.params.items() if name != "line"}
        yield Problem(int(str(refused.params.get("line", refused.params.get("row", 0)))), refused.code, params)


def _import_events(
    events: Iterator[Event],
    resolver: AccountResolver,
    report: FileReport,
    writer: _LineWriter,
    progress: Progress,
    assigned: dict[tuple[str, str], UUID],
) -> None:
    balances: dict[int, _Balance] = {}
    for event in events:
        if isinstance(event, Line):
            if event.status != "booked":
                continue  # only booked money is money
            balance = balances[event.ref]
            _count_line(event, balance, report)
            if balance.account.ours is not None and not report.needs_account:
                report.lines_new += writer.add(event, balance.account.ours.id)
            if report.lines_total % CHUNK == 0:
                progress(report.lines_total)
        elif isinstance(event, Opened):
            key = (event.account_no, event.currency)
            if key not in report.accounts:
                account, why_not = resolver.find(*key)
                is_assigned = key in assigned or (
                    account is not None and account.key not in account_keys(event.account_no)
                )
                report.accounts[key] = FileAccount(event.account_no, event.currency, account, why_not, is_assigned)
            balances[event.ref] = _Balance(event, report.accounts[key])
        elif isinstance(event, Closed):
            if ended := balances.pop(event.ref, None):
                _check_balance(event, ended, report)
        else:
            report.add_problem(event.line, event.code, event.params, lost=event.lost)
    if not report.needs_account:
        report.lines_new += writer.flush()
    for ref in sorted(balances):
        _check_balance(Closed(ref), balances[ref], report)


def _count_line(line: Line, balance: _Balance, report: FileReport) -> None:
    report.lines_total += 1
    balance.lines += 1
    balance.account.lines += 1
    report.needs_account = report.needs_account or balance.account.ours is None
    balance.total_minor += line.side * line.amount_minor
    report.from_on = min(report.from_on or line.booked_on, line.booked_on)
    report.to_on = max(report.to_on or line.booked_on, line.booked_on)


def _check_balance(closed: Closed, balance: _Balance, report: FileReport) -> None:
    """Compares opening balance plus lines with the closing balance, where the file states both."""
    opened = balance.opened
    opening = opened.opening_minor if opened.opening_minor is not None else closed.opening_minor
    difference = None
    if opening is not None and closed.closing_minor is not None:
        difference = closed.closing_minor - opening - balance.total_minor
    if difference:
        params = {
            "number": opened.number,
            "off_minor": difference,
            "currency": opened.currency,
            "account": opened.account_no,
        }
        report.add_problem(0, "balance_differs", params, lost=False)
    report.statements_total += 1
    if len(report.statements) < MAX_STATEMENTS_STORED:
        report.statements.append(
            {
                "account_no": opened.account_no,
                "currency": opened.currency,
                "number": opened.number,
                "opening_minor": opening,
                "total_minor": balance.total_minor,
                "closing_minor": closed.closing_minor,
                "off_minor": difference,
                "lines": balance.lines,
                "on": closed.on.isoformat() if closed.on else None,
            }
        )


class _LineWriter:
    """Collects lines and inserts them in chunks; numbers identical lines per account."""

    def __init__(self, db: Session, actor: Actor, file_id: UUID) -> None:
        self._db, self._actor, self._file_id = db, actor, file_id
        self._rows: list[tuple[Line, UUID, str, int]] = []
        self._seen: dict[UUID, set[int]] = defaultdict(set)
        self._repeated: dict[tuple[UUID, int], int] = {}

    def add(self, line: Line, account_id: UUID) -> int:
        """Adds a line; returns the number of lines newly inserted when this filled a chunk."""
        key = line_key(line)
        self._rows.append((line, account_id, key, self._occurrence(account_id, int(key, 16))))
        return self.flush() if len(self._rows) >= CHUNK else 0

    def _occurrence(self, account_id: UUID, key: int) -> int:
        seen = self._seen[account_id]
        if key not in seen:  # nearly all lines: a set entry instead of a counter
            seen.add(key)
            return 1
        nth = self._repeated.get((account_id, key), 1) + 1
        self._repeated[account_id, key] = nth
        return nth

    def flush(self) -> int:
        """Inserts the collected lines; returns how many were new."""
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
