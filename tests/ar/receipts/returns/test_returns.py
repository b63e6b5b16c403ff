"""Money that the bank takes back: a task with a proposal, and with one click what was paid is open again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from ar.ledger.commands import lock_customers
from ar.ledger.receivables.settlement.discounts import take_discount
from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank import files as bank_files
from ar.receipts.bank.inputs import BankUpload, SaveBankAccount, SetAside
from ar.receipts.matching.commands import accept_sure_matches, match_lines
from ar.receipts.models import BankLine
from ar.receipts.posting.cash_state import cash_state
from ar.receipts.posting.reversal import reverse_with_allocations
from ar.receipts.refunds import commands as refunds
from ar.receipts.refunds import queries as refund_queries
from ar.receipts.refunds.inputs import RequestRefund
from ar.receipts.returns import queries as return_queries
from ar.receipts.returns.commands import book_return, dismiss_return
from ar.receipts.returns.inputs import BookReturn, DismissReturn
from ar.receipts.returns.queries import ReturnLine, ReturnSubject
from kernel.errors import Conflict, RuleBroken
from tests.support.approvals import approve_all, person
from tests.support.world import TODAY, World

NUMBER = "6222021001116245"
PAID_ON, BACK_ON = date(2026, 11, 10), date(2026, 11, 13)


@dataclass(frozen=True)
class Paid:
    """An invoice of 500.00 that a bank line of 10 November pays."""

    customer: UUID
    invoice: UUID


def bank_file(world: World, *lines: str, number: str = "") -> None:
    """Reads and matches an MT940 file of the CNY account; a line is what stands in :61: after the day, then :86:."""
    body = "".join(f":61:{line.split('|')[0]}\n:86:{line.split('|')[1]}\n" for line in lines)
    text = f":20:{uuid4().hex[:12]}\n:25:{NUMBER}\n:28C:{number}\n:60F:C261101CNY0,00\n{body}-\n"
    with world.transaction() as db:
        actor = world.actor()
        file_id, _new = bank_files.upload(db, actor, BankUpload("f.sta", text.encode()), schedule=False)
        assert bank_files.parse_file(db, actor, file_id) == "read"
        match_lines(db, actor, file_id=file_id)


@pytest.fixture
def paid(world: World) -> Paid:
    """The invoice, paid by a line that was posted as sure."""
    with world.transaction() as db:
        bank_accounts.add_account(db, world.actor(), SaveBankAccount(name="工行", account_no=NUMBER))
    customer = world.customer("00001", "深圳鑫晟电子")
    invoice = world.invoice(customer, number="INV-1001", on=date(2026, 9, 1), minor=500_00)
    bank_file(world, "2611101110C500,00NTRFNONREF//B-1|/ORDP//NAME/深圳鑫晟电子/REMI/货款 INV-1001")
    with world.transaction() as db:
        assert accept_sure_matches(db, world.actor()).posted == 1
    assert world.open_minor_of(invoice) == 0
    return Paid(customer, invoice)


def waiting(world: World) -> list[ReturnLine]:
    with world.reading() as db:
        return return_queries.waiting_returns(db, world.tenant_id)[0]


def proposals(world: World, line: ReturnLine) -> list[ReturnSubject]:
    with world.reading() as db:
        return return_queries.proposed_subjects(db, world.tenant_id, line)


def book(world: World, line: ReturnLine, subject: ReturnSubject, key: str = "") -> UUID:
    data = BookReturn.model_validate({"subject": subject.subject, "subject_id": subject.id, "key": key or uuid4().hex})
    with world.transaction() as db:
        return book_return(db, world.actor(), line.id, data)


def line_of(world: World, line_id: UUID) -> BankLine:
    return world.find_bank_line(line_id)


def test_a_reversed_credit_is_a_task_and_reopens_what_it_paid(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇 深圳鑫晟电子")
    (line,) = waiting(world)
    (subject, *_others) = proposals(world, line)
    assert (subject.subject, subject.documents) == ("receipt", (("INV-1001", 500_00),))
    assert world.open_minor_of(paid.invoice) == 0
    book(world, line, subject)
    assert world.open_minor_of(paid.invoice) == 500_00
    assert world.balance_of("bank") == 0
    assert waiting(world) == []
    assert world.ledger_findings() == []
    decided = line_of(world, line.id)
    assert (decided.state, decided.return_state, decided.returned_item_id) == ("set_aside", "booked", subject.id)


def test_the_money_was_there_until_the_bank_took_it_back(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇 深圳鑫晟电子")
    (line,) = waiting(world)
    book(world, line, proposals(world, line)[0])
    with world.reading() as db:
        days = db.execute(
            sa.text("SELECT effective_on FROM allocation WHERE tenant_id = :t AND debit_item_id = :i ORDER BY id"),
            {"t": world.tenant_id, "i": paid.invoice},
        ).scalars()
        # The payment takes effect on its day, and ends on the day of the bank.
        assert list(days) == [PAID_ON, BACK_ON]


def test_the_ladder_goes_on_after_the_return(world: World, paid: Paid) -> None:
    assert [step.item_id for step in world.run_day(on=TODAY)] == []
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇 深圳鑫晟电子")
    (line,) = waiting(world)
    book(world, line, proposals(world, line)[0])
    tomorrow = world.on(date(2026, 11, 23))
    tomorrow.run_day(on=date(2026, 11, 23))
    assert {step.item_id for step in tomorrow.steps(paid.invoice)} == {paid.invoice}


def test_a_return_is_booked_once_whoever_clicks(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇 深圳鑫晟电子")
    (line,) = waiting(world)
    subject, key = proposals(world, line)[0], uuid4().hex
    assert book(world, line, subject, key) == book(world, line, subject, key)
    with pytest.raises(Conflict, match="return_decided"):
        book(world, line, subject)
    with world.transaction() as db, pytest.raises(Conflict, match="return_booked"):
        bank_files.reopen_line(db, world.actor(), line.id)


def test_a_bounced_debit_with_the_banks_charge_is_found_by_its_reference(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC503,50NRTINONREF//B-1|Rücklastschrift INV-1001")
    (line,) = waiting(world)
    (subject,) = proposals(world, line)
    assert subject.amount_minor == 500_00
    assert "reference" in subject.reasons
    book(world, line, subject)
    assert world.open_minor_of(paid.invoice) == 500_00


def test_another_amount_is_not_proposed_and_a_smaller_return_is_refused(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC100,00NRTINONREF//B-9|退汇 深圳鑫晟电子")
    (line,) = waiting(world)
    assert proposals(world, line) == []
    with world.reading() as db:
        number = world.item_numbered("RC-2026-000001").document_no
        found = return_queries.find_receipt(db, world.tenant_id, line, number)
    assert found is not None
    with pytest.raises(RuleBroken, match="return_amount_differs"):
        book(world, line, found)


def test_the_named_document_is_no_part_of_a_longer_number(world: World, paid: Paid) -> None:
    """INV-1001 is not INV-10017."""
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇 INV-10017")
    (line,) = waiting(world)
    assert "document" not in proposals(world, line)[0].reasons


def test_a_payment_that_came_and_went_before_it_was_posted_is_set_aside_with_its_return(world: World) -> None:
    with world.transaction() as db:
        bank_accounts.add_account(db, world.actor(), SaveBankAccount(name="工行", account_no=NUMBER))
    bank_file(world, "2611101110C70,00NTRFNONREF|甲公司 货款", "2611131113RC70,00NRTINONREF|甲公司 退汇")
    (line,) = waiting(world)
    (subject,) = proposals(world, line)
    assert subject.subject == "line"
    other = book(world, line, subject)
    assert {line_of(world, each).state for each in (line.id, other)} == {"set_aside"}
    with world.reading() as db:
        assert cash_state(db, world.tenant_id).lines_waiting == 0


def test_a_refund_that_comes_back_stands_as_not_paid(world: World) -> None:
    with world.transaction() as db:
        bank_accounts.add_account(db, world.actor(), SaveBankAccount(name="工行", account_no=NUMBER))
    customer = world.customer("00001", "深圳鑫晟电子")
    credit = world.receipt(customer, number="R-1", on=PAID_ON, minor=300_00)
    asker = person(world, "accountant", today=TODAY)
    for role in ("finance_director", "general_manager"):
        person(world, role, today=TODAY)
    asked = {"amount": "300", "payee_name": "深圳鑫晟电子", "reason": "多付", "key": uuid4().hex}
    with world.transaction() as db:
        refund = refunds.request_refund(db, asker, credit, RequestRefund.model_validate(asked))
    with world.reading() as db:
        approval = refund_queries.refund_page(db, world.tenant_id, refund).approval_id
    assert approval is not None
    approve_all(world, approval, TODAY)
    assert world.open_minor_of(credit) == 0
    later = world.on(date(2026, 11, 24))
    bank_file(later, "2611231123RD300,00NRTINONREF|退汇 深圳鑫晟电子")
    (line,) = waiting(later)
    (subject,) = proposals(later, line)
    assert (subject.subject, subject.id) == ("refund", refund)
    book(later, line, subject)
    with world.reading() as db:
        page = refund_queries.refund_page(db, world.tenant_id, refund)
        counts = refund_queries.refund_list(db, world.tenant_id, state="returned")
    assert (page.state, counts.counts, counts.total) == ("returned", {"returned": 1}, 1)
    assert world.open_minor_of(credit) == 300_00
    assert world.ledger_findings() == []


def test_what_is_no_return_is_dismissed_with_a_reason_and_money_in_is_matched(world: World, paid: Paid) -> None:
    world.invoice(paid.customer, number="INV-2000", on=date(2026, 10, 1), minor=80_00)
    bank_file(world, "2611131113RD80,00NTRFNONREF|深圳鑫晟电子 INV-2000", "2611131113RC9,00NCHGNONREF|手续费冲正")
    for line in waiting(world):
        with world.transaction() as db:
            data = DismissReturn(reason="银行标错", key=uuid4().hex)
            dismiss_return(db, world.actor(), line.id, data)
    assert waiting(world) == []
    with world.transaction() as db:
        assert match_lines(db, world.actor()).sure == 1


def test_a_return_set_aside_elsewhere_waits_again_when_reopened(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇")
    (line,) = waiting(world)
    with world.transaction() as db:
        bank_files.set_aside(db, world.actor(), line.id, SetAside(reason="手续费"))
    assert waiting(world) == []
    with world.transaction() as db:
        bank_files.reopen_line(db, world.actor(), line.id)
    assert [each.id for each in waiting(world)] == [line.id]


def test_in_a_locked_period_the_return_is_booked_on_the_first_open_day(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇 深圳鑫晟电子")
    (line,) = waiting(world)
    with world.transaction() as db:
        db.execute(
            sa.text("UPDATE books_state SET locked_through = '2026-11-15' WHERE tenant_id = :t"), {"t": world.tenant_id}
        )
    book(world, line, proposals(world, line)[0])
    with world.reading() as db:
        last = db.execute(
            sa.text("SELECT max(effective_on) FROM allocation WHERE tenant_id = :t AND debit_item_id = :i"),
            {"t": world.tenant_id, "i": paid.invoice},
        ).scalar_one()
    assert last == date(2026, 11, 16)


def test_the_pages_list_the_return_and_book_it_with_one_click(world: World, paid: Paid) -> None:
    bank_file(world, "2611131113RC500,00NRTINONREF//B-9|退汇 深圳鑫晟电子")
    (line,) = waiting(world)
    client = world.client("accountant", "en")
    for path in ("/", "/bank/"):
        assert "/bank/returns/" in client.get(world.url(path), follow_redirects=True).text
    url = world.url(f"/bank/returns/{line.id}")
    assert line.id.hex[:8] in client.get(world.url("/bank/returns/")).text.replace("-", "")
    page = client.get(url).text
    assert "Open again: INV-1001 500.00" in page
    empty = client.post(url + "/booking", data={"key": uuid4().hex})
    assert empty.status_code == 422
    assert "Choose what came back." in empty.text
    subject = proposals(world, line)[0]
    sent = {"subject": f"receipt:{subject.id}", "key": uuid4().hex}
    assert client.post(url + "/booking", data=sent).status_code == 303
    assert world.open_minor_of(paid.invoice) == 500_00
    assert "Return of RC-2026-000001" in client.get(url).text
    seller = world.client("salesperson")
    assert seller.post(url + "/booking", data=sent).status_code == 403


def test_a_late_payment_sent_back_leaves_the_discount_that_another_payment_earned(world: World, paid: Paid) -> None:
    """2 per cent within the time: 490.00 earned 10.00; 300.00 came too late, earned nothing and is sent back."""
    until = date(2026, 11, 8)
    item = world.document(
        paid.customer, kind="invoice", number="D-1", on=date(2026, 10, 20), discount_bps=200, discount_until_on=until
    )
    world.pay(item, minor=490_00, on=until, number="EARLY")
    with world.transaction() as db:
        take_discount(db, world.actor(), item)
    world.pay(item, minor=300_00, on=PAID_ON, number="LATE")
    assert world.open_minor_of(item) == 200_00
    send_back(world, paid, "LATE")
    assert (world.open_minor_of(item), world.balance_of("discounts_allowed")) == (500_00, 10_00)
    send_back(world, paid, "EARLY")
    assert (world.open_minor_of(item), world.balance_of("discounts_allowed")) == (1_000_00, 0)
    assert world.ledger_findings() == []


def send_back(world: World, paid: Paid, number: str) -> None:
    """Reverses a payment as the bank's return does."""
    with world.transaction() as db:
        actor = lock_customers(db, world.actor(), [paid.customer])
        reverse_with_allocations(db, actor, world.item_numbered(number).id, BACK_ON, "sent back")
