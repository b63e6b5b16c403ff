"""One box for everything: names, numbers, amounts, addresses; an exact number goes straight there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ar.reports.search import search
from tests.ar.cases.desk import Desk
from tests.ar.reports.scene import TODAY, furnish, get, on
from tests.support.companies import TestCompany
from tests.support.statements import counted


def found(company: TestCompany, q: str) -> list[tuple[str, str]]:
    with company.reading() as db:
        return [(hit.group, hit.label) for hit in search(db, company.tenant_id, q, "CNY").hits]


def test_each_kind_of_thing_is_found_by_what_people_type(company: TestCompany) -> None:
    furnish(company, copies=2)
    assert found(company, "客户00002") == [("customer", "00002")]
    assert found(company, "ar@00002") == [("contact", "王芳 <ar@00002.example>")]
    assert found(company, "inv-00001") == [("document", f"INV-00001-{n}") for n in (1, 2, 3)]
    assert found(company, "43,000.00") == [("amount", "INV-00001-2"), ("amount", "INV-00002-2")]
    assert found(company, "43000") == [("amount", "INV-00001-2"), ("amount", "INV-00002-2")]
    assert found(company, "43,000.01") == []
    assert [group for group, _label in found(company, "ST-2026")] == ["statement", "statement"]
    assert found(company, "  ") == []


def test_what_is_typed_is_text_and_not_a_pattern(company: TestCompany) -> None:
    desk = furnish(company)
    desk.invoice("100%_SURE", TODAY)
    assert found(company, "100%") == [("document", "100%_SURE")]
    assert found(company, "%") == []
    assert found(company, "_") == []
    assert found(company, "x" * 500 + "\x00") == []


def test_an_exact_number_goes_straight_to_its_page(company: TestCompany) -> None:
    desk = furnish(company)
    client = company.client()
    with on(TODAY):
        customer = client.get(company.url("/search?q=00001"))
        document = client.get(company.url("/search?q=RC-00001"))
        listed = get(client, company, "/search?q=INV-0000")
        nothing = get(client, company, "/search?q=nobody")
    assert customer.location == company.url(f"/customers/{desk.customers['00001']}")
    assert "/receivables/" in document.location
    assert "INV-00001-2" in listed
    assert "Nothing found" in nothing


def test_other_companies_stay_closed(company: TestCompany, other_company: TestCompany) -> None:
    furnish(other_company)
    for q in ("00001", "客户", "INV-00001-1", "43000", "ar@00001.example", "ST-"):
        assert found(company, q) == []


@pytest.mark.parametrize("copies", [1, 8])
def test_a_search_is_one_statement(company: TestCompany, engine: sa.Engine, copies: int) -> None:
    furnish(company, copies)
    with company.reading() as db:
        db.connection()
        with counted(engine) as seen:
            search(db, company.tenant_id, "43000", "CNY")
    assert len(seen) == 1


def test_an_amount_in_another_currency_of_the_same_decimals_is_found(company: TestCompany) -> None:
    desk = Desk(company)
    desk.invoice("EXPORT-1", TODAY, 98_765, currency="USD")
    desk.invoice("TOKYO-1", TODAY, 98_765, currency="JPY")
    assert found(company, "987.65") == [("amount", "EXPORT-1")]
