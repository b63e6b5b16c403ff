"""The list of limits as the database counts, sorts and cuts it is the list as the accounts say it, row by row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.exposure.listing import limits_page
from ar.credit.exposure.rows import STATES, AccountRow, account_rows, in_state
from ar.credit.limits.inputs import TakenOverLimit
from ar.credit.limits.taking_over import take_over_limits
from ar.credit.rules.commitment import OrderAmounts
from kernel.ids import new_id
from tests.support.statements import counted
from tests.support.world import TODAY, World

SORTS = ("customer", "-customer", "used", "-used", "exposure", "-exposure")
CURRENCIES = ("CNY", "USD", "JPY", "EUR")  # the euro has no rate


def fill(world: World, random: Random, customers: int) -> None:
    """Books of every kind: no limit, zero, unlimited, taken over, temporary beside a regular one or alone."""
    world.rate("USD", "7.10345", on=TODAY)
    world.rate("JPY", "0.0471", on=TODAY)
    for n in range(customers):
        customer = world.customer(f"K{n:02d}")
        currency = random.choice(CURRENCIES[:3])
        match n % 5:
            case 1:
                world.limit(customer, random.choice([0, 500_00]), currency=currency)
            case 2:
                world.limit(customer, None, currency=currency)
            case 3 | 4:
                world.limit(customer, random.randint(1, 900_00), currency=currency)
            case 0 if n % 10 == 0:
                take_over(world, customer, random.randint(1, 900_00), currency)
        if n % 5 in (3, 4) or n % 7 == 0:
            days = (-31, -20, 3, 15)[n % 4]
            start, end = TODAY + timedelta(days=days - 20), TODAY + timedelta(days=days)
            extra = random.choice([currency, "CNY"])
            world.limit(customer, 100_00, kind="temporary", currency=extra, start=start, end=end)
        for at in range(random.randint(0, 3)):
            minor, owed = random.randint(1, 400_00), random.choice(CURRENCIES[: 3 if n % 4 else 4])
            match random.randint(0, 2):
                case 0:
                    world.invoice(customer, number=f"I-{n}-{at}", on=TODAY, minor=minor, currency=owed)
                case 1:
                    world.receipt(customer, number=f"R-{n}-{at}", on=TODAY, minor=minor, currency=owed)
                case _:
                    amounts = OrderAmounts(minor, minor // 2, minor // 3, minor // 7)
                    world.commit_order(customer, new_id(), amounts, currency=owed)


def take_over(world: World, customer: UUID, minor: int, currency: str) -> None:
    """A limit from the books before, which waits for the general manager."""
    old = TakenOverLimit(
        customer_id=customer, currency=currency, amount_minor=minor, valid_from=TODAY, reason="from the books before"
    )
    with world.transaction() as db:
        take_over_limits(db, world.actor(), new_id(), [old])


def in_order(rows: Iterable[AccountRow], sort: str) -> list[str]:
    """The numbers of rows, sorted slowly."""
    by_number = sorted(rows, key=lambda row: row.customer_no, reverse=sort == "-customer")
    if not sort.endswith("customer"):
        name = "used_bps" if sort.endswith("used") else "exposure_minor"
        known = {row.customer_no: getattr(row.account, name) for row in by_number}
        by_number.sort(
            key=lambda row: -1 if known[row.customer_no] is None else known[row.customer_no], reverse=sort[0] == "-"
        )
    return [row.customer_no for row in by_number]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_state_and_order_is_that_of_the_accounts(world: World, seed: int) -> None:
    fill(world, Random(seed), 35)  # noqa: S311 - reproducible books
    with world.reading() as db:
        every = account_rows(db, world.tenant_id, TODAY)
        assert any(row.account.missing_rates for row in every)
        for state in STATES:
            rows = [row for row in every if in_state(row, state, TODAY)]
            assert rows, state
            for sort in SORTS:
                page = limits_page(db, world.tenant_id, TODAY, state=state, q="", sort=sort, offset=0, limit=50)
                assert [row.customer_no for row in page.rows] == in_order(rows, sort), (state, sort)
                assert page.total == page.counts[state] == len(rows)
                assert list(page.rows) == [next(one for one in rows if one == row) for row in page.rows]


def test_pages_are_cut_and_searched_by_the_database_at_a_constant_cost(world: World, engine: sa.Engine) -> None:
    for n in range(5):
        world.invoice(world.creditor(1_00, f"A{n}"), number=f"I-{n}", on=TODAY, minor=(n + 1) * 100)
    world.creditor(1_00, "50%_B")

    def page(q: str, offset: int, limit: int) -> tuple[list[str], int]:
        with world.reading() as db:
            found = limits_page(db, world.tenant_id, TODAY, state="all", q=q, sort="-used", offset=offset, limit=limit)
        return [row.customer_no for row in found.rows], found.total

    assert page("a", 1, 2) == (["A3", "A2"], 5)
    assert page("a", 10, 2) == ([], 5)
    assert page("%_", 0, 10) == (["50%_B"], 1)
    assert page("nobody", 0, 10) == ([], 0)
    with counted(engine) as one:
        page("a0", 0, 10)
    with counted(engine) as many:
        page("", 0, 10)
    assert len(one) == len(many)
