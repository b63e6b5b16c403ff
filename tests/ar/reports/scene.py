"""A company with something on every overview page, made by the product's own commands on one fixed day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from flask.testing import FlaskClient

from ar.cases.commands import place_block
from ar.cases.inputs import PlaceBlock
from ar.statements.commands import issue_statement
from ar.statements.inputs import IssueStatement
from kernel.clock import fixed_clock, moment_on
from tests.ar.cases.desk import Desk
from tests.support.companies import TestCompany

#: A Wednesday and a working day in China.
TODAY = date(2026, 11, 18)
SATURDAY = date(2026, 11, 21)


@contextmanager
def on(day: date) -> Iterator[None]:
    """Everything inside happens on `day` at nine in Shanghai."""
    with fixed_clock(moment_on(day, "Asia/Shanghai")):
        yield


def furnish(company: TestCompany, copies: int = 1) -> Desk:
    """For each copy a debtor with an overdue, a disputed and a coming invoice, a receipt, and a statement."""
    desk = Desk(company)
    for number in range(1, copies + 1):
        no = f"{number:05d}"
        customer = desk.customer(no)
        desk.invoice(f"INV-{no}-1", date(2026, 10, 20), 312_400_00, customer=no)
        disputed = desk.invoice(f"INV-{no}-2", date(2026, 11, 5), 43_000_00, customer=no)
        desk.invoice(f"INV-{no}-3", date(2026, 12, 9), 31_500_00, customer=no)
        desk.credit(f"RC-{no}", date(2026, 11, 12), 20_000_00, customer=no)
        with company.transaction() as db:
            actor = company.actor(date(2026, 11, 6))
            issue_statement(
                db,
                actor,
                IssueStatement(
                    customer_id=customer, currency="CNY", period_from=date(2026, 10, 1), period_to=date(2026, 10, 31)
                ),
            )
            place_block(
                db, actor, PlaceBlock(customer_id=customer, item_id=disputed, kind="dispute", reason="two boxes short")
            )
    desk.run(TODAY)
    return desk


def get(client: FlaskClient, company: TestCompany, path: str, status: int = 200) -> str:
    """The page as text; fails on another status."""
    answer = client.get(company.url(path))
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)
