"""Something on every overview page, on one fixed day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from flask.testing import FlaskClient

from kernel.clock import fixed_clock, moment_on
from tests.support.companies import TestCompany
from tests.support.world import World

#: A Wednesday and a working day in China.
TODAY = date(2026, 11, 18)
SATURDAY = date(2026, 11, 21)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


@contextmanager
def clock_at(day: date) -> Iterator[None]:
    """Lets everything inside happen on `day` at nine in Shanghai."""
    with fixed_clock(moment_on(day, "Asia/Shanghai")):
        yield


def make_debtors(world: World, copies: int = 1) -> None:
    """Makes debtors 00001, 00002 and so on, and does the daily run of TODAY.

    Each has an overdue, a disputed and a coming invoice, a receipt that is not applied, and a statement.
    """
    for copy in range(1, copies + 1):
        number = f"{copy:05d}"
        debtor = world.debtor(number)
        for part, due_on, minor in (
            (1, date(2026, 10, 20), 312_400_00),
            (2, date(2026, 11, 5), 43_000_00),
            (3, date(2026, 12, 9), 31_500_00),
        ):
            world.on(due_on).invoice(debtor, number=f"INV-{number}-{part}", due_on=due_on, minor=minor)
        received = world.on(date(2026, 11, 12))
        received.receipt(debtor, number=f"RC-{number}", on=received.today, minor=20_000_00)
        disputed_on = date(2026, 11, 6)
        world.on(disputed_on).statement(debtor, period=OCTOBER)
        disputed = world.item_numbered(f"INV-{number}-2").id
        world.hold(debtor, on=disputed_on, item=disputed, kind="dispute", reason="two boxes short")
    world.run_day(on=TODAY)


def page_text(client: FlaskClient, company: TestCompany, path: str, status: int = 200) -> str:
    """Returns a page of the company as text; fails on another status."""
    answer = client.get(company.url(path))
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)
