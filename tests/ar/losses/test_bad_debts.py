"""Bad debts: proposed, approved by others, written off, pursued, recovered, taken back; what refuses and why."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.closing import lock_through
from ar.ledger.commands import reverse_document
from ar.ledger.doctor import ledger_checks
from ar.ledger.inputs import ReverseDocument
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.rates import NewRate, record_rates
from ar.losses import bad_debts, queries
from ar.losses.evidence import SIZE_MAX, SentFile
from ar.receipts.receipt_inputs import Unapply
from ar.receipts.receipts import unapply
from kernel.errors import Conflict, Forbidden, HuikuanError, NotFound, RuleBroken
from tenants.approvals.models import Approval
from tests.ar.losses.desk import PDF, TODAY, LossDesk
from tests.support.approvals import approve_all, decide_as, on, open_step, person
from tests.support.companies import TestCompany


@pytest.fixture
def desk(company: TestCompany) -> LossDesk:
    return LossDesk(company)


@pytest.fixture
def customer(desk: LossDesk) -> UUID:
    return desk.books.customer()


def sound(desk: LossDesk) -> None:
    """Neither the ledger's doctor nor ours finds anything."""
    assert desk.findings() == []
    with desk.company.reading() as db:
        assert [each for each in ledger_checks(db, desk.company.tenant_id) if not each.ok] == []


def test_nothing_is_booked_before_the_last_decision(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 60_000_00, 400)
    case_id = desk.propose(customer, debt)
    approval = desk.approval_of(case_id)
    director = on(person(desk.company, "finance_director"), desk.company, TODAY)
    assert decide_as(desk.company, director, approval) == "pending", "from 50,000.00 the general manager decides too"
    assert (desk.open_of(debt), desk.case(case_id).case.state) == (60_000_00, "proposed")
    approve_all(desk.company, approval, TODAY)
    page = desk.case(case_id)
    assert (desk.open_of(debt), page.case.state, page.case.written_off_on) == (0, "written_off", TODAY)
    assert (desk.account("allowance"), desk.account("receivables")) == (60_000_00, 0)
    assert (desk.account("written_off"), desk.account("written_off_contra")) == (60_000_00, -60_000_00)
    sound(desk)


def test_who_proposes_does_not_decide(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 100_00, 400)
    case_id = desk.propose(customer, debt)
    assert open_step(desk.company, desk.approval_of(case_id)) == ("pending", "finance_director", 0)
    with pytest.raises(Forbidden):
        decide_as(desk.company, desk.clerk, desk.approval_of(case_id))
    assert desk.case(case_id).case.state == "proposed"


def test_a_part_of_several_documents_in_two_currencies(desk: LossDesk, customer: UUID) -> None:
    yuan, part = desk.owe(customer, "INV-1", 500_00, 400), desk.owe(customer, "INV-2", 800_00, 400)
    dollars = desk.owe(customer, "INV-3", 90_00, 400, currency="USD")
    desk.rate("USD", "7.10", TODAY)
    case_id = desk.write_off(customer, yuan, part, dollars, amounts={part: "300.00"})
    assert [desk.open_of(item) for item in (yuan, part, dollars)] == [0, 500_00, 0]
    assert [(each.currency, each.rest_minor) for each in desk.case(case_id).case.sums] == [
        ("CNY", 800_00),
        ("USD", 90_00),
    ]
    assert (desk.account("written_off"), desk.account("written_off", "USD")) == (800_00, 90_00)
    with desk.company.reading() as db:
        asked = db.execute(
            sa.select(Approval.amount_minor, Approval.currency, Approval.compare_minor).where(
                Approval.tenant_id == desk.company.tenant_id, Approval.subject_id == case_id
            )
        ).one()
    assert tuple(asked) == (800_00 + 639_00, "CNY", 800_00 + 639_00)
    sound(desk)


