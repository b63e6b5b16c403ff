"""Bank lines become receipts: by machine where it is sure, by a person on the screen, and back again."""

from __future__ import annotations

import re
from datetime import date
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from ar.ledger.models import Entry, OpenItem
from ar.receipts import matching_jobs
from ar.receipts.matching_by_hand import apply_line, undo_match
from ar.receipts.matching_commands import accept_sure, match_lines
from ar.receipts.models import MatchRefusal, PayerAccount
from ar.receipts.queries import cash_state
from ar.receipts.receipt_inputs import ApplyLine
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.journal import JournalEvent
from kernel.outbox import OutboxMessage
from tenants.models import Company
from tests.ar.receipts.till import Till
from tests.support.books import TODAY
from tests.support.companies import TestCompany
from tests.support.statements import counted

ON = date(2026, 11, 18)
PAYER, ACCOUNT = "深圳鑫晟电子", "44201618300052512345"


@pytest.fixture
def till(company: TestCompany) -> Till:
    """One customer with two invoices of one amount and a third."""
    made = Till(company)
    made.xinsheng = made.customer("00001", PAYER)  # type: ignore[attr-defined]
    made.older = made.post(made.xinsheng, "invoice", "INV-1001", date(2026, 9, 1), 500_00)  # type: ignore[attr-defined]
    made.newer = made.post(made.xinsheng, "invoice", "INV-1002", date(2026, 10, 1), 500_00)  # type: ignore[attr-defined]
    made.third = made.post(made.xinsheng, "invoice", "INV-1003", date(2026, 10, 5), 77_70)  # type: ignore[attr-defined]
    return made


def accept(till: Till, **more: int) -> tuple[int, int, bool]:
    with till.company.transaction() as db:
        done = accept_sure(db, till.company.actor(till.today), **more)
    return done.booked, done.passed_over, done.more


def apply(till: Till, line_id: UUID, customer: UUID, **more: object) -> UUID:
    data = ApplyLine.model_validate({"customer_id": customer, "key": uuid4().hex, **more})
    with till.company.transaction() as db:
        return apply_line(db, till.company.actor(till.today), line_id, data)


def events(company: TestCompany, kind: str) -> list[dict[str, object]]:
    with company.reading() as db:
        e = JournalEvent
        return list(db.execute(sa.select(e.data).where(e.tenant_id == company.tenant_id, e.kind == kind)).scalars())


def test_the_reference_of_the_newer_invoice_pays_the_newer_and_silence_pays_nothing(till: Till) -> None:
    """19: two invoices of the same amount."""
    (named,) = till.lines((ON, "500.00", PAYER, ACCOUNT, "货款 INV-1002"))
    assert till.line(named).proposal_state == "sure"
    assert accept(till) == (1, 0, False)
    assert (till.open_minor(till.older), till.open_minor(till.newer)) == (500_00, 0)  # type: ignore[attr-defined]
    assert till.line(named).state == "matched"


def test_a_silent_line_that_could_pay_either_waits_for_a_person(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, ACCOUNT, "货款"))
    assert till.line(line).proposal_state == "likely"
    assert accept(till) == (0, 0, False)
    assert till.count("receipt") == 0


def test_a_batch_costs_the_same_for_any_number_of_lines_and_a_second_run_books_nothing(
    company: TestCompany, engine: sa.Engine
) -> None:
    till, costs = Till(company), []
    for first, number in ((1, 2), (100, 40)):
        rows = []
        for at in range(first, first + number):
            customer = till.customer(f"C{at:04d}", f"客户{at}号")
            till.post(customer, "invoice", f"INV-{at:05d}", date(2026, 10, 1), 100_00 + at)
            rows.append((ON, f"{100 + at / 100:.2f}", f"客户{at}号", "", f"INV-{at:05d}"))
        till.lines(*rows)
        with company.transaction() as db, counted(engine) as seen:
            assert accept_sure(db, company.actor(TODAY)).booked == number
        costs.append(len(seen))
    assert costs[1] <= costs[0]
    assert accept(till) == (0, 0, False)
    assert till.count("receipt") == 42
    with company.reading() as db:
        open_minor = db.execute(
            sa.select(sa.func.sum(OpenItem.open_minor)).where(OpenItem.tenant_id == company.tenant_id)
        ).scalar_one()
    assert open_minor == 0


