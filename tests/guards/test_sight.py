"""Who sees what: each list and each show page is asked as each role, from one table (W1, ADR 0035)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from ar.customers.register.visibility import tables_of_customers
from ar.ledger.closing.commands import lock_through
from tenants.access import STAFF
from tenants.models import Company, User
from tenants.permissions import Permission, Role, allows
from tests.support.companies import TestCompany
from tests.support.furnished import digest, furnish
from tests.support.statements import counted
from tests.support.world import World, world_of

MONDAY: Final = date(2026, 11, 16)
PARAMETER: Final = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
HREF: Final = re.compile(r'(?:href|action)="(/c/[^"?#]+)')

R = Role
BOOKS: Final = {R.FINANCE, R.ACCOUNTANT, R.FINANCE_DIRECTOR, R.GENERAL_MANAGER, R.AUDITOR}
CLAIMS: Final = BOOKS | {R.SALES_MANAGER, R.COLLECTOR, R.LEGAL}
CUSTOMERS: Final = set(Role) - {R.WAREHOUSE, R.DRIVER}
TOTALS: Final = CUSTOMERS - {R.ORDER_FOLLOW_UP, R.ADMIN}
#: Where an address begins, and who may look there at all; the longest beginning counts.
ROOMS: Final[dict[str, set[Role]]] = {
    "/": CUSTOMERS,
    "/aging": TOTALS,
    "/figures": TOTALS,
    "/bank": BOOKS,
    "/matching": BOOKS,
    "/accounts": BOOKS,
    "/books": BOOKS,
    "/provisions": BOOKS,
    "/interest": CLAIMS,
    "/interest/rates": BOOKS,
    "/bad-debts": CLAIMS,
    "/losses": CLAIMS,
    "/journal": BOOKS,
    "/imports": {R.FINANCE, R.ACCOUNTANT, R.FINANCE_DIRECTOR},
    "/people": {R.ADMIN},
    "/settings": {R.ADMIN, R.FINANCE_DIRECTOR},
    "/deliveries": set(Role),
    "/warehouse": {R.WAREHOUSE, R.ORDER_FOLLOW_UP},
    "/driver": {R.DRIVER},
}
#: What everybody may open: it shows nothing of money to those who see nothing.
FOR_ALL: Final = {"/", "/pages"}
#: Only in the company's books beside the salesperson's own customer; must never be read by them.
NOT_THEIRS: Final = ("鑫晟", "INV-1", "INV-LOST", "RC-1", "RC-2", "lina@", "B-1<")


#: Statements written as text, of one customer or document that the page asked for under the limit before.
ASKED_BEFORE: Final = (
    "WITH doc AS MATERIALIZED",
    "AND d.customer_id = ANY(CAST(",
    # Exposure against limits of a customer that was asked for before: a sum is never filtered by who looks.
    "CAST(sum(receivables) AS bigint)",
    "SELECT id, group_head_id FROM customer",
    "credit_limit.valid_from, credit_limit.valid_to, credit_limit.term_days, credit_limit.grade",
)


def _pages(app: Flask) -> Iterator[tuple[str, str]]:
    """(endpoint, rule without the company) of every staff page that is shown by GET."""
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "audience", None) == STAFF and "GET" in (rule.methods or ()):
            yield rule.endpoint, rule.rule.removeprefix("/c/<company>") or "/"


def _room(path: str) -> set[Role]:
    beginnings = [each for each in ROOMS if each == "/" or path == each or path.startswith(f"{each}/")]
    return ROOMS[max(beginnings, key=len)]


def _fill(rule: str, ids: dict[str, UUID]) -> str:
    path = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", rule)
    return PARAMETER.sub(lambda found: str(ids.get(found.group(1), "write_off")), path)


def _person(client: FlaskClient) -> UUID:
    with client.session_transaction() as session:
        return UUID(session["_user_id"].split("|")[0])


def _own_customer(world: World, client: FlaskClient) -> dict[str, UUID]:
    """A customer of the client's person with an overdue invoice, a letter in the queue, a receipt and a statement."""
    customer = world.customer(name="佳怡自有", number="00077", contact_name="周", contact_email="zhou@own.example")
    world.give_to(client, customer)
    invoice = world.invoice(customer, number="OWN-7", due_on=date(2026, 10, 20), minor=7_777_00)
    receipt = world.receipt(customer, number="OWN-R", on=date(2026, 11, 2), minor=77_00)
    world.run_day(on=MONDAY)
    statement = world.statement(customer, period=(date(2026, 10, 1), date(2026, 10, 31))).statement_id
    action = next(each.id for each in world.actions() if each.customer_id == customer)
    return {
        "customer_id": customer,
        "item_id": invoice,
        "credit_id": receipt,
        "statement_id": statement,
        "action_id": action,
    }


