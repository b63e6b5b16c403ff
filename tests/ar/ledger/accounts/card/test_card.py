"""The customer account card and the printed receipt: a small book worked by hand, and a cost that does not grow."""

from __future__ import annotations

import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from ar.customers.models import Customer
from ar.ledger.accounts.card.queries import CardRequest, account_card
from ar.ledger.accounts.card.receipt_print import receipt_facts
from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.queries import balance_at
from ar.ledger.books.reversal import reverse_item
from kernel.clock import moment_on
from kernel.errors import Conflict, NotFound
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World
from web.paging import PageAsked

MARCH = date(2026, 3, 31)


@pytest.fixture
def small_book(world: World) -> dict[str, UUID]:
    """February: 200.00 invoiced. March: 100.00 more, 150.00 received, 120.00 of it applied, 20.00 taken back."""
    world = world.on(date(2026, 3, 20))
    customer = world.customer()
    old = world.invoice(customer, number="INV-1", on=date(2026, 2, 10), minor=20000)
    new = world.invoice(customer, number="INV-2", on=date(2026, 3, 2), minor=10000)
    receipt = world.receipt(customer, number="RC-1", on=date(2026, 3, 12), minor=15000)
    world.allocate(old, receipt, minor=10000, on=date(2026, 3, 12))
    second = world.allocate(new, receipt, minor=2000, on=date(2026, 3, 15))
    world.on(date(2026, 3, 20)).unapply(second, on=date(2026, 3, 20))
    world.invoice(customer, number="USD-1", on=date(2026, 3, 3), minor=999, currency="USD")
    world.on(date(2026, 4, 2)).invoice(customer, number="INV-3", on=date(2026, 4, 2), minor=700)
    return {"customer": customer, "INV-1": old, "INV-2": new, "RC-1": receipt}


def card_request(customer: UUID, from_on: date = date(2026, 3, 1), to_on: date = MARCH, **more: Any) -> CardRequest:
    return CardRequest(customer, "CNY", from_on, to_on, **more)


def test_the_card_of_a_small_book_is_what_a_clerk_writes_down(world: World, small_book: dict[str, UUID]) -> None:
    with world.reading() as db:
        shown = account_card(db, world.tenant_id, card_request(small_book["customer"]))
    day = date
    assert [
        (line.on, line.document_no, line.other_no, line.debit_minor, line.credit_minor, line.applied_minor)
        for line in shown.lines
    ] == [
        (day(2026, 3, 2), "INV-2", None, 10000, None, None),
        (day(2026, 3, 12), "RC-1", None, None, 15000, None),
        (day(2026, 3, 12), "RC-1", "INV-1", None, None, 10000),
        (day(2026, 3, 15), "RC-1", "INV-2", None, None, 2000),
        (day(2026, 3, 20), "RC-1", "INV-2", None, None, -2000),
    ]
    assert [line.balance_minor for line in shown.lines] == [30000, 15000, 15000, 15000, 15000]
    assert [(line.due_on, line.open_minor) for line in shown.lines[:3]] == [
        (day(2026, 4, 1), 10000),
        (None, 5000),
        (None, None),
    ]
    sums = shown.sums
    assert (sums.opening_minor, sums.debit_minor, sums.credit_minor, sums.closing_minor) == (20000, 10000, 15000, 15000)
    # INV-1 fell due on 12 March: 100.00 of it is 19 days late; INV-2 is not due; 50.00 of the receipt is unapplied.
    assert sums.aging.buckets_minor == (10000, 10000, 0, 0, 0)
    assert sums.aging.unapplied_minor == 5000
    assert sums.aging.balance_minor == sums.closing_minor
    assert shown.customer.currencies == ("CNY", "USD")


