"""Customers, documents and allocations, and what the books say of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from flask.testing import FlaskClient

from ar.customers.commands import edit_customer, upsert_customers
from ar.customers.inputs import CustomerRow, EditCustomer
from ar.customers.models import Customer
from ar.customers.queries import find_numbers
from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.posting_rules import POSTING_RULES
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.closing.fx.rates import NewRate, record_rates
from ar.ledger.models import OpenItem, Posting
from tests.support.world.base import Base

NET = timedelta(days=30)
#: Kinds that reduce what is owed: due on their own day.
CREDITS = frozenset(kind for kind, recipe in POSTING_RULES.items() if recipe.side < 0)


class Ledger(Base):
    """Makers of the ledger. A `customer` is an id, or the number of a debtor who is made when missing."""

    def customer(self, number: str = "00001", name: str = "深圳鑫晟电子", **more: str | int | None) -> UUID:
        """Makes or changes a customer; `more` are fields of CustomerRow (none of them: nobody to write to)."""
        row = CustomerRow(number=number, name=name, **more)  # type: ignore[arg-type]
        with self.transaction() as db:
            upsert_customers(db, self.actor(), [row])
            return find_numbers(db, self.tenant_id, [number])[number].id

    def agree_on_days_off(self, customer: UUID, roll: str) -> None:
        """Changes what the customer's terms say of a last day that is a day off."""
        with self.transaction() as db:
            edit_customer(db, self.actor(), customer, EditCustomer.model_validate({"name": "客户", "term_roll": roll}))

    def debtor(self, number: str = "00001", **more: str | int | None) -> UUID:
        """Makes a customer whose one contact, ar@NUMBER.example, gets everything."""
        contact = {"contact_name": "王芳", "contact_email": f"ar@{number}.example"}
        return self.customer(number, f"客户{number}", **(contact | more))

    def customer_id(self, number: str = "00001") -> UUID:
        """Returns the id of the customer with that number; makes a debtor when there is none."""
        with self.reading() as db:
            found = find_numbers(db, self.tenant_id, [number]).get(number)
        return found.id if found else self.debtor(number)

    def document(
        self,
        customer: UUID | str = "00001",
        *,
        kind: str,
        number: str,
        minor: int = 1_000_00,
        on: date | None = None,
        due_on: date | None = None,
        settlement_days: int = 0,
        currency: str = "CNY",
        tax_minor: int = 0,
        discount_bps: int | None = None,
        discount_until_on: date | None = None,
    ) -> UUID:
        """Books a document and returns its item. What is owed is due after 30 days, a credit on its own day.

        `on`: its date, by default today or, where only `due_on` is given, 30 days before that.
        """
        if on is None:
            on = due_on - NET if due_on else self.today
        due_on = due_on or (on if kind in CREDITS else on + NET)
        item = NewItem(
            customer_id=customer if isinstance(customer, UUID) else self.customer_id(customer),
            kind=kind,
            document_no=number,
            document_on=on,
            due_on=due_on,
            collection_end_on=due_on + timedelta(days=settlement_days),
            currency=currency,
            amount_minor=minor,
            tax_minor=tax_minor,
            discount_bps=discount_bps,
            discount_until_on=discount_until_on,
        )
        return self.book([item])[0]

    def invoice(
        self,
        customer: UUID | str = "00001",
        *,
        number: str,
        minor: int = 1_000_00,
        on: date | None = None,
        due_on: date | None = None,
        settlement_days: int = 0,
        currency: str = "CNY",
    ) -> UUID:
        """Books an invoice, due after 30 days unless said; see `document`."""
        return self.document(
            customer,
            kind="invoice",
            number=number,
            minor=minor,
            on=on,
            due_on=due_on,
            settlement_days=settlement_days,
            currency=currency,
        )

    def late_invoice(self, customer: UUID, *, number: str, minor: int, days_late: int, currency: str = "CNY") -> UUID:
        """Books an invoice so many days past due today (below 0: not due yet)."""
        due_on = self.today - timedelta(days=days_late)
        on = min(due_on - timedelta(days=30), self.today)
        return self.invoice(customer, number=number, on=on, due_on=due_on, minor=minor, currency=currency)

    def receipt(
        self,
        customer: UUID | str = "00001",
        *,
        number: str,
        minor: int = 1_000_00,
        on: date | None = None,
        currency: str = "CNY",
    ) -> UUID:
        """Books money received, not yet applied."""
        return self.document(customer, kind="receipt", number=number, minor=minor, on=on, currency=currency)

    def give_to(self, client: FlaskClient, customer: UUID) -> None:
        """Makes the person who is signed in there the customer's owner."""
        with client.session_transaction() as session:
            owner_id = UUID(session["_user_id"].split("|")[0])
        self.own(customer, owner_id)

    def own(self, customer: UUID, owner_id: UUID) -> None:
        """Makes a person the customer's owner."""
        with self.transaction() as db:
            db.execute(
                sa.update(Customer)
                .where(Customer.tenant_id == self.tenant_id, Customer.id == customer)
                .values(owner_id=owner_id)
            )

    def instalments(
        self, number: str, *, due: Iterable[date], minor: int, customer: UUID | str = "00001", on: date | None = None
    ) -> list[UUID]:
        """Books an invoice of equal instalments of `minor` each; returns their items."""
        days = list(due)
        return self.book(
            [
                NewItem(
                    customer_id=customer if isinstance(customer, UUID) else self.customer_id(customer),
                    kind="invoice",
                    document_no=number,
                    instalment_no=place,
                    document_on=on or days[0] - NET,
                    due_on=day,
                    collection_end_on=day,
                    currency="CNY",
                    amount_minor=minor,
                )
                for place, day in enumerate(days, 1)
            ]
        )

    def credit_note(
        self,
        customer: UUID | str = "00001",
        *,
        number: str,
        minor: int = 1_000_00,
        on: date | None = None,
        currency: str = "CNY",
    ) -> UUID:
        """Books a credit note, not yet applied."""
        return self.document(customer, kind="credit_note", number=number, minor=minor, on=on, currency=currency)

    def book(self, items: list[NewItem]) -> list[UUID]:
        """Books documents in one transaction, several of one number being its instalments."""
        with self.transaction() as db:
            return post_items(db, self.actor(), items)

    def allocate(self, debit: UUID, credit: UUID, *, minor: int, on: date | None = None) -> UUID:
        """Lets a credit pay a debit, effective on a day (by default the later of the documents' days)."""
        with self.transaction() as db:
            return allocate(db, self.actor(), [NewAllocation(debit, credit, minor, on)])[0]

    def unapply(self, allocation: UUID, *, on: date | None = None) -> None:
        """Takes an allocation back."""
        with self.transaction() as db:
            reverse_allocation(db, self.actor(), allocation, effective_on=on)

    def pay(
        self, item: UUID, *, minor: int = 1_000_00, on: date | None = None, number: str = "", kind: str = "receipt"
    ) -> UUID:
        """Books a credit of `on` that pays so much of an item, all on that day; returns the allocation."""
        owed, day = self.open_item(item), self.on(on or self.today)
        credit = day.document(
            owed.customer_id,
            kind=kind,
            number=number or f"R{item.hex[-8:]}",
            minor=minor,
            on=day.today,
            currency=owed.currency,
        )
        return day.allocate(item, credit, minor=minor)

    def rate(self, currency: str, rate: str, *, on: date, source: str = "") -> None:
        """Records an exchange rate into the company's currency."""
        with self.transaction() as db:
            record_rates(db, self.actor(), [NewRate(currency, on, Decimal(rate), source)])

    def open_item(self, item: UUID) -> OpenItem:
        """Returns the item as it stands."""
        i = OpenItem
        with self.reading() as db:
            return db.execute(sa.select(i).where(i.tenant_id == self.tenant_id, i.id == item)).scalar_one()

    def open_minor_of(self, item: UUID) -> int:
        """Returns what is open of an item."""
        return self.open_item(item).open_minor

    def item_numbered(self, number: str) -> OpenItem:
        """Returns the item with that document number."""
        i = OpenItem
        with self.reading() as db:
            return db.execute(sa.select(i).where(i.tenant_id == self.tenant_id, i.document_no == number)).scalar_one()

    def count_documents(self, kind: str) -> int:
        """Returns how many documents of a kind there are."""
        i = OpenItem
        with self.reading() as db:
            query = sa.select(sa.func.count()).where(i.tenant_id == self.tenant_id, i.kind == kind)
            return db.execute(query).scalar_one()

    def signed_open(self) -> dict[str, tuple[int, date]]:
        """Returns what is open by number: minor units with the sign of its side, and the due date."""
        i = OpenItem
        with self.reading() as db:
            rows = db.execute(
                sa.select(i.document_no, i.side * i.open_minor, i.due_on).where(
                    i.tenant_id == self.tenant_id, i.open_minor > 0
                )
            )
            return {number: (minor, due_on) for number, minor, due_on in rows}

    def postings_of(self, item: UUID) -> dict[str, int]:
        """Returns account → debit less credit of the entry that booked an item."""
        p, entry = Posting, self.open_item(item).entry_id
        return self._balances(p.entry_id == entry)

    def account_balances(self, currency: str | None = None) -> dict[str, int]:
        """Returns account → debit less credit, for every account that has a balance (in one currency, or all)."""
        return self._balances(Posting.currency == currency if currency else sa.true())

    def balance_of(self, account: str, currency: str = "CNY") -> int:
        """Returns debit less credit of an account in a currency."""
        return self.account_balances(currency).get(account, 0)

    def ledger_findings(self) -> list[str]:
        """Returns what the examination of the ledger finds wrong."""
        with self.reading() as db:
            return [f"{each.name}: {each.detail}" for each in ledger_checks(db, self.tenant_id) if not each.ok]

    def _balances(self, condition: sa.ColumnElement[bool]) -> dict[str, int]:
        p = Posting
        query = (
            sa.select(p.account_code, sa.cast(sa.func.sum(p.debit_minor - p.credit_minor), sa.BigInteger))
            .where(p.tenant_id == self.tenant_id, condition)
            .group_by(p.account_code)
        )
        with self.reading() as db:
            return {account: minor for account, minor in db.execute(query) if minor}
