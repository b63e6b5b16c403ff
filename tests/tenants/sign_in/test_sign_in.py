"""Signing in and out over HTTP: the right person gets in, nobody else learns anything, links work once."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.factory import create_app
from kernel.clock import fixed_clock, utc_now
from kernel.db import transaction
from kernel.settings import settings
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.sign_in.commands import set_password
from tenants.sign_in.identity import load_person_by_id
from tenants.sign_in.inputs import SignIn, sign_in_key
from tenants.sign_in.links import LINK_DAYS, WelcomeLinks
from tests.support.companies import TestCompany
from tests.support.doors import PASSWORD, somebody


def _person(company: TestCompany, name: str = "周敏", role: Role = Role.ACCOUNTANT, password: str = PASSWORD) -> str:
    """A new person of the company who has chosen a password; returns the e-mail."""
    return somebody(company, name, role, password)[1]


def _sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: str):  # type: ignore[no-untyped-def]
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def _cookie(client: FlaskClient) -> str | None:
    with client.session_transaction() as session:
        return session.get("_user_id")


def test_signing_in_leads_to_the_company_and_out_again(company: TestCompany) -> None:
    email = _person(company)
    client = company.app.test_client()
    assert client.get("/").headers["Location"] == "/sign-in"
    answer = _sign_in(client, f"  {email.upper()} ")
    assert (answer.status_code, answer.headers["Location"]) == (303, company.url("/"))
    assert client.get("/").headers["Location"] == company.url("/")
    assert client.get("/sign-in").status_code == 303
    answer = client.post("/sign-out")
    assert answer.headers["Location"] == "/sign-in"
    assert _cookie(client) is None


def test_wrong_password_and_unknown_address_get_the_same_answer(company: TestCompany) -> None:
    email = _person(company)
    client = company.app.test_client()
    wrong = _sign_in(client, email, "not the password")
    unknown = _sign_in(client, "nobody@elsewhere.example")
    without = _sign_in(client, _person(company, "没有密码", password=""), "anything at all")
    assert {wrong.status_code, unknown.status_code, without.status_code} == {422}
    assert _cookie(client) is None
    texts = [
        re.sub(r'value="[^"]*"|name="csrf[^>]*>|content="[^"]*"', "", page.text) for page in (wrong, unknown, without)
    ]
    assert texts[0] == texts[1] == texts[2]
    assert "not the password" not in wrong.text


def test_nothing_typed_is_a_form_with_errors(company: TestCompany) -> None:
    answer = company.app.test_client().post("/sign-in", data={"email": "", "password": ""})
    assert answer.status_code == 422
    assert 'href="#f-password"' in answer.text


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example/", "evil", "/\t/evil.example", "javascript:alert(1)"],
)
def test_next_never_leaves_the_site(company: TestCompany, wanted: str) -> None:
    email = _person(company)
    client = company.app.test_client()
    assert "evil" not in client.get("/sign-in", query_string={"next": wanted}).text
    assert _sign_in(client, email, next=wanted).headers["Location"] == company.url("/")


def test_next_leads_back_to_the_page_that_was_asked_for(company: TestCompany) -> None:
    email = _person(company, role=Role.ADMIN)
    client = company.app.test_client()
    page = company.url("/people/?a=1")
    sent = client.get(page)
    assert sent.status_code == 303
    assert "next=" in sent.headers["Location"]
    assert 'name="next" value="' + page in client.get(sent.headers["Location"]).text
    assert _sign_in(client, email, next=page).headers["Location"] == page


def test_the_session_begins_anew(company: TestCompany) -> None:
    email = _person(company)
    client = company.app.test_client()
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    _sign_in(client, email)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.permanent


def test_a_new_password_ends_every_session(company: TestCompany) -> None:
    email = _person(company)
    client = company.app.test_client()
    _sign_in(client, email)
    user_id = UUID((_cookie(client) or "").split("|")[0])
    with transaction(None) as db:
        set_password(db, user_id, "another long password")
    assert client.get("/").headers["Location"] == "/sign-in"


def test_a_person_of_two_companies_chooses(company: TestCompany, other_company: TestCompany) -> None:
    email = _person(company)
    with other_company.transaction() as db:
        invite_person(db, other_company.actor(), InvitePerson(email=email, name="周敏", roles=[Role.ADMIN]))
    client = company.app.test_client()
    assert _sign_in(client, email).headers["Location"] == "/companies"
    page = client.get("/companies").text
    assert company.url("/") in page
    assert other_company.url("/") in page


def test_a_person_without_a_company_is_told_so(company: TestCompany) -> None:
    from tenants.people.commands import remove_person

    email = _person(company)
    client = company.app.test_client()
    _sign_in(client, email)
    user_id = UUID((_cookie(client) or "").split("|")[0])
    with company.transaction() as db:
        remove_person(db, company.actor(), user_id)
    assert client.get(company.url("/people/")).status_code == 303, "signed out at once"
    assert _sign_in(client, email).headers["Location"] == "/companies"
    assert client.get(company.url("/people/")).status_code == 404
    assert "no company" in client.get("/companies").text


def test_the_language_is_kept_for_the_person_and_for_the_browser(company: TestCompany) -> None:
    client = company.app.test_client()
    answer = client.post("/language", data={"language": "zh_CN", "next": "/sign-in"})
    assert answer.headers["Location"] == "/sign-in"
    assert 'lang="zh-CN"' in client.get("/sign-in").text
    _sign_in(client, _person(company))
    client.post("/language", data={"language": "zh_CN", "next": "//evil.example"})
    user_id = UUID((_cookie(client) or "").split("|")[0])
    with company.reading() as db:
        person = load_person_by_id(db, user_id)
    assert person is not None
    assert person.language == "zh_CN"
    assert client.post("/language", data={"language": "tlh", "next": "//evil.example"}).headers["Location"] == "/"


def _links() -> WelcomeLinks:
    return WelcomeLinks(settings().secret_key, "")


def _owner_link(company: TestCompany) -> str:
    return _links().url(company.owner_id, 1)


def test_a_welcome_link_sets_the_password_once(company: TestCompany) -> None:
    client = company.app.test_client()
    link = _owner_link(company)
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 200, "looking does not use it up"
    short = client.post(link, data={"password": "short", "again": "short"})
    assert short.status_code == 422
    differs = client.post(link, data={"password": PASSWORD, "again": PASSWORD + "!"})
    assert differs.status_code == 422
    assert PASSWORD not in differs.text
    answer = client.post(link, data={"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, company.url("/"))
    assert (_cookie(client) or "").startswith(str(company.owner_id))
    assert client.get(link).status_code == 404
    assert client.post(link, data={"password": "x" * 12, "again": "x" * 12}).status_code == 404


def test_links_that_are_no_good_look_alike(company: TestCompany) -> None:
    client = company.app.test_client()
    good = _owner_link(company)
    foreign = WelcomeLinks("y" * 40, "").url(company.owner_id, 1)
    with fixed_clock(utc_now() - timedelta(days=LINK_DAYS, minutes=1)):
        old = _owner_link(company)
    answers = [client.get(link) for link in (good[:-2], foreign, old, "/welcome/nonsense")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'content="[^"]*"|value="[^"]*"', "", answer.text) for answer in answers}) == 1


@pytest.fixture
def limited_app(company: TestCompany) -> Flask:
    """The app as it runs outside tests: with its limits."""
    made = create_app(settings().model_copy(update={"environment": "development"}))
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return made


def test_tries_are_counted(company: TestCompany, limited_app: Flask) -> None:
    client = limited_app.test_client()
    email = _person(company)
    answers = [_sign_in(client, email, "wrong password").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert _sign_in(client, email).status_code == 429, "also the right password must wait now"


def test_spellings_of_an_address_share_its_tries(company: TestCompany, limited_app: Flask) -> None:
    client = limited_app.test_client()
    email = _person(company)
    spelled = [email[:n] + "\u200b" + email[n:] for n in range(1, 11)]
    assert [_sign_in(client, each, "wrong password").status_code for each in spelled] == [422] * 10
    assert _sign_in(client, email.upper()).status_code == 429


def test_every_spelling_of_an_address_is_counted_under_one_key() -> None:
    email, name, domain = "accountant.7@acme.example", "accountant.7", "acme.example"
    wide = "".join(chr(ord(letter) + 0xFEE0) if "a" <= letter <= "z" else letter for letter in name)
    spellings = [email, email.upper(), f" {email}\t", f"{name}\u200b@{domain}", f"\ufeff{name[0]}\u2060{email[1:]}"]
    spellings += [f"{name}@{domain}\u00ad", f"{wide}@{domain}", f"{name}＠{domain}", f"{email}\u2028", f"{email}\u3164"]
    assert {sign_in_key(each) for each in spellings} == {email}


@pytest.mark.parametrize("typed", ["ｊｏ＠ａ.example", "Jo\u200b@A.example", " jo@a.example ", "jo@A.EXAMPLE\u2060"])
def test_an_address_is_looked_up_in_the_form_its_tries_are_counted_in(typed: str) -> None:
    form = SignIn(email=typed, password="x")
    assert form.email == sign_in_key(typed) == "jo@a.example"


def test_a_foreign_domain_is_looked_up_as_it_is_stored() -> None:
    assert sign_in_key("Jo@例子.CN") == InvitePerson(email="jo@例子.cn", name="Jo", roles=[Role.ADMIN]).email
    assert sign_in_key("no address\u200b") == "no address"


def test_a_form_without_its_token_is_refused(company: TestCompany) -> None:
    email = _person(company)
    company.app.config["WTF_CSRF_ENABLED"] = True
    try:
        client = company.app.test_client()
        assert _sign_in(client, email).status_code == 409
        assert _cookie(client) is None
    finally:
        company.app.config["WTF_CSRF_ENABLED"] = False
