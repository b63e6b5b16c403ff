"""Provisions for expected losses, debts written off, and what came back of them."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.losses.bad_debts import commands as bad_debts
from ar.losses.bad_debts import queries, recoveries
from ar.losses.bad_debts.inputs import (
    AddEvent,
    ProposeBadDebt,
    RecoverCredit,
    RecoverMoney,
)
from ar.losses.bad_debts.views import CasePage
from ar.losses.checks import losses_checks
from ar.losses.inputs import ReverseLoss
from ar.losses.models import BadDebtCase
from ar.losses.provision import commands as provision
from ar.losses.provision import queries as provision_queries
from ar.losses.provision.estimate import Estimate
from ar.losses.provision.inputs import AssessItem, PostProvision, SetPolicy
from ar.losses.provision.queries import RunPage
from kernel.actor import Actor
from kernel.uploads import UploadedFile
from tests.support.approvals import approve_all, everybody, on, person
from tests.support.world.base import fresh_key
from tests.support.world.ledger import Ledger

#: Days past due of each bucket's end, and the percent that is expected to be lost in it.
MATRIX = {"through": ["0", "30", "60", "90", ""], "rate": ["0.3", "1.6", "3.6", "6.6", "10.6"]}
JUDGMENT = UploadedFile("判决书.pdf", b"%PDF-1.7\n%test\n")


class Losses(Ledger):
    """Makers of provisions and bad debts."""

    @cached_property
    def clerk(self) -> Actor:
        """An accountant, who proposes; the people who decide are there too."""
        everybody(self)
        return on(person(self, "accountant"), self, self.today)

    def provision_policy(self, **values: Any) -> UUID:
        """Sets the policy of provisions, by default MATRIX."""
        data = SetPolicy.model_validate(MATRIX | {"method": "matrix"} | values)
        with self.transaction() as db:
            return provision.set_policy(db, self.actor(), data)

    def assess_item(self, number: str, loss: str | None, reason: str = "破产清算中") -> None:
        """Assesses one document on its own: the amount that will be lost, None to end it."""
        data = AssessItem.model_validate({"document_no": number, "loss": loss, "reason": reason})
        with self.transaction() as db:
            provision.assess_document(db, self.actor(), data)

    def provision_preview(self, as_of: date | None = None) -> Estimate:
        """Returns the provision that a run as of a day (default today) would post."""
        with self.reading() as db:
            return provision.preview_run(db, self.actor(), as_of or self.today)

    def post_provision(self, as_of: date | None = None) -> RunPage:
        """Posts what is previewed now; returns the run as its page shows it."""
        as_of = as_of or self.today
        data = PostProvision(as_of=as_of, fingerprint=self.provision_preview(as_of).fingerprint, key=fresh_key())
        with self.transaction() as db:
            run = provision.post_run(db, self.actor(), data)
        return self.provision_run(run)

    def provision_run(self, run: UUID) -> RunPage:
        """Returns a run as its page shows it."""
        with self.reading() as db:
            return provision_queries.run_page(db, self.tenant_id, run)

    def reverse_provision(self, run: UUID, **values: Any) -> None:
        """Reverses a run."""
        with self.transaction() as db:
            provision.reverse_run(db, self.actor(), run, ReverseLoss(reason="算错了", **values))

    def bad_debt_proposal(self, *items: UUID, amounts: dict[UUID, str] | None = None, **values: Any) -> ProposeBadDebt:
        """Returns the input that proposes to write items off, whole unless `amounts` names a part."""
        parts = [{"item_id": item, "amount": (amounts or {}).get(item, "")} for item in items]
        given = {
            "parts": parts,
            "cause": "bankrupt",
            "options": ["legal_help"],
            "reason": "法院裁定",
            "key": fresh_key(),
        }
        return ProposeBadDebt.model_validate(given | values)

    def propose_bad_debt(
        self, customer: UUID, *items: UUID, amounts: dict[UUID, str] | None = None, **values: Any
    ) -> UUID:
        """Proposes to write items off with a judgment as evidence; returns the case, which waits for approval."""
        data = self.bad_debt_proposal(*items, amounts=amounts, **values)
        with self.transaction() as db:
            return bad_debts.propose_bad_debt(db, self.clerk, customer, data, [JUDGMENT])

    def bad_debt(self, customer: UUID, *items: UUID, amounts: dict[UUID, str] | None = None, **values: Any) -> UUID:
        """Writes items off: proposed by one person and approved by others; returns the case."""
        case = self.propose_bad_debt(customer, *items, amounts=amounts, **values)
        approve_all(self, self.bad_debt_approval(case), self.today)
        return case

    def bad_debt_approval(self, case: UUID) -> UUID:
        """Returns the approval of a case."""
        k = BadDebtCase
        with self.reading() as db:
            query = sa.select(k.approval_id).where(k.tenant_id == self.tenant_id, k.id == case)
            found = db.execute(query).scalar_one()
        assert found is not None
        return found

    def bad_debt_page(self, case: UUID) -> CasePage:
        """Returns a case as its page shows it."""
        with self.reading() as db:
            return queries.case_page(db, self.tenant_id, case)

    def recover_money(self, case: UUID, amount: str, *, currency: str = "CNY", **values: Any) -> UUID:
        """Books money that came back of a debt written off."""
        given = {"amount": amount, "currency": currency, "received_on": self.today, "key": fresh_key()}
        with self.transaction() as db:
            return recoveries.recover_money(db, self.actor(), case, RecoverMoney.model_validate(given | values))

    def recover_credit(self, case: UUID, credit: UUID, amount: str = "") -> UUID:
        """Takes so much of a credit (default all) as come back of a debt written off."""
        data = RecoverCredit(from_credit=credit, amount=amount, key=fresh_key())
        with self.transaction() as db:
            return recoveries.recover_credit(db, self.actor(), case, data)

    def reverse_recovery(self, recovery: UUID) -> None:
        """Takes back what was booked as come back."""
        with self.transaction() as db:
            recoveries.reverse_recovery(db, self.actor(), recovery, ReverseLoss(reason="记错客户"))

    def reverse_bad_debt(self, case: UUID) -> None:
        """Takes a write-off back."""
        with self.transaction() as db:
            bad_debts.reverse_write_off(db, self.actor(), case, ReverseLoss(reason="误核销"))

    def bad_debt_event(self, case: UUID, **values: Any) -> UUID:
        """Adds an entry to a case's history, by default a note."""
        data = AddEvent.model_validate({"kind": "note", "text": "电话已停机", "key": fresh_key()} | values)
        with self.transaction() as db:
            return recoveries.add_event(db, self.actor(), case, data)

    def losses_findings(self) -> list[str]:
        """Returns what the examination of provisions and bad debts finds wrong."""
        with self.reading() as db:
            return [f"{each.name}: {each.detail}" for each in losses_checks(db, self.tenant_id) if not each.ok]
