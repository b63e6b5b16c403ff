"""Limits that were asked for: the general manager decides, a cut is never refused, time ends a temporary one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ar.credit.commands import (
    GrantLimit,
    RequestLimit,
    TakenOverLimit,
    grant_limit,
    request_limit,
    take_over_limits,
)
from ar.credit.limits.models import LimitChange
from ar.credit.lookups import not_yet_approved
from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import OrderFacts
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tenants.approvals.models import Approval
from tests.support.approvals import approve_all, decide_as, everybody, on, open_step, person
from tests.support.world import TODAY, World


def total(world: World, customer: object, day: date | None = None) -> int | None:
    return world.credit_account(customer, day).limit.total_minor  # type: ignore[arg-type]


def test_a_limit_counts_once_the_general_manager_said_so(world: World) -> None:
    customer = world.creditor(1_000_00)
    everybody(world, ("general_manager",))
    approval = world.approval_of(LimitChange, world.request_limit(customer, "1500", term_days=45))
    assert open_step(world, approval) == ("pending", "general_manager", 0)
    assert total(world, customer) == 1_000_00
    approve_all(world, approval, world.today)
    limit = world.credit_account(customer).limit
    assert (limit.total_minor, limit.term_days) == (1_500_00, 45)


def test_a_limit_asked_for_before_a_cut_is_not_granted_after_it(world: World) -> None:
    customer, people = world.creditor(1_000_00), everybody(world, ("general_manager",))
    approval = world.approval_of(LimitChange, world.request_limit(customer, "1500", kind="temporary", valid_to=TODAY))
    raised = world.approval_of(LimitChange, world.request_limit(customer, "2000"))
    manager = people["general_manager"]
    with world.transaction() as db:
        data = RequestLimit(currency="CNY", amount="0", valid_from=TODAY, reason="lawsuit", key="k" * 20)
        request_limit(db, manager, customer, data)
    for each in (approval, raised):
        with pytest.raises(Conflict, match="limit_moved_on"):
            decide_as(world, manager, each)
        assert decide_as(world, manager, each, approve=False) == "rejected"
    assert total(world, customer) == 0


def test_a_limit_that_ended_by_itself_meanwhile_is_renewed(world: World) -> None:
    customer, people = world.customer(), everybody(world, ("general_manager",))
    world.complete_file(customer)
    world.limit(customer, 1_000_00, end=TODAY)
    approval = world.approval_of(LimitChange, world.request_limit(customer, "1000"))
    tomorrow = world.on(TODAY + timedelta(days=1))
    tomorrow.complete_file(customer)
    assert decide_as(tomorrow, on(people["general_manager"], world, tomorrow.today), approval) == "approved"
    assert total(tomorrow, customer) == 1_000_00


def test_a_temporary_limit_ends_by_itself(world: World) -> None:
    customer, end = world.creditor(1_000_00), date(2028, 2, 29)
    everybody(world, ("general_manager",))
    asked = world.request_limit(customer, "500", kind="temporary", valid_to=end)
    approve_all(world, world.approval_of(LimitChange, asked), world.today)
    order = OrderFacts(new_id(), "SO-1", "CNY", 1_500_00, 1_500_00, term_days=30)
    days = {end: [], end + timedelta(days=1): ["limit"]}
    world.complete_file(customer, end)
    for day, expected in days.items():
        assert [reason.code for reason in world.on(day).check_order(customer, order).reasons] == expected


def test_a_cut_of_the_general_manager_counts_at_once_also_below_what_is_owed(world: World) -> None:
    customer, order_id = world.creditor(1_000_00), new_id()
    world.invoice(customer, number="INV-1", on=world.today, minor=700_00)
    world.commit_order(customer, order_id, OrderAmounts(200_00, 0, 0, 0))
    manager = person(world, "general_manager", today=world.today)
    cutting = replace(world, owner_id=manager.user_id)
    with world.transaction() as db:
        data = RequestLimit(currency="CNY", amount="500", valid_from=world.today, reason="they pay late", key="k" * 20)
        request_limit(db, manager, customer, data)
    account = cutting.credit_account(customer)
    assert (account.limit.total_minor, account.is_over, account.available_minor) == (500_00, True, 0)
    assert account.exposure_minor == 900_00
    held = world.check_order(customer, OrderFacts(order_id, "SO-1", "CNY", 200_00, 200_00, term_days=30)).reasons
    assert [(reason.code, reason.params["excess_minor"]) for reason in held] == [("limit", 400_00)]


def test_no_limit_above_zero_while_the_file_has_gaps(world: World) -> None:
    customer = world.customer()
    everybody(world, ("general_manager",))
    with pytest.raises(RuleBroken, match="limit_file_gaps"):
        world.request_limit(customer, "1000")
    world.request_limit(customer, "0")


def test_one_request_waits_at_a_time_and_a_refused_one_changes_nothing(world: World) -> None:
    customer = world.creditor(1_000_00)
    everybody(world, ("general_manager",))
    approval = world.approval_of(LimitChange, world.request_limit(customer, "2000"))
    with pytest.raises(RuleBroken, match="limit_pending"):
        world.request_limit(customer, "3000")
    decide_as(world, person(world, "general_manager", today=world.today), approval, approve=False)
    assert total(world, customer) == 1_000_00
    world.request_limit(customer, "", size="unlimited")


def test_an_import_s_limits_count_at_once_and_are_approved_by_one_act(world: World) -> None:
    everybody(world, ("general_manager",))
    since = date(2025, 6, 1)
    fresh, other = world.customer("A"), world.customer("B")
    limits = [_old_limit(each, since) for each in (fresh, other)]
    with world.transaction() as db:
        written = take_over_limits(db, world.actor(), new_id(), limits)
    with world.transaction() as db:
        assert not_yet_approved(db, world.tenant_id, [fresh, other]) == set(written.limit_ids)
        approval = db.execute(sa.select(Approval.id).where(Approval.tenant_id == world.tenant_id)).scalar_one()
    assert (total(world, fresh), total(world, fresh, since), total(world, other)) == (700_00, 700_00, 700_00)
    approve_all(world, approval, world.today)
    with world.transaction() as db:
        assert not_yet_approved(db, world.tenant_id, [fresh, other]) == set()
    assert (total(world, fresh), total(world, other)) == (700_00, 700_00)


def test_a_limit_taken_over_never_replaces_one_that_was_granted_here(world: World) -> None:
    granted = world.creditor(1_000_00)
    limits = [_old_limit(world.customer(), date(2025, 6, 1)), _old_limit(granted, date(2025, 6, 1))]
    with pytest.raises(RuleBroken, match="limit_granted_here"), world.transaction() as db:
        take_over_limits(db, world.actor(), new_id(), limits)
    assert total(world, granted) == 1_000_00


def _old_limit(customer_id: UUID, valid_from: date) -> TakenOverLimit:
    return TakenOverLimit(
        customer_id=customer_id, currency="CNY", amount_minor=700_00, valid_from=valid_from, reason="old books"
    )


def test_the_database_takes_no_limit_above_zero_without_an_approval(world: World) -> None:
    customer = world.customer()
    world.complete_file(customer)
    data = GrantLimit(
        customer_id=customer,
        currency="CNY",
        amount_minor=1,
        valid_from=world.today,
        source="change",
        reason="nobody said so",
    )
    with pytest.raises(IntegrityError, match="needs an approval"), world.transaction() as db:
        grant_limit(db, world.actor(), data)
    with world.transaction() as db:
        grant_limit(db, world.actor(), data.model_copy(update={"amount_minor": 0}))
