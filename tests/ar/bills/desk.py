"""Bills taken and moved in tests, each by the product's own command in a transaction of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.bills import pages
from ar.bills.commands import take_step
from ar.bills.doctor import bills_checks
from ar.bills.inputs import FORMS, ReceiveBill, step_of
from ar.bills.receiving import receive_bill
from ar.bills.views import BillPage
from ar.ledger.doctor import ledger_checks
from ar.ledger.models import OpenItem, Posting
from kernel.ids import new_id
from tests.support.books import TODAY, Books
from tests.support.companies import TestCompany

MATURES = date(2026, 9, 30)


@dataclass
class Desk:
    """One company's bills. `on` of a step and the actor's day are given by each test."""

    company: TestCompany

    @property
    def books(self) -> Books:
        """The ledger's side."""
        return Books(self.company)

    def receive(self, number: str = "B1", today: date = TODAY, **values: Any) -> UUID:
        """500,000.00 of customer 00001, issued 30 March, matures 30 September, received 1 April."""
        facts: dict[str, Any] = {
            "customer_no": "00001",
            "number": number,
            "kind": "bank",
            "drawer": "深圳鑫晟电子",
            "acceptor": "招商银行深圳分行",
            "payee": "测试公司",
            "issued_on": date(2026, 3, 30),
            "tenor_months": 6,
            "currency": "CNY",
            "amount": "500000.00",
            "received_on": date(2026, 4, 1),
            "pays": "oldest",
            "key": str(new_id()),
        }
        with self.company.transaction() as db:
            return receive_bill(db, self.company.actor(today), ReceiveBill.model_validate(facts | values))

    def step(self, bill_id: UUID, action: str, on: date, today: date = TODAY, **values: Any) -> None:
        """Takes a step from where the bill stands."""
        facts: dict[str, Any] = {"on": on, "seen": self.page(bill_id).row.state, "key": str(new_id())}
        facts |= {"endorsement": {"counterparty": "供应商甲"}, "pledge": {"counterparty": "宁波银行"}}.get(action, {})
        if action == "discount":
            facts |= {"counterparty": "宁波银行", "rate": "1.8", "recourse": "without"}
        if action == "dishonour":
            facts |= {"proof": "拒付理由书"}
        if action in ("undoing", "cancellation"):
            facts |= {"reason": "录入错误"}
        data = FORMS[action].model_validate(facts | values)
        with self.company.transaction() as db:
            take_step(db, self.company.actor(today), bill_id, step_of(action, data), data)

    def page(self, bill_id: UUID, today: date = TODAY) -> BillPage:
        """The bill as its page shows it."""
        with self.company.reading() as db:
            return pages.bill_page(db, self.company.tenant_id, bill_id, today)

    def balances(self) -> dict[str, int]:
        """Balance of every account that has one, debits positive."""
        p = Posting
        with self.company.reading() as db:
            rows = db.execute(
                sa.select(p.account_code, sa.cast(sa.func.sum(p.debit_minor - p.credit_minor), sa.BigInteger))
                .where(p.tenant_id == self.company.tenant_id)
                .group_by(p.account_code)
            )
            return {account: minor for account, minor in rows if minor}

    def open(self) -> dict[str, tuple[int, date]]:
        """What is open: number → amount with the sign of its side, due date."""
        i = OpenItem
        with self.company.reading() as db:
            rows = db.execute(
                sa.select(i.document_no, i.side * i.open_minor, i.due_on).where(
                    i.tenant_id == self.company.tenant_id, i.open_minor > 0
                )
            )
            return {number: (minor, due_on) for number, minor, due_on in rows}

    def wrong(self) -> list[str]:
        """What the examination of ledger and bills finds."""
        with self.company.reading() as db:
            tenant_id = self.company.tenant_id
            checks = [*ledger_checks(db, tenant_id), *bills_checks(db, tenant_id)]
        return [f"{check.name}: {check.detail}" for check in checks if not check.ok]
