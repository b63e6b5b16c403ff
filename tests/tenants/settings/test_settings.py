"""The settings page: what is saved is shown, the calendar follows the company's own days, the journal knows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from kernel.journal import JournalEvent
from tenants.people.inputs import InvitePerson
from tenants.queries import company as company_facts
from tenants.queries import day_overrides, work_calendar
from tenants.settings.inputs import CompanySettings
from tests.support.companies import TestCompany

SATURDAY = date(2026, 11, 21)


def _events(company: TestCompany, kind: str) -> list[dict[str, Any]]:
    e = JournalEvent
    with company.reading() as db:
        query = sa.select(e.data).where(e.tenant_id == company.tenant_id, e.kind == kind).order_by(e.id)
        return list(db.execute(query).scalars())


def _form(**changed: str) -> dict[str, str]:
    values = {
        "legal_name": "伟业电子有限公司",
        "address": "深圳市南山区",
        "contact_email": "ar@weiye.example",
        "policy_code": "twelve-step",
        "calendar": "CN",
    }
    return values | changed


def test_settings_are_saved_and_shown(company: TestCompany) -> None:
    client = company.client("finance_director")
    page = client.get(company.url("/settings/")).text
    assert 'value="five-step" id="f-policy_code" checked' in page
    assert client.post(company.url("/settings/"), data=_form()).status_code == 303
    with company.reading() as db:
        facts = company_facts(db, company.tenant_id)
    assert (facts.legal_name, facts.policy_code, facts.review_mode) == ("伟业电子有限公司", "twelve-step", False)
    page = client.get(company.url("/settings/")).text
    assert "伟业电子有限公司" in page
    (event,) = _events(company, "settings_changed")
    assert event["before"]["policy_code"] == "five-step"
    assert event["after"]["policy_code"] == "twelve-step"


@pytest.mark.parametrize("name", ["legal_name", "address", "phone", "tax_id", "bank_name", "contact_name"])
def test_what_stands_on_letters_is_one_line(name: str) -> None:
    given = {"legal_name": "Firma", name: "Firma\r\nX:\u200b y\x00"}
    assert getattr(CompanySettings.model_validate(given), name) == "Firma X: y"


@pytest.mark.parametrize("address", ["张三@例子.cn", "a b@weiye.example"])
def test_an_address_that_mail_cannot_reach_is_refused_everywhere(company: TestCompany, address: str) -> None:
    client = company.client("admin")
    assert client.post(company.url("/settings/"), data=_form(contact_email=address)).status_code == 422
    person = {"email": address, "name": "Bo", "roles": ["accountant"]}
    with pytest.raises(ValidationError):
        InvitePerson.model_validate(person)
    assert InvitePerson.model_validate(person | {"email": "Bo@例子.cn", "name": "B\no"}).name == "B o"
    with pytest.raises(ValidationError):
        InvitePerson.model_validate(person | {"email": "bo@a.example", "name": "\u200b"})


def test_a_fault_keeps_what_was_typed_and_changes_nothing(company: TestCompany) -> None:
    client = company.client("admin")
    answer = client.post(company.url("/settings/"), data=_form(contact_email="no address", policy_code="none"))
    assert answer.status_code == 422
    assert "no address" in answer.text
    assert 'href="#f-policy_code"' in answer.text
    assert _events(company, "settings_changed") == []


def test_a_day_of_our_own_overrides_the_calendar_until_it_is_taken_back(company: TestCompany) -> None:
    client = company.client("admin")
    day = {"on": SATURDAY.isoformat(), "working": "true", "reason": "盘点"}
    assert client.post(company.url("/settings/days"), data=day).status_code == 303
    with company.reading() as db:
        assert work_calendar(db, company.tenant_id).is_working_day(SATURDAY)
        assert [(d.on, d.working, d.reason) for d in day_overrides(db, company.tenant_id)] == [(SATURDAY, True, "盘点")]
    assert "盘点" in client.get(company.url("/settings/")).text
    taken_back = client.post(company.url("/settings/days/remove"), data={"on": SATURDAY.isoformat()})
    assert taken_back.status_code == 303
    with company.reading() as db:
        assert not work_calendar(db, company.tenant_id).is_working_day(SATURDAY)
    assert client.post(company.url("/settings/days/remove"), data={"on": SATURDAY.isoformat()}).status_code == 404
    assert [event["on"] for event in _events(company, "calendar_day_set")] == ["2026-11-21"]
    assert len(_events(company, "calendar_day_unset")) == 1


@pytest.mark.parametrize("day", [{"on": "soon", "working": "true", "reason": "x"}, {"on": "2026-11-21"}])
def test_a_day_needs_a_date_and_a_reason(company: TestCompany, day: dict[str, str]) -> None:
    assert company.client("admin").post(company.url("/settings/days"), data=day).status_code == 422


def test_settings_are_for_those_who_may(company: TestCompany) -> None:
    client = company.client("accountant")
    assert client.get(company.url("/settings/")).status_code == 403
    assert client.post(company.url("/settings/"), data=_form()).status_code == 403
    day = {"on": "2026-11-21", "working": "true", "reason": "x"}
    assert client.post(company.url("/settings/days"), data=day).status_code == 403
