"""A granted limit: one regular limit for each day, temporary ones beside it, none before it was decided."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from ar.credit.limits.granting import GrantLimit, grant_limit
from kernel.errors import RuleBroken
from kernel.ids import new_id
from tests.support.world import World


def grant(world: World, customer: UUID, minor: int | None, **more: object) -> UUID:
    data = {"customer_id": customer, "currency": "CNY", "amount_minor": minor, "valid_from": world.today}
    with world.transaction() as db:
        given = data | {"source": "change", "reason": "decided", "approval_id": new_id()} | more
        return grant_limit(db, world.actor(), GrantLimit.model_validate(given))


def debtor(world: World) -> UUID:
    customer = world.customer()
    world.complete_file(customer)
    return customer


def total_on(world: World, customer: UUID, day: date) -> int | None:
    return world.credit_account(customer, day).limit.total_minor


def test_the_next_regular_limit_ends_the_one_before_and_leaves_the_temporary_alone(world: World) -> None:
    customer, today = debtor(world), world.today
    grant(world, customer, 1_000_00)
    later = today + timedelta(days=5)
    grant(world, customer, 500_00, kind="temporary", valid_to=today + timedelta(days=9))
    grant(world, customer, 800_00, valid_from=later)
    days = {day: total_on(world, customer, today + timedelta(days=day)) for day in (-1, 0, 4, 5, 9, 10)}
    assert days == {-1: None, 0: 1_500_00, 4: 1_500_00, 5: 1_300_00, 9: 1_300_00, 10: 800_00}


def test_one_granted_twice_on_a_day_counts_as_the_last_said(world: World) -> None:
    customer = debtor(world)
    grant(world, customer, 1_000_00)
    grant(world, customer, 0)
    assert total_on(world, customer, world.today) == 0


def test_a_limit_decided_after_its_first_day_begins_on_the_day_of_the_decision(world: World) -> None:
    customer = debtor(world)
    grant(world, customer, 1_000_00, valid_from=world.today - timedelta(days=3))
    assert total_on(world, customer, world.today - timedelta(days=1)) is None
    grant(world, customer, 700_00, valid_from=world.today - timedelta(days=3), source="taken_over")
    assert total_on(world, customer, world.today - timedelta(days=1)) == 700_00


@pytest.mark.parametrize(
    ("more", "code"),
    [({"valid_to": date(2026, 1, 1)}, "limit_over"), ({"kind": "temporary"}, "limit_temporary_ends")],
)
def test_what_cannot_be_a_limit_is_refused(world: World, more: dict[str, object], code: str) -> None:
    customer = debtor(world)
    with pytest.raises(RuleBroken, match=code):
        grant(world, customer, 1_000_00, **more)


def test_no_limit_above_zero_while_the_customer_file_has_gaps(world: World) -> None:
    customer = world.customer()
    grant(world, customer, 0)
    for minor in (1, None):
        with pytest.raises(RuleBroken, match="limit_file_gaps"):
            grant(world, customer, minor)
    grant(world, customer, 1_000_00, source="taken_over")
    grant(world, customer, 999_99)
    with pytest.raises(RuleBroken, match="limit_file_gaps"):
        grant(world, customer, 999_99)
    world.complete_file(customer)
    grant(world, customer, None)
    assert world.credit_account(customer).limit.unlimited
