"""A small set of books for tests: customers and documents made by the product's own commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from ar.customers.commands import upsert_customers
from ar.customers.inputs import CustomerRow
from ar.customers.queries import find_numbers
from ar.ledger.allocation import NewAllocation, allocate
from ar.ledger.posting import NewItem, post_items
from tests.support.companies import TestCompany

TODAY = date(2026, 11, 20)


@dataclass
class Books:
    """One company's books; each method is one committed transaction on `today`."""

    company: TestCompany
    today: date = TODAY

    def customer(self, number: str = "00001", name: str = "深圳鑫晟电子") -> UUID:
        """A customer by number."""
        with self.company.transaction() as db:
            upsert_customers(db, self.company.actor(self.today), [CustomerRow(number=number, name=name)])
            return find_numbers(db, self.company.tenant_id, [number])[number].id

    def post(
        self,
        customer_id: UUID,
        kind: str,
        number: str,
        on: date,
        amount_minor: int,
        *,
        due_on: date | None = None,
        currency: str = "CNY",
    ) -> UUID:
        """A document; what is owed is due after 30 days unless said, a credit on its own day."""
        due = due_on or (on if kind in ("receipt", "credit_note") else on + timedelta(days=30))
        item = NewItem(customer_id, kind, number, on, due, due, currency, amount_minor)
        with self.company.transaction() as db:
            return post_items(db, self.company.actor(self.today), [item])[0]

    def allocate(self, debit: UUID, credit: UUID, amount_minor: int, on: date | None = None) -> UUID:
        """An allocation."""
        with self.company.transaction() as db:
            wanted = NewAllocation(debit, credit, amount_minor, on)
            return allocate(db, self.company.actor(self.today), [wanted])[0]
