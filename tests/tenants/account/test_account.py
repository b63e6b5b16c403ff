"""W5: where one is signed in, ending it, changing the password, and what the person is told; with two browsers."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel.mail import MailMessage
from tenants.account.browsers import browser_name
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain
from tests.support.doors import PASSWORD, PHONE, browser, enter, somebody

NEW = "ein langer neuer Satz"


def mails(company: TestCompany) -> list[MailMessage]:
    with company.reading() as db:
        m = MailMessage
        return list(db.execute(sa.select(m).where(m.tenant_id == company.tenant_id).order_by(m.id)).scalars())


def events(company: TestCompany, user_id: UUID) -> list[str]:
    with company.reading() as db:
        found = db.execute(
            sa.text("SELECT kind FROM journal_event WHERE tenant_id = :t AND user_id = :u ORDER BY id"),
            {"t": company.tenant_id, "u": user_id},
        )
        return list(found.scalars())


def test_a_person_sees_their_browsers_and_ends_one(company: TestCompany) -> None:
    user_id, email = somebody(company)
    desk, phone = browser(company), browser(company)
    enter(desk, email)
    phone.post("/sign-in", data={"email": email, "password": PASSWORD}, headers={"User-Agent": PHONE})
    page = desk.get("/account/").text
    assert "Firefox · Linux" in page
    assert "Safari · iPhone" in page
    assert page.count("This browser") == 1
    url = page.split('action="/account/sessions/')[1].split('"')[0]
    assert desk.post(f"/account/sessions/{url}").status_code == 303
    assert phone.get(company.url("/receivables/")).status_code == 303
    assert desk.get(company.url("/receivables/")).status_code == 200
    assert events(company, user_id)[-1] == "sessions_ended"


def test_one_click_ends_all_others(company: TestCompany) -> None:
    _user, email = somebody(company)
    browsers = [browser(company) for _n in range(3)]
    for each in browsers:
        enter(each, email)
    browsers[0].post("/account/sessions/end")
    assert [each.get("/account/").status_code for each in browsers] == [200, 303, 303]


def test_nobody_ends_or_sees_the_session_of_another(company: TestCompany) -> None:
    (_a, mine), (_b, theirs) = somebody(company), somebody(company, "吴会计")
    other, me = browser(company), browser(company)
    other.post("/sign-in", data={"email": theirs, "password": PASSWORD}, headers={"User-Agent": PHONE})
    third = browser(company)
    enter(third, theirs)
    url = other.get("/account/").text.split('action="/account/sessions/')[1].split('"')[0]
    enter(me, mine)
    assert "iPhone" not in me.get("/account/").text
    me.post(f"/account/sessions/{url}")
    me.post("/account/sessions/end")
    assert (other.get("/account/").status_code, third.get("/account/").status_code) == (200, 200)


def test_the_account_is_for_who_is_signed_in(company: TestCompany) -> None:
    stranger = browser(company)
    for path in ("/account/", "/account/password"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/sign-in?next={path}")
    assert stranger.post("/account/sessions/end").status_code == 303


def test_changing_the_password_asks_the_old_one_ends_other_sessions_and_is_mailed(company: TestCompany) -> None:
    user_id, email = somebody(company)
    desk, phone = browser(company), browser(company)
    enter(desk, email)
    enter(phone, email)
    wrong = desk.post("/account/password", data={"current": "x" * 12, "password": NEW, "again": NEW})
    assert wrong.status_code == 422
    assert "not your present password" in wrong.text
    differs = desk.post("/account/password", data={"current": PASSWORD, "password": NEW, "again": NEW + "!"})
    assert "not the same" in differs.text
    short = desk.post("/account/password", data={"current": PASSWORD, "password": "short", "again": "short"})
    assert "at least 10 characters" in short.text
    assert phone.get("/account/").status_code == 200
    before = len(mails(company))
    done = desk.post("/account/password", data={"current": PASSWORD, "password": NEW, "again": NEW})
    assert (done.status_code, done.headers["Location"]) == (303, "/account/")
    assert desk.get("/account/").status_code == 200
    assert phone.get("/account/").status_code == 303
    (mail,) = mails(company)[before:]
    assert (mail.purpose, mail.to_address) == ("password_changed", email)
    assert "every other browser was signed out" in mail.body_text
    assert events(company, user_id)[-1] == "password_changed"
    assert enter(browser(company), email, NEW).status_code == 303
    assert enter(browser(company), email, PASSWORD).status_code == 422


def test_a_new_browser_is_mailed_and_the_first_and_a_known_one_are_not(company: TestCompany, post: Post) -> None:
    user_id, email = somebody(company)
    desk, phone = browser(company), browser(company)
    enter(desk, email)
    desk.post("/sign-out")
    enter(desk, email)
    assert mails(company) == []
    phone.post("/sign-in", data={"email": email, "password": PASSWORD}, headers={"User-Agent": PHONE})
    (mail,) = mails(company)
    assert (mail.purpose, mail.to_address) == ("new_browser", email)
    assert "Safari · iPhone" in mail.body_text
    assert "/account" in mail.body_text
    drain(company.tenant_id)
    assert mails(company)[0].state == "sent"
    assert events(company, user_id) == ["signed_in", "signed_out", "signed_in", "signed_in_new_browser"]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (PHONE, "Safari · iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/142.0 MicroMessenger/8.0.50 Mobile", "WeChat · Android"),
        ("curl/8.9", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_as_its_person_would(said: str, name: str) -> None:
    assert browser_name(said) == name
