"""What is refused, and that a refusal, a repeated form or a race leaves one effect or none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.bills.commands import take_step
from ar.bills.inputs import Transfer
from ar.bills.models import Bill, BillEvent
from ar.bills.rules import State, StepKind
from ar.ledger.closing.commands import lock_through
from ar.ledger.receivables.commands import reverse_document
from ar.ledger.receivables.inputs import ReverseDocument
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.ids import new_id
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World, world_of
from tests.support.world.bills import MATURES


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"customer_no": "99999"}, "bill_customer_unknown"),
        ({"amount": "abc"}, "bill_amount_unreadable"),
        ({"amount": "0"}, "bill_amount_not_positive"),
        ({"amount": "-5"}, "bill_amount_not_positive"),
        ({"amount": "1.001"}, "bill_amount_unreadable"),
        ({"currency": "XXQ"}, "currency_unknown"),
        ({"amount_words": "人民币伍拾万元"}, ""),
        ({"amount_words": "伍拾万圆正"}, ""),
        ({"amount_words": "人民币伍万元整"}, "bill_words_differ"),
        ({"amount_words": "五十万"}, "bill_words_unreadable"),
        ({"tenor_months": None}, "bill_maturity_missing"),
        ({"tenor_days": 180}, "bill_tenor_twice"),
        ({"matures_on": date(2026, 9, 29)}, "bill_maturity_differs"),
        ({"matures_on": MATURES}, ""),
        ({"tenor_months": None, "tenor_days": 184}, ""),
        ({"tenor_months": 7}, "bill_tenor_long"),
        ({"tenor_months": 7, "long_tenor_known": True}, ""),
        ({"tenor_months": None, "matures_on": date(2026, 3, 30)}, "bill_matures_too_early"),
        ({"received_on": date(2026, 3, 29)}, "bill_received_before_issue"),
        ({"received_on": date(2026, 10, 1)}, "bill_received_after_maturity"),
        ({"received_on": date(2026, 11, 21)}, "bill_received_ahead"),
        ({"booked_on": date(2026, 3, 31)}, "bill_booked_before"),
        ({"booked_on": date(2026, 11, 21)}, "bill_booked_ahead"),
        ({"pays": "chosen"}, "bill_nothing_chosen"),
        ({"pays": "chosen", "item_ids": [new_id()]}, "bill_chosen_gone"),
    ],
)
def test_a_bill_that_does_not_add_up_is_refused(world: World, values: dict[str, Any], code: str) -> None:
    if not code:
        assert world.bill_page(world.bill(**values)).row.matures_on >= MATURES
        return
    before = world.signed_open()
    with pytest.raises(HuikuanError) as refused:
        world.bill(**values)
    assert refused.value.code == code
    assert world.signed_open() == before


def test_a_number_is_taken_once(world: World, bill: UUID) -> None:
    with pytest.raises(Conflict, match="bill_exists"):
        world.bill("B1", amount="1.00")


@pytest.mark.parametrize(
    ("action", "on", "values", "code"),
    [
        ("presentation", date(2026, 9, 29), {}, "bill_not_mature"),
        ("payment", MATURES, {}, "bill_step_impossible"),
        ("return", date(2026, 5, 1), {}, "bill_step_impossible"),
        ("notice", date(2026, 5, 1), {}, "bill_step_impossible"),
        ("undoing", date(2026, 5, 1), {}, "bill_nothing_to_undo"),
        ("endorsement", date(2026, 3, 31), {}, "bill_step_before_last"),
        ("endorsement", date(2026, 11, 21), {}, "bill_step_ahead"),
        ("endorsement", date(2026, 10, 11), {}, "bill_too_late_to_hand_on"),
        ("endorsement", date(2026, 5, 1), {"booked_on": date(2026, 4, 30)}, "bill_booked_before"),
        ("endorsement", date(2026, 5, 1), {"booked_on": date(2026, 11, 21)}, "bill_booked_ahead"),
        ("discount", MATURES, {}, "bill_matured"),
        ("discount", date(2026, 6, 30), {"rate": "free"}, "bill_rate_unreadable"),
        ("discount", date(2026, 6, 30), {"proceeds": "497,700.01"}, "bill_proceeds_differ"),
        ("discount", date(2026, 6, 30), {"proceeds": "much"}, "bill_proceeds_unreadable"),
        ("discount", date(2026, 6, 30), {"adjust_days": 3, "proceeds": "497,700.00"}, "bill_proceeds_differ"),
    ],
)
def test_a_step_that_cannot_be_taken_is_refused(
    world: World, bill: UUID, action: str, on: date, values: dict[str, Any], code: str
) -> None:
    before = world.account_balances()
    with pytest.raises(RuleBroken) as refused:
        world.take_bill_step(bill, action, on=on, **values)
    assert refused.value.code == code
    assert (world.bill_page(bill).row.state, world.account_balances()) == ("held", before)


@pytest.mark.parametrize("action", ["endorsement", "discount", "pledge"])
def test_what_is_not_transferable_stays(world: World, action: str) -> None:
    bill = world.bill(not_transferable=True)
    with pytest.raises(RuleBroken, match="bill_not_transferable"):
        world.take_bill_step(bill, action, on=date(2026, 5, 1))
    assert {step.value for step in world.on(date(2026, 5, 1)).bill_page(bill).steps} == {"dishonoured", "cancelled"}


def test_a_late_presentation_is_taken_and_called_late(world: World, bill: UUID) -> None:
    world.take_bill_step(bill, "presentation", on=date(2026, 10, 11))
    page = world.bill_page(bill)
    assert (page.row.state, page.deadlines.late) == ("presented", True)
    assert page.deadlines.acceptor_until_on == date(2028, 9, 30)


def test_nothing_is_booked_in_a_closed_period(world: World, bill: UUID) -> None:
    with world.transaction() as db:
        lock_through(db, world.actor(TODAY), MATURES)
    before = world.account_balances()
    for action, on in (("endorsement", date(2026, 5, 1)), ("pledge", date(2026, 5, 1)), ("dishonour", MATURES)):
        with pytest.raises(RuleBroken, match="period_locked"):
            world.take_bill_step(bill, action, on=on)
    with pytest.raises(RuleBroken, match="period_locked"):
        world.bill("B2")
    assert world.account_balances() == before
    world.take_bill_step(bill, "dishonour", on=MATURES, booked_on=date(2026, 10, 1))
    page = world.bill_page(bill)
    assert (page.row.notice_by_on, page.events[-1].effective_on) == (date(2026, 10, 3), date(2026, 10, 1))
    world.bill("B2", booked_on=date(2026, 10, 2), amount="1.00")
    assert world.bills_findings() == []


def test_the_ledgers_page_does_not_take_a_bill_back(world: World) -> None:
    bill = world.bill(pays="none")
    with pytest.raises(RuleBroken, match="reversed_elsewhere"), world.transaction() as db:
        item_id = world.bill_page(bill).item_id
        reverse_document(db, world.actor(TODAY), item_id, ReverseDocument(reason="x"))


def test_the_same_form_twice_is_one_bill_and_one_step(world: World) -> None:
    key = str(new_id())
    first, second = world.bill(key=key), world.bill(key=key)
    assert first == second
    form = {"key": str(new_id()), "seen": State.HELD}
    for _ in range(2):
        world.take_bill_step(first, "endorsement", on=date(2026, 5, 1), **form)
    assert world.account_balances()["payables"] == 50_000_000
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        world.take_bill_step(first, "endorsement", on=date(2026, 5, 2), **form)
    assert world.bills_findings() == []


def _run_together(commands: list[Callable[[], object]]) -> list[object]:
    """Runs all at once on connections of their own; returns what each returned or raised."""
    results: list[object] = [None] * len(commands)
    gate = threading.Barrier(len(commands))

    def run(at: int, command: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[at] = command()
        except HuikuanError as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(commands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_people_dispose_of_a_bill_at_once_and_one_wins(world: World, bill: UUID) -> None:
    def taking_step(step: StepKind) -> Callable[[], object]:
        data = Transfer(on=date(2026, 5, 1), seen=State.HELD, counterparty=step.value, key=str(new_id()))

        def command() -> str:
            with world.transaction() as db:
                take_step(db, world.actor(TODAY), bill, step, data)
            return step.value

        return command

    found = _run_together(
        [taking_step(step) for step in (StepKind.ENDORSE, StepKind.PLEDGE, StepKind.DISHONOUR, StepKind.ENDORSE)]
    )
    won = [each for each in found if isinstance(each, str)]
    lost = [each.code for each in found if isinstance(each, HuikuanError)]
    assert (len(won), lost) == (1, ["bill_moved_on"] * 3)
    assert world.bill_page(bill).row.state == won[0]
    with world.reading() as db:
        e = BillEvent
        steps = db.execute(sa.select(sa.func.count()).where(e.tenant_id == world.tenant_id)).scalar_one()
    assert steps == 2
    assert world.bills_findings() == []


def test_one_number_received_by_many_at_once_is_one_bill(world: World) -> None:
    found = _run_together([lambda: world.bill("SAME", amount="10.00") for _ in range(4)])
    assert sum(isinstance(each, UUID) for each in found) == 1
    assert {each.code for each in found if isinstance(each, HuikuanError)} == {"bill_exists"}
    with world.reading() as db:
        b = Bill
        count = db.execute(sa.select(sa.func.count()).where(b.tenant_id == world.tenant_id)).scalar_one()
    assert count == 1
    assert world.bills_findings() == []


def test_what_was_seen_must_still_stand(world: World, bill: UUID) -> None:
    """Recorded as refused while somebody endorsed it: that would have paid the endorsee."""
    world.take_bill_step(bill, "endorsement", on=date(2026, 5, 1))
    with pytest.raises(Conflict, match="bill_moved_on"):
        world.take_bill_step(bill, "dishonour", on=date(2026, 10, 1), seen=State.HELD)


def test_another_companys_bill_does_not_exist(world: World, bill: UUID, other_company: TestCompany) -> None:
    theirs = world_of(other_company)
    data = Transfer(on=date(2026, 5, 1), seen=State.HELD, counterparty="x", key=str(new_id()))
    with pytest.raises(NotFound, match="bill_not_found"), other_company.transaction() as db:
        take_step(db, other_company.actor(TODAY), bill, StepKind.ENDORSE, data)
    with pytest.raises(NotFound, match="bill_not_found"):
        theirs.bill_page(bill)
