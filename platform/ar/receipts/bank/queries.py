"""Queries of the bank statement pages: files, one file with its lines, accounts.

Invariant: read only; a fixed number of statements per page for any size of a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.messages import finding_text
from ar.receipts.models import BankAccount, BankFile, BankLine
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views
from web import filters


@dataclass(frozen=True, slots=True)
class FileRow:
    """A bank file in the list."""

    id: UUID
    filename: str
    format: str
    state: str
    lines_total: int
    lines_new: int
    lines_bad: int
    lines_asked: int
    from_on: date | None
    to_on: date | None
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class FilePage:
    """A bank file with all that its page shows besides the lines."""

    id: UUID
    filename: str
    sha256: str
    size_bytes: int
    format: str
    encoding: str
    state: str
    lines_total: int
    lines_new: int
    lines_known: int
    lines_bad: int
    lines_asked: int
    lines_pending: int
    accounts: list[dict[str, Any]]
    statements: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    from_on: date | None
    to_on: date | None
    uploaded_by: str
    uploaded_at: datetime
    finished_at: datetime | None

    @property
    def is_being_parsed(self) -> bool:
        """Tells that the file is being parsed or queued for it."""
        return self.state == "reading"

    def as_json(self, *, uploaded_before: bool) -> dict[str, Any]:
        """Returns the file for a program; problems in the current language."""
        return {
            "file_id": str(self.id),
            "state": self.state,
            "uploaded_before": uploaded_before,
            "format": self.format,
            "encoding": self.encoding,
            "lines": self.lines_total,
            "new": self.lines_new,
            "known": self.lines_known,
            "unread": self.lines_bad,
            "asked": self.lines_asked,
            "pending": self.lines_pending,
            "accounts": self.accounts,
            "questions": [
                {**each, "message": finding_text(str(each["code"]), each["params"])} for each in self.questions
            ],
            "statements": self.statements,
            "problems": [
                {"line": each["line"], "code": each["code"], "message": finding_text(each["code"], each["params"])}
                for each in self.problems
            ],
        }


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A bank account with the number of its lines and the last booking date."""

    id: UUID
    name: str
    bank_name: str
    account_no: str
    currency: str
    account_code: str
    active: bool
    lines: int
    through_on: date | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A bank line in a list."""

    id: UUID
    account: str
    position: int
    booked_on: date
    value_on: date
    currency: str
    side: int
    amount_minor: int
    payer_name: str
    payer_account: str
    remittance: str
    bank_reference: str
    is_reversal: bool
    is_return: bool
    status: str
    booked_as_id: UUID | None
    return_state: str | None
    state: str
    reason: str
    decided_by: str | None
    receipt_item_id: UUID | None
    file_id: UUID


@dataclass(frozen=True)
class LineFilters:
    """Filters of a file's lines in the URL."""

    state: str = filters.choice("all", "open", "matched", "set_aside", "out")


