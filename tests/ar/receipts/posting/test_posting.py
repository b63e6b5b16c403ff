"""Receipts by hand: booked, applied in whole, in part, one to many and many to one, taken off and remembered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.cli import main
from ar.ledger.books.queries import posted_balances
from ar.ledger.models import Allocation, OpenItem, Posting
from ar.receipts.models import Receipt
from ar.receipts.posting import commands as receipts
from ar.receipts.posting import queries
from ar.receipts.posting.cash_state import cash_state
from ar.receipts.posting.inputs import ApplyCredit, PostReceipt, UnapplyCredit
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import TODAY, World, world_of

ON = date(2026, 11, 18)


@dataclass(frozen=True)
class Owed:
    """The invoices of one customer, oldest due first."""

    customer: UUID
    items: list[UUID]


@pytest.fixture
def owed(world: World) -> Owed:
    """A customer who owes 100.00 since September, 200.00 since October and 300.00 from December on."""
    customer = world.customer("00001", "深圳鑫晟电子")
    items = [
        world.invoice(customer, number="INV-1", due_on=date(2026, 9, 30), minor=100_00),
        world.invoice(customer, number="INV-2", due_on=date(2026, 10, 31), minor=200_00),
        world.invoice(customer, number="INV-3", due_on=date(2026, 12, 31), minor=300_00),
    ]
    return Owed(customer, items)


def post_receipt(world: World, amount: str, **more: object) -> UUID:
    given = {"customer_no": "00001", "received_on": ON, "amount": amount, "key": uuid4().hex, **more}
    with world.transaction() as db:
        return receipts.post_receipt(db, world.actor(world.today), PostReceipt.model_validate(given))


def open_of_each(world: World, owed: Owed) -> list[int]:
    return [world.open_minor_of(item) for item in owed.items]


def ticked(owed: Owed, *parts: tuple[int, str]) -> dict[str, object]:
    return {"how": "ticked", "parts": [{"item_id": owed.items[at], "amount": amount} for at, amount in parts]}


@pytest.mark.parametrize(
    ("amount", "more", "expected", "unapplied"),
    [
        ("100.00", {}, [0, 200_00, 300_00], 0),
        ("250.00", {}, [0, 50_00, 300_00], 0),
        ("1,000.00", {}, [0, 0, 0], 400_00),
        ("250.00", {"designation": "INV-3"}, [100_00, 200_00, 50_00], 0),
        ("350.00", {"designation": "货款 INV-3"}, [50_00, 200_00, 0], 0),
        ("250.00", {"how": "nothing"}, [100_00, 200_00, 300_00], 250_00),
    ],
)
def test_a_receipt_pays_in_the_order_of_the_law_after_what_the_debtor_named(
    world: World, owed: Owed, amount: str, more: dict[str, object], expected: list[int], unapplied: int
) -> None:
    receipt = post_receipt(world, amount, **more)
    assert open_of_each(world, owed) == expected
    assert world.open_minor_of(receipt) == unapplied


@pytest.mark.parametrize(
    ("parts", "expected", "unapplied"),
    [
        (((1, ""),), [100_00, 0, 300_00], 50_00),
        (((1, "80"), (2, "")), [100_00, 120_00, 130_00], 0),
        (((2, "250.00"),), [100_00, 200_00, 50_00], 0),
        (((0, ""), (1, "")), [0, 50_00, 300_00], 0),
    ],
)
def test_what_is_ticked_is_paid_whole_or_in_part(
    world: World, owed: Owed, parts: tuple[tuple[int, str], ...], expected: list[int], unapplied: int
) -> None:
    receipt = post_receipt(world, "250.00", **ticked(owed, *parts))
    assert open_of_each(world, owed) == expected
    assert world.open_minor_of(receipt) == unapplied


def test_three_receipts_pay_one_invoice_to_the_cent(world: World, owed: Owed) -> None:
    """Testcase 1: 33.33, 33.33 and 33.34 clear 100.00 on the last one's day."""
    for amount, on in (("33.33", ON), ("33.33", ON), ("33.34", TODAY)):
        post_receipt(world, amount, received_on=on, **ticked(owed, (0, "")))
    with world.reading() as db:
        i = OpenItem
        row = db.execute(
            sa.select(i.open_minor, i.cleared_on).where(i.tenant_id == world.tenant_id, i.id == owed.items[0])
        ).one()
    assert tuple(row) == (0, TODAY)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"customer_no": "99999"}, "receipt_customer_unknown"),
        ({"received_on": TODAY + timedelta(days=1)}, "receipt_in_future"),
        ({"amount": "1,23"}, "amount_unreadable"),
        ({"amount": "0"}, "amount_not_positive"),
        ({"amount": "-5"}, "amount_not_positive"),
        ({"currency": "XXQ"}, "currency_unknown"),
        ({"bank_account_id": uuid4()}, "receipt_account_unknown"),
        ({"how": "ticked"}, "nothing_ticked"),
    ],
)
def test_what_cannot_be_booked_is_refused_with_its_reason(
    world: World, owed: Owed, more: dict[str, object], code: str
) -> None:
    with pytest.raises(HuikuanError, match=code):
        post_receipt(world, **({"amount": "10"} | more))
    assert world.count_documents("receipt") == 0


