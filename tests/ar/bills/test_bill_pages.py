"""The pages of bills: what a person sees, types and is told, and what stays closed to others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ar.bills import queries
from ar.bills.models import Bill
from kernel.clock import fixed_clock, moment_on
from kernel.ids import new_id
from tests.support.companies import TestCompany
from tests.support.furnished import digest
from tests.support.statements import counted
from tests.support.world import TODAY, World
from tests.support.world.bills import MATURES
from web import filters
from web.paging import read_page

pytestmark = pytest.mark.usefixtures("_on_today")
TYPED = {
    "customer_no": "00001",
    "number": "110330058401920260330000001",
    "kind": "commercial",
    "drawer": "鑫晟",
    "acceptor": "华强集团",
    "payee": "测试公司",
    "issued_on": "2026-10-30",
    "tenor_months": "6",
    "currency": "CNY",
    "amount": "50,000.00",
    "amount_words": "人民币伍万元整",
    "received_on": "2026-11-02",
    "pays": "oldest",
}


@pytest.fixture(name="_on_today")
def on_today() -> Iterator[None]:
    """The pages live on TODAY, ten in Shanghai."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


def form_key(text: str, action: str = "") -> str:
    """Returns the idempotency key of a form on the page."""
    part = text.split(f'/{action}"')[1] if action else text
    found = re.search(r'name="key" value="([^"]+)"', part)
    assert found
    return found[1]


def post_step(world: World, client: FlaskClient, bill: UUID, action: str, **values: str) -> tuple[int, str]:
    """Sends a step's form as the page gave it; returns status and text of the answer."""
    shown = world.bill_page(bill)
    form = {"on": "2026-10-05", "seen": shown.row.state, "key": str(new_id())} | values
    answer = client.post(world.url(f"/bills/{bill}/{action}"), data=form)
    return answer.status_code, answer.text


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_open_in_both_languages_wherever_a_bill_stands(world: World, language: str) -> None:
    client, url = world.client(language=language), world.url
    assert client.get(url("/bills/")).status_code == 200
    assert client.get(url("/bills/new?customer=00001")).status_code == 200
    ways: dict[str, list[tuple[str, date]]] = {
        "A": [],
        "B": [("pledge", date(2026, 5, 1))],
        "C": [("endorsement", date(2026, 5, 1))],
        "D": [("discount", date(2026, 6, 30))],
        "E": [("presentation", MATURES), ("payment", MATURES)],
        "F": [("cancellation", date(2026, 5, 1))],
        "G": [("presentation", date(2026, 10, 20)), ("dishonour", date(2026, 10, 21))],
    }
    for number, steps in ways.items():
        bill = world.bill(number, amount="1000.00")
        for action, on in steps:
            world.take_bill_step(bill, action, on=on)
        page = client.get(url(f"/bills/{bill}"))
        assert page.status_code == 200, page.text
        assert number in page.text
    listed = client.get(url("/bills/?state=all")).text
    assert all(f">{number}</a>" in listed for number in ways)
    assert client.get(url("/")).status_code == 200