@pytest.fixture
def ids(company: TestCompany) -> dict[str, UUID]:
    return furnish(company)


def test_each_page_is_shown_to_those_who_may_see_it_and_to_nobody_else(
    app: Flask, company: TestCompany, ids: dict[str, UUID]
) -> None:
    """And no page leads its reader to one that they may not open."""
    adapter = app.url_map.bind("localhost")
    clients = {role: company.client(role) for role in Role}
    astray = set()
    for endpoint, rule in sorted(_pages(app)):
        permission = app.view_functions[endpoint].permission  # type: ignore[attr-defined]
        for role, client in clients.items():
            answer = client.get(company.url(_fill(rule, ids)))
            hidden = rule not in FOR_ALL and role not in _room(rule)
            assert not hidden or answer.status_code in {403, 404}, f"{role.value} opens {rule}"
            if not hidden and permission in {Permission.READ, Permission.ENTER} and role is not R.SALESPERSON:
                assert answer.status_code in {200, 302, 303, 404}, f"{role.value} {rule}: {answer.status_code}"
            if answer.status_code == 200 and answer.mimetype == "text/html":
                for href in set(HREF.findall(answer.text)):
                    method = "GET" if adapter.test(href, "GET") else "POST"
                    leads_to, _values = adapter.match(href, method)
                    needed = app.view_functions[leads_to].permission  # type: ignore[attr-defined]
                    if not allows([role.value], needed):
                        astray.add((leads_to, rule, role.value))
    assert sorted({(a, b) for a, b, _c in astray}) == [], "\n".join(map(str, sorted({(a, b) for a, b, _c in astray})))


def test_a_salesperson_sees_their_own_customers_in_rows_totals_search_and_files(
    app: Flask, company: TestCompany, ids: dict[str, UUID]
) -> None:
    world, client = world_of(company, MONDAY), company.client("salesperson")
    own = _own_customer(world, client)
    with world.transaction() as db:  # sums are kept of the whole company with each lock: they are not theirs to see
        lock_through(db, world.actor(MONDAY), date(2026, 10, 31), "month end")
    for _endpoint, rule in sorted(_pages(app)):
        path = _fill(rule, ids)
        answer = client.get(company.url(path))
        if set(PARAMETER.findall(rule)) & (set(ids) - {"substitute_id"}):
            assert answer.status_code in {403, 404}, f"{rule}: {answer.status_code}"
        elif answer.status_code == 200 and answer.mimetype == "text/html":
            for mark in NOT_THEIRS:
                assert mark not in answer.text, f"{rule} shows {mark}"
    for query in ("鑫晟", "INV-1", "lina@xinsheng.example", "100.00", "ST-2026", "00001"):
        answer = client.get(company.url(f"/search?q={query}"), follow_redirects=True)
        assert answer.status_code == 200
        assert not [mark for mark in NOT_THEIRS if mark in answer.text.replace(query, "")], query
    for path in (
        f"/customers/{own['customer_id']}",
        f"/customers/{own['customer_id']}/card",
        f"/receivables/{own['item_id']}",
        f"/receipts/{own['credit_id']}",
        f"/statements/{own['statement_id']}",
        f"/statements/{own['statement_id']}/statement.pdf",
        f"/cases/actions/{own['action_id']}",
    ):
        assert client.get(company.url(path)).status_code == 200, path
    for path in ("/", "/aging/", "/receivables/", "/customers/"):
        text = client.get(company.url(path)).text
        assert "7,700.00" in text, f"{path}: the total of their own"
        assert "Differs from the ledger" not in text
        assert "佳怡自有" in text or path == "/aging/"
    assert "OWN-7" in client.get(company.url("/search?q=OWN"), follow_redirects=True).text


