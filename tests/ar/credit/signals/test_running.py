"""The daily look for danger signals: what fires, once, with its figures, and when it may fire again."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.cases.commands import complete_task, lift_hold
from ar.cases.holds.outcome_inputs import CompleteTask
from ar.cases.models import Action
from ar.credit.models import SignalState
from ar.credit.rules.signals import SignalCode
from ar.credit.signals.texts import figures_text
from ar.receipts.models import PayerAccount
from ar.sales.models import Order
from kernel.ids import new_id
from tests.support.world import TODAY, World, new_world

pytestmark = pytest.mark.usefixtures("engine")

DAY = timedelta(days=1)


def paid(world: World, customer: UUID, number: str, came_on: date, days: int, minor: int = 100_00) -> None:
    """An invoice that was paid on a day, so many days after its own."""
    item = world.invoice(customer, number=number, on=came_on - days * DAY, minor=minor)
    world.pay(item, minor=minor, on=came_on, number=f"R-{number}")


def order(world: World, customer: UUID, number: str, minor: int, on: date, state: str = "held") -> None:
    with world.transaction() as db:
        db.execute(
            sa.insert(Order).values(
                tenant_id=world.tenant_id,
                id=new_id(),
                number=number,
                customer_id=customer,
                their_number="",
                ordered_on=on,
                currency="CNY",
                total_minor=minor,
                prepaid=False,
                note="",
                state=state,
                is_history=False,
                recorded_at=world.actor().now,
                recorded_by="林晓",
            )
        )


def payer(world: World, customer: UUID, key: str, on: date) -> None:
    with world.transaction() as db:
        db.execute(
            sa.insert(PayerAccount).values(
                tenant_id=world.tenant_id,
                id=new_id(),
                customer_id=customer,
                account_key=key,
                payer_name="客户",
                bank="",
                first_seen_on=on,
            )
        )


@pytest.mark.parametrize(("now", "fires"), [(44, False), (45, True)])
def test_who_pays_fifteen_days_later_than_in_the_nine_months_before_pays_slower(now: int, fires: bool) -> None:
    world = new_world()
    customer = world.customer()
    paid(world, customer, "OLD", TODAY - 200 * DAY, 30)
    paid(world, customer, "NEW", TODAY - 10 * DAY, now)
    run = world.run_signals()
    assert run.raised == ({SignalCode.SLOWER_PAYMENT: 1} if fires else {})
    if fires:
        (signal,) = world.signals(customer)
        assert (signal.source, signal.raised_on, signal.decision) == ("computed", TODAY, None)
        assert signal.figures == {"value": 15, "days_now": "45.0", "days_before": "30.0", "currency": "CNY"}
        assert signal.due_on == date(2026, 11, 23), "raised on a Friday, due on Monday"


@pytest.mark.parametrize(
    ("before", "now", "fires"),
    [(-45, -20, False), (-45, 0, False), (-10, 5, True)],
    ids=["still pays ahead", "pays on the day", "pays after it now"],
)
def test_who_still_pays_ahead_of_the_invoice_is_no_danger(before: int, now: int, fires: bool) -> None:
    world = new_world()
    customer = world.customer()
    paid(world, customer, "OLD", TODAY - 200 * DAY, before)
    paid(world, customer, "NEW", TODAY - 70 * DAY, now)
    assert world.run_signals().raised == ({SignalCode.SLOWER_PAYMENT: 1} if fires else {})
    if fires:
        (signal,) = world.signals(customer)
        said = (
            "Paid in the last three months 5.0 days after the invoice, in the nine months before 10.0 days ahead of it"
        )
        assert figures_text(signal.code, signal.figures).replace("ahead of the invoice", "ahead of it") == said


def test_it_fires_once_and_again_only_after_it_fell_below_the_lower_mark() -> None:
    world = new_world()
    customer = world.customer()
    paid(world, customer, "OLD", TODAY - 200 * DAY, 30)
    paid(world, customer, "LATE", TODAY - 10 * DAY, 60)
    assert world.run_signals().raised == {SignalCode.SLOWER_PAYMENT: 1}
    again = world.run_signals()
    assert (again.raised, again.holding, again.ended) == ({}, 1, 0)
    paid(world, customer, "BETTER", TODAY - 5 * DAY, 20, minor=100_00)  # on average 40 days: 10 slower
    later = world.run_signals(TODAY + DAY)
    assert (later.raised, later.holding, later.ended) == ({}, 1, 0), "between the marks it holds on"
    paid(world, customer, "GOOD", TODAY - 4 * DAY, 10, minor=400_00)
    ended = world.run_signals(TODAY + 2 * DAY)
    assert (ended.raised, ended.holding, ended.ended) == ({}, 0, 1)
    paid(world, customer, "WORSE", TODAY - 3 * DAY, 90, minor=5_000_00)
    assert world.run_signals(TODAY + 3 * DAY).raised == {SignalCode.SLOWER_PAYMENT: 1}
    assert len(world.signals(customer)) == 2


def test_the_slowest_currency_counts_and_a_currency_is_never_added_to_another() -> None:
    world = new_world()
    customer = world.customer()
    for currency, before, now in (("JPY", 10, 12), ("CNY", 10, 40)):
        for number, came_on, days in (("A", TODAY - 200 * DAY, before), ("B", TODAY - 9 * DAY, now)):
            item = world.invoice(
                customer, number=f"{currency}-{number}", on=came_on - days * DAY, minor=90_000, currency=currency
            )
            world.pay(item, minor=90_000, on=came_on)
    world.run_signals()
    (signal,) = world.signals(customer)
    assert (signal.figures["currency"], signal.figures["value"]) == ("CNY", 30)


def test_an_unpaid_bill_and_a_credit_note_tell_nothing_of_how_one_pays() -> None:
    world = new_world()
    customer = world.customer()
    paid(world, customer, "OLD", TODAY - 200 * DAY, 10)
    note = world.invoice(customer, number="N", on=TODAY - 100 * DAY, minor=100_00)
    world.pay(note, minor=100_00, on=TODAY - DAY, kind="credit_note")
    assert world.run_signals().raised == {}


@pytest.mark.parametrize(("accounts", "fires"), [(1, False), (2, False), (3, True)])
def test_the_second_new_bank_account_in_a_year_is_a_signal_the_first_account_none(accounts: int, fires: bool) -> None:
    world = new_world()
    customer = world.customer()
    for at in range(accounts):
        payer(world, customer, f"K{at}", TODAY - (300 - at) * DAY)
    payer(world, world.customer("00002"), "OLD", TODAY - 800 * DAY)
    assert world.run_signals().raised == ({SignalCode.BANK_CHANGES: 1} if fires else {})


@pytest.mark.parametrize(
    ("minor", "state", "fires"), [(300_00, "held", False), (300_01, "held", True), (900_00, "cancelled", False)]
)
def test_an_order_of_more_than_three_average_months_is_a_signal(minor: int, state: str, fires: bool) -> None:
    world = new_world()
    customer = world.customer()
    for month in (8, 9, 10):
        world.invoice(customer, number=f"INV-{month}", on=date(2026, month, 21), minor=100_00)
    order(world, customer, "SO-1", minor, TODAY, state)
    order(world, world.customer("00002"), "SO-2", 9_000_00, TODAY)  # never bought: nothing to compare with
    assert world.run_signals().raised == ({SignalCode.LARGE_ORDER: 1} if fires else {})


def test_a_promise_that_broke_is_a_signal_and_two_are_another() -> None:
    world = new_world()
    customer = world.customer()
    item = world.invoice(customer, number="INV-1", on=date(2026, 9, 1), minor=100_00)
    world.hold(customer, on=date(2026, 10, 20), item=item, kind="promise", until_on=date(2026, 11, 1))
    assert world.run_signals(date(2026, 11, 3)).raised == {}, "two days for the banks"
    assert world.run_signals(date(2026, 11, 4)).raised == {SignalCode.AGREED_PAYMENT_MISSED: 1}
    world.hold(customer, on=date(2026, 11, 5), item=item, kind="promise", until_on=date(2026, 11, 10))
    assert world.run_signals(date(2026, 11, 13)).raised == {SignalCode.BROKEN_PROMISES: 1}


def test_a_promise_kept_late_taken_back_in_time_or_paid_in_time_is_told_apart() -> None:
    world = new_world()
    until = date(2026, 11, 5)
    broken = []
    for number, came_on in (("00001", date(2026, 11, 7)), ("00002", date(2026, 11, 8))):
        customer = world.customer(number)
        item = world.invoice(customer, number=f"INV-{number}", on=date(2026, 9, 1), minor=100_00)
        world.hold(customer, on=date(2026, 10, 20), item=item, kind="promise", until_on=until)
        world.pay(item, minor=100_00, on=came_on)
        broken.append(customer)
    taken_back = world.customer("00003")
    item = world.invoice(taken_back, number="INV-3", on=date(2026, 9, 1))
    hold = world.hold(taken_back, on=date(2026, 10, 20), item=item, kind="promise", until_on=until)
    with world.transaction() as db:
        lift_hold(db, world.actor(date(2026, 11, 1)), hold)
    world.run_signals()
    assert {signal.customer_id for signal in world.signals()} == {broken[1]}


def test_a_promise_for_everything_is_kept_when_all_that_was_due_is_paid() -> None:
    world = new_world()
    customer, other = world.customer(), world.customer("00002")
    for each in (customer, other):
        item = world.invoice(each, number=f"INV-{each.hex[-6:]}", on=date(2026, 9, 1), minor=100_00)
        world.hold(each, on=date(2026, 10, 20), kind="promise", until_on=date(2026, 11, 5))
        if each == customer:
            world.pay(item, minor=100_00, on=date(2026, 11, 5))
    world.run_signals()
    assert {signal.customer_id for signal in world.signals()} == {other}


def test_an_instalment_that_was_not_paid_is_an_agreed_payment_missed() -> None:
    world = new_world()
    world.instalments("PLAN", due=[date(2026, 11, 1), date(2026, 12, 1)], minor=50_00)
    assert world.run_signals(date(2026, 11, 3)).raised == {}
    assert world.run_signals(date(2026, 11, 4)).raised == {SignalCode.AGREED_PAYMENT_MISSED: 1}


def test_three_calls_that_nobody_answered_are_a_signal_until_one_was_answered() -> None:
    world = new_world()
    customer = world.debtor()
    world.late_invoice(customer, number="INV-1", minor=100_00, days_late=40)
    with world.transaction() as db:
        run = world.actor()
        from ar.cases.models import DayRun

        run_id = new_id()
        db.execute(
            sa.insert(DayRun).values(
                tenant_id=world.tenant_id, id=run_id, run_on=world.today, started_at=run.now, counts={}
            )
        )
        ids = [new_id() for _ in range(4)]
        for action_id in ids:
            db.execute(
                sa.insert(Action).values(
                    tenant_id=world.tenant_id,
                    id=action_id,
                    customer_id=customer,
                    run_id=run_id,
                    run_on=world.today,
                    currency="CNY",
                    form="call",
                    code="call",
                    level=1,
                    audience="debtor",
                    effects=[],
                    state="approved",
                    items=1,
                    total_minor=100_00,
                    created_at=run.now,
                )
            )

    def call(at: int, no_answer: bool) -> None:
        with world.transaction() as db:
            complete_task(
                db,
                world.actor(),
                ids[at],
                CompleteTask(
                    note="打了电话",
                    outcome="no_answer" if no_answer else "reached",
                    again_on=date(2026, 12, 1) if no_answer else None,
                ),
            )

    call(0, True)
    call(1, True)
    assert world.run_signals().raised == {}
    call(2, True)
    assert world.run_signals().raised == {SignalCode.UNANSWERED_CALLS: 1}


def test_three_drafts_in_ninety_days_and_one_dishonoured_are_signals_a_banks_acceptance_is_none() -> None:
    world = new_world(date(2026, 4, 1))
    world.invoice(number="INV-1", minor=9_000_000_00, on=date(2026, 3, 1))
    bills = [world.bill(f"C{at}", kind="commercial", amount="1000.00") for at in range(3)]
    world.bill("B1", amount="1000.00")
    assert world.run_signals().raised == {SignalCode.POST_DATED_DRAFTS: 1}
    matured = world.on(date(2026, 10, 8))
    matured.take_bill_step(bills[0], "presentation", on=date(2026, 9, 30))
    matured.take_bill_step(bills[0], "dishonour", on=date(2026, 10, 8))
    run = matured.run_signals()
    assert (run.raised, run.ended) == ({SignalCode.BANK_RETURN: 1}, 1)
    assert matured.signals()[-1].figures["document_no"] == "C0"


def test_a_run_of_an_earlier_day_leaves_what_was_found_later_alone() -> None:
    world = new_world()
    customer = world.customer()
    paid(world, customer, "OLD", TODAY - 200 * DAY, 30)
    paid(world, customer, "LATE", TODAY - 10 * DAY, 60)
    world.run_signals()
    run = world.run_signals(TODAY - 30 * DAY)
    assert (run.raised, run.ended) == ({}, 0)
    assert world.count_rows(SignalState) == 1


def test_a_run_of_a_later_day_does_not_raise_the_same_facts_twice() -> None:
    world = new_world()
    customer = world.customer()
    paid(world, customer, "OLD", TODAY - 200 * DAY, 30)
    paid(world, customer, "LATE", TODAY - 10 * DAY, 60)
    assert world.run_signals().raised == {SignalCode.SLOWER_PAYMENT: 1}
    assert world.run_signals(TODAY + 150 * DAY).ended == 1
    assert world.run_signals().raised == {}, "back on the day itself nothing is new"
    (signal,) = world.signals(customer)
    world.decide_signal(signal.id, "keep")
    assert world.run_signals(TODAY + 150 * DAY).ended == 1
    assert world.run_signals().raised == {}, "nor when it was decided"


def test_a_customer_who_was_taken_off_the_lists_raises_nothing() -> None:
    from ar.customers.models import Customer

    world = new_world()
    customer = world.customer()
    paid(world, customer, "OLD", TODAY - 200 * DAY, 30)
    paid(world, customer, "LATE", TODAY - 10 * DAY, 60)
    with world.transaction() as db:
        db.execute(
            sa.update(Customer)
            .where(Customer.tenant_id == world.tenant_id, Customer.id == customer)
            .values(retired_at=world.actor().now)
        )
    assert world.run_signals().raised == {}


def test_half_of_limit_and_term_is_proposed_with_the_signal() -> None:
    world = new_world()
    customer = world.customer()
    world.limit(customer, 1_000_00, term_days=45)
    paid(world, customer, "OLD", TODAY - 200 * DAY, 30)
    paid(world, customer, "LATE", TODAY - 10 * DAY, 60)
    world.run_signals()
    (signal,) = world.signals(customer)
    assert (signal.proposed_limit_minor, signal.proposed_term_days) == (500_00, 22)


def test_more_signals_than_fit_in_one_statement_are_all_raised() -> None:
    import ar.credit.signals.running as running

    world = new_world()
    for at in range(5):
        customer = world.customer(f"C{at}")
        for key in range(3):
            payer(world, customer, f"K{key}", TODAY - (100 - key) * DAY)
    before = running.FIRED_AT_ONCE
    try:
        running.FIRED_AT_ONCE = 2  # type: ignore[misc]
        assert world.run_signals().raised == {SignalCode.BANK_CHANGES: 5}
    finally:
        running.FIRED_AT_ONCE = before  # type: ignore[misc]
    assert len(world.signals()) == 5
