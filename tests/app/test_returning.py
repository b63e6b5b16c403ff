"""W5: who was signed out meanwhile signs in and finds what was typed; nothing is done, nothing is lost."""

from __future__ import annotations

import html
import io
import re

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ar.customers.models import Customer
from kernel.clock import utc_now
from kernel.db import transaction
from kernel.mail import MailMessage
from tenants.permissions import Role
from tenants.sign_in.commands import set_password
from tests.support.browser import sign_in
from tests.support.companies import TestCompany
from tests.support.doors import PASSWORD, browser, enter, hidden, somebody
from tests.support.world import World

TYPED = {"name": "新客户 <b>&\"'", "customer_no": "00077", "note": "两行\n文字"}


def _end_all(user_id: object) -> None:
    with transaction(None) as db:
        db.execute(
            sa.text("UPDATE person_session SET ended_at = :now WHERE user_id = :user AND ended_at IS NULL"),
            {"user": user_id, "now": utc_now()},
        )


def _expired(company: TestCompany, name: str = "周敏") -> tuple[FlaskClient, str]:
    """A browser whose session is over, and its person's address."""
    user_id, email = somebody(company, name, Role.ADMIN)
    client = browser(company)
    enter(client, email)
    _end_all(user_id)
    return client, email


def _customers(company: TestCompany) -> int:
    with company.reading() as db:
        query = sa.select(sa.func.count()).select_from(Customer).where(Customer.tenant_id == company.tenant_id)
        return int(db.execute(query).scalar_one())


def _send_on(client: FlaskClient, page: str, path: str) -> TestResponse:
    """Presses the button of a page that sends a form on to `path`."""
    return client.post(path, data=hidden(page, path))


def _unescaped(answer: TestResponse) -> str:
    return html.unescape(answer.text)


def test_a_form_of_somebody_signed_out_leads_to_sign_in_and_back_with_all_that_was_typed(company: TestCompany) -> None:
    client, email = _expired(company)
    path = company.url("/people/")
    typed = {"email": "new@weiye.example", "name": "李 <b>&\"'", "roles": ["accountant", "finance"]}
    asked = client.post(path, data=typed)
    assert asked.status_code == 401
    assert "You were signed out" in asked.text
    kept = hidden(asked.text, "/sign-in")["kept"]
    wrong = client.post("/sign-in", data={"email": email, "password": "not right", "kept": kept})
    assert wrong.status_code == 422
    assert hidden(wrong.text, "/sign-in")["kept"] == kept, "a wrong password loses nothing"
    again = client.post("/sign-in", data={"email": email, "password": PASSWORD, "kept": kept})
    assert again.status_code == 200
    assert "data-go-on" in again.text
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', again.text.split("data-go-on")[1])
    sent: dict[str, list[str]] = {}
    for name, value in fields:
        sent.setdefault(name, []).append(html.unescape(value))
    back = client.post(path, data=sent)
    assert back.status_code == 422
    assert "nothing has been done yet" in back.text
    shown = _unescaped(back)
    assert 'value="new@weiye.example"' in shown
    assert "李 <b>&\"'" in shown
    assert len(re.findall(r" checked", back.text)) == 2
    with company.reading() as db:
        mails = db.execute(sa.select(MailMessage.to_address).where(MailMessage.tenant_id == company.tenant_id))
        assert "new@weiye.example" not in set(mails.scalars())
    done = client.post(path, data=typed | {"key": hidden(back.text, path)["key"]})
    assert done.status_code == 303


def test_files_are_named_as_to_be_chosen_again(world: World) -> None:
    user_id, email = somebody(world, "周敏", Role.ACCOUNTANT)
    client = browser(world)
    enter(client, email)
    _end_all(user_id)
    path = world.url("/imports/")
    sent = {"kind": "customers", "file": (io.BytesIO(b"a,b\n1,2\n"), "客户 11月.csv")}
    asked = client.post(
        path, data=sent, content_type="multipart/form-data", headers={"Referer": f"http://localhost{path}"}
    )
    assert asked.status_code == 401
    assert "Choose these files again: 客户 11月.csv" in asked.text
    kept = hidden(asked.text, "/sign-in")["kept"]
    again = client.post("/sign-in", data={"email": email, "password": PASSWORD, "kept": kept})
    back = _send_on(client, again.text, path)
    page = back if back.status_code == 422 else client.get(back.headers["Location"])
    assert "Choose these files again: 客户 11月.csv" in page.text


def test_a_button_without_a_form_says_so_on_the_page_it_was_on(world: World) -> None:
    user_id, email = somebody(world, "周敏", Role.FINANCE_DIRECTOR)
    client = browser(world)
    enter(client, email)
    _end_all(user_id)
    path, page = world.url("/cases/runs"), world.url("/cases/queue")
    asked = client.post(path, data={"why": "x"}, headers={"Referer": f"http://localhost{page}"})
    again = client.post(
        "/sign-in", data={"email": email, "password": PASSWORD, "kept": hidden(asked.text, "/sign-in")["kept"]}
    )
    back = _send_on(client, again.text, path)
    assert (back.status_code, back.headers["Location"]) == (303, page)
    assert "nothing has been done yet" in client.get(page, follow_redirects=True).text


