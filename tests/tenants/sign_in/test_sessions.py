"""S3: sessions are rows that end: by signing out, after a day, after a rest, by another password, by removal."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError

from kernel.clock import fixed_clock, utc_now
from kernel.db import transaction
from kernel.errors import NotFound
from tenants.models import User
from tenants.people.commands import invite_person, remove_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.sign_in import sessions
from tenants.sign_in.commands import set_password
from tenants.sign_in.models import PersonSession
from tests.support.companies import TestCompany
from tests.support.doors import FIREFOX, enter, somebody
from tests.support.statements import counted


def _copy_of(client: FlaskClient) -> FlaskClient:
    """Another browser with a copy of this one's cookie."""
    thief = client.application.test_client()
    cookie = client.get_cookie("huikuan")
    assert cookie is not None
    thief.set_cookie("huikuan", cookie.value)
    return thief


def _is_in(client: FlaskClient, company: TestCompany) -> bool:
    return client.get(company.url("/receivables/")).status_code == 200


def _rows(user_id: UUID) -> list[PersonSession]:
    with transaction(None) as db:
        found = db.execute(sa.select(PersonSession).where(PersonSession.user_id == user_id).order_by(PersonSession.id))
        return list(found.scalars())


def test_a_copied_cookie_is_dead_once_its_owner_signed_out(company: TestCompany) -> None:
    _user, email = somebody(company)
    browser = company.app.test_client()
    enter(browser, email)
    thief = _copy_of(browser)
    assert _is_in(thief, company)
    browser.post("/sign-out")
    assert not _is_in(thief, company)
    assert not _is_in(browser, company)


def test_a_session_ends_a_day_after_it_began_however_much_it_is_used(company: TestCompany) -> None:
    _user, email = somebody(company)
    browser, began = company.app.test_client(), utc_now()
    with fixed_clock(began):
        enter(browser, email)
    for hours in range(0, 24, 4):
        with fixed_clock(began + timedelta(hours=hours)):
            assert _is_in(browser, company), hours
    with fixed_clock(began + timedelta(hours=23, minutes=59)):
        assert _is_in(browser, company)
    with fixed_clock(began + timedelta(hours=24)):
        assert not _is_in(browser, company)


def test_a_session_that_rests_for_twelve_hours_is_over(company: TestCompany) -> None:
    _user, email = somebody(company)
    browser, began = company.app.test_client(), utc_now()
    with fixed_clock(began):
        enter(browser, email)
    with fixed_clock(began + timedelta(hours=11)):
        assert _is_in(browser, company)
    with fixed_clock(began + timedelta(hours=22)):
        assert _is_in(browser, company), "it was used eleven hours ago"
    other = company.app.test_client()
    with fixed_clock(began):
        enter(other, email)
    with fixed_clock(began + timedelta(hours=12)):
        assert not _is_in(other, company)


def test_use_is_noted_every_few_minutes_and_a_page_costs_no_statement_more(
    company: TestCompany, engine: sa.Engine
) -> None:
    user_id, email = somebody(company)
    browser, began = company.app.test_client(), utc_now()
    with fixed_clock(began):
        enter(browser, email)
        with counted(engine) as statements:
            browser.get("/companies")
    asked = [each for each in statements if "person_session" in each]
    assert len(asked) == 1
    assert "app_user" in asked[0]
    assert "membership" in asked[0]
    with fixed_clock(began + timedelta(minutes=4)):
        browser.get("/companies")
        assert _rows(user_id)[0].seen_at == began
    with fixed_clock(began + timedelta(minutes=5)):
        browser.get("/companies")
        assert _rows(user_id)[0].seen_at == began + timedelta(minutes=5)


def test_a_new_password_ends_every_session_of_the_person(company: TestCompany) -> None:
    user_id, email = somebody(company)
    first, second = company.app.test_client(), company.app.test_client()
    enter(first, email)
    enter(second, email)
    with transaction(None) as db:
        set_password(db, user_id, "another long password")
    assert not _is_in(first, company)
    assert not _is_in(second, company)
    assert all(row.ended_at for row in _rows(user_id))


def test_a_password_changed_while_the_old_one_is_checked_lets_nobody_in_by_the_old_one(company: TestCompany) -> None:
    """Either the change is seen at sign-in, or it waits for it and ends what it began."""
    user_id, _email = somebody(company)
    with transaction(None) as db:
        before = db.execute(sa.select(User.session_version).where(User.id == user_id)).scalar_one()
    with transaction(None) as entering:
        assert sessions.hold_version(entering, user_id, before)
        with pytest.raises(DBAPIError, match="lock timeout"), transaction(None) as changing:
            changing.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            set_password(changing, user_id, "another long password")
        sessions.begin(entering, user_id, utc_now(), browser="", address="")
    with transaction(None) as db:
        set_password(db, user_id, "another long password")
    assert all(row.ended_at for row in _rows(user_id))
    with transaction(None) as late:
        assert not sessions.hold_version(late, user_id, before)