def test_paid_meanwhile_the_decision_is_refused_and_nothing_happens(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    case_id = desk.propose(customer, debt)
    paid = desk.books.post(customer, "receipt", "RC-X", TODAY, 10_00)
    desk.books.allocate(debt, paid, 10_00)
    director = on(person(desk.company, "finance_director"), desk.company, TODAY)
    with pytest.raises(Conflict, match="bad_debt_paid_meanwhile"):
        decide_as(desk.company, director, desk.approval_of(case_id))
    assert (desk.open_of(debt), desk.case(case_id).case.state) == (990_00, "proposed")
    decide_as(desk.company, director, desk.approval_of(case_id), approve=False, reason="已收到部分")
    assert desk.case(case_id).case.state == "refused"
    assert desk.open_of(desk.owe(customer, "INV-2", 5_00, 1)) == 5_00
    desk.write_off(customer, debt)
    assert desk.open_of(debt) == 0
    sound(desk)


def test_a_locked_day_refuses_the_decision(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    case_id = desk.propose(customer, debt)
    with desk.company.transaction() as db:
        lock_through(db, desk.actor(), TODAY)
    with pytest.raises(RuleBroken, match="period_locked"):
        approve_all(desk.company, desk.approval_of(case_id), TODAY)
    approve_all(desk.company, desk.approval_of(case_id), TODAY + timedelta(days=1))
    assert desk.case(case_id).case.written_off_on == TODAY + timedelta(days=1)


def test_withdrawn_the_documents_are_free_again(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    case_id = desk.propose(customer, debt)
    with pytest.raises(RuleBroken, match="bad_debt_item_pending"):
        desk.propose(customer, debt)
    with desk.company.transaction() as db:
        bad_debts.withdraw_case(db, desk.clerk, case_id, "客户答应付款")
    assert desk.case(case_id).case.state == "withdrawn"
    desk.propose(customer, debt)


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("1000.01", "bad_debt_too_much"),
        ("x", "amount_unreadable"),
        ("0", "amount_not_positive"),
        ("-5", "amount_not_positive"),
    ],
)
def test_amounts_that_cannot_be_written_off(desk: LossDesk, customer: UUID, amount: str, code: str) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    with pytest.raises(RuleBroken) as refused:
        desk.propose(customer, debt, amounts={debt: amount})
    assert refused.value.code == code


def test_other_peoples_documents_and_credits_are_not_there(
    desk: LossDesk, customer: UUID, other_company: TestCompany
) -> None:
    other, stranger = LossDesk(other_company), desk.books.customer("00002", "另一家")
    credit = desk.books.post(customer, "receipt", "RC-X", TODAY, 10_00)
    for item in (desk.owe(stranger, "INV-S", 1_00, 1), credit, other.owe(other.books.customer(), "INV-O", 1_00, 1)):
        with pytest.raises(NotFound, match="item_not_found"):
            desk.propose(customer, item)
    with pytest.raises(RuleBroken, match="bad_debt_nothing"):
        desk.propose(customer)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([], "bad_debt_no_evidence"),
        ([SentFile("a.pdf", b"MZ\x90\x00")], "bad_debt_file_kind"),
        ([SentFile("a.html", b"<script>")], "bad_debt_file_kind"),
        ([SentFile("a.exe", b"%PDF-1.7")], "bad_debt_file_kind"),
        ([SentFile("a.pdf", b"")], "bad_debt_file_size"),
        ([SentFile("a.pdf", b"%PDF-" + b"0" * SIZE_MAX)], "bad_debt_file_size"),
        ([PDF] * 11, "bad_debt_many_files"),
    ],
)
def test_evidence_that_is_not_taken(desk: LossDesk, customer: UUID, files: list[SentFile], code: str) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    with pytest.raises(RuleBroken) as refused, desk.company.transaction() as db:
        bad_debts.propose(db, desk.clerk, customer, desk.proposing(debt), files)
    assert refused.value.code == code
    with desk.company.reading() as db:
        assert queries.cases(db, desk.company.tenant_id, offset=0, limit=10) == ([], {})


