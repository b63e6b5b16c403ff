"""Every route: an audience, a permission, nothing for a foreign tenant, and no change by GET or HEAD."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tenants.access import AUDIENCES, PORTAL, STAFF
from tenants.permissions import Permission
from tests.support.companies import TestCompany
from tests.support.furnished import digest, furnish

ROLES = ("admin", "finance_director", "accountant", "sales_manager", "warehouse", "driver")
PARAMETER = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")


def test_every_route_has_an_audience_and_staff_routes_a_permission(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "assets":
            continue
        view = app.view_functions[rule.endpoint]
        audience = getattr(view, "audience", None)
        assert audience in AUDIENCES, f"{rule.endpoint} has no audience"
        if audience == STAFF:
            assert isinstance(getattr(view, "permission", None), Permission), rule.endpoint
            assert rule.rule.startswith("/c/<company>"), rule.rule


def _rules(app: Flask, audience: str) -> list[tuple[str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "audience", None) == audience:
            found.extend((method, rule.rule) for method in sorted(rule.methods or ()) if method != "OPTIONS")
    return found


def _fill(rule: str, slug: str, ids: dict[str, UUID]) -> str:
    path = rule.replace("<company>", slug)
    path = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", path)
    return PARAMETER.sub(lambda found: str(ids.get(found.group(1), "x")), path)


def _clients(company: TestCompany) -> dict[str, FlaskClient]:
    return {role: company.client(role) for role in ROLES}


def test_ids_of_another_company_answer_404_and_change_nothing(
    app: Flask, company: TestCompany, other_company: TestCompany
) -> None:
    """59: every staff route with the other company's own ids, by everybody who could be allowed."""
    foreign, clients = furnish(other_company), _clients(company)
    before, mine = digest(other_company), digest(company)
    for method, rule in _rules(app, STAFF):
        named = set(PARAMETER.findall(rule)) - {"company", "kind"}
        if not named:
            continue
        assert named <= set(foreign), f"{rule}: teach tests/support/furnished.py to make a {named - set(foreign)}"
        path = _fill(rule, company.slug, foreign)
        statuses = {role: client.open(path, method=method).status_code for role, client in clients.items()}
        # 403: not this role's; 422: the form itself is refused before anything is looked up.
        assert set(statuses.values()) <= {403, 404, 422}, f"{method} {rule}: {statuses}"
        assert {404, 422} & set(statuses.values()), f"{method} {rule}: {statuses}"
    assert digest(other_company) == before
    assert digest(company) == mine


def test_ids_of_another_company_in_forms_and_queries_are_refused(
    company: TestCompany, other_company: TestCompany
) -> None:
    foreign, own = furnish(other_company), furnish(company)
    before = digest(other_company)
    client = company.client("accountant")
    customer, item = str(foreign["customer_id"]), str(foreign["item_id"])
    posts = [
        ("/cases/blocks", {"customer_id": customer, "kind": "block", "reason": "x"}),
        ("/cases/blocks", {"customer_id": str(own["customer_id"]), "item_id": item, "kind": "block", "reason": "x"}),
        (
            f"/receivables/{own['item_id']}/allocations",
            {"credit_item_id": item, "other_item_id": item, "amount": "1.00", "idempotency_key": "k1"},
        ),
        ("/statements/", {"customer_id": customer, "customer_no": "99999", "period": "2026-10"}),
    ]
    for path, form in posts:
        answer = client.post(company.url(path), data=form)
        assert answer.status_code in {404, 409, 422}, f"{path}: {answer.status_code}"
    for query in ("customer=00001' OR '1'='1", f"customer={customer}", "sort=;drop", "page=-1", "q=%25%27"):
        assert client.get(company.url(f"/receivables/?{query}")).status_code == 200
    assert digest(other_company) == before


def test_pages_of_a_company_one_does_not_belong_to_do_not_exist(
    app: Flask, company: TestCompany, other_company: TestCompany
) -> None:
    ids, clients = furnish(other_company), _clients(company)
    before = digest(other_company)
    for method, rule in _rules(app, STAFF):
        path = _fill(rule, other_company.slug, ids)
        for client in clients.values():
            assert client.open(path, method=method).status_code == 404, f"{method} {path}"
    assert digest(other_company) == before


def test_get_and_head_change_nothing(app: Flask, company: TestCompany) -> None:
    ids, clients = furnish(company), _clients(company)
    before = digest(company)
    shown = 0
    for method, rule in _rules(app, STAFF):
        if method not in {"GET", "HEAD"}:
            continue
        statuses = [c.open(_fill(rule, company.slug, ids), method=method).status_code for c in clients.values()]
        assert max(statuses) < 500, f"{method} {rule}: {statuses}"
        shown += 200 in statuses
    assert shown > 30
    assert digest(company) == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_without_signing_in_staff_pages_lead_to_sign_in(app: Flask, company: TestCompany, method: str) -> None:
    client = app.test_client()
    for allowed, rule in _rules(app, STAFF):
        if allowed == method:
            answer = client.open(_fill(rule, company.slug, {"x": UUID(int=1)}), method=method)
            assert answer.status_code in {303, 404}, f"{method} {rule}"
            if answer.status_code == 303:
                assert "/sign-in" in answer.headers["Location"]


def test_portal_routes_answer_404_to_what_is_no_token(app: Flask) -> None:
    client = app.test_client()
    for method, rule in _rules(app, PORTAL):
        assert client.open(rule.replace("<token>", "no-token"), method=method).status_code == 404


def test_every_module_of_routes_is_loaded_with_the_application(app: Flask) -> None:
    platform = Path(__file__).resolve().parents[2] / "platform"
    named = {
        ".".join(path.relative_to(platform).with_suffix("").parts) for path in sorted(platform.rglob("*routes.py"))
    }
    views = {view.__module__ for view in app.view_functions.values()}
    assert named - views == set(), "name it in `pages` or `outside` of its slice.py"
