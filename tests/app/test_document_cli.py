"""`huikuan document post`: one document, once, or every fault by its name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.support.companies import TestCompany
from tests.support.world import World


def _post(company: TestCompany, *more: str, code: int = 0) -> Any:
    options = ("document", "post", "--tenant", company.slug, "--customer", "0001", "--date", "2026-11-20", "--json")
    result = CliRunner().invoke(main, (*options, *more), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def customer(world: World) -> None:
    world.customer("0001", "深圳鑫晟电子")


def test_an_invoice_is_booked_once_under_its_key(company: TestCompany) -> None:
    options = ("--amount", "1,130.00", "--tax-rate", "13", "--key", "from-the-shop-0001")
    first, again = _post(company, *options), _post(company, *options)
    assert first == again
    assert first["document"] == "INV-2026-000001"
    (item,) = first["items"]
    assert (item["due_on"], item["amount_minor"], item["open_minor"]) == ("2026-12-20", 113000, 113000)


def test_instalments_are_given_one_by_one(company: TestCompany) -> None:
    parts = ("--instalment", "2026-12-01=60", "--instalment", "2027-01-01=40")
    items = _post(company, "--amount", "100", *parts)["items"]
    assert [(i["instalment_no"], i["due_on"], i["amount_minor"]) for i in items] == [
        (1, "2026-12-01", 6000),
        (2, "2027-01-01", 4000),
    ]


def test_a_credit_note_pays_its_invoice(company: TestCompany) -> None:
    _post(company, "--amount", "100", "--number", "A-1")
    note = _post(company, "--kind", "credit_note", "--amount", "30", "--reference", "A-1", "--allocate")
    assert note["items"][0]["open_minor"] == 0


def test_every_fault_is_named(company: TestCompany) -> None:
    error = _post(company, "--amount", "x", "--due", "soon", code=1)["error"]
    assert error["code"] == "document_refused"
    assert set(error["fields"]) == {"amount", "due_on"}
