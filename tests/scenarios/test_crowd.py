"""Many at once on the customers of one group: no ship passes the limit, no money is spent twice, nobody is crossed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from random import Random
from uuid import UUID

from ar.credit.checks.examination import credit_checks
from ar.credit.checks.holds.commands import lift_stop
from ar.credit.checks.holds.inputs import LiftStop
from ar.credit.lookups import CustomerAccount, customer_accounts
from ar.credit.rules.policy import DEFAULT_POLICY
from ar.customers.inputs import SetStanding
from ar.customers.register.standing import set_standing
from ar.ledger.commands import reverse_item
from ar.sales.lookups import order_facts
from ar.sales.orders.examination import sales_checks
from kernel.errors import HuikuanError
from tests.support.approvals import approve_all, everybody
from tests.support.world import World

AT_ONCE = 16
Deed = Callable[[], object]


def crowd(deeds: list[Deed]) -> Counter[str]:
    """Does all deeds, many at once, each by a connection of its own; counts what became of them.

    What the product does not answer, such as a deadlock, is raised.
    """

    def outcome(deed: Deed) -> str:
        try:
            found = deed()
        except HuikuanError as refused:
            return refused.code
        passes = getattr(found, "passes", None)
        return "done" if passes is None else "passes" if passes else "held"

    Random(7).shuffle(deeds)  # noqa: S311 - the same crowd every time
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(outcome, deeds))


def group(world: World, limit_minor: int, *numbers: str) -> tuple[UUID, list[UUID]]:
    """Makes a head with a limit, and members that live on it."""
    head, members = world.buyer(limit_minor, "HEAD"), []
    for number in numbers:
        members.append(world.customer(number))
        world.complete_file(members[-1])
        join(world, members[-1])
    return head, members


def join(world: World, member: UUID, head_no: str = "HEAD") -> None:
    with world.transaction() as db:
        set_standing(db, world.actor(), member, SetStanding(head_no=head_no, group_kind="parent" if head_no else None))


def account_of_group(world: World, head: UUID) -> CustomerAccount:
    with world.reading() as db:
        found = customer_accounts(db, world.tenant_id, [head], DEFAULT_POLICY, today=world.today).group_of(head)
    assert found is not None
    return found


def held_notes(world: World, customers: list[UUID], each: int, price: str, **more: bool) -> list[UUID]:
    """Returns notes of orders that are held by a stop, which is lifted then: nothing is committed yet."""
    notes = []
    for customer in customers:
        stop = world.stop_shipments(customer)
        for _ in range(each):
            order = world.order(customer, ("valve", "1", price), **more)
            assert not world.confirm(order).passes
            notes.append(world.note(order))
        with world.transaction() as db:
            lift_stop(db, world.actor(), stop, LiftStop(reason="settled"))
    return notes


def examined(world: World) -> list[str]:
    """Returns what the examination finds wrong."""
    with world.reading() as db:
        checks = [*credit_checks(db, world.tenant_id), *sales_checks(db, world.tenant_id)]
    return [f"{check.name}: {check.detail}" for check in checks if not check.ok] + world.ledger_findings()


def test_fifty_ships_of_a_group_at_once_never_pass_its_limit(world: World) -> None:
    head, members = group(world, 300_00, "A", "B", "C")
    own = members[2]
    world.limit(own, 30_00)
    world.invoice(members[0], number="I-1", minor=71_00)
    notes = held_notes(world, [head, members[0], members[1]], 13, "9.00") + held_notes(world, [own], 11, "9.00")
    found = crowd([partial(world.ship, note) for note in notes])
    assert found == {"passes": 25, "held": 25}, "229.00 are left, 25 times 9.00"
    account = account_of_group(world, head)
    assert (account.exposure_minor, account.is_over) == (296_00, False)
    assert (world.credit_account(own).exposure_minor or 0) <= 30_00
    assert examined(world) == []


def test_money_in_hand_is_spent_once_by_many_prepaid_ships_at_once(world: World) -> None:
    customer = world.buyer(0)
    world.receipt(customer, number="R-1", minor=22_00)
    notes = held_notes(world, [customer], 12, "5.00", prepaid=True)
    assert crowd([partial(world.ship, note) for note in notes]) == {"passes": 4, "held": 8}
    assert world.credit_account(customer).exposure_minor == -2_00


def test_an_approved_excess_serves_one_of_many_ships_at_once(world: World) -> None:
    customer, until = world.buyer(100_00), world.today + timedelta(days=9)
    world.invoice(customer, number="I-1", minor=95_00)
    for_all = ("sales_manager", "finance_director", "general_manager")
    everybody(world, for_all)
    notes = held_notes(world, [customer], 9, "10.00")
    order = world.delivery(notes[4]).order_id
    with world.reading() as db:
        facts = order_facts(db, world.tenant_id, order)
    approve_all(world, world.request_over_limit(customer, facts, until), world.today)
    assert crowd([partial(world.ship, note) for note in notes]) == {"passes": 1, "held": 8}
    assert world.delivery(notes[4]).state == "shipped"


def test_orders_of_a_group_live_side_by_side_without_crossing(world: World) -> None:
    _head, members = group(world, 1_000_000_00, "A", "B")
    for member in members:
        world.limit(member, 1_000_000_00)
    deeds: list[Deed] = [partial(life, world, members[n % 2], "AB"[n % 2], n) for n in range(24)]
    deeds += [partial(join, world, members[n % 2], "HEAD" if n % 4 else "") for n in range(8)]
    found = crowd(deeds)
    assert found["done"] >= 24
    assert set(found) <= {"done", "group_changed"}, "and whose group changed at that moment is asked to try again"
    assert examined(world) == []


def life(world: World, customer: UUID, number: str, n: int) -> None:
    """An order from its entry to its end, with what can go wrong on the way."""
    order = world.order(customer, ("valve", "4", "100"))
    assert world.confirm(order).passes
    note = world.note(order, (1, "2"))
    assert world.ship(note).passes
    signature = world.sign(note)
    if n % 3 == 0:
        world.counter(signature)
        world.sign(note)
    invoice = world.invoice_note(note)
    match n % 4:
        case 0:
            with world.transaction() as db:
                reverse_item(db, world.actor(), invoice)
        case 1:
            world.unapply(world.pay(invoice, minor=100_00, number=f"R-{n}"), on=world.today)
            world.take_back(note, (1, "1"))
        case 2:
            issued_on = date(2026, 11, 1)
            world.bill(
                f"B-{n}", customer_no=number, kind="commercial", amount="50.00", issued_on=issued_on, tenor_months=3,
                received_on=world.today,
            )  # fmt: skip
    world.close_short(order)
