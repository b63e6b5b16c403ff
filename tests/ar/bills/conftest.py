"""A desk with one customer who owes three invoices, and one bill over part of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from tests.ar.bills.desk import Desk
from tests.support.companies import TestCompany


@pytest.fixture
def desk(company: TestCompany) -> Desk:
    """Customer 00001 owes 300,000.00 due 31 March, 250,000.00 due 30 April, 90,000.00 due 31 May."""
    made = Desk(company)
    customer = made.books.customer()
    for number, minor, due in (
        ("INV-1", 30_000_000, date(2026, 3, 31)),
        ("INV-2", 25_000_000, date(2026, 4, 30)),
        ("INV-3", 9_000_000, date(2026, 5, 31)),
    ):
        made.books.post(customer, "invoice", number, date(2026, 3, 1), minor, due_on=due)
    return made


@pytest.fixture
def bill(desk: Desk) -> UUID:
    """The bill of `Desk.receive`, set against the oldest due first."""
    return desk.receive()
