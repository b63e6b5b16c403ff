"""Every route: an audience, a permission, nothing for a foreign tenant, and no change by GET or HEAD."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.models import TENANT_TABLES
from kernel.ids import new_id
from tenants.access import AUDIENCES, STAFF
from tenants.permissions import Permission
from tests.support.companies import TestCompany

UNKNOWN = str(UUID(int=7))


def _view(app: Flask, endpoint: str) -> object:
    return app.view_functions[endpoint]


def test_every_route_has_an_audience_and_staff_routes_a_permission(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "assets":
            continue
        view = _view(app, rule.endpoint)
        audience = getattr(view, "audience", None)
        assert audience in AUDIENCES, f"{rule.endpoint} has no audience"
        if audience == STAFF:
            assert isinstance(getattr(view, "permission", None), Permission), rule.endpoint
            assert rule.rule.startswith("/c/<company>"), rule.rule


def _counts(company: TestCompany) -> dict[str, int]:
    with company.reading() as db:
        return {
            table: db.execute(
                sa.text(f"SELECT count(*) FROM {table} WHERE tenant_id = :t"),
                {"t": company.tenant_id},
            ).scalar_one()
            for table in sorted(TENANT_TABLES)
        }


def _staff_rules(app: Flask) -> list[tuple[str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        if getattr(_view(app, rule.endpoint), "audience", None) == STAFF:
            found.extend((method, rule.rule) for method in sorted(rule.methods or ()) if method != "OPTIONS")
    return found


def _fill(rule: str, slug: str, value: str) -> str:
    path = rule.replace("<company>", slug)
    path = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", path)
    return re.sub(r"<(?:\w+(?:\([^)]*\))?:)?\w+>", value, path)


@pytest.fixture
def everybody(company: TestCompany):  # type: ignore[no-untyped-def]
    """A client of the company for each role that routes ask for."""
    return {role: company.client(role) for role in ("admin", "finance_director", "accountant")}


def test_ids_of_another_company_answer_404_and_change_nothing(
    app: Flask, company: TestCompany, other_company: TestCompany, everybody: dict[str, object]
) -> None:
    before = _counts(other_company)
    mine = _counts(company)
    foreign = str(new_id())
    for method, rule in _staff_rules(app):
        if "<uuid:" not in rule:
            continue
        statuses = {
            role: client.open(_fill(rule, company.slug, foreign), method=method).status_code  # type: ignore[attr-defined]
            for role, client in everybody.items()
        }
        assert set(statuses.values()) <= {403, 404, 422}, f"{method} {rule}: {statuses}"
        assert 404 in statuses.values() or 422 in statuses.values(), f"{method} {rule}: {statuses}"
    assert _counts(other_company) == before
    assert _counts(company) == mine


def test_pages_of_a_company_one_does_not_belong_to_do_not_exist(
    app: Flask, company: TestCompany, other_company: TestCompany, everybody: dict[str, object]
) -> None:
    before = _counts(other_company)
    for method, rule in _staff_rules(app):
        path = _fill(rule, other_company.slug, UNKNOWN)
        for client in everybody.values():
            assert client.open(path, method=method).status_code == 404, f"{method} {path}"  # type: ignore[attr-defined]
    assert _counts(other_company) == before


def test_get_and_head_change_nothing(app: Flask, company: TestCompany, everybody: dict[str, object]) -> None:
    before = _counts(company)
    for method, rule in _staff_rules(app):
        if method not in {"GET", "HEAD"}:
            continue
        for client in everybody.values():
            answer = client.open(_fill(rule, company.slug, UNKNOWN), method=method)  # type: ignore[attr-defined]
            assert answer.status_code < 500, f"{method} {rule}: {answer.status_code}"
    assert _counts(company) == before


def test_without_signing_in_staff_pages_lead_to_sign_in(app: Flask, company: TestCompany) -> None:
    client = app.test_client()
    for method, rule in _staff_rules(app):
        answer = client.open(_fill(rule, company.slug, UNKNOWN), method=method)
        assert answer.status_code == 303, f"{method} {rule}"
        assert "/sign-in" in answer.headers["Location"]
