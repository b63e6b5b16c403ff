"""A form that runs one command: bad input and a refusal answer alike, and leave nothing behind."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from pydantic import BaseModel, Field, model_validator

from kernel.db import open_session
from kernel.errors import Conflict, Forbidden, HuikuanError, NotFound, RuleBroken
from tenants import queries
from tenants.settings import commands
from tenants.settings.inputs import CalendarDay
from tests.support.companies import TestCompany
from web import refusals, responses
from web.command_form import command_form, done
from web.forms import Form, blank

SENTENCES = {"day_taken": "That day is taken.", "moved_on": "Somebody was faster.", "not_yours": "This is not yours."}
DAY = date(2026, 12, 24)
ERRORS = {"rule": RuleBroken("day_taken"), "moved": Conflict("moved_on"), "mute": RuleBroken("nobody_wrote_one")}
MORE = {"foreign": NotFound("day_taken"), "forbidden": Forbidden("not_yours")}


class Asked(BaseModel):
    """What the form asks: a reason, and how its command ends."""

    reason: str = Field(min_length=2)
    end: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Asked:
        if self.reason == "nonsense":
            raise ValueError("These do not go together.")
        return self


@pytest.fixture
def client(company: TestCompany) -> FlaskClient:
    """A small application: two forms on one page; each sets a working day first and refuses then."""
    site = Flask(__name__)
    site.secret_key = "for this test"
    responses.install(site)
    refusals.install(site, lambda error: SENTENCES.get(error.code))

    @site.before_request
    def _open() -> None:
        g.db = open_session(company.tenant_id)

    @site.teardown_request
    def _close(_error: BaseException | None) -> None:
        g.db.close()

    @site.errorhandler(HuikuanError)
    def _error(error: HuikuanError) -> tuple[str, int]:
        return f"error page of {error.code}", error.status

    def page(form: Form[Any], number: int) -> str:
        one, other = form.at("one", reason="first"), form.at("other", reason="second")
        days = len(queries.day_overrides(g.db, company.tenant_id))
        return f"{number} | {days} days | {one.value('reason')} {one.errors} | {other.value('reason')} {other.errors}"

    def run(data: Asked) -> responses.Page:
        commands.set_calendar_day(g.db, company.actor(), CalendarDay(on=DAY, working=True, reason=data.reason))
        g.db.flush()
        if data.end:
            raise (ERRORS | MORE)[data.end]
        g.db.commit()
        return done("Set.", "show", number=7)

    @site.get("/<int:number>")
    def show(number: int) -> responses.Page:
        return page(blank(), number)

    @site.post("/<int:number>/one")
    @command_form(Asked, page=page, slot="one", fields={"day_taken": "reason"}, also=(Forbidden,))
    def one(data: Asked, number: int) -> responses.Page:
        """The view of the first form."""
        return run(data)

    @site.post("/<int:number>/other")
    @command_form(Asked, page=page, slot="other", otherwise="end")
    def other(data: Asked, number: int) -> responses.Page:
        return run(data)

    assert (one.__name__, one.__doc__) == ("one", "The view of the first form.")
    return site.test_client()


def test_what_the_command_did_is_answered_as_the_view_says(client: FlaskClient) -> None:
    answer = client.post("/3/one", data={"reason": "Christmas"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/7")
    assert client.get("/7").text == "7 | 1 days | first {} | second {}"


@pytest.mark.parametrize(
    ("end", "errors"),
    [
        ("rule", "{'reason': 'That day is taken.'}"),
        ("moved", "{'': 'Somebody was faster.'}"),
        ("forbidden", "{'': 'This is not yours.'}"),
    ],
)
def test_a_refusal_is_said_at_its_field_with_what_was_typed_and_nothing_is_kept(
    client: FlaskClient, end: str, errors: str
) -> None:
    answer = client.post("/3/one", data={"reason": "Christmas", "end": end})
    assert answer.status_code == 422
    assert answer.text == f"3 | 0 days | Christmas {errors} | second {{}}"
    assert client.get("/3").text == "3 | 0 days | first {} | second {}"


def test_a_refusal_that_no_field_is_named_for_stands_at_the_forms_own(client: FlaskClient) -> None:
    answer = client.post("/3/other", data={"reason": "Christmas", "end": "rule"})
    assert answer.text == "3 | 0 days | first {} | Christmas {'end': 'That day is taken.'}"


@pytest.mark.parametrize(
    ("end", "status"), [("mute", 422), ("foreign", 404)], ids=["without a sentence", "what does not exist"]
)
def test_what_the_form_cannot_show_is_an_error_page(client: FlaskClient, end: str, status: int) -> None:
    answer = client.post("/3/one", data={"reason": "Christmas", "end": end})
    assert answer.status_code == status
    assert answer.text.startswith("error page of ")


def test_bad_input_runs_nothing(client: FlaskClient) -> None:
    short = client.post("/3/one", data={"reason": "x"})
    assert (short.status_code, "0 days | x {'reason':" in short.text) == (422, True)
    whole = client.post("/3/other", data={"reason": "nonsense"})
    assert "nonsense {'end': 'These do not go together.'}" in whole.text
