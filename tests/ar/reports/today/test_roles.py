"""Today as each role: what it says and where it leads is true for its reader (W1), from one table."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from flask.testing import FlaskClient

from kernel.clock import fixed_clock, moment_on
from tenants.permissions import Role
from tests.ar.imports.files import csv_file, import_file
from tests.support.companies import TestCompany
from tests.support.furnished import furnish
from tests.support.world import world_of

MONDAY: Final = date(2026, 11, 16)
HREF: Final = re.compile(r'href="(/c/[^"#]+)"')
R = Role
#: Who works with single customers or none, and reads no sum of the company.
NO_TOTALS: Final = {R.ORDER_FOLLOW_UP, R.ADMIN, R.WAREHOUSE, R.DRIVER}
#: Marks of a sum over all customers, on whatever page.
SUMS: Final = ('id="today-figures"', 'id="today-aging"', "Sum of all that match")
#: What the side bar of those roles has.
PAGES: Final[dict[Role, set[str]]] = {
    R.ORDER_FOLLOW_UP: {"/", "/customers/", "/receivables/", "/statements/"},
    R.ADMIN: {"/", "/customers/", "/receivables/", "/statements/", "/people/", "/settings/", "/mails/"},
    R.WAREHOUSE: {"/warehouse/", "/deliveries/"},
    R.DRIVER: {"/driver/", "/deliveries/"},
}


def test_today_shows_sums_to_those_who_read_them_and_leads_nowhere_in_vain(company: TestCompany) -> None:
    furnish(company)
    world = world_of(company, MONDAY)
    with fixed_clock(moment_on(MONDAY, world.timezone)):
        for role in Role:
            client = company.client(role)
            today = client.get(company.url("/"), follow_redirects=True)
            assert today.status_code == 200
            if role is not R.SALESPERSON:  # whose own customers are none here
                assert (SUMS[0] in today.text) is (role not in NO_TOTALS), role
            if role in NO_TOTALS:
                _leads_to_no_sums(company, client, role, set(HREF.findall(today.text)))


def _leads_to_no_sums(company: TestCompany, client: FlaskClient, role: Role, hrefs: set[str]) -> None:
    paths = {each.replace("&amp;", "&").removeprefix(company.url("")) for each in hrefs}
    assert paths >= PAGES[role], role
    for path in sorted(paths):
        answer = client.get(company.url(path))
        assert answer.status_code in {200, 303}, f"{role.value}: {path} answers {answer.status_code}"
        assert not [mark for mark in SUMS if mark in answer.text], f"{role.value}: {path}"
    for path in ("/aging/", "/figures/", "/bills/", "/receipts/", "/cases/"):
        assert client.get(company.url(path)).status_code == 403, f"{role.value}: {path}"


def test_a_count_that_stops_says_so(company: TestCompany) -> None:
    world = world_of(company, MONDAY)
    rows = "\n".join(f"N{n:05d},Example {n}" for n in range(120))
    import_file(world, "customers", csv_file("customer_no,name", rows))
    with fixed_clock(moment_on(MONDAY, world.timezone)):
        today = company.client(R.SALES_MANAGER).get(company.url("/?lang=en"))
    assert "99+ customers without an owner" in today.text
    assert "100 customers" not in today.text
