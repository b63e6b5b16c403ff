"""A company with a bank account, bank lines and books, for the tests of cash application."""

from __future__ import annotations

import csv
import io
from datetime import date
from itertools import count
from uuid import UUID

import sqlalchemy as sa

from ar.ledger.models import OpenItem
from ar.receipts import bank_files, banks
from ar.receipts.bank_inputs import BankUpload, SaveBankAccount
from ar.receipts.matching_commands import match_lines
from ar.receipts.models import BankLine
from tests.support.books import TODAY, Books
from tests.support.companies import TestCompany

_numbers = count(1)


class Till(Books):
    """Books with a bank account; each method is one committed transaction on `today`."""

    def __init__(self, company: TestCompany, today: date = TODAY) -> None:
        super().__init__(company, today)
        with company.transaction() as db:
            account = SaveBankAccount(name="工行基本户", account_no=f"62220000{next(_numbers):08d}")
            self.account_id = banks.add_account(db, company.actor(today), account)

    def lines(self, *rows: tuple[date, str, str, str, str], match: bool = True) -> list[UUID]:
        """Bank lines of (day, amount, payer, payer's account, text), read from a file; their ids in order."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["交易日期", "收入金额", "支出金额", "对方户名", "对方账号", "附言", "流水号"])
        first = next(_numbers)
        for at, (on, amount, payer, account, words) in enumerate(rows):
            writer.writerow([on.isoformat(), amount, "", payer, account, words, f"S{first}-{at}"])
        with self.company.transaction() as db:
            actor = self.company.actor(self.today)
            upload = BankUpload(f"流水{first}.csv", text.getvalue().encode(), self.account_id)
            file_id, _new = bank_files.upload(db, actor, upload, schedule=False)
            assert bank_files.read(db, actor, file_id) == "read"
            if match:
                match_lines(db, actor, file_id=file_id)
            b = BankLine
            where = (b.tenant_id == self.company.tenant_id, b.file_id == file_id)
            return list(db.execute(sa.select(b.id).where(*where).order_by(b.position)).scalars())

    def line(self, line_id: UUID) -> BankLine:
        """The line as it stands."""
        with self.company.reading() as db:
            b = BankLine
            return db.execute(sa.select(b).where(b.tenant_id == self.company.tenant_id, b.id == line_id)).scalar_one()

    def open_minor(self, item_id: UUID) -> int:
        """What of a document is open."""
        with self.company.reading() as db:
            i = OpenItem
            return db.execute(
                sa.select(i.open_minor).where(i.tenant_id == self.company.tenant_id, i.id == item_id)
            ).scalar_one()

    def count(self, kind: str) -> int:
        """How many documents of a kind there are."""
        with self.company.reading() as db:
            i = OpenItem
            return db.execute(
                sa.select(sa.func.count()).where(i.tenant_id == self.company.tenant_id, i.kind == kind)
            ).scalar_one()
