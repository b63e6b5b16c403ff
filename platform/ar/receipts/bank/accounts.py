"""Adds and changes bank accounts, and resolves the accounts that a bank file names.

Invariant: one account per number and currency; an account's currency never changes, since its lines are amounts in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.receipts.bank.formats.account_numbers import contradict, matching
from ar.receipts.bank.formats.events import account_key
from ar.receipts.bank.inputs import ChangeBankAccount, SaveBankAccount, account_values
from ar.receipts.models import BankAccount, BankFile
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record
from kernel.versions import check_version


def add_account(db: Session, actor: Actor, data: SaveBankAccount) -> UUID:
    """Adds an account; returns its id. Raises Conflict(`bank_account_known`) if the number exists in that currency."""
    account_id = new_id()
    b = BankAccount
    inserted = db.execute(
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
    if inserted is None:
        raise Conflict("bank_account_known", number=data.account_no)
    record(db, actor, "bank_account_added", subject_id=account_id, data={"name": data.name, "number": data.account_no})
    return account_id


def change_account(db: Session, actor: Actor, account_id: UUID, data: ChangeBankAccount) -> None:
    """Changes an account, except its currency.

    Raises NotFound, RuleBroken(`bank_account_currency`), Conflict(`bank_account_known`, `changed_meanwhile`).
    """
    b = BankAccount
    row = db.execute(
        sa.select(b)
        .where(b.tenant_id == actor.tenant_id, b.id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("bank_account_not_found")
    check_version(data, account_values(row))
    if row.currency != data.currency:
        raise RuleBroken("bank_account_currency", currency=row.currency)
    key = account_key(data.account_no)
    duplicate = db.execute(
        sa.select(b.id).where(
            b.tenant_id == actor.tenant_id, b.account_key == key, b.currency == data.currency, b.id != account_id
        )
    ).first()
    if key and duplicate:
        raise Conflict("bank_account_known", number=data.account_no)
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == account_id)
        .values(account_key=key, **data.model_dump(exclude={"currency", "version"}))
    )
    record(
        db, actor, "bank_account_changed", subject_id=account_id, data={"name": data.name, "number": data.account_no}
    )


def ledger_account(db: Session, tenant_id: UUID, bank_account_id: UUID | None, currency: str, default: str) -> str:
    """Returns the ledger account (bank or cash) of a bank account for money in `currency`; `default` without one.

    Raises RuleBroken (`receipt_account_unknown`, `receipt_account_currency`).
    """
    if bank_account_id is None:
        return default
    b = BankAccount
    row = db.execute(
        sa.select(b.account_code, b.currency).where(b.tenant_id == tenant_id, b.id == bank_account_id)
    ).first()
    if row is None:
        raise RuleBroken("receipt_account_unknown")
    if row.currency != currency:
        raise RuleBroken("receipt_account_currency", account=row.currency, receipt=currency)
    return str(row.account_code)


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """A bank account of ours with its number."""

    id: UUID
    name: str
    number: str
    currency: str


class AccountResolver:
    """Resolves the accounts in a file to ours: by number, by assignment, by assignment in an earlier file."""

    def __init__(
        self, db: Session, tenant_id: UUID, chosen: UUID | None, assigned: dict[tuple[str, str], UUID]
    ) -> None:
        b = BankAccount
        rows = db.execute(
            sa.select(b.id, b.name, b.account_no, b.currency).where(b.tenant_id == tenant_id).order_by(b.id)
        )
        self._db, self._tenant_id = db, tenant_id
        self._known = {
            row.id: KnownAccount(id=row.id, name=row.name, number=row.account_no, currency=row.currency) for row in rows
        }
        self._chosen, self._assigned = self._known.get(chosen) if chosen else None, assigned
        self._chosen_for: str | None = None
        self._others: list[str] = []

    @property
    def contradiction(self) -> tuple[str, str] | None:
        """Returns (number in the file, ours) where the account that was chosen is none of the file, else None."""
        if self._chosen is None or self._chosen_for is not None or not self._others:
            return None
        return self._others[0], self._chosen.number or self._chosen.name

    def currency_of(self, account_no: str, fallback: str) -> str:
        """Returns the currency of an account in a format that does not state it."""
        if found := self.matched(account_no):
            return found.currency
        for (assigned_no, _currency), account_id in self._assigned.items():
            if assigned_no == account_no and account_id in self._known:
                return self._known[account_id].currency
        return self._chosen.currency if self._chosen else fallback

    def matched(self, account_no: str, currency: str | None = None) -> KnownAccount | None:
        """Returns our account with this number, in this currency if given."""
        ours = [each for each in self._known.values() if currency in (None, each.currency)]
        return matching(account_no, [(each.number, each) for each in ours])

    def find(self, account_no: str, currency: str) -> tuple[KnownAccount | None, str]:
        """Returns (account, ""), or (None, reason): `unknown`, or `currency` when we keep it in another one."""
        if found := self.matched(account_no, currency):
            if found == self._chosen:
                self._chosen_for = account_no
            else:
                self._others.append(account_no)
            return found, ""
        account_id = self._assigned.get((account_no, currency)) or self._assigned_before(account_no, currency)
        account = self._known.get(account_id) if account_id else None
        if account is None and self._chosen is not None and self._chosen_for in (None, account_no):
            if contradict(account_no, self._chosen.number):
                self._others.append(account_no)
            else:
                account = self._chosen
        if account is None:
            return None, "currency" if self.matched(account_no) else "unknown"
        if account.currency != currency:
            return None, "currency"
        if account == self._chosen:
            self._chosen_for = account_no  # a second unknown account of the file must not get the same account
        return account, ""

    def _assigned_before(self, account_no: str, currency: str) -> UUID | None:
        """Returns the account that a person assigned to the same number in an earlier file."""
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