def test_a_bill_is_typed_in_and_shows_what_it_did(world: World) -> None:
    client, url = world.client(), world.url
    form = client.get(url("/bills/new?customer=00001")).text
    assert "INV-1" in form
    data = TYPED | {"key": form_key(form)}
    first = client.post(url("/bills/"), data=data)
    again = client.post(url("/bills/"), data=data)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["Location"] == again.headers["Location"]
    page = client.get(first.headers["Location"]).text
    for text in (
        "2027-04-30",
        "华强集团",
        "Commercial acceptance",
        "INV-1",
        "50,000.00",
        "Notes receivable",
        "2027-05-10",
    ):
        assert text in page, text
    assert "/presentation" not in page, "not mature yet"
    assert "/endorsement" in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"amount_words": "人民币伍仟元整"}, "the capitals say 5,000.00. Such a bill is void."),
        ({"amount": "x"}, "“x” is not an amount in this currency."),
        ({"customer_no": "777"}, "There is no customer 777."),
        ({"tenor_months": "8"}, "longer than the 6 months allowed: at most 2027-04-30"),
        ({"tenor_months": "", "matures_on": "2026-13-01"}, "Enter a date such as 2026-11-21."),
        ({"number": ""}, "This field is required."),
        ({"received_on": "2026-12-24"}, "This cannot be after today, 2026-11-20."),
        ({"kind": "cheque"}, "Choose one of the options."),
        ({"pays": "chosen"}, "Tick the documents that the bill pays"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_everything_typed_stays(
    world: World, values: dict[str, str], sentence: str
) -> None:
    client = world.client()
    before = digest(world)
    answer = client.post(world.url("/bills/"), data=TYPED | {"key": "k" * 32} | values)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="华强集团"' in answer.text
    for name, text in (TYPED | values).items():
        assert name == "kind" or text in answer.text, name
    assert digest(world) == before


def test_a_long_tenor_is_taken_when_ticked(world: World) -> None:
    client, url = world.client(), world.url
    data = TYPED | {"tenor_months": "8", "key": "k" * 32}
    refused = client.post(url("/bills/"), data=data)
    assert 'name="long_tenor_known"' in refused.text
    assert client.post(url("/bills/"), data=data | {"long_tenor_known": "1"}).status_code == 303


def test_ticked_documents_stay_ticked(world: World) -> None:
    client, url = world.client(), world.url
    form = client.get(url("/bills/new?customer=00001")).text
    item = re.findall(r'name="item_ids" value="([^"]+)"', form)[2]
    bad = client.post(url("/bills/"), data=TYPED | {"key": "k" * 32, "pays": "chosen", "item_ids": item, "amount": "x"})
    assert f'value="{item}" aria-label="INV-3" checked' in bad.text
    ok = client.post(url("/bills/"), data=TYPED | {"key": "k" * 32, "pays": "chosen", "item_ids": item})
    assert ok.status_code == 303
    assert world.signed_open()["INV-3"][0] == 4_000_000


def test_a_bill_goes_its_way_by_its_own_forms(world: World, bill: UUID) -> None:
    client = world.client()
    status, text = post_step(world, client, bill, "presentation", on="2026-09-01")
    assert status == 422
    assert "The bill does not mature until 2026-09-30." in text
    assert post_step(world, client, bill, "presentation")[0] == 303
    status, text = post_step(world, client, bill, "dishonour")
    assert status == 422
    assert "This field is required." in text
    assert post_step(world, client, bill, "dishonour", proof="拒付理由书 第1号")[0] == 303
    page = client.get(world.url(f"/bills/{bill}")).text
    assert "拒付理由书 第1号" in page
    assert "2026-10-08" in page, "the notice's day"
    assert "2027-04-05" in page, "recourse"
    assert post_step(world, client, bill, "notice", on="2026-10-06")[0] == 303
    assert world.bills_findings() == []


def test_a_discount_that_differs_from_the_banks_slip_says_what_the_formula_gives(world: World, bill: UUID) -> None:
    client = world.client()
    typed = {"on": "2026-06-30", "counterparty": "宁波银行", "rate": "1.8", "recourse": "without"}
    status, text = post_step(world, client, bill, "discount", **typed, proceeds="497,000.00")
    assert status == 422
    assert "By rate and 92 days the interest is 2,300.00 and the bank pays 497,700.00." in text
    assert 'value="497,000.00"' in text
    assert post_step(world, client, bill, "discount", **typed, proceeds="497,700.00")[0] == 303
    assert "1.8 % a year, 92 days, interest 2,300.00" in client.get(world.url(f"/bills/{bill}")).text


def test_a_refusal_half_way_shows_nothing_of_what_it_had_begun(world: World, bill: UUID) -> None:
    """The day is before a later payment: some allocations would have been taken back already."""
    customer = world.customer()
    with world.reading() as db:
        inv = db.execute(
            sa.text("SELECT id FROM open_item WHERE tenant_id = :tenant AND document_no = 'INV-2'"),
            {"tenant": world.tenant_id},
        ).scalar_one()
    cash = world.receipt(customer, number="R-1", on=date(2026, 6, 1), minor=5_000_000)
    world.allocate(inv, cash, minor=5_000_000, on=date(2026, 11, 5))
    status, text = post_step(world, world.client(), bill, "dishonour", proof="x")
    assert status == 422
    assert "The effective date cannot be before 2026-11-05." in text
    assert "300,000.00" in text, "still paid by the bill"
    assert world.bills_findings() == []


def test_who_may_only_read_sees_no_forms(world: World, bill: UUID) -> None:
    client, url = world.client("auditor"), world.url
    page = client.get(url(f"/bills/{bill}"))
    assert page.status_code == 200
    assert 'name="seen"' not in page.text
    assert client.get(url("/bills/new")).status_code == 403
    assert client.post(url("/bills/"), data=TYPED).status_code == 403
    assert client.post(url(f"/bills/{bill}/pledge"), data={}).status_code == 403


def test_ledger_customer_and_today_lead_to_the_bill(world: World, bill: UUID) -> None:
    client, url = world.client(), world.url
    item = world.bill_page(bill).item_id
    ledger = client.get(url(f"/receivables/{item}")).text
    assert f"/bills/of/{item}" in ledger
    assert client.get(url(f"/bills/of/{item}")).headers["Location"].endswith(f"/bills/{bill}")
    customer = client.get(url(f"/customers/{world.customer()}")).text
    assert "Bills not yet paid" in customer
    assert f"/bills/{bill}" in customer
    assert "1 bill to present" in client.get(url("/")).text
    assert "1 bill to present" in client.get(url("/bills/")).text


@pytest.fixture
def several(world: World) -> World:
    """Bills of every type; one in dollars, one endorsed, one paid."""
    world.bill("BANK", amount="100.00")
    world.bill("FIN", amount="200.00", kind="finance_company", tenor_months=3)
    world.bill("COM", amount="300.00", kind="commercial", acceptor="Acme 100%")
    world.bill("USD", amount="5.00", currency="USD", pays="none")
    world.take_bill_step(world.bill("END", amount="400.00"), "endorsement", on=date(2026, 5, 1))
    paid = world.bill("PAID", amount="500.00")
    world.take_bill_step(paid, "presentation", on=MATURES)
    world.take_bill_step(paid, "payment", on=MATURES)
    return world


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, ["FIN", "BANK", "COM", "END", "USD"]),
        ({"state": "all"}, ["FIN", "BANK", "COM", "END", "PAID", "USD"]),
        ({"state": "honoured"}, ["PAID"]),
        ({"kind": "commercial"}, ["COM"]),
        ({"due": "present"}, ["FIN", "BANK", "COM", "USD"]),
        ({"due": "outcome"}, ["END"]),
        ({"due": "notice"}, []),
        ({"currency": "usd"}, ["USD"]),
        ({"matures_to": "2026-06-30"}, ["FIN"]),
        ({"matures_from": "2026-07-01", "kind": "bank"}, ["BANK", "END", "USD"]),
        ({"customer": "00001", "q": "100%"}, ["COM"]),
        ({"customer": "2"}, []),
        ({"q": "' OR 1=1 --", "state": "nonsense"}, []),
    ],
)
def test_the_list_shows_what_the_address_asks_for(several: World, args: dict[str, str], expected: list[str]) -> None:
    wanted = filters.read(queries.BillFilters, args)
    with several.reading() as db:
        page = queries.bill_list(db, several.tenant_id, wanted, read_page(args), TODAY)
    assert [row.number for row in page.rows] == expected
    assert page.total == len(expected)


