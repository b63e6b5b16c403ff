"""The pages of the customer file, as a person uses them without a script."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from ar.customers import commands, queries
from ar.customers.inputs import CreateCustomer
from ar.customers.models import Contact
from tests.support.companies import TestCompany
from tests.support.world import World


def _create_customer(world: World, number: str = "C01", name: str = "深圳华芯") -> str:
    with world.transaction() as db:
        return str(commands.create_customer(db, world.actor(), CreateCustomer(number=number, name=name)))


def test_the_list_searches_and_keeps_the_filter_in_the_address(world: World) -> None:
    _create_customer(world)
    _create_customer(world, "C02", "Acme GmbH")
    page = world.client().get(world.url("/customers/?q=acme&sort=-number"))
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Acme GmbH" in text
    assert "深圳华芯" not in text
    assert "q=acme" in text


def test_a_customer_is_entered_and_changed(world: World) -> None:
    client = world.client()
    assert client.get(world.url("/customers/new")).status_code == 200
    typed = {"number": "007", "name": "Bond Ltd", "entity_type": "company", "term_days": "45", "language": "en"}
    answer = client.post(world.url("/customers/"), data={**typed, "contact_email": "ap@bond.example"})
    assert answer.status_code == 303
    with world.reading() as db:
        stored = queries.find_numbers(db, world.tenant_id, ["007"])["007"]
        assert stored.terms["days"] == 45
        assert [c.email for c in queries.contacts(db, world.tenant_id, stored.id)] == ["ap@bond.example"]
    assert client.get(world.url(f"/customers/{stored.id}/edit")).status_code == 200
    changed = {**typed, "name": "Bond and Sons"}
    assert client.post(world.url(f"/customers/{stored.id}"), data=changed).status_code == 303
    with world.reading() as db:
        assert queries.customer_detail(db, world.tenant_id, stored.id).name == "Bond and Sons"


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(world: World) -> None:
    _create_customer(world)
    answer = world.client().post(world.url("/customers/"), data={"number": "C01", "name": "Twin", "term_days": "x"})
    assert answer.status_code == 422
    assert "Twin" in answer.get_data(as_text=True)
    answer = world.client().post(world.url("/customers/"), data={"number": "C01", "name": "Twin"})
    assert answer.status_code == 422
    assert "belongs to another customer" in answer.get_data(as_text=True)


def test_contacts_are_added_and_taken_out_of_use(world: World) -> None:
    customer_id = _create_customer(world)
    client = world.client()
    path = f"/customers/{customer_id}/contacts"
    bad = client.post(world.url(path), data={"name": "Bo", "email": "nowhere"})
    assert bad.status_code == 422
    answer = client.post(world.url(path), data={"name": "Bo", "email": "bo@a.example", "purposes": ["dunning"]})
    assert answer.status_code == 303
    with world.reading() as db:
        (contact,) = queries.contacts(db, world.tenant_id, customer_id)  # type: ignore[arg-type]
    assert contact.purposes == ("dunning",)
    assert client.post(world.url(f"{path}/{contact.id}/deactivation")).status_code == 303
    text = client.get(world.url(f"/customers/{customer_id}/edit")).get_data(as_text=True)
    assert re.search(r"badge[^>]*>Out of use", text)


def test_a_contact_goes_out_of_use_only_after_the_page_says_who_would_be_written_to_then(world: World) -> None:
    customer_id = _create_customer(world)
    client, path = world.client(language="en"), world.url(f"/customers/{customer_id}/contacts")
    for name, purposes in (("Bo", ["dunning", "statements"]), ("Di", ["signing"])):
        data = {"name": name, "email": f"{name.lower()}@a.example", "purposes": purposes}
        assert client.post(path, data=data).status_code == 303
    page = client.get(world.url(f"/customers/{customer_id}/edit")).text
    asking = re.findall(r'href="([^"]*/deactivation[^"]*)"', page)
    assert len(asking) == 2
    assert "/deactivation" not in "".join(re.findall(r'action="([^"]*)"', page)), "no button does it at once"
    asked = client.get(asking[0]).text
    assert "would go to others" in asked
    assert "Di &lt;di@a.example&gt;" in asked
    assert "Nothing is sent to this contact" in client.get(asking[1]).text
    assert client.post(asking[0]).status_code == 303
    last = client.get(asking[1]).text
    assert "Nobody else at this customer can be written to" in last
    assert "Statements · Reminders and demands" in " ".join(last.split())


def test_who_deactivates_a_contact_in_a_second_tab_is_told_that_it_was_done(world: World) -> None:
    customer_id = _create_customer(world)
    client, path = world.client(language="en"), f"/customers/{customer_id}/contacts"
    client.post(world.url(path), data={"name": "Bo", "email": "bo@a.example", "purposes": ["dunning"]})
    with world.reading() as db:
        (contact,) = queries.contacts(db, world.tenant_id, customer_id)  # type: ignore[arg-type]
    url = world.url(f"{path}/{contact.id}/deactivation")
    assert client.post(url).status_code == 303
    again = client.post(url, follow_redirects=True)
    assert again.status_code == 200
    assert "This contact was already out of use. Nothing was changed." in again.text
    assert "already out of use" in client.get(url).text
    assert client.get(world.url(f"{path}/{customer_id}/deactivation")).status_code == 404


def test_the_page_leads_to_using_a_bounced_address_again(world: World) -> None:
    customer_id = _create_customer(world)
    client = world.client()
    path = f"/customers/{customer_id}/contacts"
    client.post(world.url(path), data={"name": "Bo", "email": "bo@a.example", "purposes": ["dunning"]})
    assert "Reactivate" not in client.get(world.url(f"/customers/{customer_id}/edit")).text
    with world.transaction() as db:
        bounced = sa.update(Contact).where(Contact.tenant_id == world.tenant_id)
        db.execute(bounced.values(suppressed_at=world.actor().now, suppressed_reason="550 no such user"))
    for page in (f"/customers/{customer_id}/edit", f"/customers/{customer_id}"):
        (link,) = re.findall(r'href="([^"]*contacts/new\?contact=[^"]*)"', client.get(world.url(page)).text)
        assert 'value="bo@a.example"' in client.get(link).text
    answer = client.post(world.url(path), data={"name": "Bo", "email": "bo@a.example", "purposes": ["dunning"]})
    assert answer.status_code == 303
    text = client.get(world.url(f"/customers/{customer_id}/edit")).text
    assert "550 no such user" not in text
    assert re.search(r"badge[^>]*>In use", text)


def test_a_name_with_line_breaks_is_kept_as_one_line(world: World) -> None:
    customer_id = _create_customer(world)
    answer = world.client().post(
        world.url(f"/customers/{customer_id}/contacts"),
        data={"name": "Evil\r\nBcc: spy@evil.example", "email": "a@b.example"},
    )
    assert answer.status_code == 303
    with world.reading() as db:
        (contact,) = queries.contacts(db, world.tenant_id, customer_id)  # type: ignore[arg-type]
    assert contact.name == "Evil Bcc: spy@evil.example"


@pytest.mark.parametrize("path", ["/edit", "/contacts/new"])
def test_foreign_customers_are_not_found(world: World, other_company: TestCompany, path: str) -> None:
    foreign = _create_customer(other_company)
    assert world.client().get(world.url(f"/customers/{foreign}{path}")).status_code == 404


def test_who_may_only_read_sees_no_form(world: World) -> None:
    client = world.client("legal")
    assert client.get(world.url("/customers/")).status_code == 200
    assert client.get(world.url("/customers/new")).status_code == 403


def test_a_legal_form_of_old_books_stays_readable_and_is_chosen_anew(world: World) -> None:
    customer = world.customer("1", entity_type="合伙企业")
    client, page = world.client(), world.url(f"/customers/{customer}")
    assert "合伙企业" in client.get(page).get_data(as_text=True)
    assert '<option value="合伙企业" selected' in client.get(f"{page}/edit").get_data(as_text=True)
    typed = {"name": "A", "term_days": "30", "language": "en", "entity_type": "合伙企业"}
    assert client.post(page, data=typed).status_code == 422
    assert client.post(page, data={**typed, "entity_type": "company"}).status_code == 303
