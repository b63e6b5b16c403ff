"""Limits taken over: what the general manager reads before deciding by one act, and who decides where there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.limits.inputs import TakenOverLimit
from ar.credit.limits.taken_over.commands import ask_for_taken_over
from ar.credit.limits.taking_over import not_yet_approved, take_back_limits, take_over_limits
from ar.credit.models import CreditLimit
from kernel.errors import RuleBroken
from kernel.ids import new_id
from tenants.approvals.models import Approval
from tests.support.approvals import approve_all, decide_as, open_step, person
from tests.support.world import World

SINCE = date(2025, 6, 1)


def take_over(world: World, *limits: tuple[UUID, int | None]) -> Sequence[UUID]:
    """Takes over limits without an end, as an import of old books does; returns their ids."""
    old = [
        TakenOverLimit(
            customer_id=each, currency="CNY", amount_minor=minor, term_days=45, valid_from=SINCE, reason="旧系统额度"
        )
        for each, minor in limits
    ]
    with world.transaction() as db:
        return take_over_limits(db, world.actor(), new_id(), old).limit_ids


def approval_of(world: World) -> UUID:
    with world.reading() as db:
        found: UUID = db.execute(sa.select(Approval.id).where(Approval.tenant_id == world.tenant_id)).scalar_one()
        return found


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_general_manager_reads_every_limit_with_its_sums_before_deciding(world: World) -> None:
    manager = person(world, "general_manager")
    take_over(world, (world.customer("A", "甲公司"), 700_00), (world.customer("B", "乙公司"), None))
    approval, client = approval_of(world), world.client("general_manager")
    page = client.get(world.url(f"/approvals/{approval}")).text
    assert f"/credit/taken-over/{approval}" in page, "the decision leads to what it is about"
    listed = text_of(client.get(world.url(f"/credit/taken-over/{approval}")).text)
    for said in ("甲公司", "乙公司", "700.00", "Unlimited", "45 days", "旧系统额度", "wait for one decision"):
        assert said in listed, said
    for path in ("/credit/limits/?state=taken_over", "/credit/limits/"):
        assert text_of(client.get(world.url(path)).text).count("taken over, not approved") == 2
    decide_as(world, manager, approval)
    assert "wait for one decision" not in client.get(world.url(f"/credit/taken-over/{approval}")).text
    assert "taken over, not approved" not in client.get(world.url("/credit/limits/")).text


def test_where_there_is_no_general_manager_the_limits_stay_flagged_until_somebody_is_asked(world: World) -> None:
    customer = world.customer("A", "甲公司")
    take_over(world, (customer, 700_00))
    client, index = world.client("finance"), world.url("/credit/taken-over/")
    assert index in client.get(world.url("/credit/limits/")).text
    assert "nobody was asked" in text_of(client.get(index).text)
    refused = client.post(index, data={"reason": "limits of the old books"})
    assert refused.status_code == 422
    assert "Assign this role to somebody first" in text_of(refused.text)
    person(world, "general_manager")
    asked = client.post(index, data={"reason": "limits of the old books"})
    assert asked.status_code == 303
    approval = approval_of(world)
    assert asked.headers["Location"].endswith(f"/credit/taken-over/{approval}")
    approve_all(world, approval, world.today)
    with world.reading() as db:
        assert not_yet_approved(db, world.tenant_id, [customer]) == set()
    with pytest.raises(RuleBroken, match="taken_over_none"), world.transaction() as db:
        ask_for_taken_over(db, world.actor(), "again")


def test_a_refusal_ends_what_was_asked_for_later_too(world: World) -> None:
    customer = world.customer()
    take_over(world, (customer, 700_00))
    manager = person(world, "general_manager")
    with world.transaction() as db:
        approval = ask_for_taken_over(db, world.actor(), "limits of the old books")
    decide_as(world, manager, approval, approve=False)
    assert world.credit_account(customer).limit.is_absent


def test_what_waits_for_limits_of_two_imports_is_withdrawn_when_both_are_taken_back(world: World) -> None:
    first = take_over(world, (world.customer("A"), 700_00))
    second = take_over(world, (world.customer("B"), 300_00))
    person(world, "general_manager")
    with world.transaction() as db:
        approval = ask_for_taken_over(db, world.actor(), "limits of the old books")
    for limits, state in ((first, "pending"), (second, "withdrawn")):
        with world.transaction() as db:
            take_back_limits(db, world.actor(), limits, {})
        assert open_step(world, approval)[0] == state


def test_the_approval_of_a_limit_is_named_once(world: World) -> None:
    person(world, "general_manager")
    take_over(world, (world.customer(), 700_00))
    change = sa.update(CreditLimit).where(CreditLimit.tenant_id == world.tenant_id).values(approval_id=new_id())
    with pytest.raises(sa.exc.IntegrityError, match="the approval of a credit limit stays"), world.transaction() as db:
        db.execute(change)


def test_a_page_of_another_approval_is_not_there(world: World) -> None:
    person(world, "general_manager")
    customer = world.creditor(1_000_00)
    world.request_limit(customer, "2000")
    with world.reading() as db:
        pending = sa.select(Approval.id).where(Approval.tenant_id == world.tenant_id, Approval.state == "pending")
        other = db.execute(pending).scalar_one()
    assert world.client("general_manager").get(world.url(f"/credit/taken-over/{other}")).status_code == 404
