"""Runs against the books: charged once, as previewed or not at all; waived, claimed again, reversed; what refuses."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from ar.interest import commands, waiving
from ar.interest.inputs import AddRate, TakeBackInterest, WaiveInterest
from ar.interest.models import InterestWaiver
from ar.ledger.allocation import NewAllocation, allocate
from ar.ledger.commands import reverse_document, take_back
from ar.ledger.inputs import ReverseDocument, TakeBack
from ar.ledger.models import OpenItem, Posting
from ar.ledger.queries import balance_at, posted_balances
from ar.ledger.reversing import reverse_item
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.journal import JournalEvent
from tenants.approvals.engine import decide
from tenants.approvals.models import Approval
from tests.ar.interest.desk import InterestDesk, key
from tests.support.approvals import person
from tests.support.companies import TestCompany
from tests.support.statements import counted

TODAY = date(2026, 2, 10)


@pytest.fixture
def desk(company: TestCompany) -> InterestDesk:
    return InterestDesk(company, TODAY)


def late(
    desk: InterestDesk, number: str = "INV-1", *, days: int = 45, minor: int = 100_000_00, customer: str = "00001"
) -> tuple[UUID, UUID]:
    """(customer, invoice): so many days late today."""
    customer_id = desk.books.customer(customer)
    due = desk.today - timedelta(days=days)
    return customer_id, desk.books.post(customer_id, "invoice", number, due - timedelta(days=30), minor, due_on=due)


def test_a_run_charges_what_the_preview_showed_and_books_it(desk: InterestDesk, company: TestCompany) -> None:
    """45 days late on 100,000 at LPR 3.0 × 1.3: 480.82, one document, receivables against interest income."""
    customer, _invoice = late(desk)
    seen = desk.preview()
    assert seen.totals == {"CNY": 480_82}
    page = desk.post()
    (charge,) = page.charges
    assert (charge.amount_minor, charge.open_minor, charge.document_no) == (480_82, 480_82, "INT-2026-000001")
    assert (page.run.number, page.run.through_on) == ("IR-2026-000001", TODAY)
    shown = desk.charge(charge.id)
    (line,) = shown.lines
    assert (line.days, line.principal_minor, line.exact_minor) == (45, 100_000_00, Decimal("48082.191781"))
    assert (line.rate.percent, line.rate.reference_percent) == (Decimal("3.9"), Decimal(3))
    with company.reading() as db:
        p, i = Posting, OpenItem
        legs = db.execute(
            sa.select(p.account_code, p.debit_minor, p.credit_minor)
            .join(i, sa.and_(i.tenant_id == p.tenant_id, i.entry_id == p.entry_id))
            .where(p.tenant_id == company.tenant_id, i.id == charge.item_id)
            .order_by(p.account_code)
        ).all()
        assert [tuple(leg) for leg in legs] == [("interest_income", 0, 480_82), ("receivables", 480_82, 0)]
        assert balance_at(db, company.tenant_id, customer, "CNY", TODAY) == 100_480_82
        j = JournalEvent
        event = db.execute(
            sa.select(j.data).where(j.tenant_id == company.tenant_id, j.kind == "interest_posted")
        ).scalar_one()
    assert event["totals"] == [{"kind": "interest", "currency": "CNY", "count": 1, "amount_minor": 480_82}]


def test_a_second_run_charges_only_the_days_since_and_never_interest_on_interest(desk: InterestDesk) -> None:
    late(desk)
    first = desk.post(TODAY - timedelta(days=20))
    assert desk.charge(first.charges[0].id).lines[0].days == 25
    second = desk.post()
    (line,) = desk.charge(second.charges[0].id).lines
    assert (line.from_on, line.to_on, line.days) == (TODAY - timedelta(days=19), TODAY, 20)
    assert desk.preview().groups == ()
    desk.today = TODAY + timedelta(days=300)
    (group,) = desk.preview().groups
    assert [item.document_no for item in group.items] == ["INV-1"], "the interest documents bear nothing"


def test_what_was_paid_late_is_charged_to_the_day_of_payment(desk: InterestDesk) -> None:
    customer, invoice = late(desk)
    paid_on = TODAY - timedelta(days=35)
    receipt = desk.books.post(customer, "receipt", "RC-1", paid_on, 100_000_00)
    desk.books.allocate(invoice, receipt, 100_000_00, paid_on)
    (group,) = desk.preview().groups
    assert [(line.to_on, line.days) for line in group.items[0].lines] == [(paid_on, 10)]
    desk.post()
    assert desk.preview().groups == ()


def test_books_that_moved_since_the_preview_are_not_charged_by_it(desk: InterestDesk, company: TestCompany) -> None:
    customer, invoice = late(desk)
    data = desk.posting()
    receipt = desk.books.post(customer, "receipt", "RC-1", TODAY - timedelta(days=40), 100_000_00)
    desk.books.allocate(invoice, receipt, 100_000_00, TODAY - timedelta(days=40))
    with pytest.raises(Conflict) as refused, company.transaction() as db:
        commands.post_run(db, company.actor(TODAY), data)
    assert refused.value.code == "interest_changed"


def test_the_same_posting_twice_is_one_run(desk: InterestDesk, company: TestCompany) -> None:
    late(desk)
    data = desk.posting()
    ids = []
    for _twice in range(2):
        with company.transaction() as db:
            ids.append(commands.post_run(db, company.actor(TODAY), data))
    assert ids[0] == ids[1]
    assert len(desk.run(ids[0]).charges) == 1


def test_of_runs_at_the_same_moment_one_wins(desk: InterestDesk, company: TestCompany) -> None:
    late(desk)
    postings, start, outcomes = [desk.posting() for _n in range(4)], Barrier(4), []

    def go(number: int) -> None:
        start.wait()
        try:
            with company.transaction() as db:
                commands.post_run(db, company.actor(TODAY), postings[number])
            outcomes.append("posted")
        except HuikuanError as error:
            outcomes.append(error.code)

    threads = [Thread(target=go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["interest_changed"] * 3 + ["posted"]


def test_what_is_ticked_off_stays_free(desk: InterestDesk) -> None:
    _customer, first = late(desk, "INV-1")
    late(desk, "INV-2", days=10)
    other, _invoice = late(desk, "INV-3", customer="00002")
    page = desk.post(leave_out=[first], leave_out_customers=[other])
    assert [line.document_no for line in desk.charge(page.charges[0].id).lines] == ["INV-2"]
    assert {item.document_no for group in desk.preview().groups for item in group.items} == {"INV-1", "INV-3"}
    with pytest.raises(RuleBroken) as refused:
        desk.post(leave_out=[item.item_id for group in desk.preview().groups for item in group.items])
    assert refused.value.code == "interest_nothing"


def test_one_document_per_customer_and_currency_and_statements_do_not_grow(
    desk: InterestDesk, company: TestCompany, engine: sa.Engine
) -> None:
    for number in range(3):
        late(desk, f"A-{number}", customer=f"1{number}")
    data = desk.posting()
    with counted(engine) as few, company.transaction() as db:
        commands.post_run(db, company.actor(TODAY), data)
    for number in range(12):
        late(desk, f"B-{number}", customer=f"1{number}")
        late(desk, f"C-{number}", customer=f"1{number}")
    data = desk.posting()
    with counted(engine) as many, company.transaction() as db:
        run_id = commands.post_run(db, company.actor(TODAY), data)
    assert len(desk.run(run_id).charges) == 12
    assert len(many) == len(few) <= 30


def test_terms_of_the_customer_come_first_and_only_from_their_day(desk: InterestDesk) -> None:
    customer, _invoice = late(desk)
    desk.terms(customer, kind="contract", daily_percent="0.05")
    assert desk.preview().totals == {"CNY": 2_250_00}
    desk.terms(customer, kind="none", from_on=TODAY - timedelta(days=43))
    assert desk.preview().totals == {"CNY": 2_250_00}, "it was in default before that day"
    desk.terms(customer, kind="none", from_on=TODAY - timedelta(days=44))
    assert desk.preview().totals == {}
    late(desk, "INV-2", customer="00002")
    desk.terms(None, kind="contract", annual_percent="4.5", basis="360")
    assert desk.preview().totals == {"CNY": 562_50}


def test_foreign_currencies_bear_nothing_until_terms_say_so(desk: InterestDesk) -> None:
    customer = desk.books.customer()
    due = TODAY - timedelta(days=9)
    for currency, minor in (("EUR", 100_000_00), ("JPY", 1_000_000), ("KWD", 1_000_000)):
        desk.books.post(customer, "invoice", f"X-{currency}", due, minor, due_on=due, currency=currency)
    assert desk.preview().totals == {}
    desk.terms(None, kind="eu", currency="EUR", fixed_sum=True)
    desk.terms(customer, kind="contract", annual_percent="10")
    # 9 days at 10 %: the customer's contract comes before the company's rule for EUR.
    assert desk.preview().totals == {"EUR": 246_58, "JPY": 2_466, "KWD": 2_466}
    desk.terms(customer, kind="standard", currency="EUR")
    assert desk.preview(currency="EUR").totals == {"EUR": 250_27 + 40_00}


def test_a_rate_recorded_here_is_used_and_confirms_the_table(desk: InterestDesk, company: TestCompany) -> None:
    desk.today = date(2026, 6, 10)
    late(desk, days=10)
    (group,) = desk.preview().groups
    assert group.unconfirmed
    rate = AddRate.model_validate({"series": "lpr_1y", "from_on": "2026-05-20", "percent": "2.9", "source": "news"})
    with company.transaction() as db:
        commands.add_rate(db, company.actor(desk.today), rate)
    (group,) = desk.preview().groups
    assert not group.unconfirmed
    assert group.items[0].lines[0].rate.percent == Decimal("3.77")


def test_waiving_a_part_then_claiming_it_again(desk: InterestDesk, company: TestCompany) -> None:
    customer, _invoice = late(desk)
    (charge,) = desk.post().charges
    waiver = desk.waive(charge.id, "80.82")
    assert waiver is not None
    shown = desk.charge(charge.id)
    assert (shown.charge.open_minor, shown.charge.waived_minor) == (400_00, 80_82)
    with company.reading() as db:
        assert balance_at(db, company.tenant_id, customer, "CNY", TODAY) == 100_400_00
        assert posted_balances(db, company.tenant_id, TODAY)["CNY"] == 100_400_00
    assert desk.preview().groups == (), "what is waived stays charged"
    desk.reinstate(waiver)
    shown = desk.charge(charge.id)
    assert (shown.charge.open_minor, shown.charge.waived_minor) == (480_82, 0)
    assert shown.waivers[0].reinstated_reason == "not kept"
    with pytest.raises(Conflict):
        desk.reinstate(waiver)


@pytest.mark.parametrize(
    ("amount", "code"),
    [("480.83", "allocation_exceeds_open"), ("0", "amount_not_positive"), ("1,2", "amount_unreadable")],
)
def test_what_cannot_be_waived(desk: InterestDesk, amount: str, code: str) -> None:
    late(desk)
    (charge,) = desk.post().charges
    with pytest.raises(HuikuanError) as refused:
        desk.waive(charge.id, amount)
    assert refused.value.code == code


def test_a_large_waiver_waits_for_the_finance_director(desk: InterestDesk, company: TestCompany) -> None:
    late(desk, minor=1_000_000_00)
    (charge,) = desk.post().charges
    asker = person(company, "accountant", today=TODAY)
    director = person(company, "finance_director", today=TODAY)
    data = WaiveInterest(amount="4808.22", reason="settled", key=key())
    for _twice in range(2):
        with company.transaction() as db:
            assert waiving.waive(db, asker, charge.id, data) is None
    with pytest.raises(RuleBroken) as pending, company.transaction() as db:
        waiving.waive(db, asker, charge.id, data.model_copy(update={"key": key()}))
    assert pending.value.code == "approval_pending"
    assert desk.charge(charge.id).charge.waived_minor == 0
    with company.transaction() as db:
        approval_id = db.execute(sa.select(Approval.id).where(Approval.tenant_id == company.tenant_id)).scalar_one()
        assert decide(db, director, approval_id, approve=True, step=0) == "approved"
    shown = desk.charge(charge.id)
    assert (shown.charge.open_minor, shown.waivers[0].approval_id) == (0, approval_id)


def test_many_small_waivers_of_a_charge_are_one_large_one(desk: InterestDesk, company: TestCompany) -> None:
    late(desk, minor=1_000_000_00)
    (charge,) = desk.post().charges
    asker, _director = person(company, "accountant", today=TODAY), person(company, "finance_director", today=TODAY)

    def waived(amount: str) -> UUID | None:
        data = WaiveInterest(amount=amount, reason="goodwill", key=key())
        with company.transaction() as db:
            return waiving.waive(db, asker, charge.id, data)

    first = waived("600.00")
    assert first is not None
    assert waived("400.00") is not None
    assert waived("0.01") is None  # 1,000.01 in all: another person decides
    assert desk.charge(charge.id).charge.waived_minor == 1_000_00
    desk.reinstate(first)
    assert waived("600.00") is not None


def test_a_waiver_is_taken_back_on_its_charge_and_pays_nothing_else(desk: InterestDesk, company: TestCompany) -> None:
    _customer, invoice = late(desk)
    (charge,) = desk.post().charges
    desk.waive(charge.id, "100.00")
    (waiver,) = desk.charge(charge.id).waivers
    w, actor = InterestWaiver, company.actor(TODAY)
    with company.reading() as db:
        item_id, allocation_id = db.execute(
            sa.select(w.item_id, w.allocation_id).where(w.tenant_id == company.tenant_id, w.id == waiver.id)
        ).one()
    with company.transaction() as db:
        take_back(db, actor, item_id, allocation_id, TakeBack())
    with pytest.raises(RuleBroken, match="reversed_with_charge"), company.transaction() as db:
        reverse_document(db, actor, item_id, ReverseDocument(reason="by mistake"))
    with pytest.raises(RuleBroken, match="credit_bound"), company.transaction() as db:
        allocate(db, actor, [NewAllocation(invoice, item_id, 100_00)])
    desk.reinstate(waiver.id)


def test_reversing_frees_the_days_of_that_charge_alone(desk: InterestDesk) -> None:
    late(desk)
    first = desk.post(TODAY - timedelta(days=20)).charges[0]
    desk.post()
    desk.reverse(first.id)
    assert desk.charge(first.id).charge.reversed
    (group,) = desk.preview().groups
    assert [(line.from_on, line.days) for line in group.items[0].lines] == [(TODAY - timedelta(days=44), 25)]
    again = desk.post()
    assert again.charges[0].amount_minor == first.amount_minor
    with pytest.raises(Conflict):
        desk.reverse(first.id)


def test_days_of_a_paid_debt_come_back_when_their_charge_is_reversed(desk: InterestDesk) -> None:
    customer, invoice = late(desk)
    first = desk.post(TODAY - timedelta(days=40)).charges[0]
    receipt = desk.books.post(customer, "receipt", "RC-1", TODAY - timedelta(days=30), 100_000_00)
    desk.books.allocate(invoice, receipt, 100_000_00, TODAY - timedelta(days=30))
    desk.post()
    desk.reverse(first.id)
    (group,) = desk.preview().groups
    assert [line.days for line in group.items[0].lines] == [5]


def test_a_waived_or_paid_charge_is_not_reversed_before_that_is_undone(
    desk: InterestDesk, company: TestCompany
) -> None:
    late(desk)
    (charge,) = desk.post().charges
    desk.waive(charge.id, "1.00")
    with pytest.raises(Conflict) as refused:
        desk.reverse(charge.id)
    assert refused.value.code == "item_allocated"


def test_an_invoice_taken_back_bears_nothing(desk: InterestDesk, company: TestCompany) -> None:
    _customer, invoice = late(desk)
    with company.transaction() as db:
        reverse_item(db, company.actor(TODAY), invoice)
    assert desk.preview().groups == ()


def test_a_locked_period_refuses_and_the_next_open_day_takes_it(desk: InterestDesk, company: TestCompany) -> None:
    late(desk)
    with company.transaction() as db:
        db.execute(
            sa.text("UPDATE books_state SET locked_through = :on WHERE tenant_id = :tenant"),
            {"on": TODAY - timedelta(days=1), "tenant": company.tenant_id},
        )
    data = desk.posting(document_on=TODAY - timedelta(days=1), through_on=TODAY - timedelta(days=1))
    data = data.model_copy(update={"fingerprint": desk.preview(TODAY - timedelta(days=1)).fingerprint})
    with pytest.raises(RuleBroken) as refused, company.transaction() as db:
        commands.post_run(db, company.actor(TODAY), data)
    assert refused.value.code == "period_locked"
    assert desk.post().charges[0].amount_minor == 480_82


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"document_on": TODAY + timedelta(days=1)}, "interest_document_day"),
        ({"document_on": TODAY - timedelta(days=1)}, "interest_document_day"),
    ],
)
def test_documents_are_dated_from_the_last_day_charged_to_today(
    desk: InterestDesk, values: dict[str, object], code: str
) -> None:
    late(desk)
    with pytest.raises(RuleBroken) as refused:
        desk.post(**values)
    assert refused.value.code == code


def test_the_future_and_strangers_are_refused(
    desk: InterestDesk, company: TestCompany, other_company: TestCompany
) -> None:
    late(desk)
    (charge,) = desk.post().charges
    for through, number, code in (
        (TODAY + timedelta(days=1), "", "interest_through_future"),
        (TODAY, "99999", "interest_customer_unknown"),
    ):
        with pytest.raises(RuleBroken) as refused:
            desk.preview(through, customer_no=number)
        assert refused.value.code == code
    with pytest.raises(NotFound), other_company.transaction() as db:
        waiving.reverse_charge(db, other_company.actor(TODAY), charge.id, TakeBackInterest(reason="x"))
    with pytest.raises(NotFound), company.transaction() as db:
        waiving.reinstate(db, company.actor(TODAY), uuid4(), TakeBackInterest(reason="x"))
