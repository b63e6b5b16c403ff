"""Our accounts at banks: keeping them, and finding the one that a statement speaks of.

May import models, the formats' keys and the kernel. Invariant: one account per number and currency; an account's
currency never changes, since its lines are amounts in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.events import account_key, account_keys
from ar.receipts.bank.inputs import SaveBankAccount
from ar.receipts.models import BankAccount, BankFile
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record


def add_account(db: Session, actor: Actor, data: SaveBankAccount) -> UUID:
    """A new account. Raises Conflict(`bank_account_known`) when its number is kept in that currency already."""
    account_id = new_id()
    b = BankAccount
    made = db.execute(
        insert(b)
        .values(
            tenant_id=actor.tenant_id,
            id=account_id,
            account_key=account_key(data.account_no),
            created_at=actor.now,
            created_by=actor.name,
            **data.model_dump(),
        )
        .on_conflict_do_nothing()
        .returning(b.id)
    ).first()
    if made is None:
        raise Conflict("bank_account_known", number=data.account_no)
    record(db, actor, "bank_account_added", subject_id=account_id, data={"name": data.name, "number": data.account_no})
    return account_id


def change_account(db: Session, actor: Actor, account_id: UUID, data: SaveBankAccount) -> None:
    """Changes what may change. Raises NotFound, RuleBroken(`bank_account_currency`), Conflict(`bank_account_known`)."""
    b = BankAccount
    row = db.execute(
        sa.select(b.currency).where(b.tenant_id == actor.tenant_id, b.id == account_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("bank_account_not_found")
    if row.currency != data.currency:
        raise RuleBroken("bank_account_currency", currency=row.currency)
    key = account_key(data.account_no)
    taken = db.execute(
        sa.select(b.id).where(
            b.tenant_id == actor.tenant_id, b.account_key == key, b.currency == data.currency, b.id != account_id
        )
    ).first()
    if key and taken:
        raise Conflict("bank_account_known", number=data.account_no)
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == account_id)
        .values(account_key=key, **data.model_dump(exclude={"currency"}))
    )
    record(
        db, actor, "bank_account_changed", subject_id=account_id, data={"name": data.name, "number": data.account_no}
    )


@dataclass(frozen=True, slots=True)
class Known:
    """An account as statements are put to it."""

    id: UUID
    name: str
    key: str
    currency: str


class Finder:
    """Puts the accounts that a file names to ours: by number, by what a person said, by what was said before."""

    def __init__(self, db: Session, tenant_id: UUID, chosen: UUID | None, told: dict[tuple[str, str], UUID]) -> None:
        b = BankAccount
        rows = db.execute(
            sa.select(b.id, b.name, b.account_key, b.currency).where(b.tenant_id == tenant_id).order_by(b.id)
        )
        self._db, self._tenant_id = db, tenant_id
        self._known = {
            row.id: Known(id=row.id, name=row.name, key=row.account_key, currency=row.currency) for row in rows
        }
        self._by_key = {(each.key, each.currency): each for each in self._known.values() if each.key}
        self._chosen, self._told = chosen, told
        self._chosen_for: str | None = None

    def currency_of(self, account_no: str, fallback: str) -> str:
        """The currency of an account whose file does not write one."""
        keys = set(account_keys(account_no))
        for each in self._known.values():
            if each.key in keys and keys:
                return each.currency
        for (told_no, _currency), account_id in self._told.items():
            if told_no == account_no and account_id in self._known:
                return self._known[account_id].currency
        return self._known[self._chosen].currency if self._chosen in self._known else fallback

    def find(self, account_no: str, currency: str) -> tuple[Known | None, str]:
        """The account, or None and why not: `unknown`, or `currency` when we keep it in another one."""
        for key in account_keys(account_no):
            if found := self._by_key.get((key, currency)):
                return found, ""
        said = self._told.get((account_no, currency)) or self._remembered(account_no, currency)
        if said is None and self._chosen is not None and self._chosen_for in (None, account_no):
            said = self._chosen
        account = self._known.get(said) if said else None
        if account is None:
            keys = set(account_keys(account_no))
            return None, "currency" if any(each.key in keys for each in self._known.values() if each.key) else "unknown"
        if account.currency != currency:
            return None, "currency"
        if said == self._chosen:
            self._chosen_for = account_no  # a second unknown account of the file is not silently the same one
        return account, ""

    def _remembered(self, account_no: str, currency: str) -> UUID | None:
        """What a person said about the same number of an earlier file."""
        if not account_no:
            return None
        f = BankFile
        like = [{"account_no": account_no, "currency": currency, "told": True}]
        row = self._db.execute(
            sa.select(f.accounts)
            .where(f.tenant_id == self._tenant_id, f.state == "read", f.accounts.contains(like))
            .order_by(f.uploaded_at.desc())
            .limit(1)
        ).scalar_one_or_none()
        for each in row or ():
            if each["account_no"] == account_no and each["currency"] == currency and each.get("told"):
                return UUID(each["bank_account_id"])
        return None
