"""The pages of the customer file, as a person uses them without a script."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ar.customers import commands, queries
from ar.customers.inputs import CreateCustomer
from ar.customers.models import Contact
from tests.support.companies import TestCompany


def _created(company: TestCompany, number: str = "C01", name: str = "深圳华芯") -> str:
    with company.transaction() as db:
        return str(commands.create_customer(db, company.actor(), CreateCustomer(number=number, name=name)))


def test_the_list_searches_and_keeps_the_filter_in_the_address(company: TestCompany) -> None:
    _created(company)
    _created(company, "C02", "Acme GmbH")
    page = company.client().get(company.url("/customers/?q=acme&sort=-number"))
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Acme GmbH" in text
    assert "深圳华芯" not in text
    assert "q=acme" in text


def test_a_customer_is_entered_and_changed(company: TestCompany) -> None:
    client = company.client()
    assert client.get(company.url("/customers/new")).status_code == 200
    typed = {"number": "007", "name": "Bond Ltd", "entity_type": "company", "term_days": "45", "language": "en"}
    answer = client.post(company.url("/customers/"), data={**typed, "contact_email": "ap@bond.example"})
    assert answer.status_code == 303
    with company.reading() as db:
        stored = queries.find_numbers(db, company.tenant_id, ["007"])["007"]
        assert stored.terms["days"] == 45
        assert [c.email for c in queries.contacts(db, company.tenant_id, stored.id)] == ["ap@bond.example"]
    assert client.get(company.url(f"/customers/{stored.id}/edit")).status_code == 200
    changed = {**typed, "name": "Bond and Sons"}
    assert client.post(company.url(f"/customers/{stored.id}"), data=changed).status_code == 303
    with company.reading() as db:
        assert queries.customer_detail(db, company.tenant_id, stored.id).name == "Bond and Sons"


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(company: TestCompany) -> None:
    _created(company)
    answer = company.client().post(company.url("/customers/"), data={"number": "C01", "name": "Twin", "term_days": "x"})
    assert answer.status_code == 422
    assert "Twin" in answer.get_data(as_text=True)
    answer = company.client().post(company.url("/customers/"), data={"number": "C01", "name": "Twin"})
    assert answer.status_code == 422
    assert "belongs to another customer" in answer.get_data(as_text=True)


def test_contacts_are_added_and_taken_out_of_use(company: TestCompany) -> None:
    customer_id = _created(company)
    client = company.client()
    path = f"/customers/{customer_id}/contacts"
    bad = client.post(company.url(path), data={"name": "Bo", "email": "nowhere"})
    assert bad.status_code == 422
    answer = client.post(company.url(path), data={"name": "Bo", "email": "bo@a.example", "purposes": ["dunning"]})
    assert answer.status_code == 303
    with company.reading() as db:
        (contact,) = queries.contacts(db, company.tenant_id, customer_id)  # type: ignore[arg-type]
    assert contact.purposes == ("dunning",)
    assert client.post(company.url(f"{path}/{contact.id}/deactivation")).status_code == 303
    text = client.get(company.url(f"/customers/{customer_id}/edit")).get_data(as_text=True)
    assert re.search(r"badge[^>]*>Out of use", text)


def test_the_page_leads_to_using_a_bounced_address_again(company: TestCompany) -> None:
    customer_id = _created(company)
    client = company.client()
    path = f"/customers/{customer_id}/contacts"
    client.post(company.url(path), data={"name": "Bo", "email": "bo@a.example", "purposes": ["dunning"]})
    assert "Use again" not in client.get(company.url(f"/customers/{customer_id}/edit")).text
    with company.transaction() as db:
        bounced = sa.update(Contact).where(Contact.tenant_id == company.tenant_id)
        db.execute(bounced.values(suppressed_at=company.actor().now, suppressed_reason="550 no such user"))
    for page in (f"/customers/{customer_id}/edit", f"/customers/{customer_id}"):
        (link,) = re.findall(r'href="([^"]*contacts/new\?contact=[^"]*)"', client.get(company.url(page)).text)
        assert 'value="bo@a.example"' in client.get(link).text
    answer = client.post(company.url(path), data={"name": "Bo", "email": "bo@a.example", "purposes": ["dunning"]})
    assert answer.status_code == 303
    text = client.get(company.url(f"/customers/{customer_id}/edit")).text
    assert "550 no such user" not in text
    assert re.search(r"badge[^>]*>In use", text)


def test_a_name_with_line_breaks_is_kept_as_one_line(company: TestCompany) -> None:
    customer_id = _created(company)
    answer = company.client().post(
        company.url(f"/customers/{customer_id}/contacts"),
        data={"name": "Evil\r\nBcc: spy@evil.example", "email": "a@b.example"},
    )
    assert answer.status_code == 303
    with company.reading() as db:
        (contact,) = queries.contacts(db, company.tenant_id, customer_id)  # type: ignore[arg-type]
    assert contact.name == "Evil Bcc: spy@evil.example"


@pytest.mark.parametrize("path", ["/edit", "/contacts/new"])
def test_foreign_customers_are_not_found(company: TestCompany, other_company: TestCompany, path: str) -> None:
    foreign = _created(other_company)
    assert company.client().get(company.url(f"/customers/{foreign}{path}")).status_code == 404


def test_who_may_only_read_sees_no_form(company: TestCompany) -> None:
    client = company.client("legal")
    assert client.get(company.url("/customers/")).status_code == 200
    assert client.get(company.url("/customers/new")).status_code == 403