def files(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[FileRow], int]:
    """Returns a page of files, the newest first, and their total number."""
    file = BankFile
    total = db.execute(sa.select(sa.func.count()).select_from(file).where(file.tenant_id == tenant_id)).scalar_one()
    rows = db.execute(
        select_view(
            FileRow,
            id=value(file.id),
            filename=value(file.filename),
            format=value(file.format),
            state=value(file.state),
            lines_total=value(file.lines_total),
            lines_new=value(file.lines_new),
            lines_bad=value(file.lines_bad),
            lines_asked=value(file.lines_asked),
            from_on=value(file.from_on),
            to_on=value(file.to_on),
            uploaded_by=value(file.uploaded_by),
            uploaded_at=value(file.uploaded_at),
        )
        .where(file.tenant_id == tenant_id)
        .order_by(file.uploaded_at.desc(), file.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return views(FileRow, rows), total


def file_page(db: Session, tenant_id: UUID, file_id: UUID) -> FilePage:
    """Returns a file. Raises NotFound(`bank_file_not_found`)."""
    file = BankFile
    row = db.execute(
        select_view(
            FilePage,
            id=value(file.id),
            filename=value(file.filename),
            sha256=value(file.sha256),
            size_bytes=value(file.size_bytes),
            format=value(file.format),
            encoding=value(file.encoding),
            state=value(file.state),
            lines_total=value(file.lines_total),
            lines_new=value(file.lines_new),
            lines_known=value(file.lines_known),
            lines_bad=value(file.lines_bad),
            lines_asked=value(file.lines_asked),
            lines_pending=value(file.lines_pending),
            accounts=value(file.accounts),
            statements=value(file.statements),
            problems=value(file.problems),
            questions=value(file.questions),
            from_on=value(file.from_on),
            to_on=value(file.to_on),
            uploaded_by=value(file.uploaded_by),
            uploaded_at=value(file.uploaded_at),
            finished_at=value(file.finished_at),
        ).where(file.tenant_id == tenant_id, file.id == file_id)
    ).first()
    if row is None:
        raise NotFound("bank_file_not_found")
    return view(FilePage, row)


def lines_of(
    db: Session, tenant_id: UUID, file_id: UUID, wanted: LineFilters, *, offset: int = 0, limit: int = 50
) -> tuple[list[LineRow], int]:
    """Returns a page of the lines imported from a file, in file order, and their total number."""
    b = BankLine
    chosen = [b.tenant_id == tenant_id, b.file_id == file_id]
    if wanted.state == "out":
        chosen.append(b.side == -1)
    elif wanted.state != "all":
        chosen += [b.state == wanted.state, b.side == 1] if wanted.state == "open" else [b.state == wanted.state]
    total = db.execute(sa.select(sa.func.count()).select_from(b).where(*chosen)).scalar_one()
    rows = db.execute(_lines(tenant_id).where(*chosen).order_by(b.position, b.id).offset(offset).limit(limit))
    return views(LineRow, rows), total


@dataclass(frozen=True, slots=True)
class MappedFile:
    """A table with its open questions, the sample that the mapping page shows, and how it is read so far."""

    id: UUID
    filename: str
    state: str
    questions: list[dict[str, Any]]
    sample: dict[str, Any] | None
    mapping: dict[str, Any] | None


def mapped_file(db: Session, tenant_id: UUID, file_id: UUID) -> MappedFile:
    """Returns a file for its mapping page. Raises NotFound(`bank_file_not_found`)."""
    f = BankFile
    row = db.execute(
        select_view(
            MappedFile,
            id=value(f.id),
            filename=value(f.filename),
            state=value(f.state),
            questions=value(f.questions),
            sample=value(f.sample),
            mapping=value(f.mapping),
        ).where(f.tenant_id == tenant_id, f.id == file_id)
    ).first()
    if row is None:
        raise NotFound("bank_file_not_found")
    return view(MappedFile, row)


def line(db: Session, tenant_id: UUID, line_id: UUID) -> LineRow:
    """Returns a line. Raises NotFound(`bank_line_not_found`)."""
    row = db.execute(_lines(tenant_id).where(BankLine.id == line_id)).first()
    if row is None:
        raise NotFound("bank_line_not_found")
    return view(LineRow, row)


def waiting_lines(tenant_id: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions of lines to match: booked money in, undecided, and no return that waits for a person."""
    b = BankLine
    return (
        b.tenant_id == tenant_id,
        b.state == "open",
        b.side == 1,
        b.status == "booked",
        sa.or_(b.return_state.is_(None), b.return_state == "dismissed"),
    )


def _lines(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    b, a = BankLine, BankAccount
    return (
        select_view(
            LineRow,
            id=value(b.id),
            account=value(a.name),
            position=value(b.position),
            booked_on=value(b.booked_on),
            value_on=value(b.value_on),
            currency=value(b.currency),
            side=value(b.side),
            amount_minor=value(b.amount_minor),
            payer_name=value(b.payer_name),
            payer_account=value(b.payer_account),
            remittance=value(b.remittance),
            bank_reference=value(b.bank_reference),
            is_reversal=value(b.is_reversal),
            is_return=value(b.is_return),
            status=value(b.status),
            booked_as_id=value(b.booked_as_id),
            return_state=value(b.return_state),
            state=value(b.state),
            reason=value(b.reason),
            decided_by=value(b.decided_by),
            receipt_item_id=value(b.receipt_item_id),
            file_id=value(b.file_id),
        )
        .join(a, sa.and_(a.tenant_id == b.tenant_id, a.id == b.bank_account_id))
        .where(b.tenant_id == tenant_id, a.tenant_id == tenant_id)
    )


def accounts(db: Session, tenant_id: UUID) -> list[AccountRow]:
    """Returns our accounts, active ones first, with the last booking date imported."""
    b, a = BankLine, BankAccount
    line_counts = (
        sa.select(b.bank_account_id, sa.func.count().label("lines"), sa.func.max(b.booked_on).label("through_on"))
        .where(b.tenant_id == tenant_id)
        .group_by(b.bank_account_id)
        .subquery()
    )
    rows = db.execute(
        select_view(
            AccountRow,
            id=value(a.id),
            name=value(a.name),
            bank_name=value(a.bank_name),
            account_no=value(a.account_no),
            currency=value(a.currency),
            account_code=value(a.account_code),
            active=value(a.active),
            lines=value(sa.func.coalesce(line_counts.c.lines, 0)),
            through_on=value(line_counts.c.through_on),
        )
        .outerjoin(line_counts, line_counts.c.bank_account_id == a.id)
        .where(a.tenant_id == tenant_id)
        .order_by(a.active.desc(), a.name, a.id)
    )
    return views(AccountRow, rows)


def account_options(
    db: Session, tenant_id: UUID, currency: str = "", *, at_banks: bool = False
) -> list[tuple[str, str]]:
    """Returns the active accounts (of one currency if given, without cash if `at_banks`) as options of a select."""
    a = BankAccount
    chosen = [a.tenant_id == tenant_id, a.active, *([a.currency == currency] if currency else [])]
    chosen += [a.account_code != "cash"] if at_banks else []
    rows = db.execute(sa.select(a.id, a.name, a.account_no, a.currency).where(*chosen).order_by(a.name, a.id))
    return [(str(row.id), " · ".join(filter(None, (row.name, row.account_no[-8:], row.currency)))) for row in rows]


def account_names(db: Session, tenant_id: UUID) -> dict[str, str]:
    """Returns account names by id as text."""
    a = BankAccount
    return {str(row.id): row.name for row in db.execute(sa.select(a.id, a.name).where(a.tenant_id == tenant_id))}


def account(db: Session, tenant_id: UUID, account_id: UUID) -> AccountRow:
    """Returns an account. Raises NotFound(`bank_account_not_found`)."""
    for row in accounts(db, tenant_id):
        if row.id == account_id:
            return row
    raise NotFound("bank_account_not_found")
