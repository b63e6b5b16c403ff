"""Money in hand and accepted proofs let goods go once: an invoice that takes their place takes them with it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from ar.credit.checks.proofs.commands import ProofOrder, decide_proof, upload_proof
from ar.credit.checks.proofs.inputs import DecideProof, UploadProof
from kernel.errors import RuleBroken
from kernel.uploads import UploadedFile
from tests.support.approvals import person
from tests.support.world import World
from tests.support.world.base import fresh_key
from tests.support.world.sales import held_by

VALVE = ("valve", "1", "100")


def accepted_proof(world: World, customer: UUID, order: UUID, amount: str) -> None:
    """Uploads a proof of payment for an order, and lets finance accept it."""
    photo = UploadedFile("slip.png", b"\x89PNG\r\n\x1a\n" + b"x" * 20)
    with world.transaction() as db:
        data = UploadProof(kind="pay_in_slip", amount=amount, key=fresh_key())
        proof = upload_proof(db, world.actor(), ProofOrder(customer, order, "SO", "CNY"), data, photo)
    finance = person(world, "finance", today=world.today)
    with world.transaction() as db:
        decide_proof(db, finance, proof, DecideProof(outcome="accepted"))


def paid_order(world: World, customer: UUID, *, shipped: bool = True) -> tuple[UUID, UUID, UUID]:
    """An order paid in advance, delivered and invoiced, whose money is not applied yet: order, invoice, receipt."""
    receipt = world.receipt(customer, number=f"PRE-{fresh_key()}", minor=100_00)
    order = world.released_order(customer, VALVE, prepaid=True)
    note = world.shipped_note(order)
    world.sign(note)
    return order, world.invoice_note(note), receipt


def test_money_that_an_invoice_of_a_prepaid_order_waits_for_lets_no_second_order_go(world: World) -> None:
    customer = world.buyer(0)
    _first, invoice, receipt = paid_order(world, customer)
    second = world.order(customer, VALVE, prepaid=True)
    decision = world.confirm(second)
    assert held_by(decision) == ["cleared_funds"]
    assert decision.reasons[0].params["missing_minor"] == 100_00
    world.allocate(invoice, receipt, minor=100_00)
    assert world.answer(second) == ["cleared_funds"], "the money is spent"
    world.receipt(customer, number="PRE-2", minor=100_00)
    assert world.answer(second) == []


def test_a_prepaid_order_that_grows_after_its_invoice_asks_for_the_rest(world: World) -> None:
    customer = world.buyer(0)
    order, _invoice, _receipt = paid_order(world, customer)
    decision = world.change_order(order, VALVE, ("pump", "1", "50"))
    assert decision is not None
    assert held_by(decision) == ["cleared_funds"]
    assert decision.reasons[0].params["missing_minor"] == 50_00


def test_an_invoice_posted_before_the_money_lets_no_prepaid_order_go(world: World) -> None:
    customer = world.buyer(0)
    order = world.order(customer, VALVE, prepaid=True)
    assert held_by(world.confirm(order)) == ["cleared_funds"]
    invoice = world.invoice(customer, number="ADV-1", minor=100_00)
    world.bill_order(order, invoice)
    decision = world.confirm(order)
    assert held_by(decision) == ["cleared_funds"]
    assert decision.reasons[0].params["missing_minor"] == 100_00
    receipt = world.receipt(customer, number="PRE-3", minor=100_00)
    assert world.answer(order) == []
    world.allocate(invoice, receipt, minor=100_00)
    assert world.confirm(order).passes, "invoiced and paid"
    assert world.ship(world.note(order)).passes


def test_an_invoice_of_credit_takes_nothing_from_what_was_paid_for_a_prepaid_order(world: World) -> None:
    customer = world.buyer(1_000_00)
    world.bill_order(world.released_order(customer, VALVE), world.invoice(customer, number="ON-CREDIT", minor=100_00))
    world.receipt(customer, number="PRE-4", minor=100_00)
    assert world.confirm(world.order(customer, VALVE, prepaid=True)).passes


def test_an_invoice_posted_before_the_proof_lets_no_order_of_grade_c_go(world: World) -> None:
    customer = world.creditor(0, grade="C")
    order = world.order(customer, VALVE)
    world.bill_order(order, world.invoice(customer, number="ADV-C", minor=100_00))
    assert held_by(world.confirm(order)) == ["proof"]
    accepted_proof(world, customer, order, "100")
    assert world.confirm(order).passes


def test_a_proof_that_goods_were_shipped_on_is_not_shown_again_for_more(world: World) -> None:
    customer = world.creditor(0, grade="C")
    order = world.order(customer, VALVE)
    accepted_proof(world, customer, order, "100")
    assert world.confirm(order).passes
    note = world.shipped_note(order)
    world.sign(note)
    world.invoice_note(note)
    decision = world.change_order(order, VALVE, ("pump", "1", "60"))
    assert decision is not None
    assert held_by(decision) == ["proof"]
    assert decision.reasons[0].params["missing_minor"] == 60_00
    accepted_proof(world, customer, order, "60")
    assert world.answer(order) == []


def test_an_order_worth_nothing_that_left_is_not_cancelled(world: World) -> None:
    customer = world.buyer(0)
    order = world.released_order(customer, ("sample", "1", "0"))
    world.shipped_note(order)
    with pytest.raises(RuleBroken, match="order_shipped"):
        world.cancel_order(order)


def test_goods_and_invoices_booked_late_count_from_their_own_day(world: World) -> None:
    customer = world.buyer(1_000_00)
    today, early = world.today, world.today - timedelta(days=10)
    order = world.released_order(customer, VALVE, on=early - timedelta(days=5))
    invoice = world.invoice(customer, number="EARLY-1", on=early, minor=100_00)
    world.bill_order(order, invoice)
    for day in (early, today - timedelta(days=1), today):
        assert world.credit_account(customer, day).exposure_minor == 100_00, day
    assert world.credit_account(customer, early - timedelta(days=1)).exposure_minor == 0
