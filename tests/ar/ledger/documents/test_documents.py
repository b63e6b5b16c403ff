"""Documents booked by hand: what is computed, what is refused and where, and that one form books one document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from ar.customers.commands import edit_customer
from ar.customers.inputs import EditCustomer
from ar.ledger.documents.commands import DocumentRefused, post_document
from ar.ledger.documents.inputs import SubmittedDocument
from ar.ledger.models import BooksState, OpenItem
from ar.ledger.rules.aging import BUCKETS
from ar.reports.aging.queries import aging_report
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World, world_of

KEY = "k" * 32


@pytest.fixture
def customer(world: World) -> UUID:
    """Number 0001, net 30, ten settlement days."""
    return world.customer("0001", "深圳鑫晟电子")


@pytest.fixture
def on_today() -> Iterator[None]:
    """The pages live on TODAY, ten in Shanghai."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


def typed_form(**values: Any) -> dict[str, Any]:
    return {"customer": "0001", "amount": "113.00", "document_on": "2026-11-20", "key": KEY} | values


def post_typed(world: World, kind: str = "invoice", **values: Any) -> list[OpenItem]:
    """The items of what was booked, as rows."""
    with world.transaction() as db:
        item_id = post_document(db, world.actor(TODAY), kind, SubmittedDocument.model_validate(typed_form(**values)))
    return items_of(world, item_id)


def test_the_last_days_of_the_calendar_are_refused_not_counted_from(world: World, customer: UUID) -> None:
    with pytest.raises(DocumentRefused) as refused:
        post_typed(world, document_on="9999-12-31")
    assert refused.value.faults["document_on"][0] == "day_out_of_range"


def items_of(world: World, item_id: UUID) -> list[OpenItem]:
    with world.reading() as db:
        i = OpenItem
        entry = sa.select(i.entry_id).where(i.tenant_id == world.tenant_id, i.id == item_id).scalar_subquery()
        rows = db.execute(
            sa.select(i).where(i.tenant_id == world.tenant_id, i.entry_id == entry).order_by(i.instalment_no)
        ).scalars()
        return list(rows)


def count_items(world: World) -> int:
    with world.reading() as db:
        statement = sa.select(sa.func.count()).where(OpenItem.tenant_id == world.tenant_id)
        return int(db.execute(statement).scalar_one())


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("invoice", "INV-2026-000001", {"receivables": 11300, "revenue": -10000, "output_tax": -1300}),
        ("debit_note", "DN-2026-000001", {"receivables": 11300, "revenue": -10000, "output_tax": -1300}),
        ("credit_note", "CN-2026-000001", {"receivables": -11300, "returns": 10000, "output_tax": 1300}),
        ("goods_return", "RT-2026-000001", {"receivables": -11300, "returns": 10000, "output_tax": 1300}),
    ],
)
def test_each_kind_is_booked_with_its_tax_and_running_number(
    world: World, kind: str, number: str, expected: dict[str, int]
) -> None:
    (item,) = post_typed(world, kind, tax_rate="13")
    assert item.document_no == number
    assert world.postings_of(item.id) == expected
    owed = kind in ("invoice", "debit_note")
    assert item.due_on == (date(2026, 12, 20) if owed else date(2026, 11, 20))


