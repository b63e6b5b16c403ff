"""The demo's sign-in page: its people with one click each, and nothing of it anywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import demo
from app.factory import create_app
from app.seeds.cast import HUAXIN, WEIYE
from app.seeds.people import MARKER, sign_ins
from kernel.db import transaction
from kernel.settings import settings
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.sign_in.commands import set_password
from tests.support.companies import TestCompany

ACCOUNTANT = next(person for person in sign_ins() if person.email.startswith("accountant@"))


def demo_app(folder: Path) -> Flask:
    """The application as it runs in a demo whose files are in `folder`."""
    made = create_app()
    made.config["WTF_CSRF_ENABLED"] = False
    (folder / MARKER).touch()
    demo.install(made, settings().model_copy(update={"environment": "development", "var_dir": folder}))
    return made


@pytest.fixture
def client(engine: sa.Engine, tmp_path: Path) -> FlaskClient:
    return demo_app(tmp_path).test_client()


def test_the_sign_in_page_lists_every_person_with_what_to_try(client: FlaskClient) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": "en"}).text
    for cast in (WEIYE, HUAXIN):
        assert cast.name in page
        for person in cast.people:
            assert f'value="{person.email(cast.slug)}"' in page
    assert page.count(f'value="{ACCOUNTANT.email}"') == 1
    assert "Letters that wait for release" in page
    chinese = client.get("/sign-in", headers={"Accept-Language": "zh-CN"}).text
    assert "Letters that wait for release" not in chinese
    assert set(demo.TO_TRY) >= {person.key for cast in (WEIYE, HUAXIN) for person in cast.people}


def test_one_click_signs_in_as_that_person(client: FlaskClient, company: TestCompany) -> None:
    with company.transaction() as db:
        data = InvitePerson(email=ACCOUNTANT.email, name=ACCOUNTANT.name, roles=[Role.ACCOUNTANT])
        user_id = invite_person(db, company.actor(), data)
    with transaction(None) as db:
        set_password(db, user_id, ACCOUNTANT.password)
    answer = client.post("/demo/sign-in", data={"email": ACCOUNTANT.email})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/c/{company.slug}/")
    assert ACCOUNTANT.name in client.get(answer.headers["Location"]).text
    with transaction(None) as db:
        set_password(db, user_id, "another password of theirs")
    assert client.post("/demo/sign-in", data={"email": ACCOUNTANT.email}).status_code == 404


def test_nobody_else_comes_in_by_a_click(client: FlaskClient, company: TestCompany) -> None:
    """Given a person of a company who is not of the demo, even with the demo's password, then a click is refused."""
    with company.transaction() as db:
        data = InvitePerson(email="zhang@real.example", name="张", roles=[Role.ACCOUNTANT])
        user_id = invite_person(db, company.actor(), data)
    with transaction(None) as db:
        set_password(db, user_id, ACCOUNTANT.password)
    for email in ("zhang@real.example", "", ACCOUNTANT.email.upper()):
        assert client.post("/demo/sign-in", data={"email": email}).status_code == 404
    assert client.get("/demo/sign-in").status_code in (404, 405)


@pytest.mark.parametrize("environment", ["production", "test", "development"])
def test_outside_the_demo_there_is_neither_list_nor_click(engine: sa.Engine, tmp_path: Path, environment: str) -> None:
    """Given production with the marker, or development without it, then nobody is listed and nothing signs in."""
    if environment != "development":
        (tmp_path / MARKER).touch()
    made = create_app()
    demo.install(made, settings().model_copy(update={"environment": environment, "var_dir": tmp_path}))
    client = made.test_client()
    assert "huaxin" not in client.get("/sign-in").text
    assert client.post("/demo/sign-in", data={"email": ACCOUNTANT.email}).status_code == 404