def test_what_one_person_typed_is_not_given_to_another(company: TestCompany) -> None:
    client, _email = _expired(company)
    _other, other = somebody(company, "吴会计", Role.ADMIN)
    asked = client.post(company.url("/people/"), data={"email": "secret@weiye.example", "name": "x"})
    kept = hidden(asked.text, "/sign-in")["kept"]
    answer = client.post("/sign-in", data={"email": other, "password": PASSWORD, "kept": kept})
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"], follow_redirects=True).text
    assert "belonged to somebody else" in page
    assert "secret@weiye.example" not in page


def test_a_form_from_another_site_is_neither_kept_nor_shown(company: TestCompany) -> None:
    client, _email = _expired(company)
    path = company.url("/people/")
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post(path, data={"name": "evil"}, headers=headers)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/")
    ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post(path, data={"name": "ours"}, headers=ours).status_code == 401


def test_a_kept_form_that_we_did_not_sign_is_passed_over(company: TestCompany) -> None:
    _user, email = somebody(company)
    for kept in ("x", "WyIvIl0.Zz.zz"):
        answer = browser(company).post("/sign-in", data={"email": email, "password": PASSWORD, "kept": kept})
        assert answer.status_code == 303


def test_passwords_are_never_kept(company: TestCompany) -> None:
    client, email = _expired(company)
    asked = client.post("/account/password", data={"current": PASSWORD, "password": "x" * 12, "again": "x" * 12})
    assert (asked.status_code, "x" * 12 in asked.text) == (303, False)
    assert enter(client, email).status_code == 303


def test_htmx_says_so_on_the_page_and_leaves_what_is_typed_there(company: TestCompany) -> None:
    client, _email = _expired(company)
    page = company.url("/people/new")
    for method in ("GET", "POST"):
        answer = client.open(
            company.url("/people/"),
            method=method,
            data={"name": "x"} if method == "POST" else None,
            headers={"HX-Request": "true", "HX-Current-URL": f"http://localhost{page}"},
        )
        assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#flashes")
        assert f'href="/sign-in?next={page}"' in answer.text
        assert 'target="_blank"' in answer.text


def _with_tokens(app: Flask) -> Flask:
    app.config["WTF_CSRF_ENABLED"] = True
    return app


def test_the_form_of_a_tab_that_was_open_before_signing_in_again_is_shown_once_more(company: TestCompany) -> None:
    _user, email = somebody(company, role=Role.ADMIN)
    client, path = browser(company), company.url("/people/")
    enter(client, email)
    old = hidden(client.get(company.url("/people/new")).text, path)
    client.post("/sign-out")
    enter(client, email)
    try:
        _with_tokens(company.app)
        answer = client.post(path, data=old | {"email": "new@weiye.example", "name": "李蕾", "roles": "accountant"})
        assert answer.status_code == 422
        assert "nothing has been done yet" in answer.text
        assert 'value="new@weiye.example"' in answer.text
        fresh = hidden(answer.text, path)
        done = client.post(path, data=fresh | {"email": "new@weiye.example", "name": "李蕾", "roles": "accountant"})
        assert done.status_code == 303
    finally:
        company.app.config["WTF_CSRF_ENABLED"] = False


def test_a_sign_in_page_that_was_open_for_long_asks_once_more(company: TestCompany) -> None:
    _user, email = somebody(company)
    try:
        client = browser(company)
        _with_tokens(company.app)
        answer = client.post("/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": "old"})
        assert answer.status_code == 409
        assert PASSWORD not in answer.text
        assert 'href="/sign-in"' in answer.text
    finally:
        company.app.config["WTF_CSRF_ENABLED"] = False


def test_a_form_without_secrets_outside_a_company_is_offered_to_be_sent_on(company: TestCompany) -> None:
    try:
        client = browser(company)
        _with_tokens(company.app)
        answer = client.post("/forgotten", data={"email": "lina@weiye.example", "csrf_token": "old"})
        assert answer.status_code == 409
        fields = hidden(answer.text, "/forgotten")
        assert fields["email"] == "lina@weiye.example"
        assert client.post("/forgotten", data=fields).status_code == 303
    finally:
        company.app.config["WTF_CSRF_ENABLED"] = False


def test_a_new_password_elsewhere_loses_nothing_that_is_being_typed(company: TestCompany) -> None:
    user_id, email = somebody(company, role=Role.ADMIN)
    client = browser(company)
    sign_in(client, user_id)
    with transaction(None) as db:
        set_password(db, user_id, "another long password")
    asked = client.post(company.url("/people/"), data={"email": "new@weiye.example", "name": "李蕾"})
    assert asked.status_code == 401
    kept = hidden(asked.text, "/sign-in")["kept"]
    again = client.post("/sign-in", data={"email": email, "password": "another long password", "kept": kept})
    assert hidden(again.text, company.url("/people/"))["name"] == "李蕾"
