"""The daily run as a collector sees it: which step comes when, what is held, and that nothing comes twice."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ar.cases.commands import lift_block, place_block, publish_policy, run_day
from ar.cases.inputs import PlaceBlock
from ar.cases.policy import PRESETS, form_of, load_preset
from ar.cases.texts import has_texts
from ar.ledger.allocation import reverse_allocation
from kernel.db import transaction
from kernel.errors import RuleBroken
from tests.ar.cases.desk import Desk, Postbox
from tests.support.companies import TestCompany
from tests.support.statements import counted

# Weekdays; Monday is 2026-11-02.
DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)


def test_first_step_comes_on_the_day_after_the_collection_period_and_says_why(desk: Desk) -> None:
    desk.invoice("A1", DUE)
    assert desk.run(DUE) == []
    (line,) = desk.run(MONDAY)
    assert (line.customer_no, line.document_no, line.policy, line.step) == ("00001", "A1", "five-step", "due_notice")
    assert (line.nominal_on, line.runs_on, line.open_minor, line.currency) == (MONDAY, MONDAY, 100_000, "CNY")
    assert line.status == "proposed"
    assert line.why == "Level 1, 1 day after the end of the collection period (2026-11-01): due on 2026-11-02."


def test_a_second_run_of_the_day_adds_nothing(desk: Desk) -> None:
    """28, first half."""
    item = desk.invoice("A1", DUE)
    assert len(desk.run(MONDAY)) == 1
    assert desk.run(MONDAY) == []
    assert len(desk.steps(item)) == 1


def test_two_runs_at_once_make_one_set_of_steps(desk: Desk) -> None:
    """28: concurrently."""
    for n in range(20):
        desk.invoice(f"A{n}", DUE, customer=f"0000{n % 4}")
    gate = threading.Barrier(3)
    failures: list[BaseException] = []

    def one_run() -> None:
        try:
            gate.wait(10)
            with transaction(desk.company.tenant_id) as db:
                run_day(db, desk.company.actor(MONDAY))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one_run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(desk.steps()) == 20
    assert len(desk.actions()) == 4


def test_no_second_level_on_the_day_of_the_first_however_old_the_debt(desk: Desk, postbox: Postbox) -> None:
    """29 and 31: an old debt starts at level 1, and waits for the gap."""
    desk.invoice("OLD", date(2026, 9, 1))
    assert desk.work(MONDAY) == ["due_notice", "general_manager"]
    assert desk.run(MONDAY) == []
    assert desk.run(MONDAY + timedelta(days=1)) == []
    (line,) = desk.run(MONDAY + timedelta(days=2))
    assert line.step == "overdue_report"
    assert len(postbox.mails) == 1


def test_a_missed_step_is_made_up_once_and_keeps_its_own_date(desk: Desk, postbox: Postbox) -> None:
    """30: the scheduler was down over the fifth day."""
    desk.invoice("A1", DUE)
    desk.work(MONDAY)
    (line,) = desk.run(date(2026, 11, 9))
    assert (line.step, line.nominal_on, line.runs_on) == ("overdue_report", date(2026, 11, 6), date(2026, 11, 9))
    assert "made up on 2026-11-09" in line.why


def test_nothing_happens_on_a_day_off_and_later_dates_do_not_drift(desk: Desk, postbox: Postbox) -> None:
    """A08: the execution moves to Monday, the next level keeps its nominal date."""
    desk.invoice("A1", date(2026, 11, 6))  # a Friday: the first step falls on Saturday
    assert desk.run(date(2026, 11, 7)) == []
    assert desk.run(date(2026, 11, 8)) == []
    assert desk.work(date(2026, 11, 9)) == ["due_notice"]
    (line,) = desk.run(date(2026, 11, 11))
    assert (line.step, line.nominal_on) == ("overdue_report", date(2026, 11, 11))


def test_the_seeds_five_step_ladder_on_its_exact_dates(desk: Desk, postbox: Postbox) -> None:
    """43: 60 days of credit and 10 of settlement; +1/+5/+10/+15 from the collection end, one month from due."""
    due_on = date(2026, 6, 30)
    desk.invoice("A1", due_on, settlement_days=10)
    end_on = date(2026, 7, 10)
    seen = [(day, step) for day, _document, step in desk.days(due_on, date(2026, 8, 10))]
    assert seen == [
        (date(2026, 7, 13), "due_notice"),  # nominal 07-11, a Saturday
        (date(2026, 7, 15), "overdue_report"),
        (date(2026, 7, 20), "statement_confirmation"),
        (date(2026, 7, 27), "demand"),  # nominal 07-25, a Saturday
        (date(2026, 7, 30), "general_manager"),  # one calendar month after due
        (date(2026, 8, 4), "warning"),  # the day after the deadline of 7 days lapsed
    ]
    nominal = {step.code: step.nominal_on for step in desk.steps()}
    assert nominal["due_notice"] == end_on + timedelta(days=1)
    assert nominal["demand"] == end_on + timedelta(days=15)
    demand = next(action for action in desk.actions() if action.code == "demand")
    assert demand.deadline_on == date(2026, 8, 3)
    assert "propose_stop_shipment" in demand.effects


def test_a_blocked_customer_waits_until_the_end_of_the_day_named(desk: Desk) -> None:
    """36: a hold until the 30th acts on the 30th, not on the 1st; its history is kept."""
    desk.invoice("A1", date(2026, 11, 20))
    with desk.company.transaction() as db:
        block = PlaceBlock(customer_id=desk.customers["00001"], until_on=date(2026, 11, 30), reason="搬迁中")
        place_block(db, desk.company.actor(date(2026, 11, 21)), block)
    (held,) = desk.run(date(2026, 11, 23))
    assert (held.status, held.step) == ("held", "due_notice")
    assert held.why == "On hold until 2026-11-30: 搬迁中"
    assert [line.status for line in desk.run(date(2026, 11, 30))] == ["held"]
    assert [line.status for line in desk.run(date(2026, 12, 1))] == ["proposed"]
    assert len(desk.held()) == 1  # the same reason every day is one line


def test_a_disputed_item_waits_while_the_other_goes_on_and_resumes_at_its_level(desk: Desk, postbox: Postbox) -> None:
    """35."""
    disputed, other = desk.invoice("D1", DUE), desk.invoice("D2", DUE)
    desk.work(MONDAY)
    with desk.company.transaction() as db:
        block = PlaceBlock(customer_id=desk.customers["00001"], item_id=disputed, kind="dispute", reason="质量")
        block_id = place_block(db, desk.company.actor(date(2026, 11, 5)), block)
    lines = {line.document_no: line for line in desk.run(date(2026, 11, 6))}
    assert lines["D1"].status == "held"
    assert "Disputed: 质量" in lines["D1"].why
    assert (lines["D2"].status, lines["D2"].step) == ("proposed", "overdue_report")
    with desk.company.transaction() as db:
        lift_block(db, desk.company.actor(date(2026, 11, 12)), block_id)
    (line,) = desk.run(date(2026, 11, 13))
    assert (line.document_no, line.step, line.status) == ("D1", "overdue_report", "proposed")
    assert desk.state(other).level_reached == 1


def test_a_hold_takes_what_waits_in_the_queue_out_and_it_comes_again_afterwards(desk: Desk) -> None:
    item = desk.invoice("A1", DUE)
    desk.run(MONDAY)
    with desk.company.transaction() as db:
        promise = PlaceBlock(
            customer_id=desk.customers["00001"],
            item_id=item,
            kind="promise",
            until_on=date(2026, 11, 10),
            reason="电话",
        )
        place_block(db, desk.company.actor(MONDAY), promise)
    assert [(action.state, action.reason) for action in desk.actions()] == [("suppressed", "promised")]
    assert [line.status for line in desk.run(date(2026, 11, 11))] == ["held"]  # still within the banks' two days
    (line,) = desk.run(date(2026, 11, 13))
    assert (line.step, line.status) == ("due_notice", "proposed")
    assert len(desk.steps(item)) == 1  # the same step, proposed anew


def test_the_rest_walks_every_level_when_older_invoices_are_paid(desk: Desk, postbox: Postbox) -> None:
    """38 and 40: paying the two oldest neither closes the case nor lets the third skip a level."""
    first, second = desk.invoice("A1", DUE), desk.invoice("A2", DUE + timedelta(days=2))
    third = desk.invoice("A3", DUE + timedelta(days=10))
    desk.days(MONDAY, date(2026, 11, 10))
    desk.pay(first, date(2026, 11, 10))
    desk.pay(second, date(2026, 11, 10))
    seen = [(document, step) for _day, document, step in desk.days(date(2026, 11, 11), date(2026, 11, 27))]
    assert seen == [("A3", "due_notice"), ("A3", "overdue_report"), ("A3", "statement_confirmation"), ("A3", "demand")]
    assert desk.state(third).level_reached == 4


@pytest.mark.parametrize("kind", ["receipt", "credit_note"])
def test_a_reversed_payment_reopens_at_the_level_reached(desk: Desk, postbox: Postbox, kind: str) -> None:
    """39: cleared items stop; taken back, they go on, without a fresh first letter."""
    item = desk.invoice("A1", DUE)
    desk.days(MONDAY, date(2026, 11, 6))
    assert desk.state(item).level_reached == 2
    allocation = desk.pay(item, date(2026, 11, 9), kind=kind)
    assert desk.run(date(2026, 11, 11)) == []
    assert desk.state(item).parked
    with desk.company.transaction() as db:
        reverse_allocation(db, desk.company.actor(date(2026, 11, 12)), allocation)
    (line,) = [line for line in desk.run(date(2026, 11, 13)) if line.document_no == "A1"][:1]
    assert line.step == "statement_confirmation"


def test_an_item_reopened_after_it_was_paid_in_time_is_found(desk: Desk) -> None:
    item = desk.invoice("A1", DUE)
    allocation = desk.pay(item, date(2026, 10, 20))
    assert desk.run(MONDAY) == []
    with desk.company.transaction() as db:
        reverse_allocation(db, desk.company.actor(date(2026, 11, 3)), allocation)
    lines = desk.run(date(2026, 11, 4))
    # The bounced receipt stands open as a credit, so that it is flagged rather than chased.
    assert [(line.document_no, line.status) for line in lines] == [("A1", "held")]


def test_a_policy_with_a_step_that_has_no_texts_is_not_published(desk: Desk) -> None:
    """Nobody gets a letter without words of its own, nor a task that does not say what to do."""
    preset = load_preset("five-step")
    strange = preset.levels[0].steps[0].model_copy(update={"code": "stern_look"})
    first = preset.levels[0].model_copy(update={"steps": (strange,)})
    changed = preset.model_copy(update={"levels": (first, *preset.levels[1:])})
    with pytest.raises(RuleBroken) as refused, desk.company.transaction() as db:
        publish_policy(db, desk.company.actor(MONDAY), changed)
    assert (refused.value.code, refused.value.params) == ("policy_step_without_texts", {"step": "stern_look"})


@pytest.mark.parametrize("code", PRESETS)
def test_every_step_of_the_shipped_ladders_has_its_texts(code: str) -> None:
    assert [
        step.code
        for step in load_preset(code).steps()
        if not has_texts(step.code, form_of(step.audience, step.channel))
    ] == []


def test_an_item_keeps_its_version_when_the_policy_changes(desk: Desk, postbox: Postbox) -> None:
    """45."""
    old = desk.invoice("A1", DUE)
    desk.work(MONDAY)
    changed = load_preset("five-step").model_copy(update={"deadline_days": 14})
    with desk.company.transaction() as db:
        publish_policy(db, desk.company.actor(MONDAY), changed)
    new = desk.invoice("B1", date(2026, 11, 3), customer="00002")
    desk.run(date(2026, 11, 6))
    assert desk.state(old).policy_version_id != desk.state(new).policy_version_id
    assert [step.code for step in desk.steps(old)] == ["due_notice", "overdue_report"]


def test_a_customers_own_policy_wins(desk: Desk) -> None:
    """A24: twelve steps for one, five for the others."""
    desk.customer("00009", policy="twelve-step")
    desk.invoice("T1", DUE, customer="00009", settlement_days=10)
    desk.invoice("F1", DUE, settlement_days=10)
    assert [(line.document_no, line.policy, line.step) for line in desk.run(MONDAY)] == [
        ("T1", "twelve-step", "remind_1")
    ]


def test_too_small_an_amount_is_listed_as_tolerance(desk: Desk) -> None:
    """50."""
    strict = load_preset("five-step").model_copy(update={"tolerance_minor": {"CNY": 500}})
    with desk.company.transaction() as db:
        publish_policy(db, desk.company.actor(DUE), strict)
    desk.invoice("SMALL", DUE, 499)
    desk.invoice("ENOUGH", DUE, 500)
    lines = {line.document_no: line for line in desk.run(MONDAY)}
    assert (lines["SMALL"].status, lines["ENOUGH"].status) == ("held", "proposed")
    assert "below" in lines["SMALL"].why


def test_unapplied_credit_that_covers_the_overdue_is_to_be_applied_first(desk: Desk) -> None:
    """51."""
    desk.invoice("A1", DUE)
    desk.credit("R1", DUE, 100_000)
    (line,) = desk.run(MONDAY)
    assert line.status == "held"
    assert "apply it first" in line.why
    desk.invoice("A2", DUE, 1)
    assert [line.status for line in desk.run(date(2026, 11, 3))] == ["proposed", "proposed"]


def test_one_letter_per_customer_and_currency_at_the_highest_level(desk: Desk, postbox: Postbox) -> None:
    """48: each item keeps its own level in it."""
    desk.invoice("A1", DUE)
    desk.days(MONDAY, date(2026, 11, 6))
    desk.invoice("A2", date(2026, 11, 10), 7_000)
    desk.invoice("U1", date(2026, 11, 10), 9_000, currency="USD")
    desk.run(date(2026, 11, 11))
    letters = {action.currency: action for action in desk.actions("proposed")}
    assert set(letters) == {"CNY", "USD"}
    assert (letters["CNY"].code, letters["CNY"].items, letters["CNY"].total_minor) == (
        "statement_confirmation",
        2,
        107_000,
    )
    levels = {step.level for step in desk.steps() if step.action_id == letters["CNY"].id}
    assert levels == {1, 3}


def test_a_run_costs_the_same_number_of_statements_whatever_its_size(desk: Desk, engine: sa.Engine) -> None:
    """48."""
    desk.invoice("A1", DUE)
    with counted(engine) as few:
        desk.run_result(MONDAY)
    for n in range(40):
        desk.invoice(f"B{n}", DUE, customer=f"1{n % 8:04d}")
    with counted(engine) as many:
        desk.run_result(MONDAY)
    assert len(many) == len(few)


def test_a_run_that_takes_paid_steps_out_first_reads_the_policies_once(desk: Desk, engine: sa.Engine) -> None:
    paid = desk.invoice("A1", DUE)
    desk.run(MONDAY)
    desk.pay(paid, MONDAY)
    desk.invoice("A2", DUE)
    with counted(engine) as seen:
        result, lines = desk.run_result(MONDAY + timedelta(days=1))
    assert (result.withdrawn, [line.document_no for line in lines]) == (1, ["A2"])
    assert sum("FROM policy_version" in statement for statement in seen) == 1


def test_a_run_of_one_company_does_not_wait_for_anothers(desk: Desk, other_company: TestCompany) -> None:
    """46."""
    other = Desk(other_company)
    other.invoice("B1", DUE)
    desk.invoice("A1", DUE)
    with desk.company.transaction() as db:
        run_day(db, desk.company.actor(MONDAY))
        assert [line.document_no for line in other.run(MONDAY)] == ["B1"]


def test_the_tenants_date_decides(engine: sa.Engine) -> None:
    """41: due on the 1st; at 00:30 on the 2nd in Shanghai it is one day late there, not yet in Los Angeles."""
    from datetime import UTC, datetime

    from kernel.clock import local_date

    moment = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)
    assert (local_date(moment, "Asia/Shanghai") - DUE).days == 1
    assert (local_date(moment, "America/Los_Angeles") - DUE).days == 0
