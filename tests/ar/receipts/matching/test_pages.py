"""Bank lines become receipts: by machine where it is sure, by a person on the screen, and back again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from ar.ledger.models import Entry, OpenItem
from ar.receipts.matching import jobs as matching_jobs
from ar.receipts.matching.by_hand import match_line, unmatch_line
from ar.receipts.matching.commands import accept_sure_matches, match_lines
from ar.receipts.matching.inputs import MatchBankLine
from ar.receipts.models import MatchRefusal, PayerAccount
from ar.receipts.posting.cash_state import cash_state
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.journal import JournalEvent
from kernel.outbox import OutboxMessage
from tenants.models import Company
from tests.support.statements import counted
from tests.support.world import TODAY, BankMovement, World

ON = date(2026, 11, 18)
PAYER, ACCOUNT = "深圳鑫晟电子", "44201618300052512345"


@dataclass(frozen=True)
class Owed:
    """Two invoices of 500.00 and one of 77.70 that one customer owes."""

    customer: UUID
    older: UUID
    newer: UUID
    third: UUID


@pytest.fixture
def owed(world: World) -> Owed:
    """The invoices INV-1001, INV-1002 and INV-1003 of 深圳鑫晟电子."""
    customer = world.customer("00001", PAYER)
    return Owed(
        customer,
        older=world.invoice(customer, number="INV-1001", on=date(2026, 9, 1), minor=500_00),
        newer=world.invoice(customer, number="INV-1002", on=date(2026, 10, 1), minor=500_00),
        third=world.invoice(customer, number="INV-1003", on=date(2026, 10, 5), minor=77_70),
    )


def accept_sure_lines(world: World, **more: int) -> tuple[int, int, bool]:
    with world.transaction() as db:
        done = accept_sure_matches(db, world.actor(world.today), **more)
    return done.posted, done.passed_over, done.more


def apply_line_to(world: World, line_id: UUID, customer: UUID, **more: object) -> UUID:
    data = MatchBankLine.model_validate({"customer_id": customer, "key": uuid4().hex, **more})
    with world.transaction() as db:
        return match_line(db, world.actor(world.today), line_id, data)


def journal_data_of(world: World, kind: str) -> list[dict[str, object]]:
    with world.reading() as db:
        e = JournalEvent
        return list(db.execute(sa.select(e.data).where(e.tenant_id == world.tenant_id, e.kind == kind)).scalars())


def test_the_reference_of_the_newer_invoice_pays_the_newer_and_silence_pays_nothing(world: World, owed: Owed) -> None:
    """Testcase 19: two invoices of the same amount."""
    named = world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="货款 INV-1002")
    assert world.find_bank_line(named).proposal_state == "sure"
    assert accept_sure_lines(world) == (1, 0, False)
    assert (world.open_minor_of(owed.older), world.open_minor_of(owed.newer)) == (500_00, 0)
    assert world.find_bank_line(named).state == "matched"


def test_a_silent_line_that_could_pay_either_waits_for_a_person(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="货款")
    assert world.find_bank_line(line).proposal_state == "likely"
    assert accept_sure_lines(world) == (0, 0, False)
    assert world.count_documents("receipt") == 0


def test_a_batch_costs_the_same_for_any_number_of_lines_and_a_second_run_books_nothing(
    world: World, engine: sa.Engine
) -> None:
    costs = []
    for first, number in ((1, 2), (100, 40)):
        movements = []
        for at in range(first, first + number):
            customer = world.customer(f"C{at:04d}", f"客户{at}号")
            world.invoice(customer, number=f"INV-{at:05d}", on=date(2026, 10, 1), minor=100_00 + at)
            amount = f"{100 + at / 100:.2f}"
            movements.append(BankMovement(on=ON, amount=amount, payer=f"客户{at}号", text=f"INV-{at:05d}"))
        world.bank_lines(movements)
        with world.transaction() as db, counted(engine) as seen:
            assert accept_sure_matches(db, world.actor(TODAY)).posted == number
        costs.append(len(seen))
    assert costs[1] <= costs[0]
    assert accept_sure_lines(world) == (0, 0, False)
    assert world.count_documents("receipt") == 42
    with world.reading() as db:
        open_minor = db.execute(
            sa.select(sa.func.sum(OpenItem.open_minor)).where(OpenItem.tenant_id == world.tenant_id)
        ).scalar_one()
    assert open_minor == 0


def test_what_has_moved_since_falls_back_to_a_person(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="77.70", payer=PAYER, text="INV-1003")
    world.allocate(owed.third, world.credit_note(owed.customer, number="CN-1", on=ON, minor=70), minor=70)
    assert accept_sure_lines(world) == (0, 1, False)
    assert (world.find_bank_line(line).state, world.find_bank_line(line).proposal_state) == ("open", "likely")


def test_batches_go_on_where_the_last_one_ended(world: World, owed: Owed) -> None:
    world.bank_lines(
        [
            BankMovement(on=ON, amount="500.00", payer=PAYER, text="INV-1001"),
            BankMovement(on=ON, amount="500.00", payer=PAYER, text="INV-1002"),
        ]
    )
    assert accept_sure_lines(world, limit=1) == (1, 0, True)
    assert accept_sure_lines(world, limit=1) == (1, 0, False)
    assert world.count_documents("receipt") == 2


def test_a_batch_that_breaks_leaves_nothing_behind(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, text="INV-1001")

    class Killed(Exception):
        pass

    with pytest.raises(Killed), world.transaction() as db:
        accept_sure_matches(db, world.actor(TODAY))
        raise Killed
    assert world.count_documents("receipt") == 0
    assert world.find_bank_line(line).state == "open"
    assert accept_sure_lines(world)[0] == 1


@pytest.mark.parametrize(("review_mode", "booked"), [(True, 0), (False, 1)])
def test_in_review_mode_a_person_says_yes_first(world: World, owed: Owed, review_mode: bool, booked: int) -> None:
    world.bank_line(on=ON, amount="500.00", payer=PAYER, text="INV-1001", match=False)
    with world.transaction() as db:
        db.execute(sa.update(Company).where(Company.tenant_id == world.tenant_id).values(review_mode=review_mode))
        matching_jobs.match(db, world.actor(TODAY), {})
    with world.transaction() as db:
        o = OutboxMessage
        waiting = db.execute(
            sa.select(o.payload).where(o.tenant_id == world.tenant_id, o.kind == "receipts.accept")
        ).scalars()
        for payload in list(waiting):
            matching_jobs.accept(db, world.actor(TODAY), payload)
    assert world.count_documents("receipt") == booked


def test_a_locked_period_keeps_the_machine_out_and_a_person_books_on_an_open_day(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, text="INV-1001")
    with world.transaction() as db:
        db.execute(
            sa.text("UPDATE books_state SET locked_through = :on WHERE tenant_id = :tenant"),
            {"on": ON, "tenant": world.tenant_id},
        )
    assert accept_sure_lines(world) == (0, 0, False)
    with world.reading() as db:
        cash = cash_state(db, world.tenant_id)
    assert (cash.lines_waiting, cash.lines_sure, cash.booked_through_on) == (1, 0, ON)
    parts = [{"item_id": owed.older}]
    with pytest.raises(RuleBroken, match="receipt_booked_before"):
        apply_line_to(world, line, owed.customer, parts=parts, booked_on=ON - timedelta(days=1))
    receipt = world.open_item(apply_line_to(world, line, owed.customer, parts=parts))
    assert (receipt.came_on, receipt.document_on) == (ON, ON + timedelta(days=1)), "posted on the first open day"


def test_one_line_pays_many_and_the_rest_stays_visible(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="700.00", payer="鑫晟财务", account=ACCOUNT, text="货款")
    parts = [{"item_id": owed.older}, {"item_id": owed.third, "amount": "50.00"}]
    receipt = apply_line_to(world, line, owed.customer, parts=parts)
    assert (world.open_minor_of(owed.older), world.open_minor_of(owed.third)) == (0, 27_70)
    assert world.open_minor_of(receipt) == 150_00
    with world.reading() as db:
        assert cash_state(db, world.tenant_id).unapplied == 1


def test_an_account_that_is_new_for_a_customer_is_an_event_and_a_person_vouches_for_it(
    world: World, owed: Owed
) -> None:
    first, second = world.bank_lines(
        [
            BankMovement(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="货款"),
            BankMovement(on=ON, amount="500.00", payer=PAYER, account="6228480402564890018", text="货款"),
        ]
    )
    apply_line_to(world, first, owed.customer, how="order")
    assert journal_data_of(world, "payer_account_new") == []
    apply_line_to(world, second, owed.customer, how="order")
    assert [each["account"] for each in journal_data_of(world, "payer_account_new")] == ["6228480402564890018"]
    with world.reading() as db:
        p = PayerAccount
        rows = db.execute(sa.select(p.confirmed_by).where(p.tenant_id == world.tenant_id)).scalars()
        assert list(rows) == ["林晓", "林晓"]


def test_a_match_taken_back_is_remembered_and_never_made_by_itself_again(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="INV-1002")
    assert accept_sure_lines(world)[0] == 1
    with world.transaction() as db:
        unmatch_line(db, world.actor(TODAY), line)
    assert world.open_minor_of(owed.newer) == 500_00
    assert world.find_bank_line(line).state == "open"
    assert world.find_bank_line(line).receipt_item_id is None
    with world.transaction() as db:
        match_lines(db, world.actor(TODAY))
    assert world.find_bank_line(line).proposal_state == "likely"
    assert accept_sure_lines(world) == (0, 0, False)
    with world.reading() as db:
        m = MatchRefusal
        assert list(db.execute(sa.select(m.item_id).where(m.tenant_id == world.tenant_id)).scalars()) == [owed.newer]
    with pytest.raises(Conflict, match="line_not_matched"), world.transaction() as db:
        unmatch_line(db, world.actor(TODAY), line)


def test_of_two_people_on_one_line_the_second_is_told(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="货款")
    barrier, outcomes = Barrier(2), list[str]()

    def book(item: UUID) -> None:
        barrier.wait()
        try:
            apply_line_to(world, line, owed.customer, parts=[{"item_id": item}])
            outcomes.append("booked")
        except HuikuanError as error:
            outcomes.append(error.code)

    threads = [Thread(target=book, args=(item,)) for item in (owed.older, owed.newer)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["booked", "line_matched"]
    assert world.count_documents("receipt") == 1


def test_two_workers_on_the_same_lines_book_each_once(world: World, owed: Owed) -> None:
    for at in range(20):
        customer = world.customer(f"D{at:02d}", f"并发客户{at}")
        world.invoice(customer, number=f"PAR-{at:04d}", on=date(2026, 10, 1), minor=100_00)
    world.bank_lines([BankMovement(on=ON, amount="100.00", text=f"PAR-{at:04d}") for at in range(20)])
    barrier, outcomes = Barrier(2), list[tuple[int, int, bool]]()

    def work() -> None:
        barrier.wait()
        outcomes.append(accept_sure_lines(world))

    threads = [Thread(target=work) for _each in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(booked for booked, _passed, _more in outcomes) == 20
    assert world.count_documents("receipt") == 20


def test_the_same_form_twice_books_once_and_another_customers_item_is_refused(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="货款")
    stranger = world.customer("00002", "北京华信")
    foreign = world.invoice(stranger, number="HX-1", on=date(2026, 10, 1), minor=500_00)
    with pytest.raises(HuikuanError, match="item_not_found"):
        apply_line_to(world, line, owed.customer, parts=[{"item_id": foreign}])
    key = uuid4().hex
    once = apply_line_to(world, line, owed.customer, parts=[{"item_id": owed.older}], key=key)
    again = apply_line_to(world, line, owed.customer, parts=[{"item_id": owed.older}], key=key)
    assert once == again
    assert world.count_documents("receipt") == 1


def hidden_field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found[1]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_screen_shows_lines_and_reasons_and_books_what_is_ticked(world: World, owed: Owed, language: str) -> None:
    line, _other = world.bank_lines(
        [
            BankMovement(on=ON, amount="577.70", payer=PAYER, account=ACCOUNT, text="货款"),
            BankMovement(on=ON, amount="1.00", payer="某人", text="利息"),
        ]
    )
    client = world.client("accountant", language)
    page = client.get(world.url(f"/matching/?line={line}")).text
    assert "INV-1003" in page
    assert "577.70" in page
    older, third = owed.older, owed.third
    form = {
        "key": hidden_field(page, "key"),
        "customer_id": str(owed.customer),
        "selected": [str(older), str(third)],
        f"amount_{older}": "400.00",
    }
    before = world.count_documents("receipt")
    shown = client.post(world.url(f"/matching/{line}"), data={**form, "do": "show"})
    assert shown.status_code == 200
    assert 'value="400.00"' in shown.text
    assert "100.00" in shown.text  # 577.70 less 400.00 and 77.70
    assert world.count_documents("receipt") == before
    booked = client.post(world.url(f"/matching/{line}"), data={**form, "how": "ticked"})
    assert booked.status_code == 303
    assert str(_other) in booked.headers["Location"]
    assert (world.open_minor_of(older), world.open_minor_of(third)) == (100_00, 0)
    done = client.get(world.url(f"/matching/?line={line}"))
    assert "RC-2026-000001" in done.text


def test_bad_input_keeps_what_was_typed_and_a_second_person_reads_what_happened(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="货款")
    client, url = world.client(), world.url(f"/matching/{line}")
    page = client.get(world.url(f"/matching/?line={line}")).text
    older = owed.older
    form = {"key": hidden_field(page, "key"), "customer_id": str(owed.customer), "how": "ticked"}
    wrong = client.post(url, data={**form, "selected": str(older), f"amount_{older}": "12x"})
    assert wrong.status_code == 422
    assert 'value="12x"' in wrong.text
    too_much = client.post(url, data={**form, "selected": str(older), f"amount_{older}": "600"})
    assert too_much.status_code == 422
    assert client.post(url, data=form).status_code == 422  # nothing ticked
    assert client.post(url, data={**form, "selected": str(older)}).status_code == 303
    second = client.post(url, data={**form, "key": uuid4().hex, "selected": str(older)})
    assert second.status_code == 409
    assert "RC-2026-000001" in second.text
    aside = client.post(world.url(f"/bank/lines/{line}/setting-aside"), data={"reason": "利息"})
    assert aside.status_code == 422
    assert "This line belongs to a receipt." in aside.text
    assert "You wrote: 利息" in aside.text


def test_who_may_look_may_not_always_book(world: World, owed: Owed) -> None:
    line = world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="INV-1001")
    sales = world.client("auditor")
    assert sales.get(world.url("/matching/")).status_code == 200
    for path in ("/matching/sure", "/matching/again", f"/matching/{line}", f"/matching/{line}/undoing"):
        assert sales.post(world.url(path)).status_code == 403
    client = world.client()
    assert client.post(world.url("/matching/sure")).status_code == 422
    ticked = re.findall(r'name="selected" value="([^"]+)"', client.get(world.url("/matching/sure")).text)
    assert client.post(world.url("/matching/sure"), data={"selected": ticked, "key": uuid4().hex}).status_code == 303
    assert world.find_bank_line(line).state == "matched"
    assert client.post(world.url(f"/matching/{line}/undoing")).status_code == 303
    assert world.find_bank_line(line).state == "open"
    assert client.post(world.url(f"/matching/{line}/aside"), data={"reason": "利息"}).status_code == 303
    assert world.find_bank_line(line).state == "set_aside"
    assert client.post(world.url(f"/matching/{line}/back")).status_code == 303
    assert world.find_bank_line(line).state == "open"


@pytest.mark.parametrize(
    "query",
    ["state=sure", "state=matched", "q=%25", "amount=500", "amount=x", "account=1", "customer=nobody", "proposal=9"],
)
def test_any_address_gives_a_page(world: World, owed: Owed, query: str) -> None:
    world.bank_line(on=ON, amount="500.00", payer=PAYER, account=ACCOUNT, text="货款")
    assert world.client().get(world.url(f"/matching/?{query}")).status_code == 200


def test_every_entry_of_a_batch_balances_and_carries_the_banks_day(world: World, owed: Owed) -> None:
    world.bank_line(on=ON, amount="500.00", payer=PAYER, text="INV-1001")
    accept_sure_lines(world)
    with world.reading() as db:
        e = Entry
        days = db.execute(
            sa.select(e.effective_on).where(e.tenant_id == world.tenant_id, e.kind == "receipt")
        ).scalars()
        assert list(days) == [ON]