def test_the_card_closes_where_the_next_period_opens_and_at_the_ledger_s_balance(
    world: World, small_book: dict[str, UUID]
) -> None:
    customer = small_book["customer"]
    with world.reading() as db:
        march = account_card(db, world.tenant_id, card_request(customer)).sums
        april = account_card(db, world.tenant_id, card_request(customer, date(2026, 4, 1), date(2026, 4, 30))).sums
        ledger = balance_at(db, world.tenant_id, customer, "CNY", MARCH)
    assert march.closing_minor == april.opening_minor == ledger == 15000
    assert april.closing_minor == 15700


def test_a_card_is_of_the_day_and_as_known(world: World, small_book: dict[str, UUID]) -> None:
    customer = small_book["customer"]
    world = world.on(date(2026, 4, 9))
    world.allocate(small_book["INV-2"], small_book["RC-1"], minor=5000, on=date(2026, 4, 9))
    world.credit_note(customer, number="CN-LATE", on=date(2026, 3, 5), minor=300)
    with world.reading() as db:
        now = account_card(db, world.tenant_id, card_request(customer))
        known = account_card(db, world.tenant_id, card_request(customer, known_at=moment_on(MARCH, world.timezone)))
        before = account_card(db, world.tenant_id, card_request(customer, to_on=date(2026, 3, 12)))
    # What is allocated in April leaves March alone; what is backdated into March is in it, but was not known then.
    assert [line.open_minor for line in now.lines if line.document_no == "INV-2"] == [10000]
    assert "CN-LATE" in [line.document_no for line in now.lines]
    assert now.sums.closing_minor == 14700
    assert [line.document_no for line in known.lines] == ["INV-2", "RC-1", "RC-1", "RC-1", "RC-1"]
    assert known.sums.closing_minor == 15000
    assert (before.sums.lines, before.sums.closing_minor, before.sums.aging.unapplied_minor) == (4, 14700, 5300)


def test_a_document_taken_back_stands_on_the_card_with_its_reversal(world: World) -> None:
    world = world.on(date(2026, 3, 20))
    customer = world.customer()
    wrong = world.invoice(customer, number="WRONG", on=date(2026, 3, 3), minor=10000)
    with world.transaction() as db:
        reverse_item(db, world.actor(date(2026, 3, 5)), wrong)
    with world.reading() as db:
        shown = account_card(db, world.tenant_id, card_request(customer))
    assert [(line.kind, line.balance_minor) for line in shown.lines] == [
        ("invoice", 10000),
        ("reversal", 0),
        ("reversal", 0),
    ]
    assert {line.open_minor for line in shown.lines} == {0, None}


def paid_invoices(world: World, customer: UUID, pairs: int, mark: str = "") -> None:
    """Books so many invoices of 1.00, each paid by a receipt of its own."""
    on, actor = date(2026, 3, 2), world.actor(MARCH)
    numbers = [f"{mark}{n:05d}" for n in range(pairs)]
    items = [
        NewItem(customer, kind, number, on, on, on, "CNY", 100) for kind in ("invoice", "receipt") for number in numbers
    ]
    with world.transaction() as db:
        ids = post_items(db, actor, items)
    with world.transaction() as db:
        allocate(db, actor, [NewAllocation(*pair, 100) for pair in zip(ids[:pairs], ids[pairs:], strict=True)])


def test_a_long_card_costs_as_many_statements_as_a_short_one_and_pages_carry_the_balance(
    world: World, engine: sa.Engine
) -> None:
    small, large = world.customer(), world.customer("00002", "大客户")
    paid_invoices(world, small, 3, "S")
    paid_invoices(world, large, 400, "L")
    for customer, lines in ((small, 9), (large, 200)):
        with world.reading() as db, counted(engine) as seen:
            shown = account_card(db, world.tenant_id, card_request(customer), paged=PageAsked(1, 200))
        assert len(shown.lines) == lines
        assert len(seen) == 4  # entering the tenant, whose, the figures, the rows
    with world.reading() as db:
        whole = account_card(db, world.tenant_id, card_request(large))
        pages = [account_card(db, world.tenant_id, card_request(large), paged=PageAsked(n, 200)) for n in range(1, 8)]
    assert whole.sums.lines == len(whole.lines) == 1200
    assert [tuple(line) for page in pages[:6] for line in page.lines] == [tuple(line) for line in whole.lines]
    assert pages[6].lines == pages[5].lines  # beyond the end is the last page
    assert whole.lines[399].balance_minor == 40000
    assert whole.lines[-1].balance_minor == whole.sums.closing_minor == 0