def test_what_has_moved_since_falls_back_to_a_person(till: Till) -> None:
    (line,) = till.lines((ON, "77.70", PAYER, "", "INV-1003"))
    till.allocate(till.third, till.post(till.xinsheng, "credit_note", "CN-1", ON, 70), 70)  # type: ignore[attr-defined]
    assert accept(till) == (0, 1, False)
    assert (till.line(line).state, till.line(line).proposal_state) == ("open", "likely")


def test_batches_go_on_where_the_last_one_ended(till: Till) -> None:
    till.lines((ON, "500.00", PAYER, "", "INV-1001"), (ON, "500.00", PAYER, "", "INV-1002"))
    assert accept(till, limit=1) == (1, 0, True)
    assert accept(till, limit=1) == (1, 0, False)
    assert till.count("receipt") == 2


def test_a_batch_that_breaks_leaves_nothing_behind(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, "", "INV-1001"))

    class Killed(Exception):
        pass

    with pytest.raises(Killed), till.company.transaction() as db:
        accept_sure(db, till.company.actor(TODAY))
        raise Killed
    assert till.count("receipt") == 0
    assert till.line(line).state == "open"
    assert accept(till)[0] == 1


@pytest.mark.parametrize(("review_mode", "booked"), [(True, 0), (False, 1)])
def test_in_review_mode_a_person_says_yes_first(till: Till, review_mode: bool, booked: int) -> None:
    company = till.company
    till.lines((ON, "500.00", PAYER, "", "INV-1001"), match=False)
    with company.transaction() as db:
        db.execute(sa.update(Company).where(Company.tenant_id == company.tenant_id).values(review_mode=review_mode))
        matching_jobs.match(db, company.actor(TODAY), {})
    with company.transaction() as db:
        o = OutboxMessage
        waiting = db.execute(
            sa.select(o.payload).where(o.tenant_id == company.tenant_id, o.kind == "receipts.accept")
        ).scalars()
        for payload in list(waiting):
            matching_jobs.accept(db, company.actor(TODAY), payload)
    assert till.count("receipt") == booked


def test_a_locked_period_keeps_the_machine_out_and_a_person_books_on_an_open_day(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, "", "INV-1001"))
    with till.company.transaction() as db:
        db.execute(
            sa.text("UPDATE books_state SET locked_through = :on WHERE tenant_id = :tenant"),
            {"on": ON, "tenant": till.company.tenant_id},
        )
    assert accept(till) == (0, 0, False)
    with till.company.reading() as db:
        cash = cash_state(db, till.company.tenant_id)
    assert (cash.lines_waiting, cash.lines_sure, cash.booked_through_on) == (1, 0, ON)
    parts = [{"item_id": till.older}]  # type: ignore[attr-defined]
    with pytest.raises(RuleBroken, match="period_locked"):
        apply(till, line, till.xinsheng, parts=parts)  # type: ignore[attr-defined]
    receipt = apply(till, line, till.xinsheng, parts=parts, booked_on=TODAY)  # type: ignore[attr-defined]
    with till.company.reading() as db:
        on = db.execute(
            sa.select(OpenItem.document_on).where(OpenItem.tenant_id == till.company.tenant_id, OpenItem.id == receipt)
        ).scalar_one()
    assert on == TODAY


def test_one_line_pays_many_and_the_rest_stays_visible(till: Till) -> None:
    (line,) = till.lines((ON, "700.00", "鑫晟财务", ACCOUNT, "货款"))
    parts = [{"item_id": till.older}, {"item_id": till.third, "amount": "50.00"}]  # type: ignore[attr-defined]
    receipt = apply(till, line, till.xinsheng, parts=parts)  # type: ignore[attr-defined]
    assert (till.open_minor(till.older), till.open_minor(till.third)) == (0, 27_70)  # type: ignore[attr-defined]
    assert till.open_minor(receipt) == 150_00
    with till.company.reading() as db:
        assert cash_state(db, till.company.tenant_id).unapplied == 1


