"""Refused forms leave nothing behind: no row, no used key, in either company; stray fields never matter."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask import Flask

from tests.guards.test_routes import STAFF, _fill, _rules
from tests.support.companies import TestCompany
from tests.support.furnished import digest, furnish
from tests.support.world import World

#: What browsers and scripts may send beside a form's own fields.
STRAY = {"csrf_token": "x", "next": "/", "do": "go", "lang": "en", "action": "post", "list_state": "open"}


def _key() -> str:
    return str(uuid4())


def _refused_forms(own: dict[str, UUID], foreign: dict[str, UUID]) -> list[tuple[str, dict[str, str]]]:
    item, credit, line = own["item_id"], own["credit_id"], own["bank_line_id"]
    statement, customer = own["statement_id"], own["customer_id"]
    too_much = "99999999.00"
    return [
        (f"/receivables/{item}/allocations", {"other_id": str(foreign["item_id"]), "amount": "1.00"}),
        (f"/receivables/{item}/allocations", {"other_id": str(foreign["credit_id"]), "amount": "1.00"}),
        (f"/receivables/{item}/allocations", {"other_id": str(credit), "amount": too_much}),
        (f"/receipts/{credit}/allocations", {"how": "ticked", "selected": str(foreign["item_id"])}),
        (f"/receipts/{credit}/allocations", {"how": "ticked", "selected": str(item), f"amount_{item}": too_much}),
        (f"/receipts/{credit}/allocations/{foreign['allocation_id']}/reversal", {}),
        (f"/matching/{line}", {"customer_id": str(foreign["customer_id"]), "how": "nothing"}),
        (f"/matching/{foreign['bank_line_id']}/undoing", {}),
        (f"/statements/{foreign['statement_id']}/deliveries", {}),
        (f"/statements/{statement}/deliveries/{foreign['mail_id']}/outcome", {"outcome": "arrived"}),
        ("/cases/blocks", {"customer_id": str(customer), "item_id": str(foreign["item_id"]), "reason": "checking"}),
        ("/cases/blocks", {"customer_id": str(foreign["customer_id"]), "kind": "block", "reason": "checking"}),
    ]


def test_a_refused_form_leaves_nothing_in_either_company(company: TestCompany, other_company: TestCompany) -> None:
    """Given ids of another company or too much money, when a form is posted, then no row of any table changes."""
    own, foreign = furnish(company), furnish(other_company)
    client, before, theirs = company.client("accountant"), digest(company), digest(other_company)
    for path, fields in _refused_forms(own, foreign):
        for stray in ({}, STRAY):
            answer = client.post(company.url(path), data=stray | fields | {"key": _key()})
            assert answer.status_code in (303, 404, 422), f"{path}: {answer.status_code}"
            assert digest(company) == before, path
    assert digest(other_company) == theirs


def test_the_key_of_a_refused_form_can_be_used_again(world: World, company: TestCompany) -> None:
    """Given a refused allocation, when the same form comes back mended, then it counts, once."""
    world.customer()
    invoice, receipt = world.invoice(number="I1", minor=100_00), world.receipt(number="R1", minor=100_00)
    client, url, key = company.client("accountant"), company.url(f"/receivables/{invoice}/allocations"), _key()

    def status(amount: str) -> int:
        return client.post(url, data={"other_id": str(receipt), "amount": amount, "key": key}).status_code

    assert status("500.00") == 422
    assert status("60.00") == 303
    once = digest(company)
    assert status("60.00") == 303
    assert status("30.00") in (409, 422)
    assert digest(company) == once
    assert world.open_minor_of(invoice) == 40_00


@pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "12,345"), ("KWD", "12.345"), ("CNY", "123.45")], ids=["0", "3", "2"]
)
def test_a_refusal_says_amounts_in_the_decimals_of_their_currency(
    world: World, company: TestCompany, currency: str, shown: str
) -> None:
    world.customer()
    invoice = world.invoice(number="I1", minor=12345, currency=currency)
    receipt = world.receipt(number="R1", minor=12345, currency=currency)
    form = {"other_id": str(receipt), "amount": "99999999", "key": _key()}
    answer = company.client("accountant").post(company.url(f"/receivables/{invoice}/allocations"), data=form)
    assert answer.status_code == 422
    assert f"At most {shown}:" in answer.text


def test_stray_fields_never_end_in_an_error_page(app: Flask, company: TestCompany) -> None:
    """Every form of the staff, by everybody who may: unknown fields are refused or passed over, never a 500."""
    ids = furnish(company)
    clients = [company.client(role) for role in ("admin", "finance_director", "accountant")]
    for method, rule in _rules(app, STAFF):
        # The approval of the furnished company is of a kind that only tests know.
        if method != "POST" or "approvals/<uuid" in rule:
            continue
        for client in clients:
            answer = client.post(_fill(rule, company.slug, ids), data=STRAY | {"key": _key(), "reason": "because"})
            assert answer.status_code < 500, rule