def test_more_than_is_open_or_than_there_is_money_is_refused(world: World, owed: Owed) -> None:
    with pytest.raises(Conflict, match="allocation_exceeds_open"):
        post_receipt(world, "250", **ticked(owed, (0, "150")))
    with pytest.raises(RuleBroken, match="receipt_overapplied"):
        post_receipt(world, "250", **ticked(owed, (1, "200"), (2, "100")))
    assert world.count_documents("receipt") == 0


def test_dollars_pay_no_yuan_and_an_account_takes_its_own_currency(world: World, owed: Owed) -> None:
    """Testcase 6: a receipt in USD."""
    with pytest.raises(NotFound):
        post_receipt(world, "100", currency="USD", **ticked(owed, (0, "")))
    with pytest.raises(RuleBroken, match="receipt_account_currency"):
        post_receipt(world, "100", currency="USD", bank_account_id=world.bank_account())
    receipt = post_receipt(world, "100", currency="USD")
    assert world.open_minor_of(receipt) == 100_00
    assert open_of_each(world, owed) == [100_00, 200_00, 300_00]


def lock_through(world: World, on: date) -> None:
    """Locks the books as the lock's own command leaves them."""
    with world.transaction() as db:
        db.execute(
            sa.text("UPDATE books_state SET locked_through = :on WHERE tenant_id = :tenant"),
            {"on": on, "tenant": world.tenant_id},
        )


def test_a_receipt_entered_after_the_lock_keeps_its_day_and_is_posted_in_the_open_period(
    world: World, owed: Owed
) -> None:
    """Testcase 11 and faults F1: the locked period does not change, and the money came when it came."""
    lock_through(world, ON)
    receipt = world.open_item(post_receipt(world, "100"))
    assert (receipt.came_on, receipt.document_on) == (ON, ON + timedelta(days=1))
    with world.reading() as db:
        assert posted_balances(db, world.tenant_id, ON) == {"CNY": 300_00}
        page = queries.credit_page(db, world.tenant_id, receipt.id)
    assert (page.as_json()["received_on"], page.as_json()["booked_on"]) == (ON, ON + timedelta(days=1))


def test_a_receipt_is_refused_while_every_day_until_today_is_locked(world: World, owed: Owed) -> None:
    lock_through(world, TODAY)
    with pytest.raises(RuleBroken, match="period_locked"):
        post_receipt(world, "100")
    assert world.count_documents("receipt") == 0


def test_the_same_key_books_once_and_other_input_under_it_is_a_conflict(world: World, owed: Owed) -> None:
    """Testcase 3: one key books once, and the same key with another amount is a conflict."""
    key = uuid4().hex
    assert post_receipt(world, "100", key=key) == post_receipt(world, "100", key=key)
    assert world.count_documents("receipt") == 1
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        post_receipt(world, "101", key=key)


