"""Says how far cash is posted, in one statement: it is shown on pages opened all day.

Invariant: each of its counts reads an index of its own, so that one that answers 0 costs nothing at any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.models import BooksState, OpenItem
from ar.receipts.bank.movements.models import PossibleDuplicate
from ar.receipts.bank.queries import waiting_lines
from ar.receipts.models import BankAccount, BankFile, BankLine
from kernel.binds import TENANT
from kernel.db import columns
from kernel.views import from_json, json_view, value, view


@dataclass(frozen=True, slots=True)
class CashAccount:
    """An active bank account and the last day covered by its statements."""

    name: str
    through_on: date | None


@dataclass(frozen=True, slots=True)
class CashState:
    """How far cash is posted, which a reviewer must know before releasing dunning letters.

    `booked_through_on`: the earliest day among the accounts with statements, else the date of the last receipt.
    It never passes a break between statements. `unapplied`, `lines_waiting`: counts. `lines_sure`: waiting lines that
    can be accepted; closed periods left out. `returns`: payments that came back and wait for a decision, `questions`:
    movements that may be known already, `breaks`: places where statements do not continue.
    """

    booked_through_on: date | None
    accounts: tuple[CashAccount, ...]
    unapplied: int
    lines_waiting: int
    lines_sure: int
    returns: int = 0
    questions: int = 0
    breaks: int = 0

    def as_json(self) -> dict[str, Any]:
        """Returns the state for a program."""
        return {
            "booked_through_on": self.booked_through_on,
            "accounts": [{"name": each.name, "through_on": each.through_on} for each in self.accounts],
            "unapplied": self.unapplied,
            "lines_waiting": self.lines_waiting,
            "lines_sure": self.lines_sure,
            "returns": self.returns,
            "questions": self.questions,
            "breaks": self.breaks,
        }


def cash_state(db: Session, tenant_id: UUID) -> CashState:
    """Returns how far cash is posted, in one statement."""
    counts = columns(db, _state(), {"tenant": tenant_id}).one()
    accounts = from_json(CashAccount, counts.accounts)
    through = min((each.through_on for each in accounts if each.through_on), default=counts.last_on)
    return view(
        CashState,
        counts,
        booked_through_on=through,
        accounts=accounts,
        lines_waiting=counts.waiting,
        lines_sure=counts.sure,
    )


@cache
def _state() -> sa.Select[Any]:
    i, b, d, a = OpenItem, BankLine, PossibleDuplicate, BankAccount
    locked = sa.select(BooksState.locked_through).where(BooksState.tenant_id == TENANT).scalar_subquery()
    return sa.select(
        sa.select(sa.func.max(i.document_on))
        .where(i.tenant_id == TENANT, i.kind == "receipt")
        .scalar_subquery()
        .label("last_on"),
        sa.select(sa.func.count())
        .where(i.tenant_id == TENANT, i.side == -1, i.open_minor > 0)
        .scalar_subquery()
        .label("unapplied"),
        sa.select(sa.func.count()).where(*waiting_lines(TENANT)).scalar_subquery().label("waiting"),
        sa.select(sa.func.count())
        .where(*waiting_lines(TENANT), b.proposal_state == "sure", sa.or_(locked.is_(None), b.booked_on > locked))
        .scalar_subquery()
        .label("sure"),
        sa.select(sa.func.count())
        .where(b.tenant_id == TENANT, b.return_state == "open")
        .scalar_subquery()
        .label("returns"),
        sa.select(sa.func.count()).where(d.tenant_id == TENANT, d.state == "open").scalar_subquery().label("questions"),
        sa.select(sa.func.coalesce(sa.func.sum(sa.func.jsonb_array_length(a.chain_breaks)), 0))
        .where(a.tenant_id == TENANT, a.active)
        .scalar_subquery()
        .label("breaks"),
        _accounts_json(TENANT).label("accounts"),
    )


def _accounts_json(tenant_id: Any) -> sa.ScalarSelect[Any]:
    """Selects the CashAccount of each active account as JSON: the later of last line and last statement end.

    Where balances do not continue from one statement to the next, it is the last day before that.
    """
    bank_account, line, file = BankAccount, BankLine, BankFile
    last_line = sa.select(sa.func.max(line.booked_on)).where(
        line.tenant_id == tenant_id, line.bank_account_id == bank_account.id, line.status == "booked"
    )
    last_file = sa.select(sa.func.max(file.to_on)).where(
        file.tenant_id == tenant_id, file.bank_account_id == bank_account.id, file.state == "read"
    )
    statement_end = sa.func.greatest(
        last_line.scalar_subquery(), last_file.scalar_subquery(), bank_account.chain_through_on
    )
    is_broken = sa.func.jsonb_array_length(bank_account.chain_breaks) > 0
    through = (
        sa.select(
            bank_account.name,
            sa.case((is_broken, bank_account.chain_through_on), else_=statement_end).label("through_on"),
        )
        .where(bank_account.tenant_id == tenant_id, bank_account.active)
        .order_by(bank_account.name, bank_account.id)
    )
    account = through.subquery("account").c
    as_json = json_view(CashAccount, name=value(account.name), through_on=value(account.through_on))
    return sa.select(sa.func.jsonb_agg(as_json)).scalar_subquery()
