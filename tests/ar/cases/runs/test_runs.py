"""The daily run as a collector sees it: which step comes when, what is held, and that nothing comes twice."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ar.cases.commands import lift_hold, publish_policy, run_day
from ar.cases.ladder.step_texts import has_texts
from ar.cases.rules.policy import PRESETS, form_of, load_preset
from ar.cases.runs.simulation import simulate
from kernel.db import transaction
from kernel.errors import RuleBroken
from tests.support.companies import TestCompany
from tests.support.postbox import Postbox
from tests.support.statements import counted
from tests.support.world import World, world_of

# Weekdays; Monday is 2026-11-02.
DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)


def test_first_step_comes_on_the_day_after_the_collection_period_and_says_why(world: World) -> None:
    world.invoice(number="A1", due_on=DUE)
    assert world.run_day(on=DUE) == []
    (line,) = world.run_day(on=MONDAY)
    assert (line.customer_no, line.document_no, line.policy, line.step) == ("00001", "A1", "five-step", "due_notice")
    assert (line.nominal_on, line.runs_on, line.open_minor, line.currency) == (MONDAY, MONDAY, 100_000, "CNY")
    assert line.status == "proposed"
    assert line.why == "Level 1, 1 day after the end of the collection period (2026-11-01): due on 2026-11-02."


def test_a_second_run_of_the_day_adds_nothing(world: World) -> None:
    """Testcase 28: the same run twice makes one step."""
    item = world.invoice(number="A1", due_on=DUE)
    assert len(world.run_day(on=MONDAY)) == 1
    assert world.run_day(on=MONDAY) == []
    assert len(world.steps(item)) == 1


def test_two_runs_at_once_make_one_set_of_steps(world: World) -> None:
    """Testcase 28: two runs at once make one step each."""
    for n in range(20):
        world.invoice(f"0000{n % 4}", number=f"A{n}", due_on=DUE)
    gate = threading.Barrier(3)
    failures: list[BaseException] = []

    def one_run() -> None:
        try:
            gate.wait(10)
            with transaction(world.tenant_id) as db:
                run_day(db, world.actor(MONDAY))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one_run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(world.steps()) == 20
    assert len(world.actions()) == 4


def test_no_second_level_on_the_day_of_the_first_however_old_the_debt(world: World, postbox: Postbox) -> None:
    """Testcases 29 and 31: an old debt starts at level 1, and waits for the gap."""
    world.invoice(number="OLD", due_on=date(2026, 9, 1))
    assert world.work_day(on=MONDAY) == ["due_notice", "general_manager"]
    assert world.run_day(on=MONDAY) == []
    assert world.run_day(on=MONDAY + timedelta(days=1)) == []
    (line,) = world.run_day(on=MONDAY + timedelta(days=2))
    assert line.step == "overdue_report"
    assert len(postbox.mails) == 1


def test_a_missed_step_is_made_up_once_and_keeps_its_own_date(world: World, postbox: Postbox) -> None:
    """Testcase 30: the scheduler was down over the fifth day."""
    world.invoice(number="A1", due_on=DUE)
    world.work_day(on=MONDAY)
    (line,) = world.run_day(on=date(2026, 11, 9))
    assert (line.step, line.nominal_on, line.runs_on) == ("overdue_report", date(2026, 11, 6), date(2026, 11, 9))
    assert "caught up on 2026-11-09" in line.why


def test_nothing_happens_on_a_day_off_and_later_dates_do_not_drift(world: World, postbox: Postbox) -> None:
    """A08: the execution moves to Monday, the next level keeps its nominal date."""
    world.invoice(number="A1", due_on=date(2026, 11, 6))  # a Friday: the first step falls on Saturday
    assert world.run_day(on=date(2026, 11, 7)) == []
    assert world.run_day(on=date(2026, 11, 8)) == []
    assert world.work_day(on=date(2026, 11, 9)) == ["due_notice"]
    (line,) = world.run_day(on=date(2026, 11, 11))
    assert (line.step, line.nominal_on) == ("overdue_report", date(2026, 11, 11))


def test_the_seeds_five_step_ladder_on_its_exact_dates(world: World, postbox: Postbox) -> None:
    """Testcase 43: 60 days of credit, 10 of settlement; +1/+5/+10/+15 from the collection end, a month from due."""
    due_on = date(2026, 6, 30)
    world.invoice(number="A1", due_on=due_on, settlement_days=10)
    end_on = date(2026, 7, 10)
    seen = [(day, step) for day, _document, step in world.work_days(due_on, date(2026, 8, 10))]
    assert seen == [
        (date(2026, 7, 13), "due_notice"),  # nominal 07-11, a Saturday
        (date(2026, 7, 15), "overdue_report"),
        (date(2026, 7, 20), "statement_confirmation"),
        (date(2026, 7, 27), "demand"),  # nominal 07-25, a Saturday
        (date(2026, 7, 30), "general_manager"),  # one calendar month after due
        (date(2026, 8, 4), "warning"),  # the day after the deadline of 7 days lapsed
    ]
    nominal = {step.code: step.nominal_on for step in world.steps()}
    assert nominal["due_notice"] == end_on + timedelta(days=1)
    assert nominal["demand"] == end_on + timedelta(days=15)
    demand = next(action for action in world.actions() if action.code == "demand")
    assert demand.deadline_on == date(2026, 8, 3)
    assert "propose_stop_shipment" in demand.effects


def test_a_blocked_customer_waits_until_the_end_of_the_day_named(world: World) -> None:
    """Testcase 36: a hold until the 30th acts on the 30th, not on the 1st; its history is kept."""
    world.invoice(number="A1", due_on=date(2026, 11, 20))
    world.hold(on=date(2026, 11, 21), until_on=date(2026, 11, 30), reason="搬迁中")
    (held,) = world.run_day(on=date(2026, 11, 23))
    assert (held.status, held.step) == ("held", "due_notice")
    assert held.why == "On hold until 2026-11-30: 搬迁中"
    assert [line.status for line in world.run_day(on=date(2026, 11, 30))] == ["held"]
    assert [line.status for line in world.run_day(on=date(2026, 12, 1))] == ["proposed"]
    assert len(world.withheld_steps()) == 1  # the same reason every day is one line


def test_a_disputed_item_waits_while_the_other_goes_on_and_resumes_at_its_level(world: World, postbox: Postbox) -> None:
    """Testcase 35: only the other item escalates; after the dispute the item goes on at its level."""
    disputed, other = world.invoice(number="D1", due_on=DUE), world.invoice(number="D2", due_on=DUE)
    world.work_day(on=MONDAY)
    block_id = world.hold(on=date(2026, 11, 5), item=disputed, kind="dispute", reason="质量")
    lines = {line.document_no: line for line in world.run_day(on=date(2026, 11, 6))}
    assert lines["D1"].status == "held"
    assert "Disputed: 质量" in lines["D1"].why
    assert (lines["D2"].status, lines["D2"].step) == ("proposed", "overdue_report")
    with world.transaction() as db:
        lift_hold(db, world.actor(date(2026, 11, 12)), block_id)
    (line,) = world.run_day(on=date(2026, 11, 13))
    assert (line.document_no, line.step, line.status) == ("D1", "overdue_report", "proposed")
    assert world.ladder_state(other).level_reached == 1


def test_a_hold_takes_what_waits_in_the_queue_out_and_it_comes_again_afterwards(world: World) -> None:
    item = world.invoice(number="A1", due_on=DUE)
    world.run_day(on=MONDAY)
    world.hold(on=MONDAY, item=item, kind="promise", until_on=date(2026, 11, 10), reason="电话")
    assert [(action.state, action.reason) for action in world.actions()] == [("suppressed", "promised")]
    assert [line.status for line in world.run_day(on=date(2026, 11, 11))] == [
        "held"
    ]  # still within the banks' two days
    (line,) = world.run_day(on=date(2026, 11, 13))
    assert (line.step, line.status) == ("due_notice", "proposed")
    assert len(world.steps(item)) == 1  # the same step, proposed anew


def test_the_rest_walks_every_level_when_older_invoices_are_paid(world: World, postbox: Postbox) -> None:
    """Testcases 38 and 40: paying the two oldest neither closes the case nor lets the third skip a level."""
    first, second = world.invoice(number="A1", due_on=DUE), world.invoice(number="A2", due_on=DUE + timedelta(days=2))
    third = world.invoice(number="A3", due_on=DUE + timedelta(days=10))
    world.work_days(MONDAY, date(2026, 11, 10))
    world.pay(first, on=date(2026, 11, 10))
    world.pay(second, on=date(2026, 11, 10))
    seen = [(document, step) for _day, document, step in world.work_days(date(2026, 11, 11), date(2026, 11, 27))]
    assert seen == [("A3", "due_notice"), ("A3", "overdue_report"), ("A3", "statement_confirmation"), ("A3", "demand")]
    assert world.ladder_state(third).level_reached == 4


@pytest.mark.parametrize("kind", ["receipt", "credit_note"])
def test_a_reversed_payment_reopens_at_the_level_reached(world: World, postbox: Postbox, kind: str) -> None:
    """Testcase 39: cleared items stop; taken back, they go on, without a fresh first letter."""
    item = world.invoice(number="A1", due_on=DUE)
    world.work_days(MONDAY, date(2026, 11, 6))
    assert world.ladder_state(item).level_reached == 2
    allocation = world.pay(item, on=date(2026, 11, 9), kind=kind)
    assert world.run_day(on=date(2026, 11, 11)) == []
    assert world.ladder_state(item).parked
    world.on(date(2026, 11, 12)).unapply(allocation)
    (line,) = [line for line in world.run_day(on=date(2026, 11, 13)) if line.document_no == "A1"][:1]
    assert line.step == "statement_confirmation"


def test_an_item_reopened_after_it_was_paid_in_time_is_found(world: World) -> None:
    item = world.invoice(number="A1", due_on=DUE)
    allocation = world.pay(item, on=date(2026, 10, 20))
    assert world.run_day(on=MONDAY) == []
    world.on(date(2026, 11, 3)).unapply(allocation)
    lines = world.run_day(on=date(2026, 11, 4))
    # The bounced receipt stands open as a credit, so that it is flagged rather than chased.
    assert [(line.document_no, line.status) for line in lines] == [("A1", "held")]


def test_a_policy_with_a_step_that_has_no_texts_is_not_published(world: World) -> None:
    """Nobody gets a letter without words of its own, nor a task that does not say what to do."""
    preset = load_preset("five-step")
    strange = preset.levels[0].steps[0].model_copy(update={"code": "stern_look"})
    first = preset.levels[0].model_copy(update={"steps": (strange,)})
    changed = preset.model_copy(update={"levels": (first, *preset.levels[1:])})
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        publish_policy(db, world.actor(MONDAY), changed)
    assert (refused.value.code, refused.value.params) == ("policy_step_without_texts", {"step": "stern_look"})


@pytest.mark.parametrize("code", PRESETS)
def test_every_step_of_the_shipped_ladders_has_its_texts(code: str) -> None:
    assert [
        step.code
        for step in load_preset(code).steps()
        if not has_texts(step.code, form_of(step.audience, step.channel))
    ] == []


def test_an_item_keeps_its_version_when_the_policy_changes(world: World, postbox: Postbox) -> None:
    """Testcase 45: the policy edited mid-case leaves its items on the version they began with."""
    old = world.invoice(number="A1", due_on=DUE)
    world.work_day(on=MONDAY)
    changed = load_preset("five-step").model_copy(update={"deadline_days": 14})
    with world.transaction() as db:
        publish_policy(db, world.actor(MONDAY), changed)
    new = world.invoice("00002", number="B1", due_on=date(2026, 11, 3))
    world.run_day(on=date(2026, 11, 6))
    assert world.ladder_state(old).policy_version_id != world.ladder_state(new).policy_version_id
    assert [step.code for step in world.steps(old)] == ["due_notice", "overdue_report"]


def test_a_customers_own_policy_wins(world: World) -> None:
    """A24: twelve steps for one, five for the others."""
    world.debtor("00009", policy_code="twelve-step")
    world.invoice("00009", number="T1", due_on=DUE, settlement_days=10)
    world.invoice(number="F1", due_on=DUE, settlement_days=10)
    assert [(line.document_no, line.policy, line.step) for line in world.run_day(on=MONDAY)] == [
        ("T1", "twelve-step", "remind_1")
    ]


def test_too_small_an_amount_is_listed_as_tolerance(world: World) -> None:
    """Testcase 50: an open amount below the tolerance gets no letter and is listed."""
    strict = load_preset("five-step").model_copy(update={"tolerance_minor": {"CNY": 500}})
    with world.transaction() as db:
        publish_policy(db, world.actor(DUE), strict)
    world.invoice(number="SMALL", due_on=DUE, minor=499)
    world.invoice(number="ENOUGH", due_on=DUE, minor=500)
    lines = {line.document_no: line for line in world.run_day(on=MONDAY)}
    assert (lines["SMALL"].status, lines["ENOUGH"].status) == ("held", "proposed")
    assert "below" in lines["SMALL"].why


def test_many_small_amounts_are_worth_a_letter(world: World, postbox: Postbox) -> None:
    """Given a minimum of 5.00 and three items of 1.99 of one debtor, 5.97 is asked for in one letter; two are held."""
    strict = load_preset("five-step").model_copy(update={"tolerance_minor": {"CNY": 500}})
    with world.transaction() as db:
        publish_policy(db, world.actor(DUE), strict)
    for number in ("S1", "S2"):
        world.invoice(number=number, due_on=DUE, minor=199)
    assert {line.status for line in world.run_day(on=MONDAY)} == {"held"}
    world.invoice(number="S3", due_on=DUE, minor=199)
    tuesday = date(2026, 11, 3)
    assert {line.document_no for line in world.run_day(on=tuesday) if line.status == "proposed"} == {"S1", "S2", "S3"}
    (letter,) = world.actions("proposed")
    assert letter.total_minor == 597
    world.release(letter.id, on=tuesday)
    assert world.send_mail(on=tuesday) == ["sent"]
    assert "5.97" in postbox.mails[0].as_string()


def test_interest_climbs_no_ladder_unless_the_policy_says_so(world: World) -> None:
    world.document(kind="interest", number="INT-1", on=date(2026, 10, 1), due_on=DUE)
    assert world.run_day(on=MONDAY) == []
    with world.reading() as db:
        assert simulate(db, world.actor(MONDAY), MONDAY, date(2026, 11, 30)) == []
    chasing = load_preset("five-step").model_copy(update={"chases_interest": True})
    with world.transaction() as db:
        publish_policy(db, world.actor(MONDAY), chasing)
    world.document(kind="interest", number="INT-2", on=date(2026, 10, 1), due_on=MONDAY)
    lines = world.run_day(on=date(2026, 11, 3))
    assert [(line.document_no, line.step) for line in lines] == [("INT-2", "due_notice")]


def test_unapplied_credit_that_covers_the_overdue_is_to_be_applied_first(world: World) -> None:
    """Testcase 51: unapplied credit of at least what is overdue is flagged, and nothing is sent."""
    world.invoice(number="A1", due_on=DUE)
    world.receipt(number="R1", on=DUE, minor=100_000)
    (line,) = world.run_day(on=MONDAY)
    assert line.status == "held"
    assert "apply it first" in line.why
    world.invoice(number="A2", due_on=DUE, minor=19_99)
    assert {line.status for line in world.run_day(on=date(2026, 11, 3))} == {"held"}, (
        "19.99 left is too little to chase"
    )
    world.invoice(number="A3", due_on=DUE, minor=20_00)
    assert {line.document_no: line.status for line in world.run_day(on=date(2026, 11, 4))} == {
        "A1": "proposed",
        "A2": "held",  # for another reason than the day before: alone too small for a letter
        "A3": "proposed",
    }


def test_one_letter_per_customer_and_currency_at_the_highest_level(world: World, postbox: Postbox) -> None:
    """Testcase 48: each item keeps its own level in it."""
    world.invoice(number="A1", due_on=DUE)
    world.work_days(MONDAY, date(2026, 11, 6))
    world.invoice(number="A2", due_on=date(2026, 11, 10), minor=7_000)
    world.invoice(number="U1", due_on=date(2026, 11, 10), minor=9_000, currency="USD")
    world.run_day(on=date(2026, 11, 11))
    letters = {action.currency: action for action in world.actions("proposed")}
    assert set(letters) == {"CNY", "USD"}
    assert (letters["CNY"].code, letters["CNY"].items, letters["CNY"].total_minor) == (
        "statement_confirmation",
        2,
        107_000,
    )
    levels = {step.level for step in world.steps() if step.action_id == letters["CNY"].id}
    assert levels == {1, 3}


def test_a_run_costs_the_same_number_of_statements_whatever_its_size(world: World, engine: sa.Engine) -> None:
    """Testcase 48: the number of statements does not grow with the debtors."""
    world.invoice(number="A1", due_on=DUE)
    with counted(engine) as few:
        world.run_day_with_result(on=MONDAY)
    for n in range(40):
        world.invoice(f"1{n % 8:04d}", number=f"B{n}", due_on=DUE)
    with counted(engine) as many:
        world.run_day_with_result(on=MONDAY)
    assert len(many) == len(few)


def test_a_run_that_takes_paid_steps_out_first_reads_the_policies_once(world: World, engine: sa.Engine) -> None:
    paid = world.invoice(number="A1", due_on=DUE)
    world.run_day(on=MONDAY)
    world.pay(paid, on=MONDAY)
    world.invoice(number="A2", due_on=DUE)
    with counted(engine) as seen:
        result, lines = world.run_day_with_result(on=MONDAY + timedelta(days=1))
    assert (result.withdrawn, [line.document_no for line in lines]) == (1, ["A2"])
    assert sum("FROM policy_version" in statement for statement in seen) == 1


def test_a_run_of_one_company_does_not_wait_for_anothers(world: World, other_company: TestCompany) -> None:
    """Testcase 46: while one company's run holds its lock, another company runs."""
    other = world_of(other_company)
    other.invoice(number="B1", due_on=DUE)
    world.invoice(number="A1", due_on=DUE)
    with world.transaction() as db:
        run_day(db, world.actor(MONDAY))
        assert [line.document_no for line in other.run_day(on=MONDAY)] == ["B1"]


def test_the_tenants_date_decides(engine: sa.Engine) -> None:
    """Testcase 41: due on the 1st; at 00:30 on the 2nd in Shanghai it is one day late there, not yet in Los Angeles."""
    from datetime import UTC, datetime

    from kernel.clock import local_date

    moment = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)
    assert (local_date(moment, "Asia/Shanghai") - DUE).days == 1
    assert (local_date(moment, "America/Los_Angeles") - DUE).days == 0