def test_cash_goes_to_the_cash_box_and_a_transfer_to_the_bank(world: World, owed: Owed) -> None:
    cash, bank = (
        post_receipt(world, "10", method="cash"),
        post_receipt(world, "10", bank_account_id=world.bank_account()),
    )
    with world.reading() as db:
        p, i = Posting, OpenItem
        booked = {
            row.id: row.account_code
            for row in db.execute(
                sa.select(i.id, p.account_code)
                .join(p, sa.and_(p.tenant_id == i.tenant_id, p.entry_id == i.entry_id))
                .where(i.tenant_id == world.tenant_id, p.debit_minor > 0, i.kind == "receipt")
            )
        }
        told = db.execute(sa.select(Receipt.method).where(Receipt.tenant_id == world.tenant_id)).scalars()
        assert sorted(told) == ["cash", "transfer"]
    assert (booked[cash], booked[bank]) == ("cash", "bank")


def test_a_number_that_an_import_brought_is_passed_over(world: World, owed: Owed) -> None:
    world.receipt(owed.customer, number="RC-2026-000001", on=ON, minor=100)
    receipt = post_receipt(world, "10")
    with world.reading() as db:
        assert queries.credit_page(db, world.tenant_id, receipt).document_no == "RC-2026-000002"


def apply_credit(world: World, credit: UUID, **more: object) -> None:
    with world.transaction() as db:
        data = ApplyCredit.model_validate({"key": uuid4().hex, **more})
        receipts.apply_credit(db, world.actor(world.today), credit, data)


def test_what_was_unapplied_is_applied_later_and_taken_off_is_remembered(world: World, owed: Owed) -> None:
    credit = post_receipt(world, "150", how="nothing")
    apply_credit(world, credit, how="order")
    assert open_of_each(world, owed) == [0, 150_00, 300_00]
    with world.transaction() as db:
        a = Allocation
        first = db.execute(
            sa.select(a.id).where(a.tenant_id == world.tenant_id, a.debit_item_id == owed.items[0])
        ).scalar_one()
        receipts.unapply_credit(db, world.actor(TODAY), credit, first, UnapplyCredit())
    assert open_of_each(world, owed) == [100_00, 150_00, 300_00]
    apply_credit(world, credit, how="order")  # the order leaves out what a person took off
    assert open_of_each(world, owed) == [100_00, 50_00, 300_00]
    assert world.open_minor_of(credit) == 0
    with pytest.raises(RuleBroken, match="nothing_to_apply"):
        apply_credit(world, credit, how="order")


def test_a_credit_of_another_company_or_a_debit_is_not_applied(
    world: World, owed: Owed, other_company: TestCompany
) -> None:
    """Testcase 5: the credit of another company does not exist here; a debit pays nothing."""
    theirs = world_of(other_company)
    foreign = theirs.receipt(theirs.customer("00001"), number="R-1", on=ON, minor=100)
    with pytest.raises(NotFound):
        apply_credit(world, foreign, how="order")
    with pytest.raises(RuleBroken, match="wrong_side"):
        apply_credit(world, owed.items[0], how="order")
    assert world.client().get(world.url(f"/receipts/{foreign}")).status_code == 404


def test_the_list_costs_the_same_for_every_size(world: World, owed: Owed, engine: sa.Engine) -> None:
    costs = []
    for number in (1, 6):
        for _each in range(number):
            post_receipt(world, "1")
        with world.reading() as db, counted(engine) as seen:
            page = queries.receipt_list(db, world.tenant_id, queries.ReceiptFilters())
            cash_state(db, world.tenant_id)
        costs.append(len(seen))
    assert page.total == 7
    assert costs[0] == costs[1] <= 5


def hidden_field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found[1]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_person_enters_a_receipt_sees_what_is_open_and_books_it(world: World, owed: Owed, language: str) -> None:
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        client, url = world.client("accountant", language), world.url("/receipts/")
        page = client.get(world.url("/receipts/new?customer=00001")).text
        assert "INV-1" in page
        form = {
            "key": hidden_field(page, "key"),
            "customer_no": "00001",
            "received_on": "2026-11-18",
            "amount": "250",
            "currency": "CNY",
            "method": "transfer",
            "how": "order",
            "payer_name": "鑫晟财务",
        }
        shown = client.post(url, data={**form, "do": "show"})
        assert shown.status_code == 200
        assert "150.00" in shown.text  # what the order would pay of the second
        assert world.count_documents("receipt") == 0
        booked = client.post(url, data=form)
        assert booked.status_code == 303
        assert client.post(url, data=form).headers["Location"] == booked.headers["Location"]
        assert world.count_documents("receipt") == 1
        assert open_of_each(world, owed) == [0, 50_00, 300_00]
        one = client.get(booked.headers["Location"]).text
        assert "RC-2026-000001" in one
        assert "鑫晟财务" in one
        paper = re.search(r'href="([^"]+/receipt\.pdf)"', one)
        assert paper
        assert client.get(paper.group(1)).data.startswith(b"%PDF-")
        for query in ("", "?state=unapplied", "?state=reversed", "?q=%25", "?method=cash", "?from_on=x"):
            assert client.get(url + query).status_code == 200


