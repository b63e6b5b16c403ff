"""Money has two days: interest runs to the day it came, whenever it was applied; what was charged is put right (F1)."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError

from app.cli import main
from ar.cases.holds.queries import hold_views
from ar.interest.checks import interest_checks
from ar.interest.correcting import correct_interest, propose
from ar.interest.corrections import Corrections
from ar.interest.inputs import CorrectInterest
from ar.ledger.closing.commands import lock_through
from ar.ledger.commands import lock_customers, record_coming
from ar.ledger.documents.commands import post_document
from ar.ledger.documents.inputs import SubmittedDocument
from ar.ledger.receivables.commands import reverse_document
from ar.ledger.receivables.inputs import ReverseDocument
from ar.ledger.receivables.settlement.discounts import take_discount
from ar.receipts.posting.bulk_posting import NewReceipt, post_receipts
from ar.receipts.posting.commands import apply_credit, post_receipt, suggest_allocation
from ar.receipts.posting.inputs import ApplyCredit, PostReceipt
from ar.receipts.posting.reversal import reverse_with_allocations
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict, HuikuanError, RuleBroken
from tests.support.world import World
from tests.support.world.base import fresh_key

DUE, CAME, LOCKED = date(2026, 9, 30), date(2026, 10, 2), date(2026, 10, 31)
APPLIED, TODAY = date(2026, 11, 6), date(2026, 11, 20)


@pytest.fixture
def world(world: World) -> World:
    """A company on TODAY whose debts bear 36.5 % a year: 1.00 a day on 1,000.00."""
    world.interest_terms(None, kind="contract", annual_percent="36.5")
    return world.on(TODAY)


@pytest.fixture
def invoice(world: World) -> UUID:
    """1,000.00, due on 30 September."""
    return world.invoice("00001", number="INV-1", due_on=DUE)


def receive(world: World, *, came: date = CAME, amount: str = "1000.00", how: str = "nothing") -> UUID:
    """Posts a receipt as the form does."""
    given = {"customer_no": "00001", "received_on": came, "amount": amount, "how": how, "key": fresh_key()}
    with world.transaction() as db:
        return post_receipt(db, world.actor(), PostReceipt.model_validate(given))


def apply(world: World, credit: UUID) -> None:
    with world.transaction() as db:
        apply_credit(db, world.actor(), credit, ApplyCredit(how="order", key=fresh_key()))


def lock(world: World, through: date = LOCKED) -> None:
    with world.transaction() as db:
        lock_through(db, world.actor(), through)


def proposed(world: World) -> Corrections:
    with world.reading() as db:
        return propose(db, world.actor())


def differences(world: World) -> list[int]:
    return [line.amount_minor for group in proposed(world).groups for line in group.lines]


def correct(world: World, **values: Any) -> UUID:
    shown = proposed(world)
    given = {
        "lines": [line.line_id for group in shown.groups for line in group.lines],
        "document_on": world.today,
        "reason": "the receipt was entered late",
        "fingerprint": shown.fingerprint,
        "key": fresh_key(),
    }
    with world.transaction() as db:
        return correct_interest(db, world.actor(), CorrectInterest.model_validate(given | values))


def interest_in_all(world: World) -> int:
    """Returns what the customer was charged in all, with what a run would charge now, in minor units."""
    return -world.balance_of("interest_income") + world.interest_preview().totals.get("CNY", 0)


def test_left_unapplied_over_a_lock_it_bears_two_days_and_not_thirty_two(world: World, invoice: UUID) -> None:
    """1,000.00 due 30 Sep, receipt of 2 Oct left unapplied, October locked, applied 6 Nov: 2 days = 2.00."""
    credit = receive(world.on(CAME))
    lock(world.on(APPLIED))
    apply(world.on(APPLIED), credit)
    assert world.interest_preview().totals == {"CNY": 2_00}


def test_entered_only_after_the_lock_it_bears_two_days(world: World, invoice: UUID) -> None:
    lock(world.on(APPLIED))
    credit = world.on(APPLIED).open_item(receive(world.on(APPLIED), how="order"))
    assert (credit.came_on, credit.document_on, credit.open_minor) == (CAME, LOCKED + timedelta(days=1), 0)
    assert world.interest_preview().totals == {"CNY": 2_00}
    assert world.ledger_findings() == []


def test_a_payment_that_is_returned_never_stopped_the_interest(world: World, invoice: UUID) -> None:
    """Paid on 5 Nov after 36 days, returned: the whole time until 20 November, 51.00."""
    allocation = world.pay(invoice, on=date(2026, 11, 5))
    assert world.interest_preview().totals == {"CNY": 36_00}
    world.unapply(allocation)
    assert world.interest_preview().totals == {"CNY": 51_00}


def test_charged_until_the_payment_and_then_returned_it_is_the_whole_time_in_all(world: World, invoice: UUID) -> None:
    allocation = world.pay(invoice, on=date(2026, 11, 5))
    world.post_interest()
    world.unapply(allocation)
    assert (differences(world), world.interest_preview().totals) == ([], {"CNY": 15_00})
    assert interest_in_all(world) == 51_00


def test_a_receipt_backdated_into_charged_days_is_proposed_and_right_in_sum(world: World, invoice: UUID) -> None:
    """Charged through October, 31.00; a receipt of 2 October comes to light: 29.00 are proposed to be credited."""
    world.on(APPLIED).post_interest(LOCKED)
    receive(world, how="order")
    assert differences(world) == [-29_00]
    (group,) = proposed(world).groups
    (line,) = group.lines
    assert (line.days, line.right_days, line.before_minor, line.right_minor) == (31, 2, 31_00, 2_00)
    correct(world)
    assert (differences(world), interest_in_all(world)) == ([], 2_00)
    credit = world.item_numbered("IC-2026-000001")
    assert (credit.kind, credit.amount_minor, credit.open_minor) == ("interest_credit", 29_00, 0)
    assert world.item_numbered("INT-2026-000001").open_minor == 2_00
    assert world.ledger_findings() == []


def test_applied_elsewhere_each_document_bears_what_it_should(world: World, invoice: UUID) -> None:
    """Applied to the wrong invoice and charged; then put to the right one: one line less, one line more."""
    other = world.invoice("00001", number="INV-2", due_on=DUE)
    receipt = world.receipt("00001", number="R-1", on=CAME)
    wrong = world.allocate(other, receipt, minor=1_000_00)
    world.post_interest(LOCKED)
    world.unapply(wrong)
    world.allocate(invoice, receipt, minor=1_000_00)
    assert differences(world) == [-29_00]
    assert world.interest_preview(LOCKED).totals == {"CNY": 29_00}, "the days of INV-2 that were not charged"
    correct(world)
    world.post_interest(LOCKED)
    assert interest_in_all(world) == 2_00 + 51_00


def test_more_owed_on_charged_days_is_charged_in_addition(world: World, invoice: UUID) -> None:
    """400.00 paid in time, charged on 600.00; the payment is taken back: 400.00 more for the same days."""
    allocation = world.pay(invoice, minor=400_00, on=DUE)
    world.post_interest(LOCKED)
    world.unapply(allocation)
    assert differences(world) == [12_40]
    correct(world)
    assert interest_in_all(world) == 51_00
    assert world.item_numbered("INT-2026-000002").amount_minor == 12_40


@pytest.mark.parametrize(("reason", "difference"), [("price", -15_50), ("goods", 0), ("goodwill", 0)])
def test_a_price_error_was_never_owed_and_other_credits_count_from_their_day(
    world: World, invoice: UUID, reason: str, difference: int
) -> None:
    world.post_interest(LOCKED)
    typed = {"customer": "00001", "amount": "500.00", "reference": "INV-1", "allocate": "1", "reason": reason}
    with world.transaction() as db:
        post_document(db, world.actor(), "credit_note", SubmittedDocument(key=fresh_key(), **typed))
    assert differences(world) == ([difference] if difference else [])
    left = 20 * 50 if reason == "price" else 20 * 1_00
    assert world.interest_preview().totals == {"CNY": left}


def test_an_invoice_taken_back_after_it_bore_interest_is_proposed(world: World, invoice: UUID) -> None:
    world.post_interest(LOCKED)
    with world.transaction() as db:
        reverse_document(db, world.actor(), invoice, ReverseDocument(reason="never delivered"))
    assert differences(world) == [-31_00]
    correct(world)
    assert interest_in_all(world) == 0


def test_what_was_waived_is_not_given_back_again(world: World, invoice: UUID) -> None:
    (charge,) = world.post_interest(LOCKED).charges
    world.waive_interest(charge.id, "20.00")
    receive(world, how="order")
    assert differences(world) == [-11_00]
    correct(world)
    assert (differences(world), world.item_numbered("INT-2026-000001").open_minor) == ([], 0)


def test_a_correction_of_a_paid_charge_is_a_credit_and_taken_back_it_is_proposed_again(
    world: World, invoice: UUID
) -> None:
    (charge,) = world.post_interest(LOCKED).charges
    world.pay(charge.item_id, minor=31_00, number="R-INT")
    receive(world, how="order")
    correct(world)
    credit = world.item_numbered("IC-2026-000001")
    assert credit.open_minor == 29_00, "the charge was paid: the credit is in the customer's favour"
    with world.transaction() as db:
        reverse_document(db, world.actor(), credit.id, ReverseDocument(reason="by mistake"))
    assert differences(world) == [-29_00]


def test_what_moved_since_it_was_shown_is_not_posted(world: World, invoice: UUID) -> None:
    world.post_interest(LOCKED)
    receive(world, amount="400.00", how="order")
    shown = proposed(world)
    receive(world, amount="100.00", how="order")
    with pytest.raises(Conflict, match="interest_changed"):
        correct(world, fingerprint=shown.fingerprint)
    with pytest.raises(RuleBroken, match="interest_nothing_to_correct"):
        correct(world, lines=[])
    with pytest.raises(RuleBroken, match="interest_correction_ahead"):
        correct(world, document_on=TODAY + timedelta(days=1))
    key = fresh_key()
    assert correct(world, key=key) is not None
    assert differences(world) == []


def test_a_discount_earned_on_the_second_and_applied_after_the_lock_is_granted(world: World) -> None:
    """2 %/10: paid on 2 October, applied on 6 November after October was locked."""
    item = world.document(
        kind="invoice", number="INV-D", on=DUE, discount_bps=200, discount_until_on=DUE + timedelta(days=10)
    )
    credit = receive(world.on(CAME), amount="980.00")
    lock(world.on(APPLIED))
    apply(world.on(APPLIED), credit)
    with world.transaction() as db:
        discount = take_discount(db, world.actor(), item)
    taken = world.open_item(discount)
    assert (taken.amount_minor, taken.came_on, taken.document_on) == (20_00, CAME, LOCKED + timedelta(days=1))
    assert world.open_minor_of(item) == 0


def test_a_receipt_entered_after_the_lock_earns_the_discount_of_its_own_day(world: World) -> None:
    until = DUE + timedelta(days=10)
    item = world.document(kind="invoice", number="INV-D", on=DUE, discount_bps=200, discount_until_on=until)
    lock(world.on(APPLIED))
    receive(world.on(APPLIED), came=until, amount="980.00", how="order")
    with world.transaction() as db:
        take_discount(db, world.actor(), item)
    assert world.open_minor_of(item) == 0


def backdated(world: World) -> None:
    """Charges October, then enters the receipt of 2 October: 29.00 are to be credited."""
    world.on(APPLIED).post_interest(LOCKED)
    receive(world, how="order")


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_person_sees_the_difference_line_by_line_and_posts_it(world: World, invoice: UUID, language: str) -> None:
    backdated(world)
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        client = world.client(language=language)
        assert "/interest/corrections" in client.get(world.url("/interest/")).text
        page = client.get(world.url("/interest/corrections")).text
        for expected in ("INV-1", "INT-2026-000001", "31.00", "2.00", "29.00"):
            assert expected in page, expected
        inputs = dict(re.findall(r'<input[^>]* name="(key|fingerprint|lines)"[^>]* value="([^"]*)"', page))
        form = inputs | {"document_on": TODAY.isoformat()}
        refused = client.post(world.url("/interest/corrections"), data=form)
        assert refused.status_code == 422
        answers = [
            client.post(world.url("/interest/corrections"), data=form | {"reason": "late entry"}) for _twice in "12"
        ]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert "IC-2026-000001" in client.get(world.url("/interest/corrections")).text
    assert world.count_documents("interest_credit") == 1


def test_the_command_line_shows_and_posts_the_difference(world: World, invoice: UUID) -> None:
    backdated(world)

    def run(*arguments: str) -> Any:
        options = ["--tenant", world.slug, "--date", TODAY.isoformat(), "--json"]
        answer = CliRunner().invoke(main, ["interest", *arguments, *options], catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output)

    (line,) = run("corrections")["lines"]
    assert (line["document_no"], line["right_days"], line["amount_minor"]) == ("INV-1", 2, -29_00)
    (document,) = run("correct", "--reason", "late entry")["documents"]
    assert (document["document_no"], document["amount_minor"]) == ("IC-2026-000001", -29_00)
    assert run("corrections") == {"lines": []}


def test_who_may_not_post_sees_and_corrects_nothing(world: World, invoice: UUID) -> None:
    backdated(world)
    client = world.client("collector")
    assert client.get(world.url("/interest/corrections")).status_code == 200
    assert client.post(world.url("/interest/corrections"), data={}).status_code == 403


def test_the_examination_finds_what_no_correction_explains(world: World, invoice: UUID) -> None:
    backdated(world)
    correct(world)
    with world.reading() as db:
        assert [each.name for each in interest_checks(db, world.tenant_id) if not each.ok] == []
    world.document(kind="interest_credit", number="IC-X")
    with world.reading() as db:
        (wrong,) = [each for each in interest_checks(db, world.tenant_id) if not each.ok]
    assert wrong.detail == "IC-X"


def test_of_two_who_correct_at_the_same_moment_one_wins(world: World, invoice: UUID) -> None:
    backdated(world)
    shown, start, outcomes = proposed(world), Barrier(3), []
    lines = [line.line_id for group in shown.groups for line in group.lines]

    def go() -> None:
        start.wait()
        try:
            correct(world, lines=lines, fingerprint=shown.fingerprint)
            outcomes.append("posted")
        except HuikuanError as error:
            outcomes.append(error.code)

    threads = [Thread(target=go) for _each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["interest_changed"] * 2 + ["posted"]
    assert world.count_documents("interest_credit") == 1


def test_a_promise_is_kept_by_the_day_the_money_came(world: World, invoice: UUID) -> None:
    """Promised for 5 October, there on 2 October, applied on 6 November: kept."""
    world.hold(item=invoice, kind="promise", until_on=date(2026, 10, 5), on=date(2026, 10, 1))
    receipt = world.receipt("00001", number="R-1", on=CAME)
    world.on(APPLIED).allocate(invoice, receipt, minor=1_000_00, on=APPLIED)
    with world.reading() as db:
        (hold,) = hold_views(db, world.tenant_id, world.customer_id(), TODAY)
    assert hold.state == "kept"


def test_only_of_a_bill_the_day_of_coming_may_be_recorded_later(world: World, invoice: UUID) -> None:
    receipt = world.receipt("00001", number="R-1", on=CAME)
    with pytest.raises(DBAPIError, match="only the projections"), world.transaction() as db:
        record_coming(db, world.actor(), receipt, DUE, conditional=False)


def test_the_bank_s_value_day_counts_where_it_is_earlier(world: World, invoice: UUID) -> None:
    new = NewReceipt(
        world.customer_id(), CAME, "CNY", 1_000_00, ((invoice, 1_000_00),), bank_booked_on=date(2026, 10, 6)
    )
    with world.transaction() as db:
        (receipt,) = post_receipts(db, world.actor(), [new])
    item = world.open_item(receipt)
    assert (item.came_on, item.document_on) == (CAME, date(2026, 10, 6))
    assert world.interest_preview().totals == {"CNY": 2_00}


@pytest.mark.parametrize(("chosen", "credited"), [("credit alone", 11_50), ("both", 20_00)])
def test_of_chosen_lines_no_more_is_given_back_than_is_claimed_without_the_others(
    world: World, invoice: UUID, chosen: str, credited: int
) -> None:
    """20.50 for INV-1, half paid, and 31.00 for INV-2, 40.00 waived: 11.50 are claimed; then INV-2 turns out paid."""
    other = world.invoice("00001", number="INV-2", due_on=DUE)
    wrong = world.pay(invoice, minor=500_00, on=date(2026, 10, 10))
    (charge,) = world.post_interest(LOCKED).charges
    world.waive_interest(charge.id, "40.00")
    world.unapply(wrong)
    world.allocate(other, world.receipt("00001", number="R-2", on=date(2026, 10, 11)), minor=1_000_00)
    shown = [line for group in proposed(world).groups for line in group.lines]
    assert [line.amount_minor for line in shown] == [10_50, -20_00]
    correct(world, lines=[line.line_id for line in shown if chosen == "both" or line.amount_minor < 0])
    credit = world.item_numbered("IC-2026-000001")
    in_favour = credited - 11_50
    assert (credit.amount_minor, credit.open_minor) == (credited, in_favour)
    assert world.item_numbered("INT-2026-000001").open_minor == 0
    assert differences(world) == ([] if chosen == "both" else [10_50, -8_50])
    assert world.ledger_findings() == []


def test_a_payment_finds_of_corrected_interest_what_is_left_for_each_debt(world: World, invoice: UUID) -> None:
    """31.00 for INV-1 and 32.00 for INV-2, of which all but 1.00 had been paid in time: 0.03 is left of the 32.00."""
    earlier = world.invoice("00001", number="INV-2", due_on=DUE - timedelta(days=1))
    (charge,) = world.on(APPLIED).post_interest(LOCKED).charges
    came = world.receipt("00001", number="R-2", minor=999_00, on=date(2026, 9, 15))
    world.allocate(earlier, came, minor=999_00)
    correct(world)
    assert world.open_minor_of(charge.item_id) == 31_03
    assert paid_costs_first(world, 1_03) == {"INT-2026-000001": 3, "INV-2": 1_00}
    assert paid_costs_first(world, 32_03) == {"INT-2026-000001": 31_03, "INV-2": 1_00}
    with world.transaction() as db:
        actor = lock_customers(db, world.actor(), [world.customer_id("00001")])
        reverse_with_allocations(db, actor, world.item_numbered("IC-2026-000001").id, TODAY, "by mistake")
    assert paid_costs_first(world, 33_00) == {"INT-2026-000001": 32_00, "INV-2": 1_00}


def paid_costs_first(world: World, minor: int) -> dict[str, int]:
    """Returns what a payment of today would pay, by document."""
    sums: dict[str, int] = {}
    with world.reading() as db:
        shares = suggest_allocation(db, world.actor(), world.customer_id("00001"), "CNY", minor, costs_first=True)
    for share in shares:
        number = world.open_item(share.id).document_no
        sums[number] = sums.get(number, 0) + share.amount_minor
    return sums