def test_a_link_that_is_used_twice_at_once_sets_one_password(company: TestCompany) -> None:
    user_id, _email = somebody(company)
    with transaction(None) as db:
        carried = db.execute(sa.select(User.session_version).where(User.id == user_id)).scalar_one()
        set_password(db, user_id, "the first sentence", version=carried)
    with pytest.raises(NotFound), transaction(None) as db:
        set_password(db, user_id, "the second sentence", version=carried)


def test_who_is_removed_is_signed_out_at_once_and_being_invited_anew_does_not_revive_the_cookie(
    company: TestCompany,
) -> None:
    user_id, email = somebody(company)
    browser = company.app.test_client()
    enter(browser, email)
    with company.transaction() as db:
        remove_person(db, company.actor(), user_id)
    answer = browser.get(company.url("/receivables/"))
    assert (answer.status_code, "/sign-in" in answer.headers["Location"]) == (303, True)
    with company.transaction() as db:
        invite_person(db, company.actor(), InvitePerson(email=email, name="周敏", roles=[Role.ACCOUNTANT]))
    assert not _is_in(browser, company)
    enter(browser, email)
    assert _is_in(browser, company)


def test_who_is_removed_from_one_company_keeps_the_session_for_the_other(
    company: TestCompany, other_company: TestCompany
) -> None:
    user_id, email = somebody(company)
    with other_company.transaction() as db:
        invite_person(db, other_company.actor(), InvitePerson(email=email, name="周敏", roles=[Role.ACCOUNTANT]))
    browser = company.app.test_client()
    enter(browser, email)
    with company.transaction() as db:
        remove_person(db, company.actor(), user_id)
    assert browser.get(company.url("/receivables/")).status_code == 404
    assert _is_in(browser, other_company)


def test_only_the_hash_of_the_cookie_is_stored(company: TestCompany) -> None:
    user_id, email = somebody(company)
    browser = company.app.test_client()
    enter(browser, email)
    with browser.session_transaction() as session:
        secret = session["_user_id"].split("|")[1]
    (row,) = _rows(user_id)
    assert row.token_hash == sessions.hash_of(secret) != secret
    assert (row.browser, row.address) == ("Firefox · Linux", "127.0.0.1")


@pytest.mark.parametrize("cookie", ["", "x", "|", "{user}|", "{user}|1", "{user}", "{other}|{secret}"])
def test_a_made_up_cookie_opens_nothing(company: TestCompany, cookie: str) -> None:
    user_id, email = somebody(company)
    browser, other = company.app.test_client(), company.app.test_client()
    enter(browser, email)
    with browser.session_transaction() as session:
        secret = session["_user_id"].split("|")[1]
    with other.session_transaction() as session:
        session["_user_id"] = cookie.format(user=user_id, other=company.owner_id, secret=secret)
    assert not _is_in(other, company)


def test_a_session_does_not_begin_again_nor_last_longer(company: TestCompany) -> None:
    user_id, email = somebody(company)
    browser = company.app.test_client()
    enter(browser, email)
    browser.post("/sign-out")
    for change in ("ended_at = NULL", "expires_at = '2199-01-01Z'", "user_id = user_id, token_hash = 'x'"):
        with pytest.raises(DBAPIError, match="never changed"), transaction(None) as db:
            db.execute(sa.text(f"UPDATE person_session SET {change} WHERE user_id = :user"), {"user": user_id})


def test_inside_a_company_nobody_finds_sessions_or_makes_a_link(company: TestCompany) -> None:
    user_id, email = somebody(company)
    enter(company.app.test_client(), email)
    with company.transaction() as db:
        assert db.execute(sa.text("SELECT count(*) FROM person_session")).scalar_one() == 0
        change = sa.text("UPDATE person_session SET ended_at = :now RETURNING id")
        ended = db.execute(change, {"now": utc_now()}).all()
        assert ended == []
    values = "(id, user_id, token_hash, created_at, expires_at) VALUES (gen_random_uuid(), :user, 'h', :now, :now)"
    with pytest.raises(DBAPIError, match="row-level security"), company.transaction() as db:
        db.execute(sa.text(f"INSERT INTO password_reset {values}"), {"user": user_id, "now": utc_now()})


def test_the_cookie_is_for_this_site_alone_and_no_cache_keeps_a_page_that_sets_it(company: TestCompany) -> None:
    _user, email = somebody(company)
    browser = company.app.test_client()
    cookies = enter(browser, email).headers.getlist("Set-Cookie")
    assert len(cookies) == 2, "the session, and the browser that was seen"
    assert all("HttpOnly" in each and "SameSite=Lax" in each for each in cookies)
    for path in ("/nothing/here", "/p/no-token", company.url("/nothing")):
        answer = company.app.test_client().get(path, headers={"User-Agent": FIREFOX})
        assert answer.status_code in (303, 404)
        if answer.headers.getlist("Set-Cookie"):
            assert answer.headers["Cache-Control"] == "no-store", path
