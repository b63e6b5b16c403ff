"""Around the answer: what its copy says, who is told, whose link closes, and a page that is loaded again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from ar.customers.commands import deactivate_contact
from ar.statements.commands import issue
from ar.statements.models import Confirmation
from kernel.clock import fixed_clock
from tenants.commands import invite_person
from tenants.inputs import InvitePerson
from tenants.permissions import Role
from tests.ar.portal.debtor import APRIL_2, NOW, SIGNER, Sent, hidden, sent_statement
from tests.ar.statements.books import add_customer, mails, march, post
from tests.support.companies import TestCompany

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


def _answer(sent: Sent, fields: dict[str, str]) -> None:
    assert sent.client.post(f"{sent.path}/submit", data=sent.enter(**fields)).status_code == 303


def _words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_copy_of_a_differing_answer_lists_every_difference(sent: Sent) -> None:
    _answer(sent, DIFFERS)
    (copy,) = mails(sent.company, "statement_copy")
    assert copy.body_html
    for body in (copy.body_text, _words(copy.body_html)):
        for expected in ("INV-2", "66,400.00", "60,000.00", "退货或换货", "PAY-7", "—", "500.00", "已付款"):
            assert expected in body, expected
        assert "我方" in body or "本公司" in body, "in the debtor's language"
    assert "退货 <6 箱>" in copy.body_text
    assert "退货 &lt;6 箱&gt;" in copy.body_html


def test_the_copy_of_an_agreeing_answer_has_no_list(sent: Sent) -> None:
    _answer(sent, AGREES)
    (copy,) = mails(sent.company, "statement_copy")
    assert "INV-" not in copy.body_text


def test_the_reference_is_called_by_its_own_name(company: TestCompany) -> None:
    customer = add_customer(company, "0001", language="en")
    with company.transaction() as db:
        post(db, company, customer, ("invoice", "INV-1", date(2026, 3, 10), 100_00))
        issued = issue(db, company.actor(APRIL_2), march(customer))
    assert issued.portal_url
    path = "/p/" + issued.portal_url.rpartition("/p/")[2]
    sent = Sent(company, customer, issued.statement_id, issued.number, path, company.app.test_client())
    _answer(sent, AGREES)
    (copy,) = mails(company, "statement_copy")
    assert re.search(r"^Reference number: CF-", copy.body_text, re.MULTILINE)


def _deactivate(sent: Sent) -> None:
    from ar.customers.queries import contacts

    with sent.company.transaction() as db:
        (contact,) = contacts(db, sent.company.tenant_id, sent.customer_id)
        deactivate_contact(db, sent.company.actor(APRIL_2), sent.customer_id, contact.id)


def test_the_link_of_a_removed_contact_is_closed_for_every_step(sent: Sent) -> None:
    """Given a code that was entered, when the contact is removed, then neither page nor PDF nor answer is open."""
    ready = sent.enter(**AGREES)
    codes = len(mails(sent.company, "statement_code"))
    _deactivate(sent)
    for path in (sent.path, f"{sent.path}/statement.pdf"):
        answer = sent.client.get(path)
        assert answer.status_code == 404
        assert sent.number not in answer.text
    for step in ("answer", "differences", "code", "check", "submit"):
        status, page = sent.post(step, **ready)
        assert status == 404
        assert sent.number not in page
    assert sent.rows(Confirmation) == 0
    assert len(mails(sent.company, "statement_code")) == codes


def test_loading_the_check_page_again_keeps_the_code(sent: Sent) -> None:
    assert sent.post("code", **AGREES)[0] == 200
    typed = {**AGREES, "code": sent.code()}
    first, again = sent.post("check", **typed), sent.post("check", **typed)
    assert again[0] == first[0] == 200
    assert hidden(again[1], "code_id") == hidden(first[1], "code_id")
    stranger = sent.company.app.test_client()
    assert stranger.post(f"{sent.path}/check", data=typed).status_code == 422, "the used code opens nothing elsewhere"
    assert sent.client.post(f"{sent.path}/submit", data={**typed, "code_id": hidden(again[1], "code_id")}).status_code
    assert sent.rows(Confirmation) == 1


def _sales(company: TestCompany) -> str:
    address = f"sales@{company.slug}.example"
    with company.transaction() as db:
        invite_person(db, company.actor(APRIL_2), InvitePerson(email=address, name="S", roles=[Role.SALESPERSON]))
    return address


def test_differences_are_told_to_the_owner_and_to_who_issued_the_statement(company: TestCompany) -> None:
    sent = sent_statement(company, owner_email=_sales(company))
    _answer(sent, DIFFERS)
    told = sorted(mail.to_address for mail in mails(company, "statement_answered"))
    assert told == [f"owner@{company.slug}.example", f"sales@{company.slug}.example"]


def test_who_owns_and_issued_is_told_once(company: TestCompany) -> None:
    sent = sent_statement(company, owner_email=f"owner@{company.slug}.example")
    _answer(sent, DIFFERS)
    assert [mail.to_address for mail in mails(company, "statement_answered")] == [f"owner@{company.slug}.example"]
