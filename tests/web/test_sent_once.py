"""A form that is sent twice has one effect and one answer; with other values, or without its key, it is refused."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.cases.models import CollectionHold, DayRun
from ar.customers.models import Contact, Customer
from ar.statements.models import Statement
from kernel.idempotency import IdempotencyKey
from kernel.mail import MailMessage
from tests.support.world import World

OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
KEY = "a-key-of-a-form-that-was-shown"


@pytest.fixture
def customer(world: World) -> UUID:
    """A customer with a contact and an invoice of October."""
    found = world.customer(name="鑫晟", contact_name="李娜", contact_email="lina@xinsheng.example")
    world.invoice(found, number="INV-1", on=date(2026, 10, 8), minor=1_000_00)
    return found


def _count(world: World, table: type[Any], *where: sa.ColumnElement[bool]) -> int:
    with world.reading() as db:
        query = sa.select(sa.func.count()).select_from(table).where(table.tenant_id == world.tenant_id, *where)
        return int(db.execute(query).scalar_one())


def _mails(world: World, purpose: str) -> int:
    return _count(world, MailMessage, MailMessage.purpose == purpose)


def test_ten_equal_posts_of_issue_a_statement_are_one_statement_and_one_mail(world: World, customer: UUID) -> None:
    client, form = world.client(), {"customer_no": "00001", "period": "2026-10", "key": KEY}
    answers = [client.post(world.url("/statements/"), data=form) for _time in range(10)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    assert (_count(world, Statement), _mails(world, "statement")) == (1, 1)


def test_ten_equal_posts_of_send_again_are_one_mail(world: World, customer: UUID) -> None:
    statement = world.statement(customer, period=OCTOBER).statement_id
    client, before = world.client(), _mails(world, "statement")
    for _time in range(10):
        assert client.post(world.url(f"/statements/{statement}/deliveries"), data={"key": KEY}).status_code == 303
    assert _mails(world, "statement") == before + 1


def test_ten_equal_posts_of_a_hold_are_one_hold_and_lifting_it_leaves_none(world: World, customer: UUID) -> None:
    client = world.client()
    form = {"customer_id": str(customer), "kind": "block", "reason": "谈判中", "key": KEY}
    for _time in range(10):
        assert client.post(world.url("/cases/blocks"), data=form).status_code == 303
    assert _count(world, CollectionHold) == 1


def test_a_hold_that_was_sent_twice_is_said_once_on_the_page_that_follows(world: World, customer: UUID) -> None:
    client, said = world.client(), "Held. Nothing is proposed until it ends."
    form = {"customer_id": str(customer), "kind": "block", "reason": "谈判中", "key": KEY}
    answers = [client.post(world.url("/cases/blocks"), data=form) for _time in range(2)]
    assert client.get(answers[1].location).text.count(said) == 1
    client.post(world.url("/cases/blocks"), data=form)
    assert said in client.get(answers[1].location).text  # sent again later, it is said again


def test_ten_equal_posts_of_an_invitation_are_one_mail(world: World) -> None:
    client, form = world.client("admin"), {"email": "bo@weiye.example", "name": "Bo", "roles": "accountant", "key": KEY}
    before = _mails(world, "invitation")
    for _time in range(10):
        assert client.post(world.url("/people/"), data=form).status_code == 303
    assert _mails(world, "invitation") == before + 1


def test_ten_equal_posts_of_a_run_are_one_run_of_the_ladder(world: World, customer: UUID) -> None:
    client = world.client("finance_director")
    answers = [client.post(world.url("/cases/runs"), data={"key": KEY}) for _time in range(10)]
    assert {answer.status_code for answer in answers} == {303}
    assert _count(world, DayRun) == 1


def test_the_answer_is_given_again_with_what_it_said(world: World) -> None:
    client, form = world.client(), {"number": "C-1", "name": "鑫晟", "key": KEY}
    first, again = (client.post(world.url("/customers/"), data=form) for _time in range(2))
    assert first.location == again.location
    page = client.get(again.location).text
    assert page.count("Customer created.") >= 1
    assert _count(world, Customer) == 1


def test_the_same_key_with_other_values_is_refused_and_nothing_typed_is_lost(world: World) -> None:
    client, form = world.client(), {"number": "C-1", "name": "鑫晟", "key": KEY}
    client.post(world.url("/customers/"), data=form)
    other = client.post(world.url("/customers/"), data=form | {"number": "C-2", "name": "宏远"})
    assert other.status_code == 422
    assert "This form was already sent, with other values" in other.text
    assert 'value="宏远"' in other.text
    assert _count(world, Customer) == 1
    keys = re.findall(r'name="key" value="([^"]+)"', other.text)
    assert KEY not in keys, "the page has a key of its own, so that it can be sent if it is meant"
    assert client.post(world.url("/customers/"), data=form | {"number": "C-2", "key": keys[-1]}).status_code == 303
    assert _count(world, Customer) == 2


def test_a_button_of_the_same_key_at_another_person_is_refused(world: World, customer: UUID) -> None:
    path, form = world.url("/cases/runs"), {"key": KEY}
    assert world.client("finance_director").post(path, data=form).status_code == 303
    assert world.client("finance_director").post(path, data=form).status_code == 409


@pytest.mark.parametrize("key", [None, "", "short", "k" * 65, "ключ-к-форме-ключ-к-форме"])
def test_a_form_without_a_key_of_its_own_has_no_effect(world: World, key: str | None) -> None:
    client = world.client().bare()
    given = {} if key is None else {"key": key}
    answer = client.post(world.url("/customers/"), data={"number": "C-1", "name": "鑫晟", **given})
    assert answer.status_code == 422
    assert "without its key" in answer.text
    assert 'value="鑫晟"' in answer.text
    run = world.client("finance_director").bare().post(world.url("/cases/runs"), data=given)
    assert run.status_code == 422
    assert (_count(world, Customer), _count(world, DayRun)) == (0, 0)


def test_a_form_refused_for_its_values_may_be_sent_again_with_better_ones(world: World) -> None:
    client, form = world.client(), {"number": "C-1", "key": KEY}
    assert client.post(world.url("/customers/"), data=form).status_code == 422
    assert client.post(world.url("/customers/"), data=form | {"name": "鑫晟"}).status_code == 303


def test_a_question_back_does_not_use_the_key_up(world: World, customer: UUID) -> None:
    client, form = world.client(), {"month": "2026-10", "key": KEY}
    assert client.post(world.url("/statements/month"), data=form).status_code == 200
    assert client.post(world.url("/statements/month"), data=form).status_code == 200
    assert client.post(world.url("/statements/month"), data=form | {"confirmed": "1"}).status_code == 303


def test_a_file_of_the_same_name_with_other_content_is_another_upload(world: World) -> None:
    client = world.client()

    def send(content: str) -> Any:
        file = (io.BytesIO(content.encode()), "客户.csv")
        return client.post(world.url("/imports/"), data={"kind": "customers", "file": file, "key": KEY})

    first, again, other = send("编码,名称\n1,甲\n"), send("编码,名称\n1,甲\n"), send("编码,名称\n1,乙\n")
    assert (first.status_code, again.location) == (303, first.location)
    assert other.status_code == 422


@pytest.mark.parametrize("two_people", [False, True], ids=["one person twice", "the key of another"])
def test_two_requests_with_one_key_at_once_have_one_effect(world: World, customer: UUID, two_people: bool) -> None:
    """Both are in the database at once, each on a connection of its own; the second waits for the first's COMMIT."""
    first = world.client()
    clients = [first, world.client() if two_people else first]
    cookies = [client.get_cookie("huikuan") for client in clients]
    start = Barrier(2)

    def send(number: int) -> int:
        cookie = cookies[number]
        assert cookie is not None
        own = world.app.test_client()
        own.set_cookie("huikuan", cookie.value)
        start.wait()
        form = {"customer_id": str(customer), "kind": "block", "reason": "谈判中", "key": KEY}
        return own.post(world.url("/cases/blocks"), data=form).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(send, range(2)))
    assert answers == ([303, 422] if two_people else [303, 303])
    assert _count(world, CollectionHold) == 1


def test_an_effect_that_is_rolled_back_leaves_no_key(world: World) -> None:
    client = world.client()
    before = _count(world, IdempotencyKey)
    assert client.post(world.url("/customers/"), data={"number": "", "name": "", "key": KEY}).status_code == 422
    assert _count(world, IdempotencyKey) == before


def test_a_contact_and_a_note_are_added_once(world: World, customer: UUID) -> None:
    client, form = world.client(), {"name": "王芳", "email": "", "key": KEY}
    for _time in range(10):
        assert client.post(world.url(f"/customers/{customer}/contacts"), data=form).status_code == 303
    assert _count(world, Contact, Contact.name == "王芳") == 1
