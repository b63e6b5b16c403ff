"""Runs against the books: charged once, as previewed or not at all; waived, claimed again, reversed; what refuses."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from ar.interest import commands, waivers
from ar.interest.checks import interest_checks
from ar.interest.inputs import ReverseInterest, WaiveInterest
from ar.interest.models import InterestWaiver
from ar.interest.rates import recorded_rates
from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.queries import balance_at, posted_balances
from ar.ledger.books.reversal import reverse_item
from ar.ledger.models import OpenItem, Posting
from ar.ledger.receivables.commands import reverse_document, unapply_allocation
from ar.ledger.receivables.inputs import ReverseDocument, UnapplyAllocation
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.journal import JournalEvent
from tenants.approvals.engine import decide
from tenants.approvals.models import Approval
from tests.ar.ledger.closing.audit.test_checks import tamper
from tests.support.approvals import person
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World
from tests.support.world.base import fresh_key

TODAY = date(2026, 2, 13)


@pytest.fixture
def world(world: World) -> World:
    """A company on TODAY."""
    return world.on(TODAY)


def late_customer_and_invoice(
    world: World, number: str = "INV-1", *, days: int = 45, minor: int = 100_000_00, customer: str = "00001"
) -> tuple[UUID, UUID]:
    """Returns (customer, invoice): an invoice so many days late today."""
    customer_id = world.customer(customer)
    return customer_id, world.late_invoice(customer_id, number=number, minor=minor, days_late=days)


def test_a_run_charges_what_the_preview_showed_and_books_it(world: World) -> None:
    """45 days late on 100,000 at LPR 3.0 × 1.3: 480.82, one document, receivables against interest income."""
    customer, _invoice = late_customer_and_invoice(world)
    seen = world.interest_preview()
    assert seen.totals == {"CNY": 480_82}
    page = world.post_interest()
    (charge,) = page.charges
    assert (charge.amount_minor, charge.open_minor, charge.document_no) == (480_82, 480_82, "INT-2026-000001")
    assert (page.run.number, page.run.through_on) == ("IR-2026-000001", TODAY)
    shown = world.interest_charge(charge.id)
    (line,) = shown.lines
    assert (line.days, line.principal_minor, line.exact_minor) == (45, 100_000_00, Decimal("48082.191781"))
    assert (line.rate.percent, line.rate.reference_percent) == (Decimal("3.9"), Decimal(3))
    with world.reading() as db:
        p, i = Posting, OpenItem
        legs = db.execute(
            sa.select(p.account_code, p.debit_minor, p.credit_minor)
            .join(i, sa.and_(i.tenant_id == p.tenant_id, i.entry_id == p.entry_id))
            .where(p.tenant_id == world.tenant_id, i.id == charge.item_id)
            .order_by(p.account_code)
        ).all()
        assert [tuple(leg) for leg in legs] == [("interest_income", 0, 480_82), ("receivables", 480_82, 0)]
        assert balance_at(db, world.tenant_id, customer, "CNY", TODAY) == 100_480_82
        j = JournalEvent
        event = db.execute(
            sa.select(j.data).where(j.tenant_id == world.tenant_id, j.kind == "interest_posted")
        ).scalar_one()
    assert event["totals"] == [{"kind": "interest", "currency": "CNY", "count": 1, "amount_minor": 480_82}]


def test_a_second_run_charges_only_the_days_since_and_never_interest_on_interest(world: World) -> None:
    late_customer_and_invoice(world)
    first = world.post_interest(TODAY - timedelta(days=20))
    assert world.interest_charge(first.charges[0].id).lines[0].days == 25
    second = world.post_interest()
    (line,) = world.interest_charge(second.charges[0].id).lines
    assert (line.from_on, line.to_on, line.days) == (TODAY - timedelta(days=19), TODAY, 20)
    assert world.interest_preview().groups == ()
    world = world.on(TODAY + timedelta(days=300))
    (group,) = world.interest_preview().groups
    assert [item.document_no for item in group.items] == ["INV-1"], "the interest documents bear nothing"


def test_what_was_paid_late_is_charged_to_the_day_of_payment(world: World) -> None:
    customer, invoice = late_customer_and_invoice(world)
    paid_on = TODAY - timedelta(days=35)
    receipt = world.receipt(customer, number="RC-1", on=paid_on, minor=100_000_00)
    world.allocate(invoice, receipt, minor=100_000_00, on=paid_on)
    (group,) = world.interest_preview().groups
    assert [(line.to_on, line.days) for line in group.items[0].lines] == [(paid_on, 10)]
    world.post_interest()
    assert world.interest_preview().groups == ()


def test_books_that_moved_since_the_preview_are_not_charged_by_it(world: World) -> None:
    customer, invoice = late_customer_and_invoice(world)
    data = world.interest_posting()
    receipt = world.receipt(customer, number="RC-1", on=TODAY - timedelta(days=40), minor=100_000_00)
    world.allocate(invoice, receipt, minor=100_000_00, on=TODAY - timedelta(days=40))
    with pytest.raises(Conflict) as refused, world.transaction() as db:
        commands.post_run(db, world.actor(TODAY), data)
    assert refused.value.code == "interest_changed"


def test_the_same_posting_twice_is_one_run(world: World) -> None:
    late_customer_and_invoice(world)
    data = world.interest_posting()
    ids = []
    for _twice in range(2):
        with world.transaction() as db:
            ids.append(commands.post_run(db, world.actor(TODAY), data))
    assert ids[0] == ids[1]
    assert len(world.interest_run(ids[0]).charges) == 1


def test_of_runs_at_the_same_moment_one_wins(world: World) -> None:
    late_customer_and_invoice(world)
    postings, start, outcomes = [world.interest_posting() for _n in range(4)], Barrier(4), []

    def go(number: int) -> None:
        start.wait()
        try:
            with world.transaction() as db:
                commands.post_run(db, world.actor(TODAY), postings[number])
            outcomes.append("posted")
        except HuikuanError as error:
            outcomes.append(error.code)

    threads = [Thread(target=go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["interest_changed"] * 3 + ["posted"]


def test_what_is_ticked_off_stays_free(world: World) -> None:
    _customer, first = late_customer_and_invoice(world, "INV-1")
    late_customer_and_invoice(world, "INV-2", days=10)
    other, _invoice = late_customer_and_invoice(world, "INV-3", customer="00002")
    page = world.post_interest(leave_out=[first], leave_out_customers=[other])
    assert [line.document_no for line in world.interest_charge(page.charges[0].id).lines] == ["INV-2"]
    assert {item.document_no for group in world.interest_preview().groups for item in group.items} == {"INV-1", "INV-3"}
    with pytest.raises(RuleBroken) as refused:
        world.post_interest(
            leave_out=[item.item_id for group in world.interest_preview().groups for item in group.items]
        )
    assert refused.value.code == "interest_nothing"


def test_one_document_per_customer_and_currency_and_statements_do_not_grow(world: World, engine: sa.Engine) -> None:
    for number in range(3):
        late_customer_and_invoice(world, f"A-{number}", customer=f"1{number}")
    data = world.interest_posting()
    with counted(engine) as few, world.transaction() as db:
        commands.post_run(db, world.actor(TODAY), data)
    for number in range(12):
        late_customer_and_invoice(world, f"B-{number}", customer=f"1{number}")
        late_customer_and_invoice(world, f"C-{number}", customer=f"1{number}")
    data = world.interest_posting()
    with counted(engine) as many, world.transaction() as db:
        run_id = commands.post_run(db, world.actor(TODAY), data)
    assert len(world.interest_run(run_id).charges) == 12
    assert len(many) == len(few) <= 30


def test_terms_of_the_customer_come_first_and_only_from_their_day(world: World) -> None:
    customer, _invoice = late_customer_and_invoice(world)
    world.interest_terms(customer, kind="contract", daily_percent="0.05")
    assert world.interest_preview().totals == {"CNY": 2_250_00}
    world.interest_terms(customer, kind="none", from_on=TODAY - timedelta(days=43))
    assert world.interest_preview().totals == {"CNY": 2_250_00}, "it was in default before that day"
    world.interest_terms(customer, kind="none", from_on=TODAY - timedelta(days=44))
    assert world.interest_preview().totals == {}
    late_customer_and_invoice(world, "INV-2", customer="00002")
    world.interest_terms(None, kind="contract", annual_percent="4.5", basis="360")
    assert world.interest_preview().totals == {"CNY": 562_50}


def test_foreign_currencies_bear_nothing_until_terms_say_so(world: World) -> None:
    customer = world.customer()
    due = TODAY - timedelta(days=9)
    for currency, minor in (("EUR", 100_000_00), ("JPY", 1_000_000), ("KWD", 1_000_000)):
        world.invoice(customer, number=f"X-{currency}", on=due, minor=minor, due_on=due, currency=currency)
    assert world.interest_preview().totals == {}
    world.interest_terms(None, kind="eu", currency="EUR", fixed_sum=True)
    world.interest_terms(customer, kind="contract", annual_percent="10")
    # 9 days at 10 %: the customer's contract comes before the company's rule for EUR.
    assert world.interest_preview().totals == {"EUR": 246_58, "JPY": 2_466, "KWD": 2_466}
    world.interest_terms(customer, kind="standard", currency="EUR")
    assert world.interest_preview(currency="EUR").totals == {"EUR": 250_27 + 40_00}


def test_a_run_that_needs_a_rate_not_published_says_so_and_asks_for_it(world: World) -> None:
    """In default on 18 November 2026, for which the product knows no LPR: never the last one in its place."""
    world = world.on(date(2026, 11, 27))
    customer, _invoice = late_customer_and_invoice(world, days=10)
    world.late_invoice(customer, number="INV-KNOWN", minor=100_00, days_late=200)
    seen = world.interest_preview()
    assert [(rate.series, rate.from_on, rate.count) for rate in seen.missing] == [("lpr_1y", date(2026, 10, 20), 1)]
    assert [item.document_no for group in seen.groups for item in group.items] == ["INV-KNOWN"]
    with pytest.raises(RuleBroken) as refused:
        world.post_interest()
    assert (refused.value.code, refused.value.params["series"]) == ("interest_rate_missing", "lpr_1y")
    world.reference_rate("lpr_1y", date(2026, 10, 20), "2.9")
    items = {item.document_no: item for group in world.interest_preview().groups for item in group.items}
    assert items["INV-1"].lines[0].rate.percent == Decimal("3.77")
    assert world.interest_preview().missing == ()


def test_without_the_documents_whose_rate_is_missing_a_run_is_posted_when_a_person_says_so(world: World) -> None:
    world = world.on(date(2026, 11, 27))
    customer, _invoice = late_customer_and_invoice(world, days=10)
    world.late_invoice(customer, number="INV-KNOWN", minor=100_000_00, days_late=200)
    (charge,) = world.post_interest(without_missing=True).charges
    assert [line.document_no for line in world.interest_charge(charge.id).lines] == ["INV-KNOWN"]


def test_a_corrected_rate_is_a_further_row_and_the_earlier_one_stays(world: World) -> None:
    world = world.on(date(2026, 11, 27))
    late_customer_and_invoice(world, days=10)
    world.reference_rate("lpr_1y", date(2026, 10, 20), "29", source="typed wrong")
    world.reference_rate("lpr_1y", date(2026, 10, 20), "2.9")
    (group,) = world.interest_preview().groups
    assert group.items[0].lines[0].rate.reference_percent == Decimal("2.9")
    with world.reading() as db:
        rows = [(each.percent, each.replaced) for each in recorded_rates(db, world.tenant_id)]
    assert rows == [(Decimal("2.9"), False), (Decimal(29), True)]


def test_a_source_that_tells_that_a_rate_held_fills_the_months_between(world: World) -> None:
    world = world.on(date(2026, 11, 27))
    late_customer_and_invoice(world, days=40)
    world.reference_rate("lpr_1y", date(2026, 7, 20), "3.0", through_on="2026-11-19")
    assert world.interest_preview().missing == ()
    with pytest.raises(RuleBroken) as refused:
        world.reference_rate("lpr_1y", date(2026, 7, 20), "3.0", through_on="2027-01-19")
    assert refused.value.code == "interest_rate_days"


def test_due_on_a_saturday_and_paid_on_monday_bears_nothing_unless_agreed_otherwise(world: World) -> None:
    """Civil Code 203, BGB § 193: due Saturday 17 January 2026; Monday is in time, of Tuesday one day is charged."""
    saturday, monday, tuesday = (date(2026, 1, day) for day in (17, 19, 20))
    for number, roll, paid_on, days in (
        ("00001", "statutory", monday, 0),
        ("00002", "statutory", tuesday, 1),
        ("00003", "none", monday, 2),
        ("00004", "following", monday, 0),
        ("00005", "preceding", monday, 2),
    ):
        customer = world.customer(number)
        world.agree_on_days_off(customer, roll)
        invoice = world.invoice(customer, number=f"INV-{number}", on=date(2026, 1, 5), due_on=saturday)
        world.interest_terms(customer, kind="contract", daily_percent="0.1")
        world.pay(invoice, on=paid_on)
        lines = [
            line
            for group in world.interest_preview(customer_no=number).groups
            for item in group.items
            for line in item.lines
        ]
        assert sum(line.days for line in lines) == days, (number, roll)
        assert sum(line.amount_minor for line in lines) == days * 1_00
        if lines:
            assert (lines[0].from_on, lines[-1].to_on) == (paid_on - timedelta(days=days - 1), paid_on)


def test_terms_changed_later_do_not_reach_documents_posted_before(world: World) -> None:
    customer = world.customer("00001")
    invoice = world.invoice(customer, number="INV-1", on=date(2026, 1, 5), due_on=date(2026, 1, 17))
    world.interest_terms(customer, kind="contract", daily_percent="0.1")
    world.pay(invoice, on=date(2026, 1, 19))
    world.agree_on_days_off(customer, "none")
    assert world.interest_preview().groups == ()


def test_waiving_a_part_then_claiming_it_again(world: World) -> None:
    customer, _invoice = late_customer_and_invoice(world)
    (charge,) = world.post_interest().charges
    waiver = world.waive_interest(charge.id, "80.82")
    assert waiver is not None
    shown = world.interest_charge(charge.id)
    assert (shown.charge.open_minor, shown.charge.waived_minor) == (400_00, 80_82)
    with world.reading() as db:
        assert balance_at(db, world.tenant_id, customer, "CNY", TODAY) == 100_400_00
        assert posted_balances(db, world.tenant_id, TODAY)["CNY"] == 100_400_00
    assert world.interest_preview().groups == (), "what is waived stays charged"
    world.reinstate_interest(waiver)
    shown = world.interest_charge(charge.id)
    assert (shown.charge.open_minor, shown.charge.waived_minor) == (480_82, 0)
    assert shown.waivers[0].reinstated_reason == "not kept"
    with pytest.raises(Conflict):
        world.reinstate_interest(waiver)


def test_a_waiver_or_a_charge_whose_parts_were_changed_past_the_product_is_found(world: World) -> None:
    late_customer_and_invoice(world)
    (charge,) = world.post_interest().charges
    world.waive_interest(charge.id, "80.82")

    def findings() -> set[str]:
        with world.reading() as db:
            return {check.name for check in interest_checks(db, world.tenant_id) if not check.ok}

    assert findings() == set()
    tamper(world.tenant_id, "UPDATE interest_waiver SET amount_minor = amount_minor - 1 WHERE tenant_id = %s")
    waiver = "interest: each waiver is the amount of its credit and of what it was applied to"
    assert findings() == {waiver}
    tamper(world.tenant_id, "UPDATE accessory_part SET amount_minor = amount_minor + 1 WHERE tenant_id = %s")
    assert findings() == {waiver, "interest: what each charge is for adds up to it"}


@pytest.mark.parametrize(
    ("amount", "code"),
    [("480.83", "allocation_exceeds_open"), ("0", "amount_not_positive"), ("1,2", "amount_unreadable")],
)
def test_what_cannot_be_waived(world: World, amount: str, code: str) -> None:
    late_customer_and_invoice(world)
    (charge,) = world.post_interest().charges
    with pytest.raises(HuikuanError) as refused:
        world.waive_interest(charge.id, amount)
    assert refused.value.code == code


def test_a_large_waiver_waits_for_the_finance_director(world: World) -> None:
    late_customer_and_invoice(world, minor=1_000_000_00)
    (charge,) = world.post_interest().charges
    asker = person(world, "accountant", today=TODAY)
    director = person(world, "finance_director", today=TODAY)
    data = WaiveInterest(amount="4808.22", reason="settled", key=fresh_key())
    for _twice in range(2):
        with world.transaction() as db:
            assert waivers.waive(db, asker, charge.id, data) is None
    with pytest.raises(RuleBroken) as pending, world.transaction() as db:
        waivers.waive(db, asker, charge.id, data.model_copy(update={"key": fresh_key()}))
    assert pending.value.code == "approval_pending"
    assert world.interest_charge(charge.id).charge.waived_minor == 0
    with world.transaction() as db:
        approval_id = db.execute(sa.select(Approval.id).where(Approval.tenant_id == world.tenant_id)).scalar_one()
        assert decide(db, director, approval_id, approve=True, step=0) == "approved"
    shown = world.interest_charge(charge.id)
    assert (shown.charge.open_minor, shown.waivers[0].approval_id) == (0, approval_id)


def test_many_small_waivers_of_a_charge_are_one_large_one(world: World) -> None:
    late_customer_and_invoice(world, minor=1_000_000_00)
    (charge,) = world.post_interest().charges
    asker, _director = person(world, "accountant", today=TODAY), person(world, "finance_director", today=TODAY)

    def waived(amount: str) -> UUID | None:
        data = WaiveInterest(amount=amount, reason="goodwill", key=fresh_key())
        with world.transaction() as db:
            return waivers.waive(db, asker, charge.id, data)

    first = waived("600.00")
    assert first is not None
    assert waived("400.00") is not None
    assert waived("0.01") is None  # 1,000.01 in all: another person decides
    assert world.interest_charge(charge.id).charge.waived_minor == 1_000_00
    world.reinstate_interest(first)
    assert waived("600.00") is not None


def test_a_waiver_is_taken_back_on_its_charge_and_pays_nothing_else(world: World) -> None:
    _customer, invoice = late_customer_and_invoice(world)
    (charge,) = world.post_interest().charges
    world.waive_interest(charge.id, "100.00")
    (waiver,) = world.interest_charge(charge.id).waivers
    w, actor = InterestWaiver, world.actor(TODAY)
    with world.reading() as db:
        item_id, allocation_id = db.execute(
            sa.select(w.item_id, w.allocation_id).where(w.tenant_id == world.tenant_id, w.id == waiver.id)
        ).one()
    with world.transaction() as db:
        unapply_allocation(db, actor, item_id, allocation_id, UnapplyAllocation())
    with pytest.raises(RuleBroken, match="reversed_with_charge"), world.transaction() as db:
        reverse_document(db, actor, item_id, ReverseDocument(reason="by mistake"))
    with pytest.raises(RuleBroken, match="credit_bound"), world.transaction() as db:
        allocate(db, actor, [NewAllocation(invoice, item_id, 100_00)])
    world.reinstate_interest(waiver.id)


def test_reversing_frees_the_days_of_that_charge_alone(world: World) -> None:
    late_customer_and_invoice(world)
    first = world.post_interest(TODAY - timedelta(days=20)).charges[0]
    world.post_interest()
    world.reverse_interest(first.id)
    assert world.interest_charge(first.id).charge.reversed
    (group,) = world.interest_preview().groups
    assert [(line.from_on, line.days) for line in group.items[0].lines] == [(TODAY - timedelta(days=44), 25)]
    again = world.post_interest()
    assert again.charges[0].amount_minor == first.amount_minor
    with pytest.raises(Conflict):
        world.reverse_interest(first.id)


def test_days_of_a_paid_debt_come_back_when_their_charge_is_reversed(world: World) -> None:
    customer, invoice = late_customer_and_invoice(world)
    first = world.post_interest(TODAY - timedelta(days=40)).charges[0]
    receipt = world.receipt(customer, number="RC-1", on=TODAY - timedelta(days=30), minor=100_000_00)
    world.allocate(invoice, receipt, minor=100_000_00, on=TODAY - timedelta(days=30))
    world.post_interest()
    world.reverse_interest(first.id)
    (group,) = world.interest_preview().groups
    assert [line.days for line in group.items[0].lines] == [5]


def test_a_waived_or_paid_charge_is_not_reversed_before_that_is_undone(world: World) -> None:
    late_customer_and_invoice(world)
    (charge,) = world.post_interest().charges
    world.waive_interest(charge.id, "1.00")
    with pytest.raises(Conflict) as refused:
        world.reverse_interest(charge.id)
    assert refused.value.code == "item_allocated"


def test_an_invoice_taken_back_bears_nothing(world: World) -> None:
    _customer, invoice = late_customer_and_invoice(world)
    with world.transaction() as db:
        reverse_item(db, world.actor(TODAY), invoice)
    assert world.interest_preview().groups == ()


def test_a_locked_period_refuses_and_the_next_open_day_takes_it(world: World) -> None:
    late_customer_and_invoice(world)
    with world.transaction() as db:
        db.execute(
            sa.text("UPDATE books_state SET locked_through = :on WHERE tenant_id = :tenant"),
            {"on": TODAY - timedelta(days=1), "tenant": world.tenant_id},
        )
    data = world.interest_posting(document_on=TODAY - timedelta(days=1), through_on=TODAY - timedelta(days=1))
    data = data.model_copy(update={"fingerprint": world.interest_preview(TODAY - timedelta(days=1)).fingerprint})
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        commands.post_run(db, world.actor(TODAY), data)
    assert refused.value.code == "period_locked"
    assert world.post_interest().charges[0].amount_minor == 480_82


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"document_on": TODAY + timedelta(days=1)}, "interest_document_day"),
        ({"document_on": TODAY - timedelta(days=1)}, "interest_document_day"),
    ],
)
def test_documents_are_dated_from_the_last_day_charged_to_today(
    world: World, values: dict[str, object], code: str
) -> None:
    late_customer_and_invoice(world)
    with pytest.raises(RuleBroken) as refused:
        world.post_interest(**values)
    assert refused.value.code == code


def test_the_future_and_strangers_are_refused(world: World, other_company: TestCompany) -> None:
    late_customer_and_invoice(world)
    (charge,) = world.post_interest().charges
    for through, number, code in (
        (TODAY + timedelta(days=1), "", "interest_through_future"),
        (TODAY, "99999", "interest_customer_unknown"),
    ):
        with pytest.raises(RuleBroken) as refused:
            world.interest_preview(through, customer_no=number)
        assert refused.value.code == code
    with pytest.raises(NotFound), other_company.transaction() as db:
        waivers.reverse_charge(db, other_company.actor(TODAY), charge.id, ReverseInterest(reason="x"))
    with pytest.raises(NotFound), world.transaction() as db:
        waivers.reinstate(db, world.actor(TODAY), uuid4(), ReverseInterest(reason="x"))
