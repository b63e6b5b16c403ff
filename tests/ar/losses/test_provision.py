"""Provision runs on real books: what is booked, what the movement says, what refuses; bad debts between two runs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ar.ledger.closing import lock_through
from ar.losses import provision
from ar.losses.inputs import PostProvision
from ar.losses.views import RunPage
from kernel.errors import Conflict, HuikuanError, RuleBroken
from tests.ar.losses.desk import TODAY, LossDesk, key
from tests.support.companies import TestCompany


@pytest.fixture
def desk(company: TestCompany) -> LossDesk:
    return LossDesk(company)


def movement(run: RunPage) -> dict[str, int]:
    return {each["line"]: each["minor"] for each in run.figures["movement"]}


def furnished(desk: LossDesk) -> Any:
    """A customer that owes in each of the five buckets."""
    customer = desk.books.customer()
    for number, (minor, late) in enumerate(
        [(15_000_00, -5), (7_500_00, 10), (4_000_00, 40), (2_500_00, 70), (1_000_00, 200)]
    ):
        desk.owe(customer, f"INV-{number}", minor, late)
    return customer


def test_the_run_books_what_the_matrix_asks_for(desk: LossDesk) -> None:
    furnished(desk)
    desk.policy()
    run = desk.post()
    # 15,000 / 7,500 / 4,000 / 2,500 / 1,000 at 0.3 / 1.6 / 3.6 / 6.6 / 10.6 %
    assert [each["amount"] for each in run.figures["buckets"]] == [45_00, 120_00, 144_00, 165_00, 106_00]
    assert run.run.required_minor == 580_00
    assert (desk.account("bad_debt_expense"), desk.account("allowance")) == (580_00, -580_00)
    assert movement(run) == {
        "opening": 0,
        "charge": 580_00,
        "reversal": 0,
        "write_off": 0,
        "recovery": 0,
        "closing": 580_00,
    }
    assert desk.findings() == []


def test_a_second_run_of_the_day_finds_nothing_and_a_lower_need_is_released(desk: LossDesk) -> None:
    furnished(desk)
    desk.policy()
    desk.post()
    again = desk.post()
    assert (again.run.charge_minor, again.run.entry_id) == (0, None)
    assert desk.account("allowance") == -580_00
    desk.policy(rate=["0", "0", "0", "0", "10"])
    lower = desk.post()
    assert (lower.run.charge_minor, movement(lower)["reversal"]) == (-480_00, -480_00)
    assert (desk.account("bad_debt_expense"), desk.account("allowance")) == (100_00, -100_00)


def test_the_movement_ties_to_the_account_between_two_runs(desk: LossDesk) -> None:
    customer = furnished(desk)
    lost = desk.owe(customer, "INV-LOST", 300_00, 100)
    desk.policy()
    first = desk.post(TODAY)
    case_id = desk.write_off(customer, lost)
    desk.recover(case_id, "120.00")
    second = desk.post(TODAY)
    lines = movement(second)
    assert lines["opening"] == first.run.required_minor
    assert (lines["write_off"], lines["recovery"]) == (-300_00, 120_00)
    assert sum(minor for line, minor in lines.items() if line != "closing") == lines["closing"] == 580_00
    assert desk.account("allowance") == -580_00
    assert desk.findings() == []


def test_a_document_judged_by_itself_leaves_the_buckets_and_comes_back(desk: LossDesk) -> None:
    customer = desk.books.customer()
    desk.owe(customer, "INV-1", 1_000_00, 10)
    desk.owe(customer, "INV-2", 2_000_00, 10)
    desk.policy()
    desk.assess("INV-2", "75")
    run = desk.post()
    assert run.run.required_minor == 16_00 + 1_500_00
    assert [(each["document_no"], each["amount"]) for each in run.figures["judged"]] == [("INV-2", 1_500_00)]
    desk.assess("INV-2", None, "恢复付款")
    assert desk.preview().required_minor == 48_00
    with pytest.raises(RuleBroken, match="provision_item_unknown"):
        desk.assess("NONE", "10")
    with pytest.raises(RuleBroken, match="provision_item_unassessed"):
        desk.assess("INV-1", None)


def test_foreign_debts_count_at_the_rate_of_the_day_and_a_missing_rate_is_named(desk: LossDesk) -> None:
    customer = desk.books.customer()
    desk.owe(customer, "INV-U", 1_000_00, 10, currency="USD")
    desk.policy()
    with pytest.raises(RuleBroken) as refused:
        desk.preview()
    assert (refused.value.code, refused.value.params["currencies"]) == ("provision_rate_missing", "USD")
    desk.rate("USD", "7.10", TODAY - timedelta(days=3))
    assert desk.post().run.required_minor == 113_60  # 16.00 USD × 7.10
    desk.rate("USD", "7.20", TODAY)
    assert desk.post().run.required_minor == 115_20


def test_a_foreign_write_off_is_valued_anew_and_the_difference_is_shown(desk: LossDesk) -> None:
    customer = desk.books.customer()
    lost = desk.owe(customer, "INV-U", 1_000_00, 200, currency="USD")
    desk.rate("USD", "7.00", TODAY - timedelta(days=9))
    desk.policy(rate=["0", "0", "0", "0", "100"])
    desk.post(TODAY - timedelta(days=1))
    desk.write_off(customer, lost)
    desk.rate("USD", "7.10", TODAY)
    run = desk.post()
    lines = movement(run)
    assert (lines["opening"], lines["write_off"]) == (7_000_00, -7_100_00)
    assert (lines["charge"], lines["closing"]) == (100_00, 0)
    desk.books.today = desk.today = TODAY + timedelta(days=30)
    desk.rate("USD", "7.30", desk.today)
    later = movement(desk.post())
    assert (later["opening"], later["fx"], later["charge"], later["closing"]) == (0, -200_00, 200_00, 0)


def test_migration_rates_come_from_the_month_ends_of_the_ledger(desk: LossDesk) -> None:
    """1,000 due 31 August is late in September; 400 of it are paid, 600 move on to the next bucket in October."""
    customer, books = desk.books.customer(), desk.books
    debt = books.post(customer, "invoice", "INV-1", date(2026, 8, 1), 1_000_00, due_on=date(2026, 9, 15))
    paid = books.post(customer, "receipt", "RC-X", date(2026, 10, 10), 400_00)
    books.allocate(debt, paid, 400_00)
    desk.policy(method="migration", through=["0", "30", ""], rate=["0", "0", "0"], months="2", lgd="50", fallback="20")
    run = desk.post(date(2026, 10, 31))
    measured = run.figures["migration"]
    assert measured["days"] == ["2026-08-31", "2026-09-30", "2026-10-31"]
    assert measured["snapshots"] == [[1_000_00, 0, 0], [0, 1_000_00, 0], [0, 0, 600_00]]
    assert [roll["months"] for roll in measured["rolls"]] == [[1_000_000, None], [None, 600_000]]
    rates = [each["rate_ppm"] for each in run.figures["buckets"]]
    assert rates == [300_000, 300_000, 500_000]
    assert run.run.required_minor == 300_00


def test_nothing_measured_takes_the_assumed_roll(desk: LossDesk) -> None:
    customer = desk.books.customer()
    desk.owe(customer, "INV-1", 1_000_00, -5)
    desk.policy(method="migration", through=["0", "30", ""], rate=["0", "0", "0"], months="1", lgd="50", fallback="20")
    figures = desk.preview().figures
    assert [roll["assumed"] for roll in figures["migration"]["rolls"]][1] is True
    assert [roll["average"] for roll in figures["migration"]["rolls"]][1] is None


def test_the_last_run_is_taken_back_once_and_the_next_goes_on_from_the_one_before(desk: LossDesk) -> None:
    furnished(desk)
    desk.policy()
    first = desk.post(TODAY - timedelta(days=1))
    desk.policy(rate=["10", "10", "10", "10", "10"])
    second = desk.post()
    with pytest.raises(RuleBroken, match="provision_not_last"):
        desk.reverse(first.run.id)
    desk.reverse(second.run.id)
    assert desk.account("allowance") == -first.run.required_minor
    with pytest.raises(Conflict, match="provision_reversed"):
        desk.reverse(second.run.id)
    third = desk.post()
    assert movement(third)["opening"] == first.run.required_minor
    assert "other" not in movement(third)
    assert sum(minor for line, minor in movement(third).items() if line != "closing") == third.run.required_minor
    assert desk.findings() == []


def test_what_is_posted_is_what_was_seen_and_only_once(desk: LossDesk) -> None:
    customer = furnished(desk)
    desk.policy()
    seen = desk.preview()
    data = PostProvision(as_of=TODAY, fingerprint=seen.fingerprint, key=key())
    desk.owe(customer, "INV-NEW", 1_000_00, 20)
    with pytest.raises(Conflict, match="provision_changed"), desk.company.transaction() as db:
        provision.post_run(db, desk.actor(), data)
    assert desk.account("allowance") == 0
    data = PostProvision(as_of=TODAY, fingerprint=desk.preview().fingerprint, key=key())
    found = []
    for _again in range(2):
        with desk.company.transaction() as db:
            found.append(provision.post_run(db, desk.actor(), data))
    assert found[0] == found[1]
    assert desk.account("allowance") == -596_00


def test_a_locked_day_a_later_run_and_the_future_refuse(desk: LossDesk) -> None:
    furnished(desk)
    with pytest.raises(RuleBroken, match="provision_policy_missing"):
        desk.preview()
    desk.policy()
    with pytest.raises(RuleBroken, match="provision_in_future"):
        desk.preview(TODAY + timedelta(days=1))
    month_end = date(2026, 10, 31)
    with desk.company.transaction() as db:
        lock_through(db, desk.actor(), month_end)
    with pytest.raises(RuleBroken, match="period_locked"):
        desk.post(month_end)
    desk.post()
    with pytest.raises(RuleBroken, match="provision_later_run"):
        desk.preview(TODAY - timedelta(days=1))


def test_the_same_policy_again_is_no_new_version(desk: LossDesk) -> None:
    first = desk.policy()
    assert desk.policy() == first
    assert desk.policy(lgd="80") != first


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
def test_a_policy_that_cannot_be_is_refused(desk: LossDesk, values: dict[str, Any]) -> None:
    with pytest.raises((ValueError, HuikuanError)):
        desk.policy(**values)
