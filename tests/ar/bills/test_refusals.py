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
from ar.bills.inputs import HandOn
from ar.bills.models import Bill, BillEvent
from ar.bills.rules import State, Step
from ar.ledger.closing import lock_through
from ar.ledger.commands import reverse_document
from ar.ledger.inputs import ReverseDocument
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.ids import new_id
from tests.ar.bills.desk import MATURES, Desk
from tests.support.books import TODAY
from tests.support.companies import TestCompany


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
def test_a_bill_that_does_not_add_up_is_refused(desk: Desk, values: dict[str, Any], code: str) -> None:
    if not code:
        assert desk.page(desk.receive(**values)).row.matures_on >= MATURES
        return
    before = desk.open()
    with pytest.raises(HuikuanError) as refused:
        desk.receive(**values)
    assert refused.value.code == code
    assert desk.open() == before


def test_a_number_is_taken_once(desk: Desk, bill: UUID) -> None:
    with pytest.raises(Conflict, match="bill_exists"):
        desk.receive("B1", amount="1.00")


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
    desk: Desk, bill: UUID, action: str, on: date, values: dict[str, Any], code: str
) -> None:
    before = desk.balances()
    with pytest.raises(RuleBroken) as refused:
        desk.step(bill, action, on, **values)
    assert refused.value.code == code
    assert (desk.page(bill).row.state, desk.balances()) == ("held", before)


@pytest.mark.parametrize("action", ["endorsement", "discount", "pledge"])
def test_what_is_not_transferable_stays(desk: Desk, action: str) -> None:
    bill = desk.receive(not_transferable=True)
    with pytest.raises(RuleBroken, match="bill_not_transferable"):
        desk.step(bill, action, date(2026, 5, 1))
    assert {step.value for step in desk.page(bill, date(2026, 5, 1)).steps} == {"dishonoured", "cancelled"}


def test_a_late_presentation_is_taken_and_called_late(desk: Desk, bill: UUID) -> None:
    desk.step(bill, "presentation", date(2026, 10, 11))
    page = desk.page(bill)
    assert (page.row.state, page.limits.late) == ("presented", True)
    assert page.limits.acceptor_until_on == date(2028, 9, 30)


def test_nothing_is_booked_in_a_closed_period(desk: Desk, bill: UUID) -> None:
    with desk.company.transaction() as db:
        lock_through(db, desk.company.actor(TODAY), MATURES)
    before = desk.balances()
    for action, on in (("endorsement", date(2026, 5, 1)), ("pledge", date(2026, 5, 1)), ("dishonour", MATURES)):
        with pytest.raises(RuleBroken, match="period_locked"):
            desk.step(bill, action, on)
    with pytest.raises(RuleBroken, match="period_locked"):
        desk.receive("B2")
    assert desk.balances() == before
    desk.step(bill, "dishonour", MATURES, booked_on=date(2026, 10, 1))
    page = desk.page(bill)
    assert (page.row.notice_by_on, page.events[-1].effective_on) == (date(2026, 10, 3), date(2026, 10, 1))
    desk.receive("B2", booked_on=date(2026, 10, 2), amount="1.00")
    assert desk.wrong() == []


def test_the_ledgers_page_does_not_take_a_bill_back(desk: Desk) -> None:
    bill = desk.receive(pays="none")
    with pytest.raises(RuleBroken, match="reversed_elsewhere"), desk.company.transaction() as db:
        item_id = desk.page(bill).item_id
        reverse_document(db, desk.company.actor(TODAY), item_id, ReverseDocument(reason="x"))


def test_the_same_form_twice_is_one_bill_and_one_step(desk: Desk) -> None:
    key = str(new_id())
    first, second = desk.receive(key=key), desk.receive(key=key)
    assert first == second
    form = {"key": str(new_id()), "seen": State.HELD}
    for _ in range(2):
        desk.step(first, "endorsement", date(2026, 5, 1), **form)
    assert desk.balances()["payables"] == 50_000_000
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        desk.step(first, "endorsement", date(2026, 5, 2), **form)
    assert desk.wrong() == []


def _together(deeds: list[Callable[[], object]]) -> list[object]:
    """Does all at once on connections of their own; what each returned or raised."""
    results: list[object] = [None] * len(deeds)
    gate = threading.Barrier(len(deeds))

    def run(at: int, deed: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[at] = deed()
        except HuikuanError as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_people_dispose_of_a_bill_at_once_and_one_wins(desk: Desk, bill: UUID) -> None:
    company = desk.company

    def taking(step: Step) -> Callable[[], object]:
        data = HandOn(on=date(2026, 5, 1), seen=State.HELD, counterparty=step.value, key=str(new_id()))

        def deed() -> str:
            with company.transaction() as db:
                take_step(db, company.actor(TODAY), bill, step, data)
            return step.value

        return deed

    found = _together([taking(step) for step in (Step.ENDORSE, Step.PLEDGE, Step.DISHONOUR, Step.ENDORSE)])
    won = [each for each in found if isinstance(each, str)]
    lost = [each.code for each in found if isinstance(each, HuikuanError)]
    assert (len(won), lost) == (1, ["bill_moved_on"] * 3)
    assert desk.page(bill).row.state == won[0]
    with company.reading() as db:
        e = BillEvent
        steps = db.execute(sa.select(sa.func.count()).where(e.tenant_id == company.tenant_id)).scalar_one()
    assert steps == 2
    assert desk.wrong() == []


def test_one_number_received_by_many_at_once_is_one_bill(desk: Desk) -> None:
    found = _together([lambda: desk.receive("SAME", amount="10.00") for _ in range(4)])
    assert sum(isinstance(each, UUID) for each in found) == 1
    assert {each.code for each in found if isinstance(each, HuikuanError)} == {"bill_exists"}
    with desk.company.reading() as db:
        b = Bill
        count = db.execute(sa.select(sa.func.count()).where(b.tenant_id == desk.company.tenant_id)).scalar_one()
    assert count == 1
    assert desk.wrong() == []


def test_what_was_seen_must_still_stand(desk: Desk, bill: UUID) -> None:
    """Recorded as refused while somebody endorsed it: that would have paid the endorsee."""
    desk.step(bill, "endorsement", date(2026, 5, 1))
    with pytest.raises(Conflict, match="bill_moved_on"):
        desk.step(bill, "dishonour", date(2026, 10, 1), seen=State.HELD)


def test_another_companys_bill_does_not_exist(desk: Desk, bill: UUID, other_company: TestCompany) -> None:
    theirs = Desk(other_company)
    data = HandOn(on=date(2026, 5, 1), seen=State.HELD, counterparty="x", key=str(new_id()))
    with pytest.raises(NotFound, match="bill_not_found"), other_company.transaction() as db:
        take_step(db, other_company.actor(TODAY), bill, Step.ENDORSE, data)
    with pytest.raises(NotFound, match="bill_not_found"):
        theirs.page(bill)
