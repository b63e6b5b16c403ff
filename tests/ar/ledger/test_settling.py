"""What settles a rest: early-payment discount and small differences; and taking back, on a page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.allocation import reverse_allocation
from ar.ledger.commands import reverse_document, take_back
from ar.ledger.discounts import discount_offer, take_discount
from ar.ledger.doctor import ledger_checks
from ar.ledger.document_inputs import WriteOffRest
from ar.ledger.inputs import ReverseDocument, TakeBack
from ar.ledger.models import Allocation, BooksState, LedgerSettings, OpenItem, Posting
from ar.ledger.posting import NewItem, post_items
from ar.ledger.rates import NewRate, record_rates
from ar.ledger.reversing import reverse_item
from ar.ledger.write_offs import write_off_rest
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict, Forbidden, RuleBroken
from tenants.approvals.engine import decide
from tenants.approvals.models import Approval
from tests.support.books import TODAY, Books
from tests.support.companies import TestCompany

DAY_0, DAY_10, DAY_11 = date(2026, 11, 1), date(2026, 11, 11), date(2026, 11, 12)


@pytest.fixture
def books(company: TestCompany) -> Books:
    return Books(company)


@pytest.fixture
def customer(books: Books) -> UUID:
    return books.customer("0001", "深圳鑫晟电子")


@pytest.fixture
def on_today() -> Iterator[None]:
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


def invoice(company: TestCompany, customer: UUID, minor: int = 1000_00, *, tax: int = 0, currency: str = "CNY") -> UUID:
    """2/10 net 30, dated DAY_0."""
    due = date(2026, 12, 1)
    item = NewItem(
        *(customer, "invoice", "A-1", DAY_0, due, due, currency, minor),
        tax_minor=tax,
        discount_bps=200,
        discount_until_on=DAY_10,
    )
    with company.transaction() as db:
        return post_items(db, company.actor(TODAY), [item])[0]


def paid(books: Books, customer: UUID, item: UUID, minor: int, on: date, number: str = "R-1") -> UUID:
    receipt = books.post(customer, "receipt", number, on, minor)
    return books.allocate(item, receipt, minor)


def took(company: TestCompany, item: UUID) -> OpenItem:
    with company.transaction() as db:
        taken = take_discount(db, company.actor(TODAY), item)
    return row(company, taken)


def row(company: TestCompany, item: UUID) -> OpenItem:
    with company.reading() as db:
        return db.execute(
            sa.select(OpenItem).where(OpenItem.tenant_id == company.tenant_id, OpenItem.id == item)
        ).scalar_one()


def legs(company: TestCompany, item: OpenItem) -> dict[str, int]:
    with company.reading() as db:
        p = Posting
        found = db.execute(
            sa.select(p.account_code, p.debit_minor - p.credit_minor).where(
                p.tenant_id == company.tenant_id, p.entry_id == item.entry_id
            )
        )
        return {code: int(minor) for code, minor in found}


@pytest.mark.parametrize(
    ("payment", "discount", "left"),
    [(980_00, 20_00, 0), (490_00, 10_00, 500_00), (990_00, 10_00, 0), (979_99, 20_00, 1)],
)
def test_paid_on_the_tenth_day_the_discount_is_granted(
    company: TestCompany, books: Books, customer: UUID, payment: int, discount: int, left: int
) -> None:
    item = invoice(company, customer)
    paid(books, customer, item, payment, DAY_10)
    credit = took(company, item)
    assert (credit.kind, credit.document_no, credit.document_on) == ("discount", "DS-2026-000001", DAY_10)
    assert (credit.amount_minor, credit.open_minor) == (discount, 0)
    assert row(company, item).open_minor == left
    with company.reading() as db:
        assert all(check.ok for check in ledger_checks(db, company.tenant_id))


def test_paid_on_the_eleventh_day_it_is_refused_and_the_short_payment_stays_open(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    item = invoice(company, customer)
    paid(books, customer, item, 980_00, DAY_11)
    with pytest.raises(RuleBroken, match="discount_too_late"):
        took(company, item)
    assert row(company, item).open_minor == 20_00


def test_what_was_paid_in_time_earns_and_what_came_late_does_not(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    item = invoice(company, customer)
    paid(books, customer, item, 490_00, DAY_10)
    paid(books, customer, item, 400_00, DAY_11, "R-2")
    assert took(company, item).amount_minor == 10_00
    assert row(company, item).open_minor == 100_00
    with pytest.raises(RuleBroken, match="discount_used_up"):
        took(company, item)


def test_a_payment_taken_back_earns_nothing(company: TestCompany, books: Books, customer: UUID) -> None:
    from ar.ledger.allocation import reverse_allocation

    item = invoice(company, customer)
    allocation = paid(books, customer, item, 980_00, DAY_10)
    with company.transaction() as db:
        reverse_allocation(db, company.actor(TODAY), allocation)
    with pytest.raises(RuleBroken, match="discount_too_late"):
        took(company, item)


def test_a_credit_note_lessens_what_the_discount_is_counted_on(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    item = invoice(company, customer)
    note = books.post(customer, "credit_note", "CN-1", date(2026, 11, 5), 100_00)
    books.allocate(item, note, 100_00)
    paid(books, customer, item, 882_00, DAY_10)  # 900.00 less 2 %
    assert took(company, item).amount_minor == 18_00
    assert row(company, item).open_minor == 0


def test_the_discount_bears_its_share_of_the_tax(company: TestCompany, books: Books, customer: UUID) -> None:
    item = invoice(company, customer, 1130_00, tax=130_00)
    paid(books, customer, item, 1107_40, DAY_10)
    credit = took(company, item)
    assert legs(company, credit) == {"receivables": -22_60, "discounts_allowed": 20_00, "output_tax": 2_60}
    assert row(company, item).cleared_on == DAY_10


@pytest.mark.parametrize(
    ("currency", "minor", "payment", "discount"), [("JPY", 1000, 980, 20), ("KWD", 1_001, 981, 20)]
)
def test_the_discount_has_the_decimals_of_its_currency(
    company: TestCompany, books: Books, customer: UUID, currency: str, minor: int, payment: int, discount: int
) -> None:
    item = invoice(company, customer, minor, currency=currency)
    receipt = books.post(customer, "receipt", "R-1", DAY_10, payment, currency=currency)
    books.allocate(item, receipt, payment)
    assert took(company, item).amount_minor == discount


def test_two_who_take_the_discount_at_once_take_it_once(company: TestCompany, books: Books, customer: UUID) -> None:
    item = invoice(company, customer)
    paid(books, customer, item, 490_00, DAY_10)

    def take() -> str:
        try:
            took(company, item)
        except RuleBroken as refused:
            return refused.code
        return "taken"

    with ThreadPoolExecutor(6) as pool:
        results = sorted(each.result() for each in [pool.submit(take) for _ in range(6)])
    assert results == ["discount_used_up"] * 5 + ["taken"]
    assert row(company, item).open_minor == 500_00


def test_a_discount_is_taken_back_like_any_document(company: TestCompany, books: Books, customer: UUID) -> None:
    item = invoice(company, customer)
    paid(books, customer, item, 980_00, DAY_10)
    credit = took(company, item)
    with company.transaction() as db, pytest.raises(Conflict, match="item_allocated"):
        reverse_item(db, company.actor(TODAY), credit.id)
    client = company.client()
    page = client.get(company.url(f"/receivables/{credit.id}")).text
    back = next(part.split('"')[0] for part in page.split('href="')[1:] if "/allocations/" in part.split('"')[0])
    assert client.post(back).status_code == 303
    reason = {"reason": "not agreed"}
    assert client.post(company.url(f"/receivables/{credit.id}/reversal"), data=reason).status_code == 303
    assert row(company, item).open_minor == 20_00
    assert took(company, item).document_no == "DS-2026-000002"


@pytest.mark.usefixtures("on_today")
def test_the_page_offers_the_discount_and_takes_it_once(company: TestCompany, books: Books, customer: UUID) -> None:
    item = invoice(company, customer)
    client = company.client()
    paid(books, customer, item, 980_00, DAY_10)
    page = client.get(company.url(f"/receivables/{item}")).text
    assert "That earns a discount of CN¥20.00." in page
    form = {"key": "k" * 32}
    for _ in range(2):
        assert client.post(company.url(f"/receivables/{item}/discount"), data=form).status_code == 303
    assert row(company, item).open_minor == 0
    refused = client.post(company.url(f"/receivables/{item}/discount"), data={"key": "m" * 32})
    assert refused.status_code == 422
    assert "the discount that was earned is taken" in refused.text
    assert company.client("salesperson").post(company.url(f"/receivables/{item}/discount")).status_code == 403


@pytest.mark.usefixtures("on_today")
@pytest.mark.parametrize(("on", "status", "left"), [(DAY_10, 303, 0), (DAY_11, 422, 1000_00)])
def test_an_allocation_takes_the_discount_along_or_is_refused_with_it(
    company: TestCompany, books: Books, customer: UUID, on: date, status: int, left: int
) -> None:
    item = invoice(company, customer)
    receipt = books.post(customer, "receipt", "R-1", on, 980_00)
    client = company.client()
    assert 'name="take_discount"' in client.get(company.url(f"/receivables/{receipt}")).text
    form = {"other_id": str(item), "amount": "980.00", "take_discount": "1", "key": "k" * 32}
    answer = client.post(company.url(f"/receivables/{receipt}/allocations"), data=form)
    assert answer.status_code == status
    assert row(company, item).open_minor == left
    if status == 422:
        assert 'id="e-take_discount"' in answer.text
        assert 'value="980.00"' in answer.text


def test_what_grants_no_discount_offers_none(company: TestCompany, books: Books, customer: UUID) -> None:
    plain = books.post(customer, "invoice", "B-1", DAY_0, 1000_00)
    with company.reading() as db:
        assert discount_offer(db, company.tenant_id, plain) is None
    with pytest.raises(RuleBroken, match="discount_none"):
        took(company, plain)


# Small differences


def short(books: Books, customer: UUID, rest: int, currency: str = "CNY") -> UUID:
    """An invoice of which `rest` is left after a short payment."""
    item = books.post(customer, "invoice", "S-1", DAY_0, 1000_00 + rest, currency=currency)
    receipt = books.post(customer, "receipt", "SR-1", DAY_10, 1000_00, currency=currency)
    books.allocate(item, receipt, 1000_00)
    return item


def wrote(
    company: TestCompany, item: UUID, *, on: date | None = None, reason: str = "bank_charges", key: str = "w" * 32
) -> tuple[UUID, bool]:
    data = WriteOffRest.model_validate({"reason": reason, "text": "手续费", "effective_on": on, "key": key})
    with company.transaction() as db:
        return write_off_rest(db, company.actor(TODAY), item, data)


def lock(company: TestCompany, through: date) -> None:
    with company.transaction() as db:
        b = BooksState
        db.execute(sa.update(b).where(b.tenant_id == company.tenant_id).values(locked_through=through))


def test_a_small_rest_is_written_off_at_once_and_seen(company: TestCompany, books: Books, customer: UUID) -> None:
    """Case 15: 990 of 1,000 paid, 10 is not above the limit."""
    item = short(books, customer, 10_00)
    credit_id, at_once = wrote(company, item)
    assert at_once
    credit = row(company, credit_id)
    assert (credit.document_no, credit.amount_minor, credit.document_on) == ("WO-2026-000001", 10_00, TODAY)
    assert legs(company, credit) == {"receivables": -10_00, "small_differences": 10_00}
    assert row(company, item).cleared_on == TODAY
    assert wrote(company, item) == (credit_id, True)  # the same form again
    client = company.client()
    assert "Bank charges: 手续费" in client.get(company.url(f"/receivables/{credit_id}")).text
    assert "WO-2026-000001" in client.get(company.url(f"/receivables/{item}")).text
    with pytest.raises(RuleBroken, match="write_off_nothing"):
        wrote(company, item, key="x" * 32)


def people(company: TestCompany, *roles: str) -> dict[str, UUID]:
    """A person of each role, by role."""
    from tenants.commands import invite_person
    from tenants.inputs import InvitePerson
    from tenants.permissions import Role

    with company.transaction() as db:
        return {
            role: invite_person(
                db,
                company.actor(),
                InvitePerson(email=f"{role}@{company.slug}.example", name=role, roles=[Role(role)]),
            )
            for role in roles
        }


def decided(company: TestCompany, approval: UUID, role: str, user_id: UUID, *, approve: bool = True) -> str:
    with company.transaction() as db:
        actor = company.actor(TODAY, roles=(role,), name=role, user_id=user_id)
        return decide(db, actor, approval, approve=approve, reason="查过")


@pytest.mark.usefixtures("on_today")
def test_above_the_limit_others_decide_and_the_item_says_so(company: TestCompany, books: Books, customer: UUID) -> None:
    who = people(company, "finance_director", "general_manager")
    item = short(books, customer, 10_01)
    approval, at_once = wrote(company, item)
    assert not at_once
    assert row(company, item).open_minor == 10_01
    client = company.client()
    assert "The write-off of the rest waits for approval" in client.get(company.url(f"/receivables/{item}")).text
    with pytest.raises(RuleBroken, match="approval_pending"):
        wrote(company, item, key="x" * 32)
    page = client.get(company.url(f"/receivables/{item}/write-off")).text
    assert "waits for approval" in page
    assert 'name="reason"' not in page
    assert wrote(company, item) == (approval, False)
    with pytest.raises(Forbidden):
        decided(company, approval, "accountant", company.owner_id)
    assert decided(company, approval, "finance_director", who["finance_director"]) == "approved"
    assert row(company, item).open_minor == 0
    assert "waits for approval" not in client.get(company.url(f"/receivables/{item}")).text


def test_from_a_thousand_on_the_general_manager_decides_too(company: TestCompany, books: Books, customer: UUID) -> None:
    who = people(company, "finance_director", "general_manager")
    item = short(books, customer, 1000_00)
    approval, _at_once = wrote(company, item)
    assert decided(company, approval, "finance_director", who["finance_director"]) == "pending"
    assert row(company, item).open_minor == 1000_00
    assert decided(company, approval, "general_manager", who["general_manager"]) == "approved"
    assert row(company, item).open_minor == 0


def test_while_others_decide_nobody_writes_off_beside_them(company: TestCompany, books: Books, customer: UUID) -> None:
    people(company, "finance_director", "general_manager")
    item = short(books, customer, 50_00)
    wrote(company, item)
    paid(books, customer, item, 45_00, TODAY, "R-9")
    with pytest.raises(RuleBroken, match="approval_pending"):
        wrote(company, item, key="x" * 32)
    assert row(company, item).open_minor == 5_00


def test_what_was_rejected_or_paid_meanwhile_is_not_written_off(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    who = people(company, "finance_director", "general_manager")
    item = short(books, customer, 50_00)
    approval, _at_once = wrote(company, item)
    assert decided(company, approval, "finance_director", who["finance_director"], approve=False) == "rejected"
    assert row(company, item).open_minor == 50_00
    approval, _at_once = wrote(company, item, key="x" * 32)
    paid(books, customer, item, 20_00, TODAY, "R-9")
    with pytest.raises(Conflict, match="write_off_rest_changed"):
        decided(company, approval, "finance_director", who["finance_director"])
    assert row(company, item).open_minor == 30_00


def test_a_foreign_rest_is_measured_at_the_rate_of_the_day(company: TestCompany, books: Books, customer: UUID) -> None:
    people(company, "finance_director", "general_manager")
    item = short(books, customer, 1_40, "USD")
    assert wrote(company, item)[1] is False  # without a rate nobody knows whether it is small
    with company.transaction() as db:
        colleague = company.actor(TODAY, name="周敏")
        record_rates(db, colleague, [NewRate("USD", date(2026, 11, 1), Decimal("7.1"), "中间价")])
    other = books.post(customer, "invoice", "S-2", DAY_0, 1_40, currency="USD")
    assert wrote(company, other, key="x" * 32)[1] is True  # 9.94
    third = books.post(customer, "invoice", "S-3", DAY_0, 1_41, currency="USD")
    assert wrote(company, third, key="y" * 32)[1] is False  # 10.01
    with company.transaction() as db:
        record_rates(db, company.actor(TODAY), [NewRate("USD", TODAY, Decimal("0.0000001"), "")])
    fourth = books.post(customer, "invoice", "S-4", DAY_0, 1_000_000_00, currency="USD")
    assert wrote(company, fourth, key="z" * 32)[1] is False  # measured by a rate that the same person typed


def test_what_no_figure_can_hold_waits_for_the_whole_chain(company: TestCompany, books: Books, customer: UUID) -> None:
    people(company, "finance_director", "general_manager")
    with company.transaction() as db:
        colleague = company.actor(TODAY, name="周敏")
        record_rates(db, colleague, [NewRate("USD", TODAY, Decimal("9999999999"), "")])
    item = books.post(customer, "invoice", "S-9", DAY_0, 10**14, currency="USD")
    assert wrote(company, item)[1] is False


def test_a_write_off_is_dated_in_an_open_period(company: TestCompany, books: Books, customer: UUID) -> None:
    item = short(books, customer, 5_00)
    lock(company, date(2026, 11, 15))
    with pytest.raises(RuleBroken, match="period_locked"):
        wrote(company, item, on=date(2026, 11, 15))
    with pytest.raises(RuleBroken, match="effective_in_future"):
        wrote(company, item, on=date(2026, 11, 21))
    credit, _at_once = wrote(company, item, on=date(2026, 11, 16))
    assert row(company, credit).document_on == date(2026, 11, 16)


def test_a_credit_is_not_written_off(company: TestCompany, books: Books, customer: UUID) -> None:
    receipt = books.post(customer, "receipt", "R-5", DAY_10, 1)
    with pytest.raises(RuleBroken, match="write_off_credit"):
        wrote(company, receipt)


@pytest.mark.usefixtures("on_today")
def test_the_page_asks_for_a_reason_and_keeps_what_was_typed(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    item = short(books, customer, 3_00)
    client = company.client()
    address = company.url(f"/receivables/{item}/write-off")
    assert address in client.get(company.url(f"/receivables/{item}")).text
    assert "up to CN¥10.00" in client.get(address).text
    bad = client.post(address, data={"reason": "", "text": "x", "key": "k" * 32})
    assert bad.status_code == 422
    other = client.post(address, data={"reason": "other", "text": "", "effective_on": "2026-11-19", "key": "k" * 32})
    assert other.status_code == 422
    assert 'id="e-text"' in other.text
    assert 'value="2026-11-19"' in other.text
    form = {"reason": "other", "text": "尾差", "key": "k" * 32}
    for _ in range(2):
        assert client.post(address, data=form).status_code == 303
    assert row(company, item).open_minor == 0
    assert "Nothing is left here" in client.get(address).text
    seller = company.client("salesperson")
    assert seller.get(address).status_code == 403
    assert "/write-off" not in seller.get(company.url(f"/receivables/{item}")).text


@pytest.mark.usefixtures("on_today")
def test_the_limit_is_data_whose_versions_stay(company: TestCompany, books: Books, customer: UUID) -> None:
    people(company, "finance_director", "general_manager")
    director = company.client("finance_director")
    address = company.url("/receivables/settings")
    assert 'value="10.00"' in director.get(address).text
    for amount, status in (("x", 422), ("-1", 422), ("2.50", 303), ("2.50", 303), ("3", 303)):
        assert director.post(address, data={"write_off_at_once": amount}).status_code == status
    with company.reading() as db:
        s = LedgerSettings
        rows = db.execute(
            sa.select(s.write_off_at_once_minor).where(s.tenant_id == company.tenant_id).order_by(s.id)
        ).scalars()
        assert list(rows) == [2_50, 3_00]
    assert wrote(company, short(books, customer, 3_01))[1] is False
    assert company.client().get(address).status_code == 403
    assert "up to CN¥3.00 by one person" in director.get(company.url("/journal")).text


@pytest.mark.usefixtures("on_today")
def test_taking_an_allocation_back_is_asked_on_a_page_of_its_own(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    item = books.post(customer, "invoice", "T-1", DAY_0, 100_00)
    allocation = paid(books, customer, item, 100_00, DAY_10)
    client = company.client()
    shown = client.get(company.url(f"/receivables/{item}")).text
    address = company.url(f"/receivables/{item}/allocations/{allocation}/reversal")
    assert f'href="{address}"' in shown
    assert f'action="{address}"' not in shown
    page = client.get(address)
    assert "R-1" in page.text
    assert f'action="{address}"' in page.text
    assert row(company, item).open_minor == 0  # looking changed nothing
    assert client.post(address, data={"effective_on": "2026-11-15"}).status_code == 303
    assert row(company, item).open_minor == 100_00
    assert company.client("salesperson").get(address).status_code == 403
    assert client.get(company.url(f"/receivables/{item}/allocations/{item}/reversal")).status_code == 404


@pytest.mark.usefixtures("on_today")
def test_many_small_rests_of_a_document_are_one_large_one(company: TestCompany, books: Books, customer: UUID) -> None:
    people(company, "finance_director", "general_manager")
    item = short(books, customer, 6_00)
    credit, at_once = wrote(company, item)
    assert at_once
    standing(company, item, "SR-1", loose=True)
    receipt = standing(company, item, "SR-1")
    books.allocate(item, receipt, 994_00)
    assert row(company, item).open_minor == 6_00
    page = company.client().get(company.url(f"/receivables/{item}/write-off")).text
    assert "approv" in page
    approval, at_once = wrote(company, item, key="x" * 32)
    assert not at_once  # 12.00 of this document in all
    with company.reading() as db:
        a = Approval
        found = sa.select(a.amount_minor, a.compare_minor).where(a.tenant_id == company.tenant_id, a.id == approval)
        assert tuple(db.execute(found).one()) == (6_00, 12_00)
    assert row(company, credit).open_minor == 0


def test_what_was_granted_for_a_document_ends_no_other(company: TestCompany, books: Books, customer: UUID) -> None:
    item, other = short(books, customer, 6_00), books.post(customer, "invoice", "T-1", DAY_0, 500_00)
    credit, _at_once = wrote(company, item)
    number = row(company, credit).document_no
    standing(company, item, number, loose=True)
    with pytest.raises(RuleBroken, match="credit_bound"):
        books.allocate(other, credit, 6_00)
    books.allocate(item, credit, 6_00)
    assert (row(company, item).open_minor, row(company, other).open_minor) == (0, 500_00)


def test_a_bad_debt_is_not_taken_back_behind_the_back_of_its_case(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    credit = books.post(customer, "bad_debt", "BD-1", DAY_10, 50_00, due_on=DAY_10)
    with pytest.raises(RuleBroken, match="reversed_with_case"), company.transaction() as db:
        reverse_document(db, company.actor(TODAY), credit, ReverseDocument(reason="by mistake"))
    item = books.post(customer, "invoice", "U-1", DAY_0, 50_00)
    allocation = books.allocate(item, credit, 50_00)
    for document in (item, credit):
        with pytest.raises(RuleBroken, match="reversed_with_case"), company.transaction() as db:
            take_back(db, company.actor(TODAY), document, allocation, TakeBack())


def standing(company: TestCompany, item: UUID, credit_no: str, *, loose: bool = False) -> UUID:
    """The credit of that number; with `loose` its allocation to the item is taken back."""
    i, a = OpenItem, Allocation
    with company.transaction() as db:
        credit: UUID = db.execute(
            sa.select(i.id).where(i.tenant_id == company.tenant_id, i.document_no == credit_no)
        ).scalar_one()
        if loose:
            found = sa.select(a.id).where(
                a.tenant_id == company.tenant_id, a.debit_item_id == item, a.credit_item_id == credit
            )
            reverse_allocation(db, company.actor(TODAY), db.execute(found).scalar_one())
    return credit


def test_a_payment_that_earned_a_discount_is_taken_back_after_it(
    company: TestCompany, books: Books, customer: UUID
) -> None:
    item = invoice(company, customer)
    allocation = paid(books, customer, item, 980_00, DAY_10)
    discount = took(company, item)
    with pytest.raises(RuleBroken, match="discount_first"), company.transaction() as db:
        take_back(db, company.actor(TODAY), item, allocation, TakeBack())
    with company.transaction() as db:
        granted = db.execute(
            sa.select(Allocation.id).where(
                Allocation.tenant_id == company.tenant_id, Allocation.credit_item_id == discount.id
            )
        ).scalar_one()
        take_back(db, company.actor(TODAY), item, granted, TakeBack())
        take_back(db, company.actor(TODAY), item, allocation, TakeBack())
    assert row(company, item).open_minor == 1000_00
