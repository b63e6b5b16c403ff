"""Late debts and runs for the tests of interest, made by the product's own commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from uuid import UUID

from ar.interest import commands, queries, waiving
from ar.interest.inputs import PostInterest, SetTerms, TakeBackInterest, WaiveInterest
from ar.interest.previews import Preview
from tests.support.books import Books
from tests.support.companies import TestCompany

_keys = count(1)


def key() -> str:
    """A fresh idempotency key."""
    return f"interest-test-key-{next(_keys)}"


@dataclass
class InterestDesk:
    """One company's interest on `today`; each method is one committed transaction."""

    company: TestCompany
    today: date = date(2026, 2, 10)
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        self.books = Books(self.company, self.today)

    def preview(self, through: date | None = None, *, customer_no: str = "", currency: str | None = None) -> Preview:
        with self.company.reading() as db:
            actor = self.company.actor(self.today)
            return commands.preview(db, actor, through or self.today, customer_no, currency)

    def posting(self, through: date | None = None, **values: object) -> PostInterest:
        """The input that posts what is previewed now."""
        through = through or self.today
        seen = self.preview(through, customer_no=str(values.get("customer_no", "")))
        given = {"through_on": through, "document_on": self.today, "fingerprint": seen.fingerprint, "key": key()}
        return PostInterest.model_validate(given | values)

    def post(self, through: date | None = None, **values: object) -> queries.RunPage:
        data = self.posting(through, **values)
        with self.company.transaction() as db:
            run_id = commands.post_run(db, self.company.actor(self.today), data)
        return self.run(run_id)

    def run(self, run_id: UUID) -> queries.RunPage:
        with self.company.reading() as db:
            return queries.run_page(db, self.company.tenant_id, run_id)

    def charge(self, charge_id: UUID) -> queries.ChargePage:
        with self.company.reading() as db:
            return queries.charge_page(db, self.company.tenant_id, charge_id)

    def terms(self, customer_id: UUID | None, **values: object) -> UUID:
        data = SetTerms.model_validate({"from_on": date(2020, 1, 1)} | values)
        with self.company.transaction() as db:
            return commands.set_terms(db, self.company.actor(self.today), customer_id, data)

    def waive(self, charge_id: UUID, amount: str, **values: object) -> UUID | None:
        data = WaiveInterest.model_validate({"amount": amount, "reason": "goodwill", "key": key()} | values)
        with self.company.transaction() as db:
            return waiving.waive(db, self.company.actor(self.today), charge_id, data)

    def reinstate(self, waiver_id: UUID) -> None:
        with self.company.transaction() as db:
            waiving.reinstate(db, self.company.actor(self.today), waiver_id, TakeBackInterest(reason="not kept"))

    def reverse(self, charge_id: UUID) -> None:
        with self.company.transaction() as db:
            waiving.reverse_charge(db, self.company.actor(self.today), charge_id, TakeBackInterest(reason="wrong rate"))
