"""Who sees goods and no money is shown none: on no page, in no file, by no refusal (ADR 0035)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

import pytest
from flask import Flask, g
from werkzeug.test import TestResponse

from app.messages import sentence_of
from kernel.errors import RuleBroken
from tenants.access import STAFF
from tenants.permissions import GRANTS, Permission, Role
from tests.support.companies import TestCompany
from tests.support.furnished import furnish
from web.refusals import explain

PARAMETER: Final = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
#: Amounts as any page writes them, with their currencies.
MONEY: Final = re.compile(r"¥|CNY|(?<![\d.])\d[\d,]*\.\d{2}(?![\d.])")
TAGS: Final = re.compile(r"<(?:script|style).*?</(?:script|style)>|<[^>]*>", re.DOTALL)
BLIND: Final = sorted(role for role in Role if role not in GRANTS[Permission.READ])


@pytest.fixture
def ids(company: TestCompany) -> dict[str, UUID]:
    return furnish(company)


def _routes(app: Flask, method: str) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "audience", None) == STAFF and method in (rule.methods or ()):
            yield rule.rule.removeprefix("/c/<company>") or "/"


def _fill(rule: str, ids: dict[str, UUID]) -> str:
    path = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", rule)
    return PARAMETER.sub(lambda found: str(ids.get(found.group(1), "write_off")), path)


def _money_in(answer: TestResponse) -> list[str]:
    if answer.status_code in {303, 403, 404} or not answer.mimetype.startswith(("text/", "application/json")):
        return []
    return MONEY.findall(TAGS.sub(" ", answer.text))


def test_warehouse_and_driver_are_those_who_see_no_money() -> None:
    assert BLIND == [Role.DRIVER, Role.WAREHOUSE]


@pytest.mark.parametrize("role", BLIND)
def test_no_page_and_no_refusal_shows_an_amount(
    app: Flask, company: TestCompany, ids: dict[str, UUID], role: Role
) -> None:
    client = company.client(role)
    shown, seen = {}, 0
    for rule in sorted(_routes(app, "GET")):
        answer = client.get(company.url(_fill(rule, ids)))
        seen += answer.status_code == 200
        if found := _money_in(answer):
            shown[f"GET {rule}"] = found[:5]
    for rule in sorted(_routes(app, "POST")):
        answer = client.post(company.url(_fill(rule, ids)), data={"lines": "x", "quantity-1": "999"})
        seen += answer.status_code == 422
        if found := _money_in(answer):
            shown[f"POST {rule}"] = found[:5]
    assert seen > 5
    assert shown == {}


@pytest.mark.parametrize("role", BLIND)
def test_what_the_ledger_refuses_is_said_without_its_amounts(app: Flask, company: TestCompany, role: Role) -> None:
    """Finance is told how much is left, the warehouse only that it does not go."""
    told = RuleBroken("tax_more_than_left", document_no="INV-9", left_minor=17_16, currency="CNY")
    assert "17.16" in (sentence_of(told) or "")
    with company.reading() as db, app.test_request_context():
        g.db, g.actor = db, company.actor(roles=(role.value,))
        assert explain(told) == "The amounts in the books do not allow this. Ask finance."