def test_a_yen_card_has_no_decimals_and_a_dinar_card_three(world: World) -> None:
    customer = world.customer()
    world.invoice(customer, number="Y", on=date(2026, 3, 2), minor=12345, currency="JPY")
    world.invoice(customer, number="K", on=date(2026, 3, 2), minor=12345, currency="KWD")
    client = world.client()
    base = world.url(f"/customers/{customer}/card?from_on=2026-03-01&to_on=2026-03-31")
    assert ">12,345<" in client.get(f"{base}&currency=JPY").text
    assert ">12.345<" in client.get(f"{base}&currency=KWD").text


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_card_s_page_leads_to_its_documents_and_its_files_say_the_same(
    world: World, small_book: dict[str, UUID], language: str
) -> None:
    client = world.client(language=language)
    base = world.url(f"/customers/{small_book['customer']}")
    period = "from_on=2026-03-01&to_on=2026-03-31&currency=CNY"
    assert f"{base}/card" in client.get(base).text
    page = client.get(f"{base}/card?{period}")
    assert page.status_code == 200
    for number in ("INV-2", "RC-1"):
        assert f'href="{world.url(f"/receivables/{small_book[number]}")}"' in page.text
    assert "INV-3" not in page.text
    assert "USD-1" not in page.text
    rows = client.get(f"{base}/card.csv?{period}").data.decode("utf-8-sig").splitlines()
    assert rows[1].endswith(",200.00")
    assert rows[2].startswith("2026-03-02,INV-2,")
    assert rows[2].endswith(",2026-04-01,100.00,,,100.00,300.00")
    assert rows[4].startswith("2026-03-12,RC-1 → INV-1,")
    assert len(rows) == 7
    book = load_workbook(io.BytesIO(client.get(f"{base}/card.xlsx?{period}").data))
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]  # type: ignore[union-attr]
    assert [row[-1] for row in cells[1:8]] == [200, 300, 150, 150, 150, 150, 150]
    assert world.client("gm_office").get(f"{base}/card.csv?{period}").status_code == 403
    assert world.client("gm_office").get(f"{base}/card?{period}").status_code == 200


def test_a_page_of_the_card_is_a_constant_number_of_statements(
    world: World, engine: sa.Engine, small_book: dict[str, UUID]
) -> None:
    client = world.client()
    path = world.url(f"/customers/{small_book['customer']}/card?from_on=2026-03-01&to_on=2026-03-31&currency=CNY")

    def statements() -> int:
        client.get(path)
        with counted(engine) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    before = statements()
    paid_invoices(world, small_book["customer"], 60, "M")
    assert statements() == before


def test_a_strange_address_of_a_card_shows_what_it_can_and_files_refuse(
    world: World, other_company: TestCompany, small_book: dict[str, UUID]
) -> None:
    client = world.client()
    base = world.url(f"/customers/{small_book['customer']}/card")
    page = client.get(f"{base}?currency=XXX&from_on=2027-01-01&to_on=2026-03-31&known=soon&page=-3")
    assert page.status_code == 200
    assert "“soon” is not a time" in page.text
    assert client.get(f"{base}.csv?to_on=soon").status_code == 422
    assert client.get(f"{base}.pdf?known=soon").status_code == 422
    stranger = other_company.client()
    for tail in ("card", "card.csv", "card.xlsx", "card.pdf"):
        path = other_company.url(f"/customers/{small_book['customer']}/{tail}")
        assert stranger.get(path).status_code == 404