def test_sums_and_schedule_are_per_state_month_and_currency(several: World, engine: sa.Engine) -> None:
    with several.reading() as db, counted(engine) as seen:
        page = queries.bill_list(db, several.tenant_id, queries.BillFilters(), read_page({}), TODAY)
    assert [(t.state, t.currency, t.count, t.amount_minor) for t in page.totals] == [
        ("held", "CNY", 3, 60_000),
        ("endorsed", "CNY", 1, 40_000),
        ("held", "USD", 1, 500),
    ]
    assert [(m.month, m.currency, m.count, m.amount_minor) for m in page.schedule] == [
        ("2026-06", "CNY", 1, 20_000),
        ("2026-09", "CNY", 2, 40_000),
        ("2026-09", "USD", 1, 500),
    ]
    assert (page.due.present, page.due.notice, page.due.outcome) == (4, 0, 1)
    assert len(seen) <= 6
    assert several.bills_findings() == []


def test_a_maturity_on_a_holiday_is_paid_on_the_next_working_day(world: World) -> None:
    bill = world.bill(issued_on=date(2026, 4, 1), tenor_months=None, matures_on=date(2026, 10, 1))
    row = world.bill_page(bill).row
    assert (row.matures_on, row.payment_on) == (date(2026, 10, 1), date(2026, 10, 8))


def test_nothing_of_another_company_is_shown(world: World, bill: UUID, other_company: TestCompany) -> None:
    client = other_company.client()
    assert client.get(other_company.url(f"/bills/{bill}")).status_code == 404
    assert client.post(other_company.url(f"/bills/{bill}/pledge"), data={}).status_code == 404
    with world.reading() as db:
        b = Bill
        states = db.execute(sa.select(b.state).where(b.tenant_id == world.tenant_id)).scalars().all()
    assert states == ["held"]