def test_evidence_is_kept_by_its_hash_without_the_folders_of_its_name(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    files = [PDF, PDF, SentFile("C:\\dir\\照片.PNG", b"\x89PNG\r\n\x1a\nxx")]
    with desk.company.transaction() as db:
        case_id = bad_debts.propose(db, desk.clerk, customer, desk.proposing(debt), files)
    found = [(each.file_name, each.media_type) for each in desk.case(case_id).files]
    assert found == [("判决书.pdf", "application/pdf"), ("照片.PNG", "image/png")]


def test_the_same_form_twice_is_one_case(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    data, found = desk.proposing(debt), []
    for _again in range(2):
        with desk.company.transaction() as db:
            found.append(bad_debts.propose(db, desk.clerk, customer, data, [PDF]))
    assert found[0] == found[1]
    with pytest.raises(Conflict, match="idempotency_key_reused"), desk.company.transaction() as db:
        bad_debts.propose(db, desk.clerk, customer, data.model_copy(update={"cause": "fled"}), [PDF])


def test_money_that_comes_later_is_a_recovery_and_never_more_than_was_written_off(
    desk: LossDesk, customer: UUID
) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    case_id = desk.write_off(customer, debt)
    desk.recover(case_id, "400.00")
    assert (desk.account("bank"), desk.account("allowance"), desk.account("receivables")) == (400_00, 600_00, 0)
    assert desk.account("written_off") == 600_00
    with pytest.raises(RuleBroken, match="recovery_too_much"):
        desk.recover(case_id, "600.01")
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=1)):
        with pytest.raises(RuleBroken, match="recovery_day"):
            desk.recover(case_id, "1.00", received_on=day)
    with pytest.raises(RuleBroken, match="recovery_too_much"):
        desk.recover(case_id, "1.00", currency="USD")
    credit = desk.books.post(customer, "receipt", "RC-LATE", TODAY, 900_00)
    recovery = desk.recover_credit(case_id, credit)
    assert (desk.open_of(credit), desk.account("written_off")) == (300_00, 0)
    desk.undo(recovery)
    assert (desk.open_of(credit), desk.account("written_off")) == (900_00, 600_00)
    with pytest.raises(Conflict, match="recovery_taken_back"):
        desk.undo(recovery)
    assert [each.rest_minor for each in desk.case(case_id).case.sums] == [600_00]
    sound(desk)


