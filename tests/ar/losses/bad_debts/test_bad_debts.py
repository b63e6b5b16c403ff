"""Bad debts: proposed, approved by others, written off, pursued, recovered, taken back; what refuses and why."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.closing.commands import lock_through
from ar.ledger.closing.fx.rates import NewRate, record_rates
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.receivables.commands import reverse_document
from ar.ledger.receivables.inputs import ReverseDocument
from ar.losses.bad_debts import commands as bad_debts
from ar.losses.bad_debts import queries
from ar.losses.bad_debts.evidence import SIZE_MAX
from ar.receipts.posting.commands import unapply_credit
from ar.receipts.posting.inputs import UnapplyCredit
from kernel.errors import Conflict, Forbidden, HuikuanError, NotFound, RuleBroken
from kernel.uploads import UploadedFile
from tenants.approvals.models import Approval
from tests.support.approvals import approve_all, decide_as, on, open_step, person
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World, world_of
from tests.support.world.losses import JUDGMENT


@pytest.fixture
def customer(world: World) -> UUID:
    return world.customer()


def assert_sound(world: World) -> None:
    """Asserts that the examinations of ledger and losses find nothing."""
    assert world.losses_findings() == []
    assert world.ledger_findings() == []


def test_nothing_is_booked_before_the_last_decision(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=60_000_00, days_late=400)
    case_id = world.propose_bad_debt(customer, debt)
    approval = world.bad_debt_approval(case_id)
    director = on(person(world, "finance_director"), world, TODAY)
    assert decide_as(world, director, approval) == "pending", "from 50,000.00 the general manager decides too"
    assert (world.open_minor_of(debt), world.bad_debt_page(case_id).case.state) == (60_000_00, "proposed")
    approve_all(world, approval, TODAY)
    page = world.bad_debt_page(case_id)
    assert (world.open_minor_of(debt), page.case.state, page.case.written_off_on) == (0, "written_off", TODAY)
    assert (world.balance_of("allowance"), world.balance_of("receivables")) == (60_000_00, 0)
    assert (world.balance_of("written_off"), world.balance_of("written_off_contra")) == (60_000_00, -60_000_00)
    assert_sound(world)


def test_who_proposes_does_not_decide(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=100_00, days_late=400)
    case_id = world.propose_bad_debt(customer, debt)
    assert open_step(world, world.bad_debt_approval(case_id)) == ("pending", "finance_director", 0)
    with pytest.raises(Forbidden):
        decide_as(world, world.clerk, world.bad_debt_approval(case_id))
    assert world.bad_debt_page(case_id).case.state == "proposed"


def test_a_part_of_several_documents_in_two_currencies(world: World, customer: UUID) -> None:
    yuan, part = (
        world.late_invoice(customer, number="INV-1", minor=500_00, days_late=400),
        world.late_invoice(customer, number="INV-2", minor=800_00, days_late=400),
    )
    dollars = world.late_invoice(customer, number="INV-3", minor=90_00, days_late=400, currency="USD")
    world.rate("USD", "7.10", on=TODAY)
    case_id = world.bad_debt(customer, yuan, part, dollars, amounts={part: "300.00"})
    assert [world.open_minor_of(item) for item in (yuan, part, dollars)] == [0, 500_00, 0]
    assert [(each.currency, each.rest_minor) for each in world.bad_debt_page(case_id).case.sums] == [
        ("CNY", 800_00),
        ("USD", 90_00),
    ]
    assert (world.balance_of("written_off"), world.balance_of("written_off", "USD")) == (800_00, 90_00)
    with world.reading() as db:
        asked = db.execute(
            sa.select(Approval.amount_minor, Approval.currency, Approval.compare_minor).where(
                Approval.tenant_id == world.tenant_id, Approval.subject_id == case_id
            )
        ).one()
    assert tuple(asked) == (800_00 + 639_00, "CNY", 800_00 + 639_00)
    assert_sound(world)


def test_paid_meanwhile_the_decision_is_refused_and_nothing_happens(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    case_id = world.propose_bad_debt(customer, debt)
    paid = world.receipt(customer, number="RC-X", on=TODAY, minor=10_00)
    world.allocate(debt, paid, minor=10_00)
    director = on(person(world, "finance_director"), world, TODAY)
    with pytest.raises(Conflict, match="bad_debt_paid_meanwhile"):
        decide_as(world, director, world.bad_debt_approval(case_id))
    assert (world.open_minor_of(debt), world.bad_debt_page(case_id).case.state) == (990_00, "proposed")
    decide_as(world, director, world.bad_debt_approval(case_id), approve=False, reason="已收到部分")
    assert world.bad_debt_page(case_id).case.state == "refused"
    assert world.open_minor_of(world.late_invoice(customer, number="INV-2", minor=5_00, days_late=1)) == 5_00
    world.bad_debt(customer, debt)
    assert world.open_minor_of(debt) == 0
    assert_sound(world)


def test_a_locked_day_refuses_the_decision(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    case_id = world.propose_bad_debt(customer, debt)
    with world.transaction() as db:
        lock_through(db, world.actor(), TODAY)
    with pytest.raises(RuleBroken, match="period_locked"):
        approve_all(world, world.bad_debt_approval(case_id), TODAY)
    approve_all(world, world.bad_debt_approval(case_id), TODAY + timedelta(days=1))
    assert world.bad_debt_page(case_id).case.written_off_on == TODAY + timedelta(days=1)


def test_withdrawn_the_documents_are_free_again(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    case_id = world.propose_bad_debt(customer, debt)
    with pytest.raises(RuleBroken, match="bad_debt_item_pending"):
        world.propose_bad_debt(customer, debt)
    with world.transaction() as db:
        bad_debts.withdraw_case(db, world.clerk, case_id, "客户答应付款")
    assert world.bad_debt_page(case_id).case.state == "withdrawn"
    world.propose_bad_debt(customer, debt)


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("1000.01", "bad_debt_too_much"),
        ("x", "amount_unreadable"),
        ("0", "amount_not_positive"),
        ("-5", "amount_not_positive"),
    ],
)
def test_amounts_that_cannot_be_written_off(world: World, customer: UUID, amount: str, code: str) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    with pytest.raises(RuleBroken) as refused:
        world.propose_bad_debt(customer, debt, amounts={debt: amount})
    assert refused.value.code == code


def test_other_peoples_documents_and_credits_are_not_there(
    world: World, customer: UUID, other_company: TestCompany
) -> None:
    other, stranger = world_of(other_company), world.customer("00002", "另一家")
    credit = world.receipt(customer, number="RC-X", on=TODAY, minor=10_00)
    for item in (
        world.late_invoice(stranger, number="INV-S", minor=1_00, days_late=1),
        credit,
        other.late_invoice(other.customer(), number="INV-O", minor=1_00, days_late=1),
    ):
        with pytest.raises(NotFound, match="item_not_found"):
            world.propose_bad_debt(customer, item)
    with pytest.raises(RuleBroken, match="bad_debt_nothing"):
        world.propose_bad_debt(customer)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([], "bad_debt_no_evidence"),
        ([UploadedFile("a.pdf", b"MZ\x90\x00")], "bad_debt_file_kind"),
        ([UploadedFile("a.html", b"<script>")], "bad_debt_file_kind"),
        ([UploadedFile("a.jpg", b"\x00\x00\x00\x18ftypheic")], "bad_debt_file_heic"),
        ([UploadedFile("a.exe", b"%JUDGMENT-1.7")], "bad_debt_file_kind"),
        ([UploadedFile("a.pdf", b"")], "bad_debt_file_size"),
        ([UploadedFile("a.pdf", b"%JUDGMENT-" + b"0" * SIZE_MAX)], "bad_debt_file_size"),
        ([JUDGMENT] * 11, "bad_debt_many_files"),
    ],
)
def test_evidence_that_is_not_taken(world: World, customer: UUID, files: list[UploadedFile], code: str) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        bad_debts.propose_bad_debt(db, world.clerk, customer, world.bad_debt_proposal(debt), files)
    assert refused.value.code == code
    with world.reading() as db:
        assert queries.cases(db, world.tenant_id, offset=0, limit=10) == ([], {})


def test_evidence_is_kept_by_its_hash_without_the_folders_of_its_name(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    files = [JUDGMENT, JUDGMENT, UploadedFile("C:\\dir\\照片.PNG", b"\x89PNG\r\n\x1a\nxx")]
    with world.transaction() as db:
        case_id = bad_debts.propose_bad_debt(db, world.clerk, customer, world.bad_debt_proposal(debt), files)
    found = [(each.file_name, each.media_type) for each in world.bad_debt_page(case_id).files]
    assert found == [("判决书.pdf", "application/pdf"), ("照片.PNG", "image/png")]


def test_the_same_form_twice_is_one_case(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    data, found = world.bad_debt_proposal(debt), []
    for _again in range(2):
        with world.transaction() as db:
            found.append(bad_debts.propose_bad_debt(db, world.clerk, customer, data, [JUDGMENT]))
    assert found[0] == found[1]
    with pytest.raises(Conflict, match="idempotency_key_reused"), world.transaction() as db:
        bad_debts.propose_bad_debt(db, world.clerk, customer, data.model_copy(update={"cause": "fled"}), [JUDGMENT])


def test_money_that_comes_later_is_a_recovery_and_never_more_than_was_written_off(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    case_id = world.bad_debt(customer, debt)
    world.recover_money(case_id, "400.00")
    assert (world.balance_of("bank"), world.balance_of("allowance"), world.balance_of("receivables")) == (
        400_00,
        600_00,
        0,
    )
    assert world.balance_of("written_off") == 600_00
    with pytest.raises(RuleBroken, match="recovery_too_much"):
        world.recover_money(case_id, "600.01")
    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=1)):
        with pytest.raises(RuleBroken, match="recovery_day"):
            world.recover_money(case_id, "1.00", received_on=day)
    with pytest.raises(RuleBroken, match="recovery_too_much"):
        world.recover_money(case_id, "1.00", currency="USD")
    credit = world.receipt(customer, number="RC-LATE", on=TODAY, minor=900_00)
    recovery = world.recover_credit(case_id, credit)
    assert (world.open_minor_of(credit), world.balance_of("written_off")) == (300_00, 0)
    world.reverse_recovery(recovery)
    assert (world.open_minor_of(credit), world.balance_of("written_off")) == (900_00, 600_00)
    with pytest.raises(Conflict, match="recovery_taken_back"):
        world.reverse_recovery(recovery)
    assert [each.rest_minor for each in world.bad_debt_page(case_id).case.sums] == [600_00]
    assert_sound(world)


def test_receipts_of_recoveries_share_the_numbers_of_all_receipts(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    world.receipt(customer, number="RC-2026-000001", on=TODAY, minor=1_00)
    case_id = world.bad_debt(customer, debt)
    world.recover_money(case_id, "1.00")
    credit_id = world.bad_debt_page(case_id).recoveries[0].credit_item_id
    with world.reading() as db:
        number = db.execute(
            sa.text("SELECT document_no FROM open_item WHERE tenant_id = :tenant AND id = :id"),
            {"tenant": world.tenant_id, "id": credit_id},
        ).scalar_one()
    assert number == "RC-2026-000002"


def test_a_write_off_by_mistake_is_taken_back_unless_money_came(world: World, customer: UUID) -> None:
    debts = [world.late_invoice(customer, number=f"INV-{n}", minor=1_000_00, days_late=400) for n in range(2)]
    case_id = world.bad_debt(customer, *debts)
    recovery = world.recover_money(case_id, "1.00")
    with pytest.raises(RuleBroken, match="bad_debt_recovered"):
        world.reverse_bad_debt(case_id)
    world.reverse_recovery(recovery)
    world.reverse_bad_debt(case_id)
    assert [world.open_minor_of(debt) for debt in debts] == [1_000_00, 1_000_00]
    assert (world.balance_of("written_off"), world.balance_of("allowance")) == (0, 0)
    assert world.bad_debt_page(case_id).case.state == "taken_back"
    for again in (
        lambda: world.reverse_bad_debt(case_id),
        lambda: world.recover_money(case_id, "1.00"),
        lambda: world.bad_debt_event(case_id),
    ):
        with pytest.raises(RuleBroken, match="bad_debt_not_written_off"):
            again()
    world.bad_debt(customer, *debts)
    assert_sound(world)


def test_the_credit_of_a_case_is_not_reversed_behind_its_back(world: World, customer: UUID) -> None:
    case_id = world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400))
    credit_id = world.bad_debt_page(case_id).credits[0][0]
    with pytest.raises(HuikuanError), world.transaction() as db:
        reverse_document(db, world.actor(), credit_id, ReverseDocument(reason="x"))


def test_written_off_debts_are_tracked_with_what_was_done_about_them(world: World, customer: UUID) -> None:
    """R234: writing off is no waiver."""
    first = world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400))
    world.bad_debt(customer, world.late_invoice(customer, number="INV-2", minor=500_00, days_late=400))
    world.recover_money(first, "300.00")
    world.bad_debt_event(
        first, kind="promise", text="年底前付", promised_on=date(2026, 12, 31), promised="200", promised_currency="CNY"
    )
    with world.reading() as db:
        (row,) = queries.written_off_debts(db, world.tenant_id)
    assert (row.cases, row.written_minor, row.recovered_minor, row.rest_minor) == (2, 1_500_00, 300_00, 1_200_00)
    assert (row.last_on, row.promised_on) == (TODAY, date(2026, 12, 31))
    with pytest.raises(RuleBroken, match="promise_day_needed"):
        world.bad_debt_event(first, kind="promise")
    with pytest.raises(RuleBroken, match="event_in_future"):
        world.bad_debt_event(first, happened_on=TODAY + timedelta(days=1))


def test_the_doctor_sees_a_memorandum_that_does_not_tie(world: World, customer: UUID) -> None:
    world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400))
    world.document(customer, kind="bad_debt", number="BD-STRAY", on=TODAY, minor=50_00, due_on=TODAY)
    assert any("memorandum" in finding and "105000 <> 100000" in finding for finding in world.losses_findings())


def test_expected_cash_is_what_is_open_times_its_chance(world: World, customer: UUID) -> None:
    """R230: only for planning; the allowance knows nothing of it."""
    for number, late in enumerate((-3, 20, 100, 800)):
        world.late_invoice(customer, number=f"INV-{number}", minor=1_000_00, days_late=late)
    with world.reading() as db:
        page = queries.expected_cash(db, world.tenant_id, TODAY)
    ((currency, bands, open_minor, expected_minor),) = page.currencies
    assert [band.expected_minor for band in bands if band.open_minor] == [1_000_00, 930_00, 570_00, 130_00]
    assert (currency, open_minor, expected_minor, page.total.minor) == ("CNY", 4_000_00, 2_630_00, 2_630_00)


def test_the_receipts_page_does_not_open_a_written_off_debt_either(world: World, customer: UUID) -> None:
    case_id = world.bad_debt(customer, world.late_invoice(customer, number="OLD", minor=900_00, days_late=400))
    a, i = Allocation, OpenItem
    with world.reading() as db:
        allocation_id, credit_id = db.execute(
            sa.select(a.id, a.credit_item_id)
            .join(i, sa.and_(i.tenant_id == a.tenant_id, i.id == a.credit_item_id))
            .where(a.tenant_id == world.tenant_id, i.kind == "bad_debt")
        ).one()
    with pytest.raises(RuleBroken, match="reversed_with_case"), world.transaction() as db:
        unapply_credit(db, world.actor(), credit_id, allocation_id, UnapplyCredit())
    assert world.bad_debt_page(case_id).case.state == "written_off"


def test_a_rate_of_ones_own_spares_no_approver(world: World, customer: UUID) -> None:
    debt = world.late_invoice(customer, number="USD-1", minor=900_000_00, days_late=400, currency="USD")
    with world.transaction() as db:
        record_rates(db, world.clerk, [NewRate("USD", world.today, Decimal("0.0001"))])
    approval = world.bad_debt_approval(world.propose_bad_debt(customer, debt))
    assert len(approve_all(world, approval, world.today)) == 2
