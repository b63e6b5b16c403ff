"""W5: a forgotten password: a link by mail that works once, for half an hour, and tells nobody anything."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from kernel.clock import fixed_clock, utc_now
from tenants.people.commands import remove_person
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain
from tests.support.doors import PASSWORD, browser, enter, somebody
from tests.tenants.account.test_account import events, mails

NEW = "ein langer neuer Satz"
CHOSEN = {"password": NEW, "again": NEW}


def _ask(client: FlaskClient, email: str) -> str:
    """Asks for a link; returns what is said to whoever asked."""
    answer = client.post("/forgotten", data={"email": email})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    said = re.search(r'class="flash[^>]*>.*?<span>(.*?)</span>', client.get("/sign-in").text, re.DOTALL)
    return said[1] if said else ""


def _link(company: TestCompany) -> str:
    found = re.search(r"/reset/\S+", mails(company)[-1].body_text)
    return found[0] if found else ""


def test_a_link_by_mail_sets_the_password_once_signs_in_and_ends_all_other_sessions(company: TestCompany) -> None:
    user_id, email = somebody(company)
    desk, forgetful = browser(company), browser(company)
    enter(desk, email)
    _ask(forgetful, f" {email.upper()} ")
    assert [(mail.purpose, mail.to_address) for mail in mails(company)] == [("password_reset", email)]
    link = _link(company)
    assert email in forgetful.get(link).text
    assert forgetful.post(link, data={"password": "short", "again": "short"}).status_code == 422
    assert forgetful.post(link, data={"password": NEW, "again": NEW + "!"}).status_code == 422
    done = forgetful.post(link, data=CHOSEN)
    assert (done.status_code, done.headers["Location"]) == (303, company.url("/"))
    assert forgetful.get(company.url("/receivables/")).status_code == 200
    assert desk.get(company.url("/receivables/")).status_code == 303
    assert forgetful.get(link).status_code == 404
    assert browser(company).post(link, data=CHOSEN).status_code == 404
    assert [mail.purpose for mail in mails(company)] == ["password_reset", "password_changed"]
    assert {"password_link_asked", "password_changed"} <= set(events(company, user_id))
    assert enter(browser(company), email, NEW).status_code == 303
    assert enter(browser(company), email, PASSWORD).status_code == 422


def test_the_answer_is_the_same_whoever_the_address_belongs_to(company: TestCompany) -> None:
    user_id, email = somebody(company)
    _gone, gone = somebody(company, "已离职")
    with company.transaction() as db:
        remove_person(db, company.actor(), _gone)
    said = {
        _ask(browser(company), each).replace(each, "…")
        for each in (email, gone, "nobody@elsewhere.example", "no address")
    }
    assert len(said) == 1
    assert "a link is on its way" in said.pop()
    assert [mail.to_address for mail in mails(company)] == [email]
    assert events(company, user_id) == ["password_link_asked"]


def test_three_links_an_hour_and_no_more(company: TestCompany) -> None:
    _user, email = somebody(company)
    said = {_ask(browser(company), email) for _n in range(5)}
    assert len(said) == 1
    assert len(mails(company)) == 3
    with fixed_clock(utc_now() + timedelta(hours=1, minutes=1)):
        _ask(browser(company), email)
    assert len(mails(company)) == 4


def test_a_link_is_over_after_half_an_hour(company: TestCompany) -> None:
    _user, email = somebody(company)
    client, now = browser(company), utc_now()
    with fixed_clock(now):
        _ask(client, email)
    link = _link(company)
    with fixed_clock(now + timedelta(minutes=29)):
        assert client.get(link).status_code == 200
    with fixed_clock(now + timedelta(minutes=30)):
        assert client.get(link).status_code == 404
        assert client.post(link, data=CHOSEN).status_code == 404


def test_using_one_link_closes_the_others(company: TestCompany) -> None:
    _user, email = somebody(company)
    client = browser(company)
    _ask(client, email)
    first = _link(company)
    _ask(client, email)
    assert client.post(_link(company), data=CHOSEN).status_code == 303
    assert browser(company).get(first).status_code == 404


@pytest.mark.parametrize("secret", ["x", "x" * 43, "%00", "..%2F.."])
def test_links_that_are_no_good_look_alike(company: TestCompany, secret: str) -> None:
    assert browser(company).get(f"/reset/{secret}").status_code == 404


def test_the_link_is_taken_out_of_the_mail_once_it_went(company: TestCompany, post: Post) -> None:
    _user, email = somebody(company)
    client = browser(company)
    _ask(client, email)
    link = _link(company)
    drain(company.tenant_id)
    (mail,) = mails(company)
    assert mail.state == "sent"
    assert link not in mail.body_text + (mail.body_html or "")
    (sent,) = post.all()
    assert link in sent.text
    assert client.get(link).status_code == 200


def test_a_link_that_was_used_or_ran_out_before_its_mail_was_sent_is_not_sent(company: TestCompany, post: Post) -> None:
    _user, email = somebody(company)
    client = browser(company)
    _ask(client, email)
    _ask(client, email)
    client.post(_link(company), data=CHOSEN)
    drain(company.tenant_id)
    assert {(mail.purpose, mail.state, mail.reason) for mail in mails(company)} == {
        ("password_reset", "suppressed", "link_over"),
        ("password_changed", "sent", None),
    }


def test_a_person_of_two_companies_gets_one_mail(company: TestCompany, other_company: TestCompany) -> None:
    from tenants.people.commands import invite_person
    from tenants.people.inputs import InvitePerson
    from tenants.permissions import Role

    user_id, email = somebody(company)
    with other_company.transaction() as db:
        invite_person(db, other_company.actor(), InvitePerson(email=email, name="周敏", roles=[Role.ADMIN]))
    client = browser(company)
    _ask(client, email)
    assert len(mails(company)) + len(mails(other_company)) == 1
    assert isinstance(user_id, UUID)