def test_bad_input_keeps_what_was_typed(world: World, owed: Owed) -> None:
    client, url = world.client(), world.url("/receipts/")
    form = {"key": "k" * 20, "customer_no": "4711", "received_on": "2026-11-18", "amount": "12x", "currency": "CNY"}
    wrong = client.post(url, data={**form, "remittance": "货款十一月"})
    assert wrong.status_code == 422
    for typed in ("4711", "12x", "货款十一月"):
        assert typed in wrong.text
    assert client.post(url, data={**form, "received_on": "yesterday"}).status_code == 422
    assert client.post(url, data={**form, "selected": "not-an-id"}).status_code == 422
    assert world.count_documents("receipt") == 0


def test_who_may_not_post_neither_enters_nor_applies(world: World, owed: Owed) -> None:
    credit = post_receipt(world, "50", how="nothing")
    sales = world.client("auditor")
    assert sales.get(world.url(f"/receipts/{credit}")).status_code == 200
    assert sales.get(world.url("/receipts/new")).status_code == 403
    for path in ("/receipts/", f"/receipts/{credit}/allocations"):
        assert sales.post(world.url(path)).status_code == 403
    assert world.open_minor_of(credit) == 50_00


def test_a_person_applies_recalculates_and_takes_off_on_the_page(world: World, owed: Owed) -> None:
    credit = post_receipt(world, "150", how="nothing")
    client, path = world.client(), world.url(f"/receipts/{credit}")
    page = client.get(path).text
    item = owed.items[2]
    form = {"key": hidden_field(page, "key"), "selected": str(item), f"amount_{item}": "40"}
    shown = client.post(path + "/allocations", data={**form, "do": "show"})
    assert (shown.status_code, "110.00" in shown.text) == (200, True)
    over = client.post(path + "/allocations", data={**form, "how": "ticked", f"amount_{item}": "400"})
    assert over.status_code == 422
    assert client.post(path + "/allocations", data={**form, "how": "ticked"}).status_code == 303
    assert open_of_each(world, owed) == [100_00, 200_00, 260_00]
    page = client.get(path).text
    back = re.search(r'action="([^"]*/allocations/[^"]*/reversal)"', page)
    assert back
    assert client.post(back[1], data={}).status_code == 303
    assert open_of_each(world, owed) == [100_00, 200_00, 300_00]
    assert "Undone before" in client.get(path).text


def run_receipt_command(world: World, *args: str, **more: object) -> dict[str, object]:
    result = CliRunner().invoke(main, ["receipt", *args, "--tenant", world.slug, "--json"], **more)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_the_command_line_books_by_options_and_by_json(world: World, owed: Owed) -> None:
    day = ["--date", "2026-11-20"]
    one = run_receipt_command(
        world, "post", "--customer", "00001", "--amount", "250", "--pay", "INV-2", "--pay", "INV-3=20", *day
    )
    assert one["unapplied_minor"] == 30_00
    assert open_of_each(world, owed) == [100_00, 0, 280_00]
    given = json.dumps({"customer_no": "00001", "amount": "100.00", "key": "json-key-0000001"})
    two = run_receipt_command(world, "post", "--from-json", "-", *day, input=given)
    again = run_receipt_command(world, "post", "--from-json", "-", *day, input=given)
    assert two["id"] == again["id"]
    assert open_of_each(world, owed) == [0, 0, 280_00]
    assert run_receipt_command(world, "state")["unapplied"] == 1
    world.bank_line(on=ON, amount="280.00", payer="鑫晟", text="INV-3", match=False)
    assert run_receipt_command(world, "match", "--accept", *day) == {
        "sure": 1,
        "likely": 0,
        "hand": 0,
        "booked": 1,
        "passed_over": 0,
    }
    assert open_of_each(world, owed) == [0, 0, 0]