def test_every_statement_of_a_salespersons_page_carries_the_limit(
    app: Flask, engine: sa.Engine, company: TestCompany, ids: dict[str, UUID]
) -> None:
    """Also those that are written as text, and none reads sums that are kept of the whole company."""
    world, client = world_of(company, MONDAY), company.client("salesperson")
    own = ids | _own_customer(world, client)
    tables = {"customer", "period_balance", *(each.__tablename__ for each in tables_of_customers())}
    read = re.compile(rf"\b(?:FROM|JOIN)\s+\"?({'|'.join(sorted(tables))})\b", re.IGNORECASE)
    past = set()
    with counted(engine) as seen:
        for _endpoint, rule in sorted(_pages(app)):
            seen.clear()
            answer = client.get(company.url(_fill(rule, own)))
            if answer.status_code == 200:
                for statement in seen:
                    named = read.search(statement)
                    known = any(each in statement for each in ASKED_BEFORE)
                    if named and not known and "owner_id = " not in statement:
                        past.add((rule, named.group(1), " ".join(statement.split())[:300]))
    assert past == set()


def test_a_salesperson_changes_nothing_of_a_customer_that_is_not_theirs(
    app: Flask, company: TestCompany, ids: dict[str, UUID]
) -> None:
    client = company.client("salesperson")
    before = digest(company)
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "audience", None) == STAFF and "POST" in (rule.methods or ()):
            path = rule.rule.removeprefix("/c/<company>")
            if set(PARAMETER.findall(path)) & set(ids) - {"substitute_id"}:
                answer = client.post(company.url(_fill(path, ids)))
                assert answer.status_code in {403, 404, 422}, f"{path}: {answer.status_code}"
                assert not [mark for mark in NOT_THEIRS if mark in answer.text], path
    customer = f"/customers/{ids['customer_id']}"
    for path, form in (
        (customer, {"name": "我的", "owner_id": str(_person(client))}),
        (f"{customer}/contacts", {"name": "王"}),
        (f"{customer}/contacts/{ids['contact_id']}/deactivation", {}),
        (f"/receivables/{ids['item_id']}/notes", {"answer": "x", "note": "x", "expected_on": "2026-12-01"}),
        (f"/cases/actions/{ids['action_id']}/completion", {"note": "done"}),
        (f"/approvals/{ids['approval_id']}/withdrawal", {"why": "x"}),
    ):
        assert client.post(company.url(path), data=form).status_code in {404, 422}, path
    own = {"number": "00201", "name": "x", "owner_id": str(company.owner_id)}
    assert client.post(company.url("/customers/"), data=own).status_code == 422, "it would be somebody else's"
    assert digest(company) == before


def test_a_company_may_let_its_salespeople_see_all(company: TestCompany, ids: dict[str, UUID]) -> None:
    client, page = company.client("salesperson"), company.url(f"/customers/{ids['customer_id']}")
    assert client.get(page).status_code == 404
    settings = {"legal_name": "测试", "policy_code": "five-step", "calendar": "CN", "sales_see_all": "1"}
    assert company.client("admin").post(company.url("/settings/"), data=settings).status_code == 303
    assert client.get(page).status_code == 200
    assert "鑫晟" in client.get(company.url("/receivables/")).text
    assert client.get(company.url("/bank/")).status_code == 403


def test_who_also_leads_sees_all_and_who_creates_a_customer_sees_it(company: TestCompany) -> None:
    client = company.client("salesperson")
    created = client.post(company.url("/customers/"), data={"number": "00200", "name": "新客", "term_days": "30"})
    assert created.status_code == 303
    assert client.get(created.headers["Location"]).status_code == 200
    taken = company.client("salesperson").post(company.url("/customers/"), data={"number": "00200", "name": "别人"})
    assert taken.status_code == 422, "the number is taken, though by a customer that they do not see"


def test_every_table_that_names_a_customer_is_limited() -> None:
    names = {each.__tablename__ for each in tables_of_customers()}
    assert {"open_item", "allocation", "statement", "action", "receipt", "contact"} - {"receipt"} <= names
    assert not {User.__tablename__, Company.__tablename__} & names
