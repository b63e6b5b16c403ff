"""Refunds: asked for, decided by others, paid out of what is unapplied then, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import pytest

from ar.receipts.refunds import commands as refunds
from ar.receipts.refunds import queries as refund_queries
from ar.receipts.refunds.inputs import RequestRefund
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, HuikuanError, RuleBroken
from tenants.approvals.engine import decide
from tests.support.approvals import approve_all, person
from tests.support.world import TODAY, World

ON = date(2026, 11, 18)


@dataclass(frozen=True)
class Overpaid:
    """A credit that nothing is owed for, and the people who ask and decide about it."""

    customer: UUID
    credit: UUID
    asker: Actor
    director: Actor


@pytest.fixture
def overpaid(world: World) -> Overpaid:
    """300.00 unapplied of one customer; an accountant, a finance director and a general manager."""
    customer = world.customer("00001", "深圳鑫晟电子")
    credit = world.receipt(customer, number="R-1", on=ON, minor=300_00)
    asker, director, _manager = (
        person(world, role, today=TODAY) for role in ("accountant", "finance_director", "general_manager")
    )
    return Overpaid(customer, credit, asker, director)


def request_refund(
    world: World, overpaid: Overpaid, amount: str = "100", credit: UUID | None = None, **more: object
) -> UUID:
    given = {"amount": amount, "payee_name": "鑫晟", "reason": "多付", "key": uuid4().hex, **more}
    with world.transaction() as db:
        return refunds.request_refund(
            db, overpaid.asker, credit or overpaid.credit, RequestRefund.model_validate(given)
        )


def refund_view(world: World, refund: UUID) -> refund_queries.RefundView:
    with world.reading() as db:
        return refund_queries.refund_page(db, world.tenant_id, refund)


def test_nothing_is_booked_before_it_is_approved_and_then_it_is(world: World, overpaid: Overpaid) -> None:
    refund = request_refund(world, overpaid)
    assert world.open_minor_of(overpaid.credit) == 300_00
    asked = refund_view(world, refund)
    assert asked.approval_id is not None
    approve_all(world, asked.approval_id, TODAY)
    paid = refund_view(world, refund)
    assert (paid.state, paid.refund_no) == ("paid", "RF-2026-000001")
    assert world.open_minor_of(overpaid.credit) == 200_00
    assert paid.refund_item_id is not None
    assert world.postings_of(paid.refund_item_id) == {"receivables": 100_00, "bank": -100_00}


def test_the_general_manager_decides_from_a_hundred_thousand_on(world: World, overpaid: Overpaid) -> None:
    large = world.receipt(overpaid.customer, number="R-2", on=ON, minor=200_000_00)
    small = refund_view(world, request_refund(world, overpaid)).approval_id
    big = refund_view(world, request_refund(world, overpaid, "100000.00", large)).approval_id
    assert small is not None
    assert big is not None
    assert len(approve_all(world, small, TODAY)) == 1
    assert len(approve_all(world, big, TODAY)) == 2


def test_who_asks_does_not_decide(world: World, overpaid: Overpaid) -> None:
    approval = refund_view(world, request_refund(world, overpaid)).approval_id
    assert approval is not None
    with pytest.raises(Forbidden), world.transaction() as db:
        decide(db, overpaid.asker, approval, approve=True)
    assert world.count_documents("refund") == 0


def test_a_credit_that_was_used_otherwise_is_not_given_back_as_well(world: World, overpaid: Overpaid) -> None:
    refund = request_refund(world, overpaid, "300")
    invoice = world.invoice(overpaid.customer, number="INV-1", on=date(2026, 10, 1), minor=250_00)
    world.allocate(invoice, overpaid.credit, minor=250_00)
    approval = refund_view(world, refund).approval_id
    assert approval is not None
    with pytest.raises(Conflict, match="refund_credit_gone"), world.transaction() as db:
        decide(db, overpaid.director, approval, approve=True)
    assert refund_view(world, refund).state == "asked"
    assert world.count_documents("refund") == 0


def test_what_is_asked_for_is_not_promised_twice(world: World, overpaid: Overpaid) -> None:
    request_refund(world, overpaid, "250")
    with pytest.raises(RuleBroken, match="refund_too_much"):
        request_refund(world, overpaid, "51")
    request_refund(world, overpaid, "50")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"amount": "300.01"}, "refund_too_much"),
        ({"amount": "x"}, "amount_unreadable"),
        ({"bank_account_id": uuid4()}, "receipt_account_unknown"),
    ],
)
def test_what_cannot_be_given_back_is_refused(
    world: World, overpaid: Overpaid, more: dict[str, object], code: str
) -> None:
    with pytest.raises(HuikuanError, match=code):
        request_refund(world, overpaid, **more)  # type: ignore[arg-type]


def test_an_invoice_is_no_money_to_give_back(world: World, overpaid: Overpaid) -> None:
    invoice = world.invoice(overpaid.customer, number="INV-1", on=date(2026, 10, 1), minor=250_00)
    with pytest.raises(RuleBroken, match="refund_of_debit"):
        request_refund(world, overpaid, credit=invoice)


def test_rejected_or_withdrawn_the_credit_is_free_again(world: World, overpaid: Overpaid) -> None:
    first, second = request_refund(world, overpaid, "150"), request_refund(world, overpaid, "150")
    approval = refund_view(world, first).approval_id
    assert approval is not None
    with world.transaction() as db:
        decide(db, overpaid.director, approval, approve=False, reason="无合同")
    with world.transaction() as db:
        refunds.withdraw_refund(db, overpaid.asker, second, "客户不要")
    assert [refund_view(world, each).state for each in (first, second)] == ["refused", "withdrawn"]
    with pytest.raises(Conflict, match="refund_settled"), world.transaction() as db:
        refunds.withdraw_refund(db, overpaid.asker, second, "again")
    request_refund(world, overpaid, "300")


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_ask_once_show_and_withdraw(world: World, overpaid: Overpaid, language: str) -> None:
    client = world.client("accountant", language)
    path = world.url(f"/refunds/of/{overpaid.credit}")
    assert "300.00" in client.get(path).text
    form = {"amount": "999", "payee_name": "鑫晟科技", "reason": "多付一笔", "key": "k" * 20}
    wrong = client.post(path, data=form)
    assert wrong.status_code == 422
    assert "多付一笔" in wrong.text
    asked = client.post(path, data={**form, "amount": "20"})
    assert asked.status_code == 303
    assert client.post(path, data={**form, "amount": "20"}).headers["Location"] == asked.headers["Location"]
    assert "20.00" in client.get(asked.headers["Location"]).text
    assert "鑫晟科技" in client.get(world.url("/refunds/?state=asked")).text
    assert client.post(asked.headers["Location"] + "/withdrawal", data={}).status_code == 422
    assert client.post(asked.headers["Location"] + "/withdrawal", data={"reason": "x"}).status_code == 303
    assert world.client("auditor").get(path).status_code == 403
    assert world.client("auditor").get(world.url("/refunds/")).status_code == 200
