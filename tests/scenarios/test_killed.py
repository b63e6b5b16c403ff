"""A process killed between any two statements leaves nothing half-done; the next one does the work once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ar.bills.inputs import ReceiveBill
from ar.bills.receiving import receive_bill
from ar.ledger.posting import NewItem, post_items
from kernel.ids import new_id
from tests.scenarios.killed_deeds import figures, whole
from tests.support.books import Books
from tests.support.companies import TestCompany
from tests.support.killed import killed_everywhere

MAY = date(2026, 5, 4)
DEEDS = "tests.scenarios.killed_deeds"


@pytest.mark.parametrize(
    ("deed", "documents", "allocations"), [("receive", 1, 1), ("reverse", 3, 3), ("dishonour", 1, 2)]
)
def test_a_killed_deed_leaves_nothing_and_the_next_one_does_it_once(
    company: TestCompany, deed: str, documents: int, allocations: int
) -> None:
    books = Books(company, MAY)
    customer = books.customer()
    parts = [
        NewItem(
            customer, "invoice", "INV-1", MAY, MAY + timedelta(days=30 * n), MAY + timedelta(days=30 * n), "CNY",
            500_00, tax_minor=50_00, instalment_no=n,
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    with company.transaction() as db:
        invoice = post_items(db, company.actor(MAY), parts)[0]
    bill = None
    if deed == "dishonour":
        with company.transaction() as db:
            data = ReceiveBill(
                customer_no="00001", number="B-1", kind="commercial", drawer="出票人", acceptor="承兑人", payee="我司",
                issued_on=MAY, tenor_months=2, currency="CNY", amount="400.00", received_on=MAY, pays="oldest",
                key=str(new_id()),
            )  # fmt: skip
            bill = receive_bill(db, company.actor(MAY), data)
    before = figures(company.tenant_id)
    kills = killed_everywhere(
        f"{DEEDS}:{deed}", company.tenant_id, f"{DEEDS}:as_before", customer=str(customer), invoice=str(invoice),
        bill=str(bill), key=str(new_id()), before=before,
    )  # fmt: skip
    assert kills >= 8, "every statement of the deed was a place to die"
    after = figures(company.tenant_id)
    assert (after[0] - before[0], after[3] - before[3]) == (documents, allocations)
    assert whole(company.tenant_id) is None
