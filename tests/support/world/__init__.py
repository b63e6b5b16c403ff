"""The one builder of test data: a company in which tests make things by the product's own commands.

    customer = world.customer(name="深圳鑫晟电子")
    invoice = world.invoice(customer, number="INV-1", on=date(2026, 9, 1), minor=1_000_00)
    receipt = world.receipt(customer, number="R-1", on=date(2026, 10, 1), minor=400_00)
    world.allocate(invoice, receipt, minor=400_00)
    assert world.open_minor_of(invoice) == 600_00

Each method is one committed transaction on `world.today`, or on the day it is given; `world.on(day)` is the same
company on another day. Amounts are minor units.
"""

from __future__ import annotations

from datetime import date

from flask import Flask

from tests.support.companies import TestCompany, new_company
from tests.support.world.assessments import Assessments
from tests.support.world.base import TODAY
from tests.support.world.bills import Bills
from tests.support.world.cases import Cases
from tests.support.world.cash import BankMovement, Cash
from tests.support.world.deliveries import Deliveries
from tests.support.world.interest import Interest
from tests.support.world.ledger import Ledger
from tests.support.world.losses import Losses
from tests.support.world.statements import Statements

__all__ = ["TODAY", "BankMovement", "World", "new_world", "world_of"]


class World(Statements, Assessments, Cases, Bills, Interest, Losses, Cash, Deliveries, Ledger):
    """A company with makers of everything that the product keeps, from customers to bad debts."""


def new_world(today: date = TODAY) -> World:
    """Makes a company of its own, for tests that need many; it has no web pages."""

    def no_pages() -> Flask:
        raise AssertionError("a world of `new_world` has no web pages")

    return world_of(new_company(no_pages), today)


def world_of(company: TestCompany, today: date = TODAY) -> World:
    """Returns the world of a company that exists."""
    return World(
        company.tenant_id,
        company.slug,
        company.owner_id,
        company.app_source,
        company.timezone,
        company.language,
        today=today,
    )
