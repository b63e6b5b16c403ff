"""Imports the statements of a stored bank file in one pass; movements imported before are not added again.

Invariants: all lines of a file are inserted in one transaction or none; what a movement is, known or new or perhaps
known, is decided statement by statement (`movements.writing`), so that files may overlap in any way; every statement
whose balances differ from its lines is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

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
    Question,
    Refused,
    Source,
)
from ar.receipts.bank.formats.tables import parsing as tables
from ar.receipts.bank.movements.statements import keep_chain
from ar.receipts.bank.movements.writing import ParsedStatement, StatementWriter, WrittenCounts
from kernel.actor import Actor
from kernel.sheets import TableRefused

CHUNK: Final = 1_000
MAX_PROBLEMS_STORED: Final = 1_000
MAX_STATEMENTS_STORED: Final = 500
Progress = Callable[[int], None]


@dataclass(slots=True)
class FileAccount:
    """An account named in the file, and ours; `assigned`: by a person, not by its number.

    `currency_stated`: the file itself says the currency.
    """

    account_no: str
    currency: str
    ours: KnownAccount | None
    why_not: str
    assigned: bool
    lines: int = 0
    currency_stated: bool = True

    def as_json(self) -> dict[str, Any]:
        """Returns the account as stored with the file."""
        return {
            "account_no": self.account_no,
            "currency": self.currency,
            "bank_account_id": str(self.ours.id) if self.ours else None,
            "why_not": self.why_not,
            "told": self.assigned,
            "lines": self.lines,
            "currency_stated": self.currency_stated,
        }


@dataclass(slots=True)
class _Balance:
    """A statement of the file with the running sum of its lines, in minor units."""

    opened: Opened
    account: FileAccount
    total_minor: int = 0
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class FileReport:
    """The result of parsing a file. `lines_new` were inserted by it, `lines_known` had been imported before.

    `lines_asked`: those of which a person is asked whether they are known; `lines_pending`: announced, not booked.
    """

    format: str = ""
    encoding: str = ""
    lines_total: int = 0
    lines_new: int = 0
    lines_bad: int = 0
    lines_asked: int = 0
    lines_pending: int = 0
    accounts: dict[tuple[str, str], FileAccount] = field(default_factory=dict)
    statements: list[dict[str, Any]] = field(default_factory=list)
    statements_total: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    from_on: date | None = None
    to_on: date | None = None
    #: Lines belong to an account that has not been assigned yet.
    needs_account: bool = False
    #: What only a person can say about the table, as (line, code, params); nothing is imported until it is answered.
    questions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lines_known(self) -> int:
        """Returns the number of lines imported before."""
        return self.lines_total - self.lines_new - self.lines_asked - self.lines_pending

    def add_counts(self, written: WrittenCounts) -> None:
        """Adds what was written of a statement."""
        self.lines_new += written.new
        self.lines_asked += written.asked
        self.lines_pending += written.pending

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
    mapping: dict[str, Any] | None = None


def recognise_format(
    content: bytes, filename: str, mapping: Mapping[str, Any] | None = None
) -> tuple[BankFormat, str, str]:
    """Returns (format, its code as stored, encoding): "csv-icbc", "camt053", "zip-camt053".

    Raises Refused, TableRefused.
    """
    found = zipped.recognise(content)
    if found is tables.FORMAT:
        stored_code, encoding = tables.describe(content, filename, mapping)
        return found, stored_code, encoding
    if found is zipped.FORMAT:
        return found, f"{found.code}-{zipped.format_within(content)}".removesuffix("-"), ""
    return found, found.code, recognition.encoding_of(content)


def import_lines(db: Session, actor: Actor, file: StoredFile, progress: Progress = lambda _lines: None) -> FileReport:
    """Parses the file and inserts its lines; nothing when an account is unknown or the table leaves questions open.

    The caller has the company's lock on bank lines. Raises Refused, TableRefused when nothing can be parsed.
    """
    resolver = AccountResolver(db, actor.tenant_id, file.chosen, file.assigned)
    bank_format, format_name, encoding = recognise_format(file.content, file.filename, file.mapping)
    report = FileReport(format_name, encoding)
    source = Source(
        file.content,
        encoding,
        file.filename,
        lambda number: resolver.currency_of(number, file.currency),
        file.mapping,
    )
    writer = StatementWriter(db, actor, file.id, format_name)
    with db.begin_nested() as savepoint:
        events = _until_damaged(bank_format.parse(source), report)
        _import_events(events, resolver, report, writer, progress, file.assigned)
        if report.needs_account or report.questions:
            savepoint.rollback()
            report.lines_new = report.lines_asked = report.lines_pending = 0
    if report.questions:
        return report
    if contradiction := resolver.contradiction:
        raise Refused("bank_file_other_account", found=contradiction[0], account=contradiction[1])
    if not report.needs_account:
        for named in report.accounts.values():
            if named.ours is not None:
                keep_chain(db, actor.tenant_id, named.ours.id)
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
    writer: StatementWriter,
    progress: Progress,
    assigned: dict[tuple[str, str], UUID],
) -> None:
    balances: dict[int, _Balance] = {}
    for event in events:
        if isinstance(event, Line):
            if event.status == "info":
                report.add_problem(event.position, "not_money", {"found": event.raw_kind}, lost=False)
                continue
            _count_line(event, balances[event.ref], report)
            if report.lines_total % CHUNK == 0:
                progress(report.lines_total)
        elif isinstance(event, Opened):
            key = (event.account_no, event.currency)
            if key not in report.accounts:
                account, why_not = resolver.find(*key)
                is_assigned = key in assigned or (account is not None and resolver.matched(*key) != account)
                report.accounts[key] = FileAccount(
                    event.account_no,
                    event.currency,
                    account,
                    why_not,
                    is_assigned,
                    currency_stated=event.currency_stated,
                )
            balances[event.ref] = _Balance(event, report.accounts[key])
        elif isinstance(event, Question):
            report.questions.append({"line": event.line, "code": event.code, "params": event.params})
        elif isinstance(event, Closed):
            if ended := balances.pop(event.ref, None):
                _end_statement(event, ended, report, writer)
        else:
            report.add_problem(event.line, event.code, event.params, lost=event.lost)
    for ref in sorted(balances):
        _end_statement(Closed(ref), balances[ref], report, writer)


def _count_line(line: Line, balance: _Balance, report: FileReport) -> None:
    report.lines_total += 1
    balance.lines.append(line)
    balance.account.lines += 1
    report.needs_account = report.needs_account or balance.account.ours is None
    if line.status == "booked":
        balance.total_minor += line.side * line.amount_minor
    report.from_on = min(report.from_on or line.booked_on, line.booked_on)
    report.to_on = max(report.to_on or line.booked_on, line.booked_on)


def _end_statement(closed: Closed, balance: _Balance, report: FileReport, writer: StatementWriter) -> None:
    """Compares the balances of a statement with its lines, and writes it unless an account is unknown."""
    opened = balance.opened
    opening = opened.opening_minor if opened.opening_minor is not None else closed.opening_minor
    difference = None
    if opening is not None and closed.closing_minor is not None:
        difference = closed.closing_minor - opening - balance.total_minor
    _report_statement(closed, balance, opening, difference, report)
    if balance.account.ours is not None and not report.needs_account and not report.questions:
        statement = ParsedStatement(
            opened.number, opening, closed.closing_minor, closed.on, tuple(balance.lines), difference == 0
        )
        report.add_counts(writer.write(balance.account.ours.id, statement))


def _report_statement(
    closed: Closed, balance: _Balance, opening: int | None, difference: int | None, report: FileReport
) -> None:
    opened = balance.opened
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
                "lines": len(balance.lines),
                "on": closed.on.isoformat() if closed.on else None,
            }
        )
