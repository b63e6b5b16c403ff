"""Provisions and bad debts for tests, made by the product's own commands: each method is one committed transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.ledger.models import OpenItem, Posting
from ar.ledger.rates import NewRate, record_rates
from ar.losses import bad_debts, provision, queries, recovering
from ar.losses.doctor import losses_checks
from ar.losses.estimate import Estimate
from ar.losses.evidence import SentFile
from ar.losses.inputs import (
    AddEvent,
    AssessItem,
    PostProvision,
    ProposeBadDebt,
    RecoverCredit,
    RecoverMoney,
    SetPolicy,
    TakeBack,
)
from ar.losses.models import BadDebtCase
from ar.losses.views import CasePage, RunPage
from kernel.actor import Actor
from tests.support.approvals import approve_all, everybody, on, person
from tests.support.books import Books
from tests.support.companies import TestCompany

TODAY = date(2026, 11, 20)
BASE = {"through": ["0", "30", "60", "90", ""], "rate": ["0.3", "1.6", "3.6", "6.6", "10.6"]}
PDF = SentFile("判决书.pdf", b"%PDF-1.7\n%test\n")
_keys = count(1)


def key() -> str:
    """A fresh idempotency key."""
    return f"losses-test-key-{next(_keys)}"


@dataclass
class LossDesk:
    """One company's losses on `today`."""

    company: TestCompany
    today: date = TODAY
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        self.books = Books(self.company, self.today)

    @cached_property
    def clerk(self) -> Actor:
        """Who proposes; those who decide are there too."""
        everybody(self.company)
        return on(person(self.company, "accountant"), self.company, self.today)

    def actor(self, today: date | None = None) -> Actor:
        return self.company.actor(today or self.today)

    def owe(self, customer: UUID, number: str, minor: int, late: int, *, currency: str = "CNY") -> UUID:
        """An invoice `late` days past due (below 0: not due yet)."""
        due = self.today - timedelta(days=late)
        issued = min(due - timedelta(days=30), self.today)
        return self.books.post(customer, "invoice", number, issued, minor, due_on=due, currency=currency)

    def rate(self, currency: str, rate: str, day: date) -> None:
        with self.company.transaction() as db:
            record_rates(db, self.actor(), [NewRate(currency, day, Decimal(rate))])

    def policy(self, **values: Any) -> UUID:
        data = SetPolicy.model_validate(BASE | {"method": "matrix"} | values)
        with self.company.transaction() as db:
            return provision.set_policy(db, self.actor(), data)

    def assess(self, document_no: str, loss: str | None, reason: str = "破产清算中") -> None:
        data = AssessItem.model_validate({"document_no": document_no, "loss": loss, "reason": reason})
        with self.company.transaction() as db:
            provision.assess(db, self.actor(), data)

    def preview(self, as_of: date | None = None) -> Estimate:
        with self.company.reading() as db:
            return provision.preview(db, self.actor(), as_of or self.today)

    def post(self, as_of: date | None = None) -> RunPage:
        as_of = as_of or self.today
        data = PostProvision(as_of=as_of, fingerprint=self.preview(as_of).fingerprint, key=key())
        with self.company.transaction() as db:
            run_id = provision.post_run(db, self.actor(), data)
        return self.run(run_id)

    def run(self, run_id: UUID) -> RunPage:
        with self.company.reading() as db:
            return queries.run_page(db, self.company.tenant_id, run_id)

    def reverse(self, run_id: UUID, **values: Any) -> None:
        with self.company.transaction() as db:
            provision.reverse_run(db, self.actor(), run_id, TakeBack(reason="算错了", **values))

    def proposing(self, *items: UUID, amounts: dict[UUID, str] | None = None, **values: Any) -> ProposeBadDebt:
        parts = [{"item_id": item, "amount": (amounts or {}).get(item, "")} for item in items]
        given = {"parts": parts, "cause": "bankrupt", "options": ["legal_help"], "reason": "法院裁定", "key": key()}
        return ProposeBadDebt.model_validate(given | values)

    def propose(self, customer: UUID, *items: UUID, amounts: dict[UUID, str] | None = None, **values: Any) -> UUID:
        with self.company.transaction() as db:
            data = self.proposing(*items, amounts=amounts, **values)
            return bad_debts.propose(db, self.clerk, customer, data, [PDF])

    def approval_of(self, case_id: UUID) -> UUID:
        k = BadDebtCase
        with self.company.reading() as db:
            found = db.execute(
                sa.select(k.approval_id).where(k.tenant_id == self.company.tenant_id, k.id == case_id)
            ).scalar_one()
        assert found is not None
        return found

    def write_off(self, customer: UUID, *items: UUID, amounts: dict[UUID, str] | None = None) -> UUID:
        """Proposed by one person and approved by others."""
        case_id = self.propose(customer, *items, amounts=amounts)
        approve_all(self.company, self.approval_of(case_id), self.today)
        return case_id

    def case(self, case_id: UUID) -> CasePage:
        with self.company.reading() as db:
            return queries.case_page(db, self.company.tenant_id, case_id)

    def recover(self, case_id: UUID, amount: str, *, currency: str = "CNY", **values: Any) -> UUID:
        given = {"amount": amount, "currency": currency, "received_on": self.today, "key": key()}
        with self.company.transaction() as db:
            data = RecoverMoney.model_validate(given | values)
            return recovering.recover_money(db, self.actor(), case_id, data)

    def recover_credit(self, case_id: UUID, credit: UUID, amount: str = "") -> UUID:
        with self.company.transaction() as db:
            data = RecoverCredit(from_credit=credit, amount=amount, key=key())
            return recovering.recover_credit(db, self.actor(), case_id, data)

    def undo(self, recovery_id: UUID) -> None:
        with self.company.transaction() as db:
            recovering.undo_recovery(db, self.actor(), recovery_id, TakeBack(reason="记错客户"))

    def take_back(self, case_id: UUID) -> None:
        with self.company.transaction() as db:
            bad_debts.take_back(db, self.actor(), case_id, TakeBack(reason="误核销"))

    def event(self, case_id: UUID, **values: Any) -> UUID:
        with self.company.transaction() as db:
            data = AddEvent.model_validate({"kind": "note", "text": "电话已停机", "key": key()} | values)
            return recovering.add_event(db, self.actor(), case_id, data)

    def account(self, code: str, currency: str = "CNY") -> int:
        """Debit less credit of an account."""
        p = Posting
        with self.company.reading() as db:
            return int(
                db.execute(
                    sa.select(sa.func.coalesce(sa.func.sum(p.debit_minor - p.credit_minor), 0)).where(
                        p.tenant_id == self.company.tenant_id, p.account_code == code, p.currency == currency
                    )
                ).scalar_one()
            )

    def open_of(self, item: UUID) -> int:
        i = OpenItem
        with self.company.reading() as db:
            return int(
                db.execute(
                    sa.select(i.open_minor).where(i.tenant_id == self.company.tenant_id, i.id == item)
                ).scalar_one()
            )

    def findings(self) -> list[str]:
        """What the doctor finds wrong with the losses."""
        with self.company.reading() as db:
            return [f"{each.name}: {each.detail}" for each in losses_checks(db, self.company.tenant_id) if not each.ok]