def test_an_account_that_is_new_for_a_customer_is_an_event_and_a_person_vouches_for_it(till: Till) -> None:
    first, second = till.lines(
        (ON, "500.00", PAYER, ACCOUNT, "货款"), (ON, "500.00", PAYER, "6228480402564890018", "货款")
    )
    apply(till, first, till.xinsheng, how="order")  # type: ignore[attr-defined]
    assert events(till.company, "payer_account_new") == []
    apply(till, second, till.xinsheng, how="order")  # type: ignore[attr-defined]
    assert [each["account"] for each in events(till.company, "payer_account_new")] == ["6228480402564890018"]
    with till.company.reading() as db:
        p = PayerAccount
        rows = db.execute(sa.select(p.confirmed_by).where(p.tenant_id == till.company.tenant_id)).scalars()
        assert list(rows) == ["林晓", "林晓"]


def test_a_match_taken_back_is_remembered_and_never_made_by_itself_again(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, ACCOUNT, "INV-1002"))
    assert accept(till)[0] == 1
    with till.company.transaction() as db:
        undo_match(db, till.company.actor(TODAY), line)
    assert till.open_minor(till.newer) == 500_00  # type: ignore[attr-defined]
    assert till.line(line).state == "open"
    assert till.line(line).receipt_item_id is None
    with till.company.transaction() as db:
        match_lines(db, till.company.actor(TODAY))
    assert till.line(line).proposal_state == "likely"
    assert accept(till) == (0, 0, False)
    with till.company.reading() as db:
        m = MatchRefusal
        assert list(db.execute(sa.select(m.item_id).where(m.tenant_id == till.company.tenant_id)).scalars()) == [
            till.newer  # type: ignore[attr-defined]
        ]
    with pytest.raises(Conflict, match="line_not_matched"), till.company.transaction() as db:
        undo_match(db, till.company.actor(TODAY), line)


def test_of_two_people_on_one_line_the_second_is_told(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, ACCOUNT, "货款"))
    barrier, outcomes = Barrier(2), list[str]()

    def book(item: UUID) -> None:
        barrier.wait()
        try:
            apply(till, line, till.xinsheng, parts=[{"item_id": item}])  # type: ignore[attr-defined]
            outcomes.append("booked")
        except HuikuanError as error:
            outcomes.append(error.code)

    threads = [Thread(target=book, args=(item,)) for item in (till.older, till.newer)]  # type: ignore[attr-defined]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["booked", "line_matched"]
    assert till.count("receipt") == 1