def test_due_date_and_collection_period_follow_the_customers_terms(world: World, customer: UUID) -> None:
    """domain §2: EOM + 30 days of 10 March is 30 April; ten settlement days more end the collection period."""
    with world.transaction() as db:
        terms = {"name": "鑫晟", "term_base": "month_end", "term_days": 30, "settlement_days": 10}
        edit_customer(db, world.actor(TODAY), customer, EditCustomer.model_validate(terms))
    (item,) = post_typed(world, document_on="2026-03-10")
    assert (item.due_on, item.collection_end_on) == (date(2026, 4, 30), date(2026, 5, 10))
    (named,) = post_typed(world, document_on="2026-03-10", due_on="2026-03-31", key="n" * 32)
    assert (named.due_on, named.collection_end_on) == (date(2026, 3, 31), date(2026, 4, 10))


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("CNY", "1,234.50", 123450),
        ("JPY", "1,234", 1234),
        ("KWD", "1.234", 1234),
        ("KWD", "5", 5000),
        ("usd", "7.1", 710),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(world: World, currency: str, amount: str, minor: int) -> None:
    (item,) = post_typed(world, currency=currency, amount=amount)
    assert (item.currency, item.amount_minor) == (currency.upper(), minor)


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("kind", "wrong", "field", "sentence"),
    [
        ("invoice", {"customer": ""}, "customer", "Which customer?"),
        ("invoice", {"customer": "nobody"}, "customer", "No customer has the number or name “nobody”."),
        ("invoice", {"amount": ""}, "amount", "The amount is required."),
        ("invoice", {"amount": "1.234"}, "amount", "CNY has fewer decimals than “1.234”."),
        ("invoice", {"amount": "1.5", "currency": "JPY"}, "amount", "JPY has fewer decimals than “1.5”."),
        ("invoice", {"amount": "-5"}, "amount", "The amount must be more than zero."),
        ("invoice", {"amount": "1e5"}, "amount", "“1e5” is not an amount in this currency."),
        ("invoice", {"currency": "RMX"}, "currency", "“RMX” is not a currency."),
        ("invoice", {"document_on": "20.11.2026"}, "document_on", "Enter a date such as 2026-11-21."),
        ("invoice", {"document_on": "2062-11-20"}, "document_on", "2062-11-20 is too far ahead."),
        ("invoice", {"due_on": "2026-11-19"}, "due_on", "The due date cannot be before the document"),
        ("invoice", {"tax_rate": "13", "tax": "1"}, "tax", "Enter the rate or the amount of the tax, not both."),
        ("invoice", {"tax": "113"}, "tax", "The tax must be less than the amount."),
        ("invoice", {"tax_rate": "a lot"}, "tax_rate", "“a lot” is not a rate."),
        ("invoice", {"discount_days": "10"}, "discount_percent", "Enter the discount in percent"),
        ("invoice", {"discount_percent": "2"}, "discount_days", "for how many days"),
        ("invoice", {"discount_percent": "2", "discount_days": "31"}, "discount_days", "after the due date 2026-12-20"),
        (
            "invoice",
            {"instalment_due": ["2026-12-01", "2027-01-01"], "instalment_amount": ["50", "50"]},
            "instalments",
            "The instalments come to CN¥100.00, the document to CN¥113.00.",
        ),
        ("invoice", {"instalment_due": ["2026-12-01"], "instalment_amount": [""]}, "instalment_amount-1", "required"),
        (
            "invoice",
            {"instalment_due": ["2027-01-01", "2026-12-01"], "instalment_amount": ["56.50", "56.50"]},
            "instalment_due-2",
            "Instalments must be in date order.",
        ),
        ("credit_note", {"reference": "NONE-1", "allocate": "1"}, "reference", "no document NONE-1"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    world: World, kind: str, wrong: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(DocumentRefused) as refused, world.transaction() as db:
        post_document(db, world.actor(TODAY), kind, SubmittedDocument.model_validate(typed_form(**wrong)))
    assert sentence in refused.value.texts()[field]
    assert count_items(world) == 0


@pytest.mark.usefixtures("customer")
def test_all_faults_of_a_form_are_found_at_once(world: World) -> None:
    wrong = typed_form(customer="?", amount="x", document_on="soon", tax_rate="much", currency="CNY")
    with pytest.raises(DocumentRefused) as refused, world.transaction() as db:
        post_document(db, world.actor(TODAY), "invoice", SubmittedDocument.model_validate(wrong))
    assert set(refused.value.texts()) == {"customer", "amount", "document_on", "tax_rate"}


def test_a_name_finds_its_customer_and_a_doubtful_one_is_asked_back(world: World, customer: UUID) -> None:
    world.customer("0002", "深圳鑫达贸易")
    assert post_typed(world, customer="鑫晟")[0].customer_id == customer
    with pytest.raises(DocumentRefused) as refused, world.transaction() as db:
        sent = SubmittedDocument.model_validate(typed_form(customer="深圳", key="d" * 32))
        post_document(db, world.actor(TODAY), "invoice", sent)
    assert "0001 深圳鑫晟电子" in refused.value.texts()["customer"]
    assert "0002 深圳鑫达贸易" in refused.value.texts()["customer"]


@pytest.mark.usefixtures("customer")
def test_running_numbers_have_no_gap_and_pass_over_what_was_typed(world: World) -> None:
    assert post_typed(world, number="INV-2026-000002", key="a" * 32)[0].document_no == "INV-2026-000002"
    assert post_typed(world, key="b" * 32)[0].document_no == "INV-2026-000001"
    with pytest.raises(Conflict, match="document_exists"):
        post_typed(world, number="INV-2026-000001", key="c" * 32)
    assert post_typed(world, key="d" * 32)[0].document_no == "INV-2026-000003"
    assert post_typed(world, key="e" * 32)[0].document_no == "INV-2026-000004"
    assert post_typed(world, "debit_note", key="f" * 32)[0].document_no == "DN-2026-000001"
    assert post_typed(world, document_on="2025-12-31", key="g" * 32)[0].document_no == "INV-2025-000001"


@pytest.mark.usefixtures("customer")
def test_the_same_form_twice_is_one_document_and_another_under_its_key_is_refused(world: World) -> None:
    first, again = post_typed(world), post_typed(world)
    assert [item.id for item in first] == [item.id for item in again]
    assert count_items(world) == 1
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        post_typed(world, amount="114.00")
    assert count_items(world) == 1


@pytest.mark.usefixtures("customer")
def test_instalments_share_the_tax_exactly_and_only_the_late_one_is_overdue(world: World) -> None:
    """Testcase 22: of an invoice in three parts the first is late."""
    items = post_typed(
        world,
        document_on="2026-10-01",
        amount="100.00",
        tax_rate="13",
        instalment_due=["2026-11-10", "2026-12-10", "2027-01-10", ""],
        instalment_amount=["33.33", "33.33", "33.34", ""],
    )
    assert [(i.instalment_no, i.due_on.isoformat(), i.amount_minor) for i in items] == [
        (1, "2026-11-10", 3333),
        (2, "2026-12-10", 3333),
        (3, "2027-01-10", 3334),
    ]
    assert {i.document_no for i in items} == {"INV-2026-000001"}
    assert world.postings_of(items[0].id) == {"receivables": 10000, "revenue": -8850, "output_tax": -1150}
    with world.reading() as db:
        (line,) = aging_report(db, world.tenant_id, TODAY).rows
    assert line.by_bucket() == dict.fromkeys(BUCKETS, 0) | {"not_due": 6667, "1-30": 3333}


@pytest.mark.parametrize(
    ("paid_before", "note", "open_invoice", "open_note"),
    [(0, "40.00", 6000, 0), (0, "140.00", 0, 4000), (10000, "40.00", 0, 4000), (8000, "40.00", 0, 2000)],
)
def test_a_credit_note_pays_the_invoice_it_names_and_the_rest_stays_unapplied(
    world: World, customer: UUID, paid_before: int, note: str, open_invoice: int, open_note: int
) -> None:
    """Testcase 14 is the third row: after full payment the whole note is an unapplied credit."""
    invoice = world.invoice(customer, number="A-1", on=date(2026, 11, 1), minor=10000)
    if paid_before:
        receipt = world.receipt(customer, number="R-1", on=date(2026, 11, 5), minor=paid_before)
        world.allocate(invoice, receipt, minor=paid_before)
    (credit,) = post_typed(world, "credit_note", amount=note, reference="A-1", allocate="1")
    assert credit.open_minor == open_note
    assert items_of(world, invoice)[0].open_minor == open_invoice


def lock_books(world: World, through: date) -> None:
    with world.transaction() as db:
        b = BooksState
        db.execute(sa.update(b).where(b.tenant_id == world.tenant_id).values(locked_through=through))


def new_document_url(world: World, kind: str = "invoice") -> str:
    return world.url(f"/receivables/documents/new/{kind}")


@pytest.mark.usefixtures("customer", "on_today")
@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("kind", ["invoice", "debit_note", "credit_note", "goods_return"])
def test_the_form_opens_prefilled_and_books(world: World, kind: str, language: str) -> None:
    client = world.client(language=language)
    page = client.get(new_document_url(world, kind) + "?customer=0001")
    assert page.status_code == 200
    assert 'value="0001"' in page.text
    assert 'value="2026-11-20"' in page.text
    assert ('name="due_on"' in page.text) is (kind in ("invoice", "debit_note"))
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key
    form = typed_form(key=key[1], action="post")
    places = {client.post(new_document_url(world, kind), data=form).headers["Location"] for _ in range(2)}
    assert len(places) == 1
    assert count_items(world) == 1
    assert client.get(places.pop()).status_code == 200


@pytest.mark.usefixtures("customer", "on_today")
def test_before_booking_the_page_shows_what_would_be_booked(world: World) -> None:
    client = world.client()
    form = typed_form(tax_rate="13", discount_percent="2", discount_days="10", action="check")
    page = client.post(new_document_url(world), data=form)
    assert page.status_code == 200
    for shown in ("What will be posted", "2026-12-20", "CN¥100.00", "CN¥13.00", "CN¥2.26 when paid by 2026-11-30"):
        assert shown in page.text
    part = client.post(new_document_url(world) + "/preview", data=form, headers={"HX-Request": "true"})
    assert "2026-12-20" in part.text
    assert "<form" not in part.text
    assert count_items(world) == 0


@pytest.mark.usefixtures("customer", "on_today")
def test_a_refused_form_keeps_everything_that_was_typed(world: World) -> None:
    form = MultiDict(typed_form(amount="12x", memo="装配费", reference="PO-77", action="post"))
    form.setlist("instalment_due", ["2026-12-01", "2027-01-05"])
    form.setlist("instalment_amount", ["60", "40"])
    page = world.client().post(new_document_url(world), data=form)
    assert page.status_code == 422
    assert "“12x” is not an amount in this currency." in page.text
    for kept in ("12x", "装配费", "PO-77", "2026-12-01", "2027-01-05", "60", "40"):
        assert f'value="{kept}"' in page.text
    assert count_items(world) == 0


@pytest.mark.usefixtures("customer", "on_today")
def test_a_closed_period_refuses_the_date_and_keeps_the_number_free(world: World) -> None:
    """Testcase 11: the document is refused, the draft is not."""
    lock_books(world, date(2026, 10, 31))
    client = world.client()
    page = client.post(new_document_url(world), data=typed_form(document_on="2026-10-31", action="post"))
    assert page.status_code == 422
    assert 'id="e-document_on"' in page.text
    assert "the books are locked through 2026-10-31" in page.text
    draft = client.post(new_document_url(world), data=typed_form(document_on="2026-10-31", action="draft"))
    assert draft.status_code == 303
    assert post_typed(world, key="z" * 32)[0].document_no == "INV-2026-000001"


@pytest.mark.usefixtures("customer", "on_today")
def test_a_taken_number_is_said_at_the_number(world: World) -> None:
    post_typed(world, number="A-7", key="z" * 32)
    page = world.client().post(new_document_url(world), data=typed_form(number="A-7", action="post"))
    assert page.status_code == 422
    assert 'id="e-number"' in page.text
    assert "The number A-7 is taken" in page.text


@pytest.mark.usefixtures("customer")
def test_customers_are_suggested_by_number_and_name(world: World) -> None:
    client = world.client()
    text = client.get(world.url("/receivables/documents/customers?customer=鑫晟")).text
    assert '<option value="0001">深圳鑫晟电子</option>' in text
    assert "<option" not in client.get(world.url("/receivables/documents/customers?customer=zzz")).text


@pytest.mark.usefixtures("customer")
def test_who_may_not_book_neither_sees_the_form_nor_books(world: World) -> None:
    client = world.client("salesperson")
    assert client.get(new_document_url(world)).status_code == 403
    assert client.post(new_document_url(world), data=typed_form(action="post")).status_code == 403
    assert "/documents/new" not in client.get(world.url("/receivables/")).text
    assert "/documents/new" in world.client().get(world.url("/receivables/")).text


@pytest.mark.usefixtures("customer")
def test_a_customer_of_another_company_is_unknown_here(world: World, other_company: TestCompany) -> None:
    world_of(other_company).customer("9999", "他人有限公司")
    page = world.client().post(new_document_url(world), data=typed_form(customer="9999", action="post"))
    assert page.status_code == 422
    assert "No customer has the number or name “9999”." in page.text
    assert world.client().get(world.url("/receivables/documents/new/receipt")).status_code == 404


@pytest.mark.usefixtures("on_today")
def test_the_page_lists_the_instalments_with_tax_and_discount(world: World, customer: UUID) -> None:
    items = post_typed(
        world,
        tax_rate="13",
        discount_percent="2",
        discount_days="10",
        instalment_due=["2026-12-10", "2027-01-10"],
        instalment_amount=["56.50", "56.50"],
        memo="两期付款",
    )
    client = world.client()
    page = client.get(world.url(f"/receivables/{items[0].id}")).text
    for shown in ("2026-12-10", "2027-01-10", "Tax in all instalments", "CN¥13.00", "两期付款", "2.0% when paid by"):
        assert shown in page
    assert f"/receivables/{items[1].id}" in page
    assert "All 2 instalments of the document are reversed together." in page
    reason = {"reason": "typed twice"}
    assert client.post(world.url(f"/receivables/{items[1].id}/reversal"), data=reason).status_code == 303
    assert {item.open_minor for item in items_of(world, items[0].id)} == {0}
