"""Queries of what the bank pages say of each account: last statement, breaks of the chain, questions, returns.

Invariant: read only; a fixed number of statements for any number of lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.events import Line
from ar.receipts.bank.movements.line_rows import movement_of
from ar.receipts.bank.movements.models import BankStatement, ChainBreakNote, PossibleDuplicate
from ar.receipts.models import BankAccount, BankFile, BankLine
from kernel.errors import NotFound
from kernel.views import LATER, select_view, value, view, views


@dataclass(frozen=True, slots=True)
class BreakEnd:
    """A statement at one end of a break; `balance_minor`: its balance there, signed."""

    id: str
    number: str
    first_on: date
    last_on: date
    balance_minor: int


@dataclass(frozen=True, slots=True)
class BreakView:
    """A place where the balances of an account do not continue; see `rules.statement_chain.ChainBreak`."""

    kind: str
    off_minor: int
    before: BreakEnd
    after: BreakEnd


@dataclass(frozen=True, slots=True)
class AccountState:
    """An active account: its last statement with the closing balance, and what waits for a person.

    `questions`, `returns`: counts. `closing_minor`: the last balance that the bank stated, signed minor units, and its
    day.
    """

    id: UUID
    name: str
    account_no: str
    currency: str
    number: str | None
    through_on: date | None
    closing_minor: int | None
    closing_on: date | None
    questions: int
    returns: int
    breaks: tuple[BreakView, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A possible duplicate: the movement of a file (`movement`) beside the stored line that it resembles."""

    id: UUID
    account: str
    filename: str
    movement: Line
    line_id: UUID
    line_on: date
    line_name: str
    line_text: str
    line_reference: str
    line_file: str
    line_state: str


@dataclass(frozen=True, slots=True)
class BreakNote:
    """A person's account of an earlier break."""

    off_minor: int
    reason: str
    recorded_by: str
    recorded_on: date


def account_states(db: Session, tenant_id: UUID) -> list[AccountState]:
    """Returns our active accounts that have statements or lines, by name; one statement."""
    a, s, d, b = BankAccount, BankStatement, PossibleDuplicate, BankLine
    ends = sa.func.greatest(s.last_on, s.closed_on)
    last = (
        sa.select(s.number, ends.label("through_on"))
        .where(s.tenant_id == tenant_id, s.bank_account_id == a.id)
        .order_by(ends.desc().nulls_last(), s.recorded_at.desc(), s.ordinal.desc())
        .limit(1)
        .lateral("last_statement")
    )
    balance = (
        sa.select(s.closing_minor, ends.label("closing_on"))
        .where(s.tenant_id == tenant_id, s.bank_account_id == a.id, s.closing_minor.is_not(None))
        .order_by(ends.desc().nulls_last(), s.recorded_at.desc(), s.ordinal.desc())
        .limit(1)
        .lateral("last_balance")
    )
    questions = sa.select(sa.func.count()).where(d.tenant_id == tenant_id, d.bank_account_id == a.id, d.state == "open")
    returns = sa.select(sa.func.count()).where(
        b.tenant_id == tenant_id, b.bank_account_id == a.id, b.return_state == "open"
    )
    rows = db.execute(
        select_view(
            AccountState,
            id=value(a.id),
            name=value(a.name),
            account_no=value(a.account_no),
            currency=value(a.currency),
            number=value(last.c.number),
            through_on=value(last.c.through_on),
            closing_minor=value(balance.c.closing_minor),
            closing_on=value(balance.c.closing_on),
            questions=value(questions.scalar_subquery()),
            returns=value(returns.scalar_subquery()),
            breaks=LATER,
        )
        .add_columns(a.chain_breaks)
        .select_from(a)
        .outerjoin(last, sa.true())
        .outerjoin(balance, sa.true())
        .where(a.tenant_id == tenant_id, a.active)
        .order_by(a.name, a.id)
    ).all()
    return [view(AccountState, row, breaks=tuple(_break(each) for each in row.chain_breaks)) for row in rows]


def account_breaks(db: Session, tenant_id: UUID, account_id: UUID) -> tuple[AccountState, list[BreakNote]]:
    """Returns an account with its breaks, and what was said of earlier ones. Raises NotFound."""
    state = next((each for each in account_states(db, tenant_id) if each.id == account_id), None)
    if state is None:
        raise NotFound("bank_account_not_found")
    n = ChainBreakNote
    rows = db.execute(
        select_view(
            BreakNote,
            off_minor=value(n.off_minor),
            reason=value(n.reason),
            recorded_by=value(n.recorded_by),
            recorded_on=value(sa.cast(n.recorded_at, sa.Date)),
        )
        .where(n.tenant_id == tenant_id, n.bank_account_id == account_id)
        .order_by(n.recorded_at.desc(), n.id)
    )
    return state, views(BreakNote, rows)


def open_questions(
    db: Session, tenant_id: UUID, *, file_id: UUID | None = None, offset: int = 0, limit: int = 50
) -> tuple[list[Question], int]:
    """Returns the open questions (of one file), the oldest first, and their number."""
    d, a, f, b, known_file = PossibleDuplicate, BankAccount, BankFile, BankLine, sa.orm.aliased(BankFile)
    wanted = [d.tenant_id == tenant_id, d.state == "open", *([d.file_id == file_id] if file_id else [])]
    total = db.execute(sa.select(sa.func.count()).select_from(d).where(*wanted)).scalar_one()
    rows = db.execute(
        select_view(
            Question,
            id=value(d.id),
            account=value(a.name),
            filename=value(f.filename),
            movement=LATER,
            line_id=value(b.id),
            line_on=value(b.booked_on),
            line_name=value(b.payer_name),
            line_text=value(b.remittance),
            line_reference=value(b.bank_reference),
            line_file=value(known_file.filename),
            line_state=value(b.state),
        )
        .add_columns(d.movement.label("stored"))
        .select_from(d)
        .join(a, sa.and_(a.tenant_id == tenant_id, a.id == d.bank_account_id))
        .join(f, sa.and_(f.tenant_id == tenant_id, f.id == d.file_id))
        .join(b, sa.and_(b.tenant_id == tenant_id, b.id == d.like_line_id))
        .join(known_file, sa.and_(known_file.tenant_id == tenant_id, known_file.id == b.file_id))
        .where(*wanted)
        .order_by(d.recorded_at, d.file_id, d.statement_position, d.id)
        .offset(offset)
        .limit(limit)
    ).all()
    return [view(Question, row, movement=movement_of(row.stored)) for row in rows], total


def _break(stored: Mapping[str, Any]) -> BreakView:
    return BreakView(stored["kind"], stored["off_minor"], _end(stored["before"]), _end(stored["after"]))


def _end(stored: Mapping[str, Any]) -> BreakEnd:
    return BreakEnd(
        stored["id"],
        stored["number"],
        date.fromisoformat(stored["first_on"]),
        date.fromisoformat(stored["last_on"]),
        stored["balance_minor"],
    )