def test_receipts_of_recoveries_share_the_numbers_of_all_receipts(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    desk.books.post(customer, "receipt", "RC-2026-000001", TODAY, 1_00)
    case_id = desk.write_off(customer, debt)
    desk.recover(case_id, "1.00")
    credit_id = desk.case(case_id).recoveries[0].credit_item_id
    with desk.company.reading() as db:
        number = db.execute(
            sa.text("SELECT document_no FROM open_item WHERE tenant_id = :tenant AND id = :id"),
            {"tenant": desk.company.tenant_id, "id": credit_id},
        ).scalar_one()
    assert number == "RC-2026-000002"


def test_a_write_off_by_mistake_is_taken_back_unless_money_came(desk: LossDesk, customer: UUID) -> None:
    debts = [desk.owe(customer, f"INV-{n}", 1_000_00, 400) for n in range(2)]
    case_id = desk.write_off(customer, *debts)
    recovery = desk.recover(case_id, "1.00")
    with pytest.raises(RuleBroken, match="bad_debt_recovered"):
        desk.take_back(case_id)
    desk.undo(recovery)
    desk.take_back(case_id)
    assert [desk.open_of(debt) for debt in debts] == [1_000_00, 1_000_00]
    assert (desk.account("written_off"), desk.account("allowance")) == (0, 0)
    assert desk.case(case_id).case.state == "taken_back"
    for again in (lambda: desk.take_back(case_id), lambda: desk.recover(case_id, "1.00"), lambda: desk.event(case_id)):
        with pytest.raises(RuleBroken, match="bad_debt_not_written_off"):
            again()
    desk.write_off(customer, *debts)
    sound(desk)


def test_the_credit_of_a_case_is_not_reversed_behind_its_back(desk: LossDesk, customer: UUID) -> None:
    case_id = desk.write_off(customer, desk.owe(customer, "INV-1", 1_000_00, 400))
    credit_id = desk.case(case_id).credits[0][0]
    with pytest.raises(HuikuanError), desk.company.transaction() as db:
        reverse_document(db, desk.actor(), credit_id, ReverseDocument(reason="x"))


def test_written_off_debts_are_tracked_with_what_was_done_about_them(desk: LossDesk, customer: UUID) -> None:
    """R234: writing off is no waiver."""
    first = desk.write_off(customer, desk.owe(customer, "INV-1", 1_000_00, 400))
    desk.write_off(customer, desk.owe(customer, "INV-2", 500_00, 400))
    desk.recover(first, "300.00")
    desk.event(
        first, kind="promise", text="年底前付", promised_on=date(2026, 12, 31), promised="200", promised_currency="CNY"
    )
    with desk.company.reading() as db:
        (row,) = queries.tracked(db, desk.company.tenant_id)
    assert (row.cases, row.written_minor, row.recovered_minor, row.rest_minor) == (2, 1_500_00, 300_00, 1_200_00)
    assert (row.last_on, row.promised_on) == (TODAY, date(2026, 12, 31))
    with pytest.raises(RuleBroken, match="promise_day_needed"):
        desk.event(first, kind="promise")
    with pytest.raises(RuleBroken, match="event_in_future"):
        desk.event(first, happened_on=TODAY + timedelta(days=1))


def test_the_doctor_sees_a_memorandum_that_does_not_tie(desk: LossDesk, customer: UUID) -> None:
    desk.write_off(customer, desk.owe(customer, "INV-1", 1_000_00, 400))
    desk.books.post(customer, "bad_debt", "BD-STRAY", TODAY, 50_00, due_on=TODAY)
    assert any("memorandum" in finding and "105000 <> 100000" in finding for finding in desk.findings())


def test_expected_cash_is_what_is_open_times_its_chance(desk: LossDesk, customer: UUID) -> None:
    """R230: only for planning; the allowance knows nothing of it."""
    for number, late in enumerate((-3, 20, 100, 800)):
        desk.owe(customer, f"INV-{number}", 1_000_00, late)
    with desk.company.reading() as db:
        page = queries.expected_cash(db, desk.company.tenant_id, TODAY)
    ((currency, bands, open_minor, expected_minor),) = page.currencies
    assert [band.expected_minor for band in bands if band.open_minor] == [1_000_00, 930_00, 570_00, 130_00]
    assert (currency, open_minor, expected_minor, page.total.minor) == ("CNY", 4_000_00, 2_630_00, 2_630_00)


def test_the_receipts_page_does_not_open_a_written_off_debt_either(desk: LossDesk, customer: UUID) -> None:
    case_id = desk.write_off(customer, desk.owe(customer, "OLD", 900_00, 400))
    a, i = Allocation, OpenItem
    with desk.company.reading() as db:
        allocation_id, credit_id = db.execute(
            sa.select(a.id, a.credit_item_id)
            .join(i, sa.and_(i.tenant_id == a.tenant_id, i.id == a.credit_item_id))
            .where(a.tenant_id == desk.company.tenant_id, i.kind == "bad_debt")
        ).one()
    with pytest.raises(RuleBroken, match="reversed_with_case"), desk.company.transaction() as db:
        unapply(db, desk.actor(), credit_id, allocation_id, Unapply())
    assert desk.case(case_id).case.state == "written_off"


def test_a_rate_of_ones_own_spares_no_approver(desk: LossDesk, customer: UUID) -> None:
    debt = desk.owe(customer, "USD-1", 900_000_00, 400, currency="USD")
    with desk.company.transaction() as db:
        record_rates(db, desk.clerk, [NewRate("USD", desk.today, Decimal("0.0001"))])
    approval = desk.approval_of(desk.propose(customer, debt))
    assert len(approve_all(desk.company, approval, desk.today)) == 2
