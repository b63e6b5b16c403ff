"""Bills taken and moved on."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from ar.bills import queries
from ar.bills.checks import bills_checks
from ar.bills.commands import take_step
from ar.bills.inputs import FORMS, ReceiveBill, step_of
from ar.bills.receiving import receive_bill
from ar.bills.views import BillPage
from tests.support.world.base import fresh_key
from tests.support.world.ledger import Ledger

#: When the bill of `World.bill` matures unless said.
MATURES = date(2026, 9, 30)


class Bills(Ledger):
    """Makers of bills."""

    def bill(self, number: str = "B1", **values: Any) -> UUID:
        """Takes 500,000.00 of customer 00001, issued 30 March, matures 30 September, received 1 April.

        It pays the oldest invoices first; `values` are other fields of ReceiveBill.
        """
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
            "key": fresh_key(),
        }
        with self.transaction() as db:
            return receive_bill(db, self.actor(), ReceiveBill.model_validate(facts | values))

    def take_bill_step(self, bill: UUID, action: str, *, on: date, **values: Any) -> None:
        """Takes a step from where the bill stands; `values` are fields of the step's form."""
        facts: dict[str, Any] = {"on": on, "seen": self.bill_page(bill).row.state, "key": fresh_key()}
        facts |= {"endorsement": {"counterparty": "供应商甲"}, "pledge": {"counterparty": "宁波银行"}}.get(action, {})
        if action == "discount":
            facts |= {"counterparty": "宁波银行", "rate": "1.8", "recourse": "without"}
        if action == "dishonour":
            facts |= {"proof": "拒付理由书"}
        if action in ("undoing", "cancellation"):
            facts |= {"reason": "录入错误"}
        data = FORMS[action].model_validate(facts | values)
        with self.transaction() as db:
            take_step(db, self.actor(), bill, step_of(action, data), data)

    def bill_page(self, bill: UUID) -> BillPage:
        """Returns the bill as its page shows it today."""
        with self.reading() as db:
            return queries.bill_page(db, self.tenant_id, bill, self.today)

    def bills_findings(self) -> list[str]:
        """Returns what the examinations of ledger and bills find wrong."""
        with self.reading() as db:
            wrong = [f"{each.name}: {each.detail}" for each in bills_checks(db, self.tenant_id) if not each.ok]
        return self.ledger_findings() + wrong
