"""Bank accounts and bank lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank import files as bank_files
from ar.receipts.bank.inputs import BankUpload, SaveBankAccount
from ar.receipts.matching.commands import match_lines
from ar.receipts.models import BankAccount, BankLine
from tests.support.world.base import Base, fresh_number


@dataclass(frozen=True, kw_only=True)
class BankMovement:
    """Money that a bank file says came in on a day; `amount` as typed, `account` the payer's."""

    on: date
    amount: str
    payer: str = ""
    account: str = ""
    text: str = ""


class Cash(Base):
    """Makers of what the bank tells."""

    def bank_account(self, name: str = "工行基本户") -> UUID:
        """Makes a bank account of the company, in CNY."""
        account = SaveBankAccount(name=name, account_no=f"62220000{fresh_number():08d}")
        with self.transaction() as db:
            return bank_accounts.add_account(db, self.actor(), account)

    def bank_lines(self, movements: Sequence[BankMovement], *, match: bool = True) -> list[UUID]:
        """Uploads and reads a bank file of these movements; returns the lines' ids in order.

        The file belongs to the company's first bank account, which is made when missing. `match`: the lines are
        matched to open items at once, as the worker does after reading.
        """
        text, number = io.StringIO(), fresh_number()
        writer = csv.writer(text)
        writer.writerow(["交易日期", "收入金额", "支出金额", "对方户名", "对方账号", "附言", "流水号"])
        for at, each in enumerate(movements):
            writer.writerow(
                [each.on.isoformat(), each.amount, "", each.payer, each.account, each.text, f"S{number}-{at}"]
            )
        account = self._first_bank_account() or self.bank_account()
        b = BankLine
        with self.transaction() as db:
            upload = BankUpload(f"流水{number}.csv", text.getvalue().encode(), account)
            file_id, _new = bank_files.upload(db, self.actor(), upload, schedule=False)
            assert bank_files.parse_file(db, self.actor(), file_id) == "read"
            if match:
                match_lines(db, self.actor(), file_id=file_id)
            query = sa.select(b.id).where(b.tenant_id == self.tenant_id, b.file_id == file_id).order_by(b.position)
            return list(db.execute(query).scalars())

    def bank_line(
        self, *, on: date, amount: str, payer: str = "", account: str = "", text: str = "", match: bool = True
    ) -> UUID:
        """Uploads and reads a bank file of one movement; returns the line's id. See `bank_lines`."""
        movement = BankMovement(on=on, amount=amount, payer=payer, account=account, text=text)
        return self.bank_lines([movement], match=match)[0]

    def bank_lines_of(self, *paid: tuple[str, str], on: date) -> list[UUID]:
        """Uploads, reads and matches a bank file of (amount, text) on one day; returns the lines' ids in order."""
        return self.bank_lines([BankMovement(on=on, amount=amount, text=text) for amount, text in paid])

    def find_bank_line(self, line: UUID) -> BankLine:
        """Returns a bank line as it stands."""
        b = BankLine
        with self.reading() as db:
            return db.execute(sa.select(b).where(b.tenant_id == self.tenant_id, b.id == line)).scalar_one()

    def _first_bank_account(self) -> UUID | None:
        a = BankAccount
        with self.reading() as db:
            return db.execute(sa.select(a.id).where(a.tenant_id == self.tenant_id).order_by(a.id).limit(1)).scalar()
