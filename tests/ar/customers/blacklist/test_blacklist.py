"""The blacklist: in and out by two decisions, every order refused while listed (R079)."""

from __future__ import annotations

from uuid import UUID

import pytest

from ar.credit.rules.decision import OrderFacts
from ar.customers.blacklist import commands
from ar.customers.blacklist.inputs import ProposeListing
from ar.customers.blacklist.queries import BlacklistLine, entries
from ar.customers.lookups import blacklisted_since
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tenants.approvals.engine import decide, withdraw
from tests.support.approvals import on, person
from tests.support.world import TODAY, World

WHY = ProposeListing(reason="欠款两年，三次失约")


class Deciders:
    """Who proposes and who decides."""

    def __init__(self, world: World) -> None:
        roles = ("collector", "finance_director", "general_manager")
        self.collector, self.director, self.manager = (on(person(world, role), world, TODAY) for role in roles)


@pytest.fixture(name="people")
def _people(world: World) -> Deciders:
    return Deciders(world)


def _decide(world: World, who: Actor, approval: UUID | None, *, approve: bool = True) -> None:
    assert approval is not None
    with world.transaction() as db:
        decide(db, who, approval, approve=approve, reason="看过材料")


def _propose(world: World, people: Deciders, customer: UUID) -> UUID:
    with world.transaction() as db:
        return commands.propose_entry(db, people.collector, customer, WHY)


def _entry(world: World) -> BlacklistLine:
    with world.reading() as db:
        return entries(db, world.tenant_id)[0][0]


def _codes(world: World, customer: UUID) -> list[str]:
    order = OrderFacts(new_id(), "SO-1", "CNY", 100_00, 100_00, 30)
    return [reason.code for reason in world.check_order(customer, order).reasons]


def _is_listed(world: World, customer: UUID) -> bool:
    with world.reading() as db:
        return customer in blacklisted_since(db, world.tenant_id, [customer], "Asia/Shanghai")


def test_two_decisions_put_a_customer_on_the_list_and_two_take_it_off(world: World, people: Deciders) -> None:
    customer = world.customer("1")
    world.limit(customer, 1_000_00)
    _propose(world, people, customer)
    assert "blacklist" not in _codes(world, customer)
    _decide(world, people.director, _entry(world).approval_id)
    assert "blacklist" not in _codes(world, customer), "nothing changes before the last decision"
    _decide(world, people.manager, _entry(world).approval_id)
    assert "blacklist" in _codes(world, customer)
    with world.transaction() as db:
        exit_id = commands.propose_exit(db, people.collector, _entry(world).id, ProposeListing(reason="已全部付清"))
    _decide(world, people.director, exit_id)
    assert _is_listed(world, customer), "listed until the last decision"
    _decide(world, people.manager, exit_id)
    assert not _is_listed(world, customer)
    assert (_entry(world).state, _entry(world).exit_reason) == ("delisted", "已全部付清")
    assert _propose(world, people, customer), "a new debt may put it there again"


def test_an_entry_that_is_refused_or_withdrawn_blocks_nothing(world: World, people: Deciders) -> None:
    refused, withdrawn = world.customer("1"), world.customer("2")
    _propose(world, people, refused)
    _decide(world, people.director, _entry(world).approval_id, approve=False)
    assert (_entry(world).state, _is_listed(world, refused)) == ("refused", False)
    _propose(world, people, withdrawn)
    with world.transaction() as db:
        withdraw(db, people.collector, _entry(world).approval_id or new_id(), "看错了")
    assert not _is_listed(world, withdrawn)


def test_an_exit_that_is_refused_leaves_the_customer_listed_and_may_be_asked_for_again(
    world: World, people: Deciders
) -> None:
    customer = world.customer("1")
    _propose(world, people, customer)
    for who in (people.director, people.manager):
        _decide(world, who, _entry(world).approval_id)
    for _time in range(2):
        with world.transaction() as db:
            exit_id = commands.propose_exit(db, people.collector, _entry(world).id, WHY)
        _decide(world, people.director, exit_id, approve=False)
        assert _is_listed(world, customer)
        assert _entry(world).exit_approval_id is None


def test_a_customer_has_one_open_entry(world: World, people: Deciders) -> None:
    customer = world.customer("1")
    entry = _propose(world, people, customer)
    with pytest.raises(RuleBroken, match="blacklist_open"):
        _propose(world, people, customer)
    with pytest.raises(Conflict, match="blacklist_not_listed"), world.transaction() as db:
        commands.propose_exit(db, people.collector, entry, WHY)
