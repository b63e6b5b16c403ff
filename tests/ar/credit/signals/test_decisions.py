"""Decisions on danger signals: keep, cut with the general manager, freeze at once; noted in two taps on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.models import CreditLimit, ShippingHold
from ar.credit.rules.signals import SignalCode
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict, RuleBroken
from tenants.approvals.models import Approval
from tests.support.approvals import decide_as, everybody, person
from tests.support.world import TODAY, World


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company on whose pages it is TODAY."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        yield world


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def limits(world: World, customer: UUID) -> list[tuple[int | None, int | None, date, date | None, str]]:
    limit = CreditLimit.__table__
    query = (
        sa.select(limit.c.amount_minor, limit.c.term_days, limit.c.valid_from, limit.c.valid_to, limit.c.source)
        .where(limit.c.tenant_id == world.tenant_id, limit.c.customer_id == customer)
        .order_by(limit.c.valid_from)
    )
    with world.reading() as db:
        return [tuple(row) for row in db.execute(query)]  # type: ignore[misc]


def stops(world: World, customer: UUID) -> list[tuple[str, UUID | None]]:
    hold = ShippingHold.__table__
    query = sa.select(hold.c.kind, hold.c.source_id).where(
        hold.c.tenant_id == world.tenant_id, hold.c.customer_id == customer, hold.c.lifted_at.is_(None)
    )
    with world.reading() as db:
        return [tuple(row) for row in db.execute(query)]  # type: ignore[misc]


def approval_of(world: World) -> UUID:
    with world.reading() as db:
        return db.execute(
            sa.select(Approval.id).where(Approval.tenant_id == world.tenant_id, Approval.state == "pending")
        ).scalar_one()


def test_a_kept_limit_stays_and_the_reason_with_the_signal(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00)
    signal = world.note_signal(customer, SignalCode.FAST_GROWTH, "新开三家门店")
    assert world.decide_signal(signal, "keep")
    (row,) = world.signals(customer)
    assert (row.decision, row.decision_reason, row.decided_by) == ("keep", "与销售商定", "林晓")
    assert [each[0] for each in limits(world, customer)] == [1_000_00]
    with pytest.raises(Conflict, match="signal_decided"):
        world.decide_signal(signal, "freeze")


def test_a_freeze_stops_shipments_at_once_and_names_the_signal(world: World) -> None:
    customer = world.customer()
    signal = world.note_signal(customer, SignalCode.SUED)
    assert world.decide_signal(signal, "freeze")
    assert stops(world, customer) == [("signal", signal)]


def test_a_cut_waits_for_the_general_manager_and_is_in_force_the_day_it_is_approved(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00, term_days=45, end=date(2027, 1, 31))
    signal = world.note_signal(customer)
    manager, director = person(world, "sales_manager"), everybody(world)
    assert not world.decide_signal(signal, "cut", manager, limit="400", term_days=15)
    assert world.signals(customer)[0].decision is None, "until then it waits"
    assert [each[0] for each in limits(world, customer)] == [1_000_00]
    with pytest.raises(RuleBroken, match="approval_pending"):
        world.decide_signal(signal, "cut", manager, limit="300")
    assert decide_as(world, director["general_manager"], approval_of(world)) == "approved"
    assert limits(world, customer) == [
        (1_000_00, 45, date(2026, 1, 1), date(2026, 11, 19), "change"),
        (400_00, 15, TODAY, date(2027, 1, 31), "signal"),
    ]
    assert world.signals(customer)[0].decision == "cut"


def test_a_cut_that_waited_never_raises_what_was_cut_further_meanwhile(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00)
    first, second = world.note_signal(customer), world.note_signal(customer, SignalCode.SUED)
    finance, people = person(world, "finance"), everybody(world)
    world.decide_signal(first, "cut", finance, limit="400")
    assert world.decide_signal(second, "cut", people["general_manager"], limit="100")
    with pytest.raises(RuleBroken, match="signal_not_lower"):
        decide_as(world, people["general_manager"], approval_of(world))
    assert limits(world, customer)[-1][0] == 100_00


def test_a_cut_that_was_not_approved_leaves_the_signal_waiting(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00)
    signal = world.note_signal(customer)
    people = everybody(world)
    world.decide_signal(signal, "cut", person(world, "finance"), limit="0")
    decide_as(world, people["general_manager"], approval_of(world), approve=False)
    assert world.signals(customer)[0].decision is None
    assert world.decide_signal(signal, "keep")


def test_the_general_manager_cuts_at_once(world: World) -> None:
    customer = world.customer()
    world.limit(customer, None)
    signal = world.note_signal(customer)
    assert world.decide_signal(signal, "cut", person(world, "general_manager"), limit="0", term_days=0)
    assert [(each[0], each[3]) for each in limits(world, customer)] == [
        (None, date(2026, 11, 19)),
        (0, date(2027, 5, 20)),
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"limit": "1000"}, "signal_not_lower"),
        ({"limit": "1000.01"}, "signal_not_lower"),
        ({"limit": "500", "term_days": 31}, "signal_not_lower"),
        ({"limit": "-1"}, "signal_not_lower"),
        ({"limit": "viel"}, "amount_unreadable"),
        ({}, "signal_cut_to"),
    ],
)
def test_what_is_no_cut_is_refused_and_changes_nothing(world: World, values: dict[str, Any], code: str) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00, term_days=30)
    signal = world.note_signal(customer)
    with pytest.raises(RuleBroken, match=code):
        world.decide_signal(signal, "cut", person(world, "general_manager"), **values)
    assert [each[0] for each in limits(world, customer)] == [1_000_00]


def test_without_a_limit_there_is_nothing_to_cut(world: World) -> None:
    signal = world.note_signal(world.customer())
    with pytest.raises(RuleBroken, match="signal_no_limit"):
        world.decide_signal(signal, "cut", person(world, "general_manager"), limit="0")


def test_a_shorter_term_with_the_same_limit_is_a_cut(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 0, term_days=30)
    signal = world.note_signal(customer)
    assert world.decide_signal(signal, "cut", person(world, "general_manager"), limit="0", term_days=10)
    assert limits(world, customer)[-1][:2] == (0, 10)


def test_two_taps_note_a_signal_that_then_waits_on_the_list_and_is_decided(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00)
    seller = world.client("salesperson")
    world.give_to(seller, customer)
    page = seller.get(world.url(f"/customers/{customer}"))
    first = world.url(f"/signals/of/{customer}")
    assert f'href="{first}"' in page.text
    assert "Is sued by others" in seller.get(first).text
    assert seller.post(first, data={"code": "sued", "note": "法院公告"}).status_code == 303
    assert "法院公告" in seller.get(world.url(f"/customers/{customer}")).text
    (signal,) = world.signals(customer)
    url = world.url(f"/signals/{signal.id}")
    assert seller.post(f"{url}/decision", data={"decision": "keep", "reason": "我来看"}).status_code == 403
    manager = world.client("sales_manager")
    assert "法院公告" in manager.get(world.url("/signals/")).text
    shown = text_of(manager.get(url).text)
    assert re.search(r"Proposed: a limit of \S*0\.00, 0 days", shown), shown
    refused = manager.post(f"{url}/decision", data={"decision": "cut", "limit": "2000", "reason": "小心"})
    assert refused.status_code == 422
    assert 'value="2000"' in refused.text
    assert manager.post(f"{url}/decision", data={"decision": "freeze", "reason": "先停货"}).status_code == 303
    assert "Stop shipments" in text_of(manager.get(url).text)
    assert "No signal waits" in manager.get(world.url("/signals/")).text
    assert "Is sued by others" in manager.get(world.url("/signals/trend")).text


def test_a_form_that_another_person_was_faster_to_decide_says_so_and_keeps_the_reason(world: World) -> None:
    signal = world.note_signal(world.customer())
    world.decide_signal(signal, "keep")
    url = world.url(f"/signals/{signal}/decision")
    answer = world.client("sales_manager").post(url, data={"decision": "freeze", "reason": "先停货再说"})
    assert answer.status_code == 422
    assert "Somebody has decided" in answer.text
    assert "先停货再说" in answer.text


def test_a_salesperson_sees_signals_of_own_customers_only(world: World) -> None:
    own, other = world.customer(), world.customer("00002", "别人的客户")
    seller = world.client("salesperson")
    world.give_to(seller, own)
    world.note_signal(own)
    signal = world.note_signal(other)
    assert "别人的客户" not in seller.get(world.url("/signals/")).text
    assert seller.get(world.url(f"/signals/{signal}")).status_code == 404
    assert seller.get(world.url(f"/signals/of/{other}")).status_code == 404
    assert seller.post(world.url(f"/signals/of/{other}"), data={"code": "sued"}).status_code == 404


def test_today_counts_what_waits_for_those_who_decide(world: World) -> None:
    customer = world.customer()
    world.note_signal(customer)
    today = text_of(world.client("sales_manager").get(world.url("/")).text)
    assert "1 danger signal to decide" in today
    assert "danger signal to decide" not in world.client("collector").get(world.url("/")).text
