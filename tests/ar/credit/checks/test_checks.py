"""What holds an order of a real customer: exposure, groups, money in hand, stops, statements, files, approvals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.checks.holds.commands import end_override, grant_override, lift_stop
from ar.credit.checks.holds.inputs import GrantOverride, LiftStop, StopShipments
from ar.credit.commands import (
    DecideProof,
    ProofOrder,
    UploadProof,
    decide_proof,
    end_paid_stops,
    stop_shipments,
    upload_proof,
    withdraw_requests_of_order,
)
from ar.credit.models import ShippingHold
from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import Decision, OrderFacts
from ar.customers.models import Customer
from kernel.errors import Conflict, Forbidden, RuleBroken
from kernel.ids import new_id
from kernel.mail import MailMessage
from kernel.uploads import UploadedFile
from tests.support.approvals import approve_all, everybody, open_step, person
from tests.support.world import World
from tests.support.world.base import fresh_key

DECIDERS = ("sales_manager", "finance_director", "general_manager")


def order(minor: int, **more: object) -> OrderFacts:
    facts = OrderFacts(new_id(), "SO-1", "CNY", minor, minor, term_days=30)
    return replace(facts, **more)  # type: ignore[arg-type]


def codes(decision: Decision) -> list[str]:
    return [reason.code.value for reason in decision.reasons]


def test_a_missing_rate_holds_only_what_is_in_another_currency(world: World) -> None:
    customer = world.creditor(1_000_00, currency="EUR")
    euros = order(1_000_00, currency="EUR")
    assert codes(world.check_order(customer, euros)) == [], "one to one, whatever the books are kept in"
    world.invoice(customer, number="Y-1", on=world.today, minor=1_00)
    held = world.check_order(customer, euros)
    assert [(reason.code, reason.params) for reason in held.reasons] == [("no_rate", {"currencies": ["CNY"]})]
    world.rate("EUR", "8.00", on=world.today)
    assert codes(world.check_order(customer, euros)) == ["limit"]


def test_a_bank_acceptance_is_no_exposure(world: World) -> None:
    customer = world.creditor(500_00)
    world.invoice(customer, number="INV-B", on=date(2026, 5, 31), minor=500_00)
    world.bill(amount="500.00")
    assert world.credit_account(customer).exposure_minor == 0


def test_the_group_s_limit_counts_what_one_does_not_see_and_names_nobody(world: World) -> None:
    payer, own, colleagues = world.creditor(1_000_00, "PAYER"), world.customer("OWN"), world.customer("COLL")
    for member in (own, colleagues):
        world.complete_file(member)
        with world.transaction() as db:
            db.execute(
                sa.update(Customer)
                .where(Customer.tenant_id == world.tenant_id, Customer.id == member)
                .values(group_head_id=payer, group_kind="payer")
            )
    world.invoice(colleagues, number="SECRET-1", on=world.today, minor=900_00)
    assert codes(world.check_order(own, order(100_00))) == []
    held = world.check_order(own, order(200_00)).reasons
    assert [(reason.code, reason.params["excess_minor"]) for reason in held] == [("group_limit", 100_00)]
    assert "SECRET" not in str(held)
    assert "COLL" not in str(held)


def test_the_same_money_is_spent_once(world: World) -> None:
    customer = world.creditor(0)
    world.receipt(customer, number="R-1", on=world.today, minor=100_00)
    first, second = order(100_00), order(100_00)
    assert codes(world.check_order(customer, first)) == []
    world.commit_order(customer, first.order_id, OrderAmounts(100_00, 0, 0, 0))
    assert codes(world.check_order(customer, second)) == ["limit"]
    assert codes(world.check_order(customer, first)) == [], "the first still ships"
    world.document(customer, kind="refund", number="R-1-BACK", minor=100_00, on=world.today, due_on=world.today)
    assert codes(world.check_order(customer, first)) == ["limit"], "the bank took the money back"


def test_an_order_overdue_within_its_limit_is_held_for_the_term_alone(world: World) -> None:
    customer = world.creditor(1_000_00)
    world.late_invoice(customer, number="OLD", minor=10_00, days_late=1)
    held = world.check_order(customer, order(10_00)).reasons
    assert [(reason.code, reason.params) for reason in held] == [("term", {"items": 1, "days": 1})]


def test_the_order_itself_counts_once_however_often_it_is_asked(world: World) -> None:
    customer, asked = world.creditor(100_00), order(100_00)
    assert codes(world.check_order(customer, asked)) == []
    world.commit_order(customer, asked.order_id, OrderAmounts(100_00, 0, 0, 0))
    assert codes(world.check_order(customer, asked)) == []
    assert codes(world.check_order(customer, order(1))) == ["limit"]


def test_the_stop_of_the_ladder_ends_when_all_is_paid_and_the_one_by_hand_stays(world: World) -> None:
    customer = world.creditor(1_000_00)
    debt = world.late_invoice(customer, number="LATE", minor=100_00, days_late=3)
    by_hand = world.stop_shipments(customer, "lawsuit")
    with world.transaction() as db:
        data = StopShipments(customer_id=customer, reason="demand letter")
        by_ladder = stop_shipments(db, world.actor(), data, kind="ladder", source_id=new_id())
    assert codes(world.check_order(customer, order(1_00))) == ["hold", "hold", "term"]
    receipt = world.receipt(customer, number="R-1", on=world.today, minor=100_00)
    world.allocate(debt, receipt, minor=100_00)
    held = world.check_order(customer, order(1_00)).reasons
    assert [(reason.code, reason.params["reason"]) for reason in held] == [("hold", "lawsuit")]
    tomorrow = world.on(world.today + timedelta(days=1))
    with world.transaction() as db:
        assert end_paid_stops(db, tomorrow.actor(), "paid") == 1
    with world.reading() as db:
        found = db.execute(
            sa.select(ShippingHold.id, ShippingHold.lifted_at).where(ShippingHold.tenant_id == world.tenant_id)
        )
        rows = {row.id: row.lifted_at for row in found}
    assert (rows[by_hand] is None, rows[by_ladder] is None) == (True, False)


def test_a_stop_for_a_time_ends_with_its_day_and_a_lifted_one_stays_lifted(world: World) -> None:
    customer = world.creditor(1_000_00)
    stop = world.stop_shipments(customer, until_on=world.today)
    assert codes(world.check_order(customer, order(1_00))) == ["hold"]
    assert codes(world.on(world.today + timedelta(days=1)).check_order(customer, order(1_00))) == []
    with world.transaction() as db:
        lift_stop(db, world.actor(), stop, LiftStop(reason="settled"))
    assert codes(world.check_order(customer, order(1_00))) == []
    with world.transaction() as db, pytest.raises(Conflict, match="stop_lifted_before"):
        lift_stop(db, world.actor(), stop, LiftStop(reason="settled"))


def test_one_source_stops_once(world: World) -> None:
    customer, letter = world.creditor(1_000_00), new_id()
    data = StopShipments(customer_id=customer, reason="demand letter")
    with world.transaction() as db:
        assert len({stop_shipments(db, world.actor(), data, kind="signal", source_id=letter) for _time in "ab"}) == 1


def _sent_statement(world: World, customer: UUID, sent_on: date) -> None:
    world.invoice(customer, number=f"ST-{sent_on}", on=date(2026, 3, 2), minor=1_00, due_on=date(2027, 1, 1))
    world.on(sent_on).statement(customer)
    with world.transaction() as db:
        db.execute(
            sa.update(MailMessage)
            .where(MailMessage.tenant_id == world.tenant_id)
            .values(state="sent", sent_at=world.actor(sent_on).now)
        )


@pytest.mark.parametrize(("days", "expected"), [(30, []), (31, ["statement"])])
def test_a_statement_that_nobody_answers_holds_after_thirty_days(world: World, days: int, expected: list[str]) -> None:
    sent_on = date(2026, 4, 2)
    customer = world.customer("00001", contact_name="李娜", contact_email="lina@xinsheng.example")
    world.complete_file(customer)
    world.limit(customer, 1_000_00)
    _sent_statement(world, customer, sent_on)
    later = world.on(sent_on + timedelta(days=days))
    assert codes(later.check_order(customer, order(1_00))) == expected


def test_only_the_general_manager_lets_a_customer_pass_who_is_past_due(world: World) -> None:
    customer = world.creditor(1_000_00)
    world.late_invoice(customer, number="OLD", minor=10_00, days_late=1)
    data = GrantOverride(customer_id=customer, code="term", until_on=world.today, reason="pays on Monday")
    for role in ("accountant", "finance", "finance_director"):
        with world.transaction() as db, pytest.raises(Forbidden, match="override_not_yours"):
            grant_override(db, person(world, role), data)
    assert codes(world.check_order(customer, order(1_00))) == ["term"]
    with world.transaction() as db:
        grant_override(db, person(world, "general_manager"), data)
    assert codes(world.check_order(customer, order(1_00))) == []


def test_only_the_general_manager_lifts_a_stop_signed_with_a_review(world: World) -> None:
    customer = world.creditor(1_000_00)
    with world.transaction() as db:
        data = StopShipments(customer_id=customer, reason="frozen")
        stop = stop_shipments(db, world.actor(), data, kind="review", source_id=new_id())
    for role in ("collector", "sales_manager", "finance_director"):
        with world.transaction() as db, pytest.raises(Forbidden, match="stop_not_yours"):
            lift_stop(db, person(world, role), stop, LiftStop(reason="they are nice"))
    assert codes(world.check_order(customer, order(1_00))) == ["hold"]
    with world.transaction() as db:
        lift_stop(db, person(world, "general_manager"), stop, LiftStop(reason="they paid"))
    assert codes(world.check_order(customer, order(1_00))) == []


def test_an_override_lets_one_check_pass_until_its_day(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00)
    assert codes(world.check_order(customer, order(1_00))) == ["file"]
    until = world.today + timedelta(days=3)
    data = GrantOverride(customer_id=customer, code="file", until_on=until, reason="papers are in the post")
    with world.transaction() as db:
        override = grant_override(db, world.actor(), data)
    assert codes(world.on(until).check_order(customer, order(1_00))) == []
    assert codes(world.on(until + timedelta(days=1)).check_order(customer, order(1_00))) == ["file"]
    with world.transaction() as db:
        end_override(db, world.actor(), override)
    assert codes(world.check_order(customer, order(1_00))) == ["file"]


def test_an_approval_serves_this_order_this_amount_and_through_this_day(world: World) -> None:
    customer, asked, until = world.creditor(1_000_00), order(1_050_00), world.today + timedelta(days=20)
    everybody(world, DECIDERS)
    approval = world.request_over_limit(customer, asked, until)
    assert open_step(world, approval) == ("pending", "sales_manager", 0)
    assert codes(world.check_order(customer, asked)) == ["limit"], "asked is not approved"
    approve_all(world, approval, world.today)
    decision = world.check_order(customer, asked)
    assert (codes(decision), [by for _reason, by in decision.waived]) == ([], ["OL-2026-000001"])
    assert codes(world.check_order(customer, replace(asked, total_minor=1_050_01, committed_minor=1_050_01))) == [
        "limit"
    ]
    assert codes(world.check_order(customer, order(1_050_00))) == ["limit"], "another order"
    assert codes(world.on(until).check_order(customer, asked)) == []
    assert codes(world.on(until + timedelta(days=1)).check_order(customer, asked)) == ["limit"]


def test_an_approval_serves_no_larger_excess_than_its_deciders_may_decide_on(world: World) -> None:
    customer, until = world.creditor(1_000_00), world.today + timedelta(days=20)
    everybody(world, DECIDERS)
    slices = [order(1_090_00), order(90_00)]
    world.commit_order(customer, slices[0].order_id, OrderAmounts(1_000_00, 0, 0, 0))
    for each in slices:
        assert len(approve_all(world, world.request_over_limit(customer, each, until), world.today)) == 1
    assert codes(world.check_order(customer, slices[0])) == []
    world.commit_order(customer, slices[0].order_id, OrderAmounts(1_090_00, 0, 0, 0))
    assert codes(world.check_order(customer, slices[1])) == ["limit"], "18 % in slices of 9 % is more than a tenth"
    assert len(approve_all(world, world.request_over_limit(customer, slices[1], until), world.today)) == 2
    assert codes(world.check_order(customer, slices[1])) == []
    world.invoice(customer, number="MORE", on=world.today, minor=150_00)
    assert codes(world.check_order(customer, slices[1])) == ["limit"], "and 33 % is the general manager's"
    assert len(approve_all(world, world.request_over_limit(customer, slices[1], until), world.today)) == 3
    world.invoice(customer, number="MUCH", on=world.today, minor=9_000_00)
    assert codes(world.check_order(customer, slices[1])) == [], "who decides on any excess decided"


def test_an_approval_serves_no_longer_term_than_was_decided_on(world: World) -> None:
    customer, until = world.creditor(1_000_00), world.today
    everybody(world, DECIDERS)
    asked = order(10_00, term_days=45)
    assert codes(world.check_order(customer, asked)) == ["long_term"]
    approve_all(world, world.request_over_limit(customer, asked, until), world.today)
    answers = [codes(world.check_order(customer, replace(asked, term_days=days))) for days in (30, 45, 46, 365)]
    assert answers == [[], [], ["long_term"], ["long_term"]]


def test_parts_of_an_approved_order_ship_without_a_new_request(world: World) -> None:
    customer, until = world.creditor(1), date(2026, 12, 30)
    asked = order(1_000_00)
    everybody(world, DECIDERS)
    approve_all(world, world.request_over_limit(customer, asked, until), world.today)
    world.commit_order(customer, asked.order_id, OrderAmounts(1_000_00, 600_00, 0, 0))
    rest = replace(asked, committed_minor=1_000_00)
    assert codes(world.on(date(2026, 12, 25)).check_order(customer, rest)) == []
    assert codes(world.on(date(2026, 12, 25)).check_order(customer, replace(rest, total_minor=1_000_01))) == ["limit"]
    assert codes(world.on(date(2026, 12, 31)).check_order(customer, rest)) == ["limit"]


@pytest.mark.parametrize(
    ("minor", "role"), [(1_100_00, "sales_manager"), (1_100_01, "finance_director"), (1_300_01, "general_manager")]
)
def test_the_last_who_decides_follows_from_the_excess(world: World, minor: int, role: str) -> None:
    customer = world.creditor(1_000_00)
    everybody(world, DECIDERS)
    who = approve_all(world, world.request_over_limit(customer, order(minor), world.today), world.today)
    assert role in who[-1].roles


def test_nobody_decides_on_their_own_request_be_it_a_cent(world: World) -> None:
    customer = world.creditor(1_000_00)
    manager = person(world, "sales_manager", today=world.today)
    asking = replace(world, owner_id=manager.user_id)
    with pytest.raises(RuleBroken, match="approval_nobody"):
        asking.request_over_limit(customer, order(1_000_01), world.today)


def test_what_no_approval_lets_pass_asks_for_none_and_a_cancelled_order_takes_its_request_along(world: World) -> None:
    customer, asked = world.creditor(1_000_00), order(1_050_00)
    everybody(world, DECIDERS)
    with pytest.raises(RuleBroken, match="over_limit_not_needed"):
        world.request_over_limit(customer, order(1_000_00), world.today)
    approval = world.request_over_limit(customer, asked, world.today)
    with pytest.raises(RuleBroken, match="over_limit_pending"):
        world.request_over_limit(customer, asked, world.today)
    follow_up = person(world, "order_follow_up", today=world.today)
    with world.transaction() as db:
        assert withdraw_requests_of_order(db, follow_up, asked.order_id, "the order was cancelled") == 1
    assert open_step(world, approval)[0] == "withdrawn"
    approve_all(world, world.request_over_limit(customer, asked, world.today), world.today)
    with world.transaction() as db:
        assert withdraw_requests_of_order(db, follow_up, asked.order_id, "the order was cancelled") == 1
    assert codes(world.check_order(customer, asked)) == ["limit"]


PHOTO = UploadedFile("slip.png", b"\x89PNG\r\n\x1a\n" + b"x" * 20)


def _upload(world: World, customer: UUID, asked: OrderFacts, amount: str, file: UploadedFile = PHOTO) -> UUID:
    where = ProofOrder(customer, asked.order_id, asked.order_no, "CNY")
    with world.transaction() as db:
        data = UploadProof(kind="pay_in_slip", amount=amount, key=fresh_key())
        return upload_proof(db, world.actor(), where, data, file)


def test_grade_c_ships_against_proofs_that_finance_accepted(world: World) -> None:
    customer, asked = world.creditor(0, grade="C"), order(100_00)
    first, second = _upload(world, customer, asked, "60"), _upload(world, customer, asked, "40")
    assert codes(world.check_order(customer, asked)) == ["proof"], "uploaded is not accepted"
    finance = person(world, "finance", today=world.today)
    for proof in (first, second):
        with world.transaction() as db:
            decide_proof(db, finance, proof, DecideProof(outcome="accepted"))
    assert codes(world.check_order(customer, asked)) == []
    assert codes(world.check_order(customer, order(100_00))) == ["proof"], "they serve their own order"
    with world.transaction() as db, pytest.raises(Conflict, match="proof_decided"):
        decide_proof(db, finance, first, DecideProof(outcome="rejected", note="forged"))


def test_who_uploaded_a_proof_does_not_accept_it_and_a_text_is_no_photo(world: World) -> None:
    customer, asked = world.creditor(0, grade="C"), order(100_00)
    with pytest.raises(RuleBroken, match="proof_file_kind"):
        _upload(world, customer, asked, "60", UploadedFile("slip.png", b"hello"))
    with pytest.raises(RuleBroken, match="proof_file_heic"):
        _upload(world, customer, asked, "60", UploadedFile("IMG_1.HEIC", b"\x00\x00\x00\x18ftypheic"))
    proof = _upload(world, customer, asked, "60")
    with world.transaction() as db, pytest.raises(RuleBroken, match="proof_own"):
        decide_proof(db, world.actor(), proof, DecideProof(outcome="accepted"))


def test_one_paper_for_two_orders_is_shown_to_who_decides_on_the_second(world: World) -> None:
    customer, first, second = world.creditor(0, grade="C"), order(100_00), order(250_00)
    one, two = _upload(world, customer, first, "100"), _upload(world, customer, second, "250")
    finance = person(world, "finance", today=world.today)
    client, heading = world.client("finance"), "The same paper is a proof elsewhere"
    with world.transaction() as db:
        decide_proof(db, finance, one, DecideProof(outcome="accepted"))
    shown = client.get(world.url(f"/credit/proofs/{two}?lang=en")).text
    assert heading in shown
    assert world.url(f"/credit/proofs/{one}") in shown
    with world.transaction() as db:
        decide_proof(db, finance, two, DecideProof(outcome="rejected", note="one payment of 100.00"))
    assert heading not in client.get(world.url(f"/credit/proofs/{one}?lang=en")).text
    other = _upload(world, customer, order(60_00), "60", UploadedFile("other.png", PHOTO.content + b"y"))
    assert heading not in client.get(world.url(f"/credit/proofs/{other}?lang=en")).text