def test_the_card_prints_in_the_debtor_s_language(world: World, small_book: dict[str, UUID]) -> None:
    client = world.client()
    path = world.url(f"/customers/{small_book['customer']}/card.pdf?from_on=2026-03-01&to_on=2026-03-31&currency=CNY")
    chinese = client.get(path)
    assert chinese.status_code == 200
    assert chinese.mimetype == "application/pdf"
    assert chinese.data.startswith(b"%PDF")
    assert "card-00001-CNY-2026-03-01-2026-03-31.pdf" in chinese.headers["Content-Disposition"]
    set_customer_language(world, small_book["customer"], "en")
    english = client.get(path)
    assert english.data.startswith(b"%PDF")
    assert english.data != chinese.data


def set_customer_language(world: World, customer_id: UUID, language: str) -> None:
    with world.transaction() as db:
        db.execute(
            sa.update(Customer)
            .where(Customer.tenant_id == world.tenant_id, Customer.id == customer_id)
            .values(language=language)
        )


def test_a_receipt_says_who_paid_how_much_in_figures_and_words_and_for_what(
    world: World, small_book: dict[str, UUID]
) -> None:
    with world.reading() as db:
        facts = receipt_facts(db, world.tenant_id, small_book["RC-1"])
    assert (facts.number, facts.payer, facts.received_on) == ("RC-1", "深圳鑫晟电子", date(2026, 3, 12))
    assert (facts.amount_minor, facts.open_minor) == (15000, 5000)
    # What was taken back is not paid for.
    assert [(each.document_no, each.amount_minor) for each in facts.paid] == [("INV-1", 10000)]


def test_the_paper_of_a_receipt_carries_the_amount_in_words_of_the_payer_s_language(
    world: World, small_book: dict[str, UUID]
) -> None:
    from ar.ledger.accounts.card.issuer import Issuer
    from ar.ledger.accounts.card.receipt_print import _pdf_values
    from kernel.i18n import use_language

    issuer = Issuer("鑫海贸易有限公司", "深圳", "0755", "91440300")
    with world.reading() as db:
        facts = receipt_facts(db, world.tenant_id, small_book["RC-1"])
    with use_language("zh_CN"):
        paper = _pdf_values(facts, issuer)
    assert paper["words"] == "人民币壹佰伍拾元整"
    assert [row[-1] for row in paper["rows"]] == ["100.00", "50.00"]
    assert paper["total"] == "150.00"
    assert paper["issuer"]["name"] == "鑫海贸易有限公司"


def test_a_receipt_is_reached_from_its_page_and_printed_alike_each_time(
    world: World, other_company: TestCompany, small_book: dict[str, UUID]
) -> None:
    client = world.client()
    path = world.url(f"/receivables/{small_book['RC-1']}/receipt.pdf")
    assert path in client.get(world.url(f"/receivables/{small_book['RC-1']}")).text
    assert "receipt.pdf" not in client.get(world.url(f"/receivables/{small_book['INV-1']}")).text
    first = client.get(path)
    assert first.data.startswith(b"%PDF")
    assert first.data == client.get(path).data
    assert client.get(world.url(f"/receivables/{small_book['INV-1']}/receipt.pdf")).status_code == 404
    stranger = other_company.url(f"/receivables/{small_book['RC-1']}/receipt.pdf")
    assert other_company.client().get(stranger).status_code == 404


def test_a_receipt_taken_back_is_not_printed(world: World) -> None:
    world = world.on(date(2026, 3, 12))
    receipt = world.receipt(world.customer(), number="RC-9", on=date(2026, 3, 12), minor=100)
    with world.transaction() as db:
        reverse_item(db, world.actor(date(2026, 3, 12)), receipt)
    with world.reading() as db, pytest.raises(Conflict):
        receipt_facts(db, world.tenant_id, receipt)
    with world.reading() as db, pytest.raises(NotFound):
        receipt_facts(db, world.tenant_id, UUID(int=5))
    assert world.client().get(world.url(f"/receivables/{receipt}/receipt.pdf")).status_code == 409