def test_two_workers_on_the_same_lines_book_each_once(till: Till) -> None:
    for at in range(20):
        customer = till.customer(f"D{at:02d}", f"并发客户{at}")
        till.post(customer, "invoice", f"PAR-{at:04d}", date(2026, 10, 1), 100_00)
    till.lines(*[(ON, "100.00", "", "", f"PAR-{at:04d}") for at in range(20)])
    barrier, outcomes = Barrier(2), list[tuple[int, int, bool]]()

    def work() -> None:
        barrier.wait()
        outcomes.append(accept(till))

    threads = [Thread(target=work) for _each in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(booked for booked, _passed, _more in outcomes) == 20
    assert till.count("receipt") == 20


def test_the_same_form_twice_books_once_and_another_customers_item_is_refused(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, ACCOUNT, "货款"))
    stranger = till.customer("00002", "北京华信")
    foreign = till.post(stranger, "invoice", "HX-1", date(2026, 10, 1), 500_00)
    with pytest.raises(HuikuanError, match="item_not_found"):
        apply(till, line, till.xinsheng, parts=[{"item_id": foreign}])  # type: ignore[attr-defined]
    key = uuid4().hex
    once = apply(till, line, till.xinsheng, parts=[{"item_id": till.older}], key=key)  # type: ignore[attr-defined]
    again = apply(till, line, till.xinsheng, parts=[{"item_id": till.older}], key=key)  # type: ignore[attr-defined]
    assert once == again
    assert till.count("receipt") == 1


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found[1]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_screen_shows_lines_and_reasons_and_books_what_is_ticked(till: Till, language: str) -> None:
    line, _other = till.lines((ON, "577.70", PAYER, ACCOUNT, "货款"), (ON, "1.00", "某人", "", "利息"))
    client = till.company.client("accountant", language)
    page = client.get(till.company.url(f"/matching/?line={line}")).text
    assert "INV-1003" in page
    assert "577.70" in page
    older, third = till.older, till.third  # type: ignore[attr-defined]
    form = {
        "key": hidden(page, "key"),
        "customer_id": str(till.xinsheng),  # type: ignore[attr-defined]
        "selected": [str(older), str(third)],
        f"amount_{older}": "400.00",
    }
    before = till.count("receipt")
    shown = client.post(till.company.url(f"/matching/{line}"), data={**form, "do": "show"})
    assert shown.status_code == 200
    assert 'value="400.00"' in shown.text
    assert "100.00" in shown.text  # 577.70 less 400.00 and 77.70
    assert till.count("receipt") == before
    booked = client.post(till.company.url(f"/matching/{line}"), data={**form, "how": "ticked"})
    assert booked.status_code == 303
    assert str(_other) in booked.headers["Location"]
    assert (till.open_minor(older), till.open_minor(third)) == (100_00, 0)
    done = client.get(till.company.url(f"/matching/?line={line}"))
    assert "RC-2026-000001" in done.text


def test_bad_input_keeps_what_was_typed_and_a_second_person_reads_what_happened(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, ACCOUNT, "货款"))
    client, url = till.company.client(), till.company.url(f"/matching/{line}")
    page = client.get(till.company.url(f"/matching/?line={line}")).text
    older = till.older  # type: ignore[attr-defined]
    form = {"key": hidden(page, "key"), "customer_id": str(till.xinsheng), "how": "ticked"}  # type: ignore[attr-defined]
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
    aside = client.post(till.company.url(f"/bank/lines/{line}/setting-aside"), data={"reason": "利息"})
    assert aside.status_code == 422
    assert "This line belongs to a receipt." in aside.text
    assert "You wrote: 利息" in aside.text


def test_who_may_look_may_not_always_book(till: Till) -> None:
    (line,) = till.lines((ON, "500.00", PAYER, ACCOUNT, "INV-1001"))
    sales = till.company.client("salesperson")
    assert sales.get(till.company.url("/matching/")).status_code == 200
    for path in ("/matching/sure", "/matching/again", f"/matching/{line}", f"/matching/{line}/undoing"):
        assert sales.post(till.company.url(path)).status_code == 403
    client = till.company.client()
    assert client.post(till.company.url("/matching/sure")).status_code == 303
    assert till.line(line).state == "matched"
    assert client.post(till.company.url(f"/matching/{line}/undoing")).status_code == 303
    assert till.line(line).state == "open"
    assert client.post(till.company.url(f"/matching/{line}/aside"), data={"reason": "利息"}).status_code == 303
    assert till.line(line).state == "set_aside"
    assert client.post(till.company.url(f"/matching/{line}/back")).status_code == 303
    assert till.line(line).state == "open"


@pytest.mark.parametrize(
    "query",
    ["state=sure", "state=matched", "q=%25", "amount=500", "amount=x", "account=1", "customer=nobody", "proposal=9"],
)
def test_any_address_gives_a_page(till: Till, query: str) -> None:
    till.lines((ON, "500.00", PAYER, ACCOUNT, "货款"))
    assert till.company.client().get(till.company.url(f"/matching/?{query}")).status_code == 200


def test_every_entry_of_a_batch_balances_and_carries_the_banks_day(till: Till) -> None:
    till.lines((ON, "500.00", PAYER, "", "INV-1001"))
    accept(till)
    with till.company.reading() as db:
        e = Entry
        days = db.execute(
            sa.select(e.effective_on).where(e.tenant_id == till.company.tenant_id, e.kind == "receipt")
        ).scalars()
        assert list(days) == [ON]
