"""A page of statements costs a fixed, small number of statements of SQL, however many rows it has."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from ar.statements.commands import issue
from kernel.clock import fixed_clock, moment_on
from tests.ar.statements.books import add_customer, march, post
from tests.support.companies import TestCompany
from tests.support.statements import counted

AT_MOST = 8


@pytest.mark.parametrize("number", [1, 12])
def test_list_and_portal_cost_the_same_for_every_size(company: TestCompany, engine: sa.Engine, number: int) -> None:
    with fixed_clock(moment_on(date(2026, 4, 2), "Asia/Shanghai")):
        url = ""
        for place in range(number):
            customer = add_customer(company, f"{place:04d}", email=f"c{place}@debtor.example")
            with company.transaction() as db:
                post(
                    db,
                    company,
                    customer,
                    *(("invoice", f"I-{place}-{n}", date(2026, 3, 9), 100) for n in range(number)),
                )
                url = issue(db, company.actor(date(2026, 4, 2)), march(customer)).portal_url or ""
        client = company.client()
        for path, browser in (
            (company.url("/statements/"), client),
            ("/p/" + url.rpartition("/p/")[2], company.app.test_client()),
        ):
            browser.get(path)
            with counted(engine) as seen:
                assert browser.get(path).status_code == 200
            assert len(seen) <= AT_MOST, (path, len(seen), [statement.split("\n")[0][:90] for statement in seen])
