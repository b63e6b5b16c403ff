"""A page of statements costs a fixed, small number of statements of SQL, however many rows it has."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from kernel.clock import fixed_clock, moment_on
from tests.ar.statements.debtors import xinsheng
from tests.support.statements import counted
from tests.support.world import World

AT_MOST = 8


@pytest.mark.parametrize("number", [1, 12])
def test_list_and_portal_cost_the_same_for_every_size(world: World, engine: sa.Engine, number: int) -> None:
    with fixed_clock(moment_on(date(2026, 4, 2), "Asia/Shanghai")):
        url = ""
        for place in range(number):
            customer = xinsheng(world, f"{place:04d}", contact_email=f"c{place}@debtor.example")
            for n in range(number):
                world.invoice(customer, number=f"I-{place}-{n}", on=date(2026, 3, 9), minor=100)
            url = world.statement(customer).portal_url or ""
        client = world.client()
        for path, browser in (
            (world.url("/statements/"), client),
            ("/p/" + url.rpartition("/p/")[2], world.app.test_client()),
        ):
            browser.get(path)
            with counted(engine) as seen:
                assert browser.get(path).status_code == 200
            assert len(seen) <= AT_MOST, (path, len(seen), [statement.split("\n")[0][:90] for statement in seen])
