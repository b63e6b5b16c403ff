"""People with passwords, and browsers that sign in by the page."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kernel.db import transaction
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.sign_in.commands import set_language, set_password
from tests.support.companies import TestCompany

PASSWORD: Final = "正确 马 电池 订书钉"
FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


def somebody(
    company: TestCompany, name: str = "周敏", role: Role = Role.ACCOUNTANT, password: str = PASSWORD
) -> tuple[UUID, str]:
    """Makes a person of the company who has chosen a password; returns (id, e-mail)."""
    email = f"{role}.{abs(hash(name)) % 10_000}@{company.slug}.example"
    with company.transaction() as db:
        user_id = invite_person(db, company.actor(), InvitePerson(email=email, name=name, roles=[role]))
    with transaction(None) as db:
        set_language(db, user_id, "en")
        if password:
            set_password(db, user_id, password)
    return user_id, email


def browser(company: TestCompany) -> FlaskClient:
    """Returns a browser that reads English, in which nobody is signed in."""
    client = company.app.test_client()
    client.set_cookie("lang", "en")
    return client


def enter(client: FlaskClient, email: str, password: str = PASSWORD, *, ip: str = "", **more: Any) -> TestResponse:
    """Signs in by the page; `ip`: the client's address."""
    environ = {"REMOTE_ADDR": ip} if ip else {}
    data = {"email": email, "password": password, **more}
    return client.post("/sign-in", data=data, environ_overrides=environ, headers={"User-Agent": FIREFOX})


def hidden(page: str, form_action: str) -> dict[str, str]:
    """Returns the hidden fields of the form of a page that is sent to `form_action`."""
    form = re.search(rf'<form[^>]*action="{re.escape(form_action)}".*?</form>', page, re.DOTALL)
    assert form is not None, form_action
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[0])
    return {name: text.replace("&amp;", "&").replace("&#34;", '"').replace("&#39;", "'") for name, text in found}
