"""Owners: exactly one, handed over many at once, with a history whichever way they changed (R003, R004)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.customers.commands import edit_customer
from ar.customers.inputs import EditCustomer, HandOver
from ar.customers.register.owner_queries import owned_customers, owner_history
from ar.customers.register.owners import hand_over
from kernel.actor import Actor
from kernel.errors import RuleBroken
from tenants.models import Membership
from tests.support.approvals import on, person
from tests.support.world import TODAY, World


@pytest.fixture(name="manager")
def _manager(world: World) -> Actor:
    return on(person(world, "sales_manager"), world, TODAY)


def _seller(world: World, name: str) -> UUID:
    user_id = person(world, "salesperson", name=name).user_id
    assert user_id is not None
    return user_id


def _give(world: World, manager: Actor, to: UUID, *customers: UUID, on_day: date = TODAY) -> int:
    data = HandOver(customer_ids=list(customers), to_id=to, changed_on=on_day, reason="王强离职")
    with world.transaction() as db:
        return hand_over(db, manager, data)


def _history(world: World, customer: UUID) -> list[tuple[str | None, str | None, date, str]]:
    with world.reading() as db:
        found = owner_history(db, world.tenant_id, customer)
    return [(each.from_name, each.to_name, each.changed_on, each.reason) for each in found]


def _numbers(world: World, owner: str) -> list[str]:
    with world.reading() as db:
        rows, total = owned_customers(db, world.tenant_id, owner=owner)
    assert total == len(rows)
    return [row.number for row in rows]


def test_many_customers_change_hands_at_once_and_the_history_says_so(world: World, manager: Actor) -> None:
    li, wang = _seller(world, "李雪"), _seller(world, "王强")
    first, second = world.customer("1"), world.customer("2")
    assert _give(world, manager, wang, first, second) == 2
    assert _give(world, manager, li, first, second, on_day=date(2026, 11, 1)) == 2
    assert _give(world, manager, li, first, second) == 0, "what is theirs stays as it is"
    assert _history(world, first) == [
        ("王强", "李雪", date(2026, 11, 1), "王强离职"),
        (None, "王强", TODAY, "王强离职"),
    ]
    assert _numbers(world, str(li)) == ["1", "2"]


def test_who_has_no_owner_or_one_who_left_stands_on_the_managers_list(world: World, manager: Actor) -> None:
    wang = _seller(world, "王强")
    kept, left = world.customer("1"), world.customer("2")
    assert _numbers(world, "nobody") == ["1", "2"]
    _give(world, manager, _seller(world, "李雪"), kept)
    _give(world, manager, wang, left)
    assert _numbers(world, "nobody") == []
    with world.transaction() as db:
        db.execute(
            sa.update(Membership)
            .where(Membership.tenant_id == world.tenant_id, Membership.user_id == wang)
            .values(active=False)
        )
    assert _numbers(world, "nobody") == ["2"]


def test_every_other_way_of_changing_the_owner_is_in_the_history_too(world: World, manager: Actor) -> None:
    li = _seller(world, "李雪")
    customer = world.customer("1")
    form = EditCustomer.model_validate({"name": "深圳鑫晟电子", "owner_id": str(li), "term_days": 30})
    with world.transaction() as db:
        edit_customer(db, world.actor(), customer, form)
    assert _history(world, customer) == [(None, "李雪", TODAY, "")]


def test_a_hand_over_wants_a_member_a_day_that_has_come_and_customers(world: World, manager: Actor) -> None:
    li, customer = _seller(world, "李雪"), world.customer("1")
    with pytest.raises(RuleBroken, match="hand_over_later"):
        _give(world, manager, li, customer, on_day=date(2026, 11, 21))
    with pytest.raises(RuleBroken, match="hand_over_nobody_ticked"):
        _give(world, manager, li)
    with pytest.raises(RuleBroken, match="owner_unknown"):
        _give(world, manager, customer, customer)
