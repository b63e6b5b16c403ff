"""Around the answer: what its copy says, who is told, whose link closes, and a page that is loaded again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from ar.customers.commands import deactivate_contact
from ar.statements.models import Confirmation
from kernel.clock import fixed_clock
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tests.ar.portal.debtor import (
    APRIL_2,
    NOW,
    SIGNER,
    DebtorBrowser,
    hidden_field,
    mail_statement_to_debtor,
    open_link,
)
from tests.ar.statements.debtors import xinsheng
from tests.support.world import World

AGREES = {"outcome": "agrees", **SIGNER}
DIFFERS = {
    "outcome": "differs",
    **SIGNER,
    "row-0-document": "INV-2",
    "row-0-theirs": "60,000.00",
    "row-0-reason": "goods_returned",
    "row-0-note": "退货 <6 箱>",
    "row-1-document": "PAY-7",
    "row-1-theirs": "-500",
    "row-1-reason": "already_paid",
    "row-1-note": "",
}


@pytest.fixture(autouse=True)
def _april() -> Iterator[None]:
    with fixed_clock(NOW):
        yield


def _submit_answer(debtor: DebtorBrowser, fields: dict[str, str]) -> None:
    assert debtor.client.post(f"{debtor.path}/submit", data=debtor.enter_code(**fields)).status_code == 303


def _text_of(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_copy_of_a_differing_answer_lists_every_difference(debtor: DebtorBrowser) -> None:
    _submit_answer(debtor, DIFFERS)
    (copy,) = debtor.world.mails("statement_copy")
    assert copy.body_html
    for body in (copy.body_text, _text_of(copy.body_html)):
        for expected in ("INV-2", "66,400.00", "60,000.00", "退货或换货", "PAY-7", "—", "500.00", "已付款"):
            assert expected in body, expected
        assert "我方" in body or "本公司" in body, "in the debtor's language"
    assert "退货 <6 箱>" in copy.body_text
    assert "退货 &lt;6 箱&gt;" in copy.body_html


def test_the_copy_of_an_agreeing_answer_has_no_list(debtor: DebtorBrowser) -> None:
    _submit_answer(debtor, AGREES)
    (copy,) = debtor.world.mails("statement_copy")
    assert "INV-" not in copy.body_text


def test_the_reference_is_called_by_its_own_name(world: World) -> None:
    customer = xinsheng(world, "0001", language="en")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_00)
    issued = world.statement(customer)
    debtor = open_link(world, customer, issued)
    _submit_answer(debtor, AGREES)
    (copy,) = world.mails("statement_copy")
    assert re.search(r"^Reference number: CF-", copy.body_text, re.MULTILINE)


def _remove_contact(debtor: DebtorBrowser) -> None:
    from ar.customers.queries import contacts

    with debtor.world.transaction() as db:
        (contact,) = contacts(db, debtor.world.tenant_id, debtor.customer_id)
        deactivate_contact(db, debtor.world.actor(APRIL_2), debtor.customer_id, contact.id)


def test_the_link_of_a_removed_contact_is_closed_for_every_step(debtor: DebtorBrowser) -> None:
    """Given a code that was entered, when the contact is removed, then neither page nor PDF nor answer is open."""
    ready = debtor.enter_code(**AGREES)
    codes = len(debtor.world.mails("statement_code"))
    _remove_contact(debtor)
    for path in (debtor.path, f"{debtor.path}/statement.pdf"):
        answer = debtor.client.get(path)
        assert answer.status_code == 404
        assert debtor.number not in answer.text
    for step in ("answer", "differences", "code", "check", "submit"):
        status, page = debtor.post(step, **ready)
        assert status == 404
        assert debtor.number not in page
    assert debtor.world.count_rows(Confirmation) == 0
    assert len(debtor.world.mails("statement_code")) == codes


def test_loading_the_check_page_again_keeps_the_code(debtor: DebtorBrowser) -> None:
    assert debtor.post("code", **AGREES)[0] == 200
    typed = {**AGREES, "code": debtor.code()}
    first, again = debtor.post("check", **typed), debtor.post("check", **typed)
    assert again[0] == first[0] == 200
    assert hidden_field(again[1], "code_id") == hidden_field(first[1], "code_id")
    stranger = debtor.world.app.test_client()
    assert stranger.post(f"{debtor.path}/check", data=typed).status_code == 422, "the used code opens nothing elsewhere"
    assert debtor.client.post(
        f"{debtor.path}/submit", data={**typed, "code_id": hidden_field(again[1], "code_id")}
    ).status_code
    assert debtor.world.count_rows(Confirmation) == 1


def _invite_salesperson(world: World) -> str:
    address = f"sales@{world.slug}.example"
    with world.transaction() as db:
        invite_person(db, world.actor(APRIL_2), InvitePerson(email=address, name="S", roles=[Role.SALESPERSON]))
    return address


def test_differences_are_told_to_the_owner_and_to_who_issued_the_statement(world: World) -> None:
    debtor = mail_statement_to_debtor(world, owner_email=_invite_salesperson(world))
    _submit_answer(debtor, DIFFERS)
    told = sorted(mail.to_address for mail in world.mails("statement_answered"))
    assert told == [f"owner@{world.slug}.example", f"sales@{world.slug}.example"]


def test_who_owns_and_issued_is_told_once(world: World) -> None:
    debtor = mail_statement_to_debtor(world, owner_email=f"owner@{world.slug}.example")
    _submit_answer(debtor, DIFFERS)
    assert [mail.to_address for mail in world.mails("statement_answered")] == [f"owner@{world.slug}.example"]
