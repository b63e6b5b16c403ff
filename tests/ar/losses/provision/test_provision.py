"""Provision runs on real books: what is booked, what the movement says, what refuses; bad debts between two runs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ar.ledger.closing.commands import lock_through
from ar.losses.provision import commands as provision
from ar.losses.provision.inputs import PostProvision
from ar.losses.provision.queries import RunPage
from kernel.errors import Conflict, HuikuanError, RuleBroken
from tests.support.world import TODAY, World
from tests.support.world.base import fresh_key


def movement_of(run: RunPage) -> dict[str, int]:
    return {each["line"]: each["minor"] for each in run.figures["movement"]}


def debtor_in_every_bucket(world: World) -> Any:
    """Makes a customer who owes in each of the five buckets."""
    customer = world.customer()
    for number, (minor, late) in enumerate(
        [(15_000_00, -5), (7_500_00, 10), (4_000_00, 40), (2_500_00, 70), (1_000_00, 200)]
    ):
        world.late_invoice(customer, number=f"INV-{number}", minor=minor, days_late=late)
    return customer


def test_the_run_books_what_the_matrix_asks_for(world: World) -> None:
    debtor_in_every_bucket(world)
    world.provision_policy()
    run = world.post_provision()
    # 15,000 / 7,500 / 4,000 / 2,500 / 1,000 at 0.3 / 1.6 / 3.6 / 6.6 / 10.6 %
    assert [each["amount"] for each in run.figures["buckets"]] == [45_00, 120_00, 144_00, 165_00, 106_00]
    assert run.run.required_minor == 580_00
    assert (world.balance_of("bad_debt_expense"), world.balance_of("allowance")) == (580_00, -580_00)
    assert movement_of(run) == {
        "opening": 0,
        "charge": 580_00,
        "reversal": 0,
        "write_off": 0,
        "recovery": 0,
        "closing": 580_00,
    }
    assert world.losses_findings() == []


def test_a_second_run_of_the_day_finds_nothing_and_a_lower_need_is_released(world: World) -> None:
    debtor_in_every_bucket(world)
    world.provision_policy()
    world.post_provision()
    again = world.post_provision()
    assert (again.run.charge_minor, again.run.entry_id) == (0, None)
    assert world.balance_of("allowance") == -580_00
    world.provision_policy(rate=["0", "0", "0", "0", "10"])
    lower = world.post_provision()
    assert (lower.run.charge_minor, movement_of(lower)["reversal"]) == (-480_00, -480_00)
    assert (world.balance_of("bad_debt_expense"), world.balance_of("allowance")) == (100_00, -100_00)


def test_the_movement_ties_to_the_account_between_two_runs(world: World) -> None:
    customer = debtor_in_every_bucket(world)
    lost = world.late_invoice(customer, number="INV-LOST", minor=300_00, days_late=100)
    world.provision_policy()
    first = world.post_provision(TODAY)
    case_id = world.bad_debt(customer, lost)
    world.recover_money(case_id, "120.00")
    second = world.post_provision(TODAY)
    lines = movement_of(second)
    assert lines["opening"] == first.run.required_minor
    assert (lines["write_off"], lines["recovery"]) == (-300_00, 120_00)
    assert sum(minor for line, minor in lines.items() if line != "closing") == lines["closing"] == 580_00
    assert world.balance_of("allowance") == -580_00
    assert world.losses_findings() == []


def test_a_document_judged_by_itself_leaves_the_buckets_and_comes_back(world: World) -> None:
    customer = world.customer()
    world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=10)
    world.late_invoice(customer, number="INV-2", minor=2_000_00, days_late=10)
    world.provision_policy()
    world.assess_item("INV-2", "75")
    run = world.post_provision()
    assert run.run.required_minor == 16_00 + 1_500_00
    assert [(each["document_no"], each["amount"]) for each in run.figures["judged"]] == [("INV-2", 1_500_00)]
    world.assess_item("INV-2", None, reason="恢复付款")
    assert world.provision_preview().required_minor == 48_00
    with pytest.raises(RuleBroken, match="provision_item_unknown"):
        world.assess_item("NONE", "10")
    with pytest.raises(RuleBroken, match="provision_item_unassessed"):
        world.assess_item("INV-1", None)


def test_foreign_debts_count_at_the_rate_of_the_day_and_a_missing_rate_is_named(world: World) -> None:
    customer = world.customer()
    world.late_invoice(customer, number="INV-U", minor=1_000_00, days_late=10, currency="USD")
    world.provision_policy()
    with pytest.raises(RuleBroken) as refused:
        world.provision_preview()
    assert (refused.value.code, refused.value.params["currencies"]) == ("provision_rate_missing", "USD")
    world.rate("USD", "7.10", on=TODAY - timedelta(days=3))
    assert world.post_provision().run.required_minor == 113_60  # 16.00 USD × 7.10
    world.rate("USD", "7.20", on=TODAY)
    assert world.post_provision().run.required_minor == 115_20


def test_a_foreign_write_off_is_valued_anew_and_the_difference_is_shown(world: World) -> None:
    customer = world.customer()
    lost = world.late_invoice(customer, number="INV-U", minor=1_000_00, days_late=200, currency="USD")
    world.rate("USD", "7.00", on=TODAY - timedelta(days=9))
    world.provision_policy(rate=["0", "0", "0", "0", "100"])
    world.post_provision(TODAY - timedelta(days=1))
    world.bad_debt(customer, lost)
    world.rate("USD", "7.10", on=TODAY)
    run = world.post_provision()
    lines = movement_of(run)
    assert (lines["opening"], lines["write_off"]) == (7_000_00, -7_100_00)
    assert (lines["charge"], lines["closing"]) == (100_00, 0)
    world = world.on(TODAY + timedelta(days=30))
    world.rate("USD", "7.30", on=world.today)
    later = movement_of(world.post_provision())
    assert (later["opening"], later["fx"], later["charge"], later["closing"]) == (0, -200_00, 200_00, 0)


def test_migration_rates_come_from_the_month_ends_of_the_ledger(world: World) -> None:
    """1,000 due 31 August is late in September; 400 of it are paid, 600 move on to the next bucket in October."""
    customer = world.customer()
    debt = world.invoice(customer, number="INV-1", on=date(2026, 8, 1), minor=1_000_00, due_on=date(2026, 9, 15))
    paid = world.receipt(customer, number="RC-X", on=date(2026, 10, 10), minor=400_00)
    world.allocate(debt, paid, minor=400_00)
    world.provision_policy(
        method="migration", through=["0", "30", ""], rate=["0", "0", "0"], months="2", lgd="50", fallback="20"
    )
    run = world.post_provision(date(2026, 10, 31))
    measured = run.figures["migration"]
    assert measured["days"] == ["2026-08-31", "2026-09-30", "2026-10-31"]
    assert measured["snapshots"] == [[1_000_00, 0, 0], [0, 1_000_00, 0], [0, 0, 600_00]]
    assert [roll["months"] for roll in measured["rolls"]] == [[1_000_000, None], [None, 600_000]]
    rates = [each["rate_ppm"] for each in run.figures["buckets"]]
    assert rates == [300_000, 300_000, 500_000]
    assert run.run.required_minor == 300_00


def test_nothing_measured_takes_the_assumed_roll(world: World) -> None:
    customer = world.customer()
    world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=-5)
    world.provision_policy(
        method="migration", through=["0", "30", ""], rate=["0", "0", "0"], months="1", lgd="50", fallback="20"
    )
    figures = world.provision_preview().figures
    assert [roll["assumed"] for roll in figures["migration"]["rolls"]][1] is True
    assert [roll["average"] for roll in figures["migration"]["rolls"]][1] is None


def test_the_last_run_is_taken_back_once_and_the_next_goes_on_from_the_one_before(world: World) -> None:
    debtor_in_every_bucket(world)
    world.provision_policy()
    first = world.post_provision(TODAY - timedelta(days=1))
    world.provision_policy(rate=["10", "10", "10", "10", "10"])
    second = world.post_provision()
    with pytest.raises(RuleBroken, match="provision_not_last"):
        world.reverse_provision(first.run.id)
    world.reverse_provision(second.run.id)
    assert world.balance_of("allowance") == -first.run.required_minor
    with pytest.raises(Conflict, match="provision_reversed"):
        world.reverse_provision(second.run.id)
    third = world.post_provision()
    assert movement_of(third)["opening"] == first.run.required_minor
    assert "other" not in movement_of(third)
    assert sum(minor for line, minor in movement_of(third).items() if line != "closing") == third.run.required_minor
    assert world.losses_findings() == []


def test_what_is_posted_is_what_was_seen_and_only_once(world: World) -> None:
    customer = debtor_in_every_bucket(world)
    world.provision_policy()
    seen = world.provision_preview()
    data = PostProvision(as_of=TODAY, fingerprint=seen.fingerprint, key=fresh_key())
    world.late_invoice(customer, number="INV-NEW", minor=1_000_00, days_late=20)
    with pytest.raises(Conflict, match="provision_changed"), world.transaction() as db:
        provision.post_run(db, world.actor(), data)
    assert world.balance_of("allowance") == 0
    data = PostProvision(as_of=TODAY, fingerprint=world.provision_preview().fingerprint, key=fresh_key())
    found = []
    for _again in range(2):
        with world.transaction() as db:
            found.append(provision.post_run(db, world.actor(), data))
    assert found[0] == found[1]
    assert world.balance_of("allowance") == -596_00


def test_a_locked_day_a_later_run_and_the_future_refuse(world: World) -> None:
    debtor_in_every_bucket(world)
    with pytest.raises(RuleBroken, match="provision_policy_missing"):
        world.provision_preview()
    world.provision_policy()
    with pytest.raises(RuleBroken, match="provision_in_future"):
        world.provision_preview(TODAY + timedelta(days=1))
    month_end = date(2026, 10, 31)
    with world.transaction() as db:
        lock_through(db, world.actor(), month_end)
    with pytest.raises(RuleBroken, match="period_locked"):
        world.post_provision(month_end)
    world.post_provision()
    with pytest.raises(RuleBroken, match="provision_later_run"):
        world.provision_preview(TODAY - timedelta(days=1))


def test_the_same_policy_again_is_no_new_version(world: World) -> None:
    first = world.provision_policy()
    assert world.provision_policy() == first
    assert world.provision_policy(lgd="80") != first


@pytest.mark.parametrize(
    "values",
    [
        {"rate": ["0.3", "1.6", "3.6", "6.6", "100.1"]},
        {"rate": ["0.3", "1.6", "3.6", "6.6", "1.234"]},
        {"rate": ["0.3", "1.6", "3.6", "6.6", ""], "through": ["0", "30", "60", "90", "120"]},
        {"through": ["0", "30", "30", "90", ""]},
        {"through": ["0", "30", "60", "90", "120"]},
        {"factor": "1.2"},
        {"factor": "0", "factor_reason": "经济下行"},
        {"months": "0"},
    ],
)
def test_a_policy_that_cannot_be_is_refused(world: World, values: dict[str, Any]) -> None:
    with pytest.raises((ValueError, HuikuanError)):
        world.provision_policy(**values)
