"""The customer file: bulk upsert, search and order, forms and contacts, other companies' customers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from ar.customers import commands, queries
from ar.customers.inputs import (
    AddContact,
    ContactFields,
    CreateCustomer,
    CustomerRow,
    EditCustomer,
)
from ar.customers.models import Contact
from ar.customers.rules.search import required_words, search_words, sort_key
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.journal import JournalEvent
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World

TODAY = date(2026, 11, 21)


def _customer_ids(world: World, *numbers: str) -> list[UUID]:
    with world.reading() as db:
        found = queries.find_numbers(db, world.tenant_id, numbers)
        return [found[number].id for number in numbers]


def _numbers_listed(world: World, **asked: object) -> list[str]:
    with world.reading() as db:
        found = queries.customer_list(db, world.tenant_id, today=TODAY, **asked)  # type: ignore[arg-type]
        return [line.number for line in found.lines]


def test_upsert_creates_updates_and_leaves_alone(world: World) -> None:
    owner = f"owner@{world.slug}.example"
    rows = [
        CustomerRow("001", "深圳华芯电子有限公司", contact_name="王敏", contact_email="ap@hx.example", term_days=45),
        CustomerRow("002", "Acme GmbH", owner_email=owner.upper(), language="en"),
    ]
    with world.transaction() as db:
        assert commands.upsert_customers(db, world.actor(), rows) == commands.UpsertResult(2, 0, 0)
    with world.transaction() as db:
        assert commands.upsert_customers(db, world.actor(), rows) == commands.UpsertResult(0, 0, 2)
    with world.transaction() as db:
        changed = [CustomerRow("001", "深圳华芯电子有限公司", term_days=60), CustomerRow("002", "Acme GmbH")]
        assert commands.upsert_customers(db, world.actor(), changed) == commands.UpsertResult(0, 1, 1)
    (first, second) = _customer_ids(world, "001", "002")
    with world.reading() as db:
        one = queries.customer_detail(db, world.tenant_id, first)
        two = queries.customer_detail(db, world.tenant_id, second)
        kinds = db.execute(
            sa.select(JournalEvent.kind)
            .where(JournalEvent.tenant_id == world.tenant_id, JournalEvent.customer_id == first)
            .order_by(JournalEvent.id)
        ).scalars()
        assert list(kinds) == ["customer_created", "customer_changed"]
    assert (one.terms["days"], one.language, one.entity_type) == (60, "zh_CN", "company")
    assert [(c.email, sorted(c.purposes)) for c in one.contacts] == [
        ("ap@hx.example", ["dunning", "signing", "statements"])
    ]
    assert (two.owner_id, two.language, two.terms["days"]) == (world.owner_id, "en", 30)


def test_upsert_costs_the_same_number_of_statements_for_any_number_of_rows(world: World, engine: sa.Engine) -> None:
    def cost(rows: list[CustomerRow]) -> int:
        with world.transaction() as db, counted(engine) as seen:
            commands.upsert_customers(db, world.actor(), rows)
        return len(seen)

    few = [CustomerRow(f"A{n}", f"客户{n}", contact_email=f"a{n}@a.example") for n in range(2)]
    many = [CustomerRow(f"B{n}", f"客户{n}", contact_email=f"b{n}@b.example") for n in range(300)]
    assert cost(few) == cost(many)


def test_upsert_refuses_an_owner_who_is_no_member(world: World, other_company: TestCompany) -> None:
    stranger = f"owner@{other_company.slug}.example"
    with pytest.raises(RuleBroken, match="owner_unknown"), world.transaction() as db:
        commands.upsert_customers(db, world.actor(), [CustomerRow("1", "A", owner_email=stranger)])
    assert _numbers_listed(world) == []


def test_a_contact_taken_out_of_use_is_not_brought_back_by_bulk_work(world: World) -> None:
    row = CustomerRow("1", "A", contact_name="Bo", contact_email="bo@a.example")
    with world.transaction() as db:
        commands.upsert_customers(db, world.actor(), [row])
    (customer,) = _customer_ids(world, "1")
    with world.transaction() as db:
        (contact,) = queries.contacts(db, world.tenant_id, customer)
        commands.deactivate_contact(db, world.actor(), customer, contact.id)
    with world.transaction() as db:
        assert commands.upsert_customers(db, world.actor(), [row]).unchanged == 1
        (contact,) = queries.contacts(db, world.tenant_id, customer)
        assert not contact.active


def test_the_same_address_again_brings_a_bounced_contact_back(world: World) -> None:
    with world.transaction() as db:
        customer = commands.create_customer(
            db, world.actor(), CreateCustomer(number="1", name="A", contact_email="Bo@a.example")
        )
    with world.transaction() as db:
        bounced = sa.update(Contact).where(Contact.tenant_id == world.tenant_id)
        db.execute(bounced.values(suppressed_at=world.actor().now, suppressed_reason="550 no such user"))
    again = AddContact(customer_id=customer, name="Bo", email="Bo@A.example")
    for _ in range(2):
        with world.transaction() as db:
            commands.add_contact(db, world.actor(), again)
    with world.reading() as db:
        (contact,) = queries.contacts(db, world.tenant_id, customer)
        assert (contact.active, contact.suppressed_reason) == (True, None)
        assert db.execute(sa.select(Contact.suppressed_at).where(Contact.tenant_id == world.tenant_id)).scalar() is None
        j = JournalEvent
        wanted = sa.select(j.data).where(j.tenant_id == world.tenant_id, j.kind == "contact_added").order_by(j.id)
        said = [data.get("bounce_cleared") for data in db.execute(wanted).scalars()]
    assert said == [None, "550 no such user", None]


def _least(model: type[BaseModel]) -> dict[str, str]:
    """The least that `model` takes."""
    return {"name": "A"} | ({"number": "1"} if model is CreateCustomer else {})


@pytest.mark.parametrize(
    ("model", "name"),
    [(EditCustomer, "name"), (CreateCustomer, "name"), (CreateCustomer, "number"), (CreateCustomer, "contact_name"),
     (EditCustomer, "tax_id"), (ContactFields, "name"), (ContactFields, "title"), (ContactFields, "phone")],
)  # fmt: skip
def test_texts_of_the_customer_file_are_one_line(model: type[BaseModel], name: str) -> None:
    given = _least(model) | {name: "Evil\r\nBcc:\u200b x\x00"}
    assert getattr(model.model_validate(given), name) == "Evil Bcc: x"


@pytest.mark.parametrize(("model", "name"), [(CreateCustomer, "contact_email"), (ContactFields, "email")])
def test_addresses_of_the_customer_file_can_be_written_to(model: type[BaseModel], name: str) -> None:
    given = _least(model)
    assert getattr(model.model_validate(given), name) == ""
    assert getattr(model.model_validate(given | {name: "ap@例子.cn"}), name) == "ap@xn--fsqu00a.cn"
    with pytest.raises(ValidationError, match="Before the @"):
        model.model_validate(given | {name: "张三@例子.cn"})


def test_search_finds_parts_of_names_numbers_and_tax_ids(world: World) -> None:
    rows = [
        CustomerRow("C0011", "深圳市华芯电子有限公司", tax_id="91350100M000100Y43"),
        CustomerRow("C1100", "上海华新贸易有限公司"),
        CustomerRow("X-7", "Acme Trading GmbH"),
    ]
    with world.transaction() as db:
        commands.upsert_customers(db, world.actor(), rows)
    assert _numbers_listed(world, q="华芯") == ["C0011"]
    assert _numbers_listed(world, q="c0011") == ["C0011"]  # C1100 has the same pairs of characters in another order
    assert _numbers_listed(world, q="Ａｃｍｅ gmbh") == ["X-7"]
    assert _numbers_listed(world, q="m000100y43") == ["C0011"]
    assert _numbers_listed(world, q="华") == ["C1100", "C0011"]
    assert _numbers_listed(world, q="%") == []


def test_names_sort_by_pinyin(world: World) -> None:
    rows = [
        CustomerRow("1", "中山电器"),
        CustomerRow("2", "安徽机械"),
        CustomerRow("3", "Beta"),
        CustomerRow("4", "广州光学"),
    ]
    with world.transaction() as db:
        commands.upsert_customers(db, world.actor(), rows)
    assert _numbers_listed(world) == ["2", "3", "4", "1"]
    assert _numbers_listed(world, sort="-number", limit=2, offset=1) == ["3", "2"]


def test_the_list_shows_open_and_overdue_per_currency(world: World) -> None:
    one, two = world.customer("1", "A"), world.customer("2", "B")
    on, due, late = date(2026, 10, 1), date(2026, 12, 1), date(2026, 11, 20)
    world.invoice(one, number="I1", on=on, due_on=late, minor=1000)
    world.invoice(one, number="I2", on=on, due_on=TODAY, minor=500)
    world.credit_note(one, number="K1", on=late, minor=200)
    world.invoice(one, number="I3", on=on, due_on=due, minor=7, currency="USD")
    world.invoice(two, number="I4", on=on, due_on=due, minor=2000)
    with world.reading() as db:
        found = queries.customer_list(db, world.tenant_id, today=TODAY, sort="-overdue")
    assert [(o.currency, o.open_minor, o.overdue_minor) for o in sorted(found.lines[0].balances, key=str)] == [
        ("CNY", 1300, 1000),
        ("USD", 7, 0),
    ]
    assert _numbers_listed(world, state="overdue") == ["1"]
    assert _numbers_listed(world, sort="-open") == ["2", "1"]


def test_a_number_belongs_to_one_customer(world: World) -> None:
    with world.transaction() as db:
        commands.create_customer(db, world.actor(), CreateCustomer(number="7", name="A"))
    with pytest.raises(Conflict, match="customer_number_taken"), world.transaction() as db:
        commands.create_customer(db, world.actor(), CreateCustomer(number="7", name="B"))


def test_other_companies_customers_do_not_exist(world: World, other_company: TestCompany) -> None:
    with other_company.transaction() as db:
        foreign = commands.create_customer(db, other_company.actor(), CreateCustomer(number="7", name="A"))
    with pytest.raises(NotFound), world.transaction() as db:
        commands.edit_customer(db, world.actor(), foreign, EditCustomer(name="B"))
    with pytest.raises(NotFound), world.transaction() as db:
        commands.add_contact(db, world.actor(), AddContact(customer_id=foreign, name="Bo", email="bo@a.example"))
    with other_company.reading() as db:
        assert queries.customer_detail(db, other_company.tenant_id, foreign).name == "A"


def test_what_is_asked_for_is_among_what_is_stored() -> None:
    stored = set(search_words("C001", "深圳 Acme（中国）有限公司"))
    assert set(required_words("acme(中国)")) <= stored
    assert sort_key("深圳Acme") == "shen zhen acme"


def test_a_refused_address_is_suppressed_once_and_its_colleagues_stay_reachable(company: TestCompany) -> None:
    """Given an address refused twice, then the first reason stands, and no other contact is touched."""
    with company.transaction() as db:
        actor = company.actor()
        refused, other = (
            commands.create_customer(db, actor, CreateCustomer(number=number, name="A", contact_email="bo@a.example"))
            for number in ("1", "2")
        )
        commands.add_contact(db, actor, AddContact(customer_id=refused, name="Ann", email="ann@a.example"))
    for reason in ("550 no such user", "551 moved away"):
        with company.transaction() as db:
            commands.suppress_contact(db, company.actor(), customer_id=refused, email="bo@a.example", reason=reason)
    with company.reading() as db:
        said = {
            contact.email: contact.suppressed_reason for contact in queries.contacts(db, company.tenant_id, refused)
        }
        assert said == {"bo@a.example": "550 no such user", "ann@a.example": None}
        assert [contact.suppressed_reason for contact in queries.contacts(db, company.tenant_id, other)] == [None]
