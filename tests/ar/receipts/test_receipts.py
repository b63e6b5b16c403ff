"""Receipts by hand: booked, applied in whole, in part, one to many and many to one, taken off and remembered."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.cli import main
from ar.ledger.models import Allocation, OpenItem, Posting
from ar.receipts import queries, receipts
from ar.receipts.models import Receipt
from ar.receipts.receipt_inputs import ApplyCredit, PostReceipt, Unapply
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from tests.ar.receipts.till import Till
from tests.support.books import TODAY
from tests.support.companies import TestCompany
from tests.support.statements import counted

ON = date(2026, 11, 18)


@pytest.fixture
def till(company: TestCompany) -> Till:
    """A customer who owes 100.00 since September, 200.00 since October and 300.00 from December on."""
    made = Till(company)
    made.customer_id = made.customer("00001", "深圳鑫晟电子")  # type: ignore[attr-defined]
    made.items = [  # type: ignore[attr-defined]
        made.post(made.customer_id, "invoice", f"INV-{at}", due - timedelta(days=30), minor, due_on=due)  # type: ignore[attr-defined]
        for at, due, minor in (
            (1, date(2026, 9, 30), 100_00),
            (2, date(2026, 10, 31), 200_00),
            (3, date(2026, 12, 31), 300_00),
        )
    ]
    return made


def post(till: Till, amount: str, **more: object) -> UUID:
    given = {"customer_no": "00001", "received_on": ON, "amount": amount, "key": uuid4().hex, **more}
    with till.company.transaction() as db:
        return receipts.post_receipt(db, till.company.actor(till.today), PostReceipt.model_validate(given))


def opens(till: Till) -> list[int]:
    return [till.open_minor(item) for item in till.items]  # type: ignore[attr-defined]


def ticked(till: Till, *parts: tuple[int, str]) -> dict[str, object]:
    return {"how": "ticked", "parts": [{"item_id": till.items[at], "amount": amount} for at, amount in parts]}  # type: ignore[attr-defined]


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
    till: Till, amount: str, more: dict[str, object], expected: list[int], unapplied: int
) -> None:
    receipt = post(till, amount, **more)
    assert opens(till) == expected
    assert till.open_minor(receipt) == unapplied


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
    till: Till, parts: tuple[tuple[int, str], ...], expected: list[int], unapplied: int
) -> None:
    receipt = post(till, "250.00", **ticked(till, *parts))
    assert opens(till) == expected
    assert till.open_minor(receipt) == unapplied


def test_three_receipts_pay_one_invoice_to_the_cent(till: Till) -> None:
    """1: 33.33, 33.33 and 33.34 clear 100.00 on the last one's day."""
    for amount, on in (("33.33", ON), ("33.33", ON), ("33.34", TODAY)):
        post(till, amount, received_on=on, **ticked(till, (0, "")))
    with till.company.reading() as db:
        i = OpenItem
        row = db.execute(
            sa.select(i.open_minor, i.cleared_on).where(i.tenant_id == till.company.tenant_id, i.id == till.items[0])  # type: ignore[attr-defined]
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
def test_what_cannot_be_booked_is_refused_with_its_reason(till: Till, more: dict[str, object], code: str) -> None:
    with pytest.raises(HuikuanError, match=code):
        post(till, **({"amount": "10"} | more))
    assert till.count("receipt") == 0


def test_more_than_is_open_or_than_there_is_money_is_refused(till: Till) -> None:
    with pytest.raises(Conflict, match="allocation_exceeds_open"):
        post(till, "250", **ticked(till, (0, "150")))
    with pytest.raises(RuleBroken, match="receipt_overapplied"):
        post(till, "250", **ticked(till, (1, "200"), (2, "100")))
    assert till.count("receipt") == 0


def test_dollars_pay_no_yuan_and_an_account_takes_its_own_currency(till: Till) -> None:
    """6: a receipt in USD."""
    with pytest.raises(NotFound):
        post(till, "100", currency="USD", **ticked(till, (0, "")))
    with pytest.raises(RuleBroken, match="receipt_account_currency"):
        post(till, "100", currency="USD", bank_account_id=till.account_id)
    receipt = post(till, "100", currency="USD")
    assert till.open_minor(receipt) == 100_00
    assert opens(till) == [100_00, 200_00, 300_00]


def test_a_locked_period_refuses_a_receipt(till: Till) -> None:
    """11."""
    with till.company.transaction() as db:
        db.execute(
            sa.text("UPDATE books_state SET locked_through = :on WHERE tenant_id = :tenant"),
            {"on": ON, "tenant": till.company.tenant_id},
        )
    with pytest.raises(RuleBroken, match="period_locked"):
        post(till, "100")
    assert till.count("receipt") == 0


def test_the_same_key_books_once_and_other_input_under_it_is_a_conflict(till: Till) -> None:
    """3."""
    key = uuid4().hex
    assert post(till, "100", key=key) == post(till, "100", key=key)
    assert till.count("receipt") == 1
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        post(till, "101", key=key)


def test_cash_goes_to_the_cash_box_and_a_transfer_to_the_bank(till: Till) -> None:
    cash, bank = post(till, "10", method="cash"), post(till, "10", bank_account_id=till.account_id)
    with till.company.reading() as db:
        p, i = Posting, OpenItem
        booked = {
            row.id: row.account_code
            for row in db.execute(
                sa.select(i.id, p.account_code)
                .join(p, sa.and_(p.tenant_id == i.tenant_id, p.entry_id == i.entry_id))
                .where(i.tenant_id == till.company.tenant_id, p.debit_minor > 0, i.kind == "receipt")
            )
        }
        told = db.execute(sa.select(Receipt.method).where(Receipt.tenant_id == till.company.tenant_id)).scalars()
        assert sorted(told) == ["cash", "transfer"]
    assert (booked[cash], booked[bank]) == ("cash", "bank")


def test_a_number_that_an_import_brought_is_passed_over(till: Till) -> None:
    till.post(till.customer_id, "receipt", "RC-2026-000001", ON, 100)  # type: ignore[attr-defined]
    receipt = post(till, "10")
    with till.company.reading() as db:
        assert queries.credit_page(db, till.company.tenant_id, receipt).document_no == "RC-2026-000002"


def apply(till: Till, credit: UUID, **more: object) -> None:
    with till.company.transaction() as db:
        data = ApplyCredit.model_validate({"key": uuid4().hex, **more})
        receipts.apply_credit(db, till.company.actor(till.today), credit, data)


def test_what_was_unapplied_is_applied_later_and_taken_off_is_remembered(till: Till) -> None:
    credit = post(till, "150", how="nothing")
    apply(till, credit, how="order")
    assert opens(till) == [0, 150_00, 300_00]
    with till.company.transaction() as db:
        a = Allocation
        first = db.execute(
            sa.select(a.id).where(a.tenant_id == till.company.tenant_id, a.debit_item_id == till.items[0])  # type: ignore[attr-defined]
        ).scalar_one()
        receipts.unapply(db, till.company.actor(TODAY), credit, first, Unapply())
    assert opens(till) == [100_00, 150_00, 300_00]
    apply(till, credit, how="order")  # the order leaves out what a person took off
    assert opens(till) == [100_00, 50_00, 300_00]
    assert till.open_minor(credit) == 0
    with pytest.raises(RuleBroken, match="nothing_to_apply"):
        apply(till, credit, how="order")


def test_a_credit_of_another_company_or_a_debit_is_not_applied(till: Till, other_company: TestCompany) -> None:
    """5."""
    other = Till(other_company)
    foreign = other.post(other.customer("00001"), "receipt", "R-1", ON, 100)
    with pytest.raises(NotFound):
        apply(till, foreign, how="order")
    with pytest.raises(RuleBroken, match="wrong_side"):
        apply(till, till.items[0], how="order")  # type: ignore[attr-defined]
    assert till.company.client().get(till.company.url(f"/receipts/{foreign}")).status_code == 404


def test_the_list_costs_the_same_for_every_size(till: Till, engine: sa.Engine) -> None:
    costs = []
    for number in (1, 6):
        for _each in range(number):
            post(till, "1")
        with till.company.reading() as db, counted(engine) as seen:
            page = queries.receipt_list(db, till.company.tenant_id, queries.ReceiptFilters())
            queries.cash_state(db, till.company.tenant_id)
        costs.append(len(seen))
    assert page.total == 7
    assert costs[0] == costs[1] <= 5


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, name
    return found[1]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_person_enters_a_receipt_sees_what_is_open_and_books_it(till: Till, language: str) -> None:
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        client, url = till.company.client("accountant", language), till.company.url("/receipts/")
        page = client.get(till.company.url("/receipts/new?customer=00001")).text
        assert "INV-1" in page
        form = {
            "key": hidden(page, "key"),
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
        assert till.count("receipt") == 0
        booked = client.post(url, data=form)
        assert booked.status_code == 303
        assert client.post(url, data=form).headers["Location"] == booked.headers["Location"]
        assert till.count("receipt") == 1
        assert opens(till) == [0, 50_00, 300_00]
        one = client.get(booked.headers["Location"]).text
        assert "RC-2026-000001" in one
        assert "鑫晟财务" in one
        paper = re.search(r'href="([^"]+/receipt\.pdf)"', one)
        assert paper
        assert client.get(paper.group(1)).data.startswith(b"%PDF-")
        for query in ("", "?state=unapplied", "?state=reversed", "?q=%25", "?method=cash", "?from_on=x"):
            assert client.get(url + query).status_code == 200


def test_bad_input_keeps_what_was_typed(till: Till) -> None:
    client, url = till.company.client(), till.company.url("/receipts/")
    form = {"key": "k" * 20, "customer_no": "4711", "received_on": "2026-11-18", "amount": "12x", "currency": "CNY"}
    wrong = client.post(url, data={**form, "remittance": "货款十一月"})
    assert wrong.status_code == 422
    for typed in ("4711", "12x", "货款十一月"):
        assert typed in wrong.text
    assert client.post(url, data={**form, "received_on": "yesterday"}).status_code == 422
    assert client.post(url, data={**form, "selected": "not-an-id"}).status_code == 422
    assert till.count("receipt") == 0


def test_who_may_not_post_neither_enters_nor_applies(till: Till) -> None:
    credit = post(till, "50", how="nothing")
    sales = till.company.client("salesperson")
    assert sales.get(till.company.url(f"/receipts/{credit}")).status_code == 200
    assert sales.get(till.company.url("/receipts/new")).status_code == 403
    for path in ("/receipts/", f"/receipts/{credit}/allocations"):
        assert sales.post(till.company.url(path)).status_code == 403
    assert till.open_minor(credit) == 50_00


def test_a_person_applies_recalculates_and_takes_off_on_the_page(till: Till) -> None:
    credit = post(till, "150", how="nothing")
    client, path = till.company.client(), till.company.url(f"/receipts/{credit}")
    page = client.get(path).text
    item = till.items[2]  # type: ignore[attr-defined]
    form = {"key": hidden(page, "key"), "selected": str(item), f"amount_{item}": "40"}
    shown = client.post(path + "/allocations", data={**form, "do": "show"})
    assert (shown.status_code, "110.00" in shown.text) == (200, True)
    over = client.post(path + "/allocations", data={**form, "how": "ticked", f"amount_{item}": "400"})
    assert over.status_code == 422
    assert client.post(path + "/allocations", data={**form, "how": "ticked"}).status_code == 303
    assert opens(till) == [100_00, 200_00, 260_00]
    page = client.get(path).text
    back = re.search(r'action="([^"]*/allocations/[^"]*/reversal)"', page)
    assert back
    assert client.post(back[1], data={}).status_code == 303
    assert opens(till) == [100_00, 200_00, 300_00]
    assert "Taken off before" in client.get(path).text


def run(till: Till, *args: str, **more: object) -> dict[str, object]:
    result = CliRunner().invoke(main, ["receipt", *args, "--tenant", till.company.slug, "--json"], **more)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_the_command_line_books_by_options_and_by_json(till: Till) -> None:
    day = ["--date", "2026-11-20"]
    one = run(till, "post", "--customer", "00001", "--amount", "250", "--pay", "INV-2", "--pay", "INV-3=20", *day)
    assert one["unapplied_minor"] == 30_00
    assert opens(till) == [100_00, 0, 280_00]
    given = json.dumps({"customer_no": "00001", "amount": "100.00", "key": "json-key-0000001"})
    two = run(till, "post", "--from-json", "-", *day, input=given)
    again = run(till, "post", "--from-json", "-", *day, input=given)
    assert two["id"] == again["id"]
    assert opens(till) == [0, 0, 280_00]
    assert run(till, "state")["unapplied"] == 1
    till.lines((ON, "280.00", "鑫晟", "", "INV-3"), match=False)
    assert run(till, "match", "--accept", *day) == {"sure": 1, "likely": 0, "hand": 0, "booked": 1, "passed_over": 0}
    assert opens(till) == [0, 0, 0]
