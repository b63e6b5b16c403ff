"""What settles a rest: early-payment discount and small differences; and taking back, on a page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, time
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.fx.rates import NewRate, record_rates
from ar.ledger.models import Allocation, BooksState, OpenItem
from ar.ledger.receivables.commands import reverse_document, unapply_allocation
from ar.ledger.receivables.inputs import ReverseDocument, UnapplyAllocation
from ar.ledger.receivables.settlement.discounts import discount_offer, take_discount
from ar.ledger.receivables.settlement.inputs import WriteOffRemainder
from ar.ledger.receivables.settlement.models import LedgerSettings
from ar.ledger.receivables.settlement.write_offs import write_off_remainder
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict, Forbidden, RuleBroken
from tenants.approvals.engine import decide
from tenants.approvals.models import Approval
from tests.support.world import TODAY, World
from tests.support.world.base import fresh_key

DAY_0, DAY_10, DAY_11 = date(2026, 11, 1), date(2026, 11, 11), date(2026, 11, 12)


@pytest.fixture
def customer(world: World) -> UUID:
    return world.customer("0001", "深圳鑫晟电子")


@pytest.fixture
def on_today() -> Iterator[None]:
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


def invoice_with_discount(
    world: World, customer: UUID, minor: int = 1000_00, *, tax: int = 0, currency: str = "CNY"
) -> UUID:
    """Books an invoice at 2/10 net 30, dated DAY_0."""
    return world.document(
        customer,
        kind="invoice",
        number="A-1",
        on=DAY_0,
        minor=minor,
        currency=currency,
        tax_minor=tax,
        discount_bps=200,
        discount_until_on=DAY_10,
    )


def take_discount_of(world: World, item: UUID) -> OpenItem:
    """Takes the discount that was earned; returns the credit that grants it."""
    with world.transaction() as db:
        taken = take_discount(db, world.actor(TODAY), item)
    return world.open_item(taken)


@pytest.mark.parametrize(
    ("payment", "discount", "left"),
    [(980_00, 20_00, 0), (490_00, 10_00, 500_00), (990_00, 10_00, 0), (979_99, 20_00, 1)],
)
def test_paid_on_the_tenth_day_the_discount_is_granted(
    world: World, customer: UUID, payment: int, discount: int, left: int
) -> None:
    item = invoice_with_discount(world, customer)
    world.pay(item, minor=payment, on=DAY_10)
    credit = take_discount_of(world, item)
    assert (credit.kind, credit.document_no, credit.document_on) == ("discount", "DS-2026-000001", DAY_10)
    assert (credit.amount_minor, credit.open_minor) == (discount, 0)
    assert world.open_minor_of(item) == left
    assert world.ledger_findings() == []


def test_paid_on_the_eleventh_day_it_is_refused_and_the_short_payment_stays_open(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    world.pay(item, minor=980_00, on=DAY_11)
    with pytest.raises(RuleBroken, match="discount_too_late"):
        take_discount_of(world, item)
    assert world.open_minor_of(item) == 20_00


@pytest.mark.parametrize(
    ("roll", "day", "granted"), [("statutory", 16, True), ("statutory", 17, False), ("none", 16, False)]
)
def test_a_discount_until_saturday_is_earned_on_monday_unless_agreed_otherwise(
    world: World, customer: UUID, roll: str, day: int, granted: bool
) -> None:
    world.agree_on_days_off(customer, roll)
    item = world.document(
        *(customer,), kind="invoice", number="A-1", on=DAY_0, discount_bps=200, discount_until_on=date(2026, 11, 14)
    )
    world.pay(item, minor=980_00, on=date(2026, 11, day))
    if granted:
        assert take_discount_of(world, item).amount_minor == 20_00
        return
    with pytest.raises(RuleBroken, match="discount_too_late"):
        take_discount_of(world, item)


def test_what_was_paid_in_time_earns_and_what_came_late_does_not(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    world.pay(item, minor=490_00, on=DAY_10)
    world.pay(item, minor=400_00, on=DAY_11, number="R-2")
    assert take_discount_of(world, item).amount_minor == 10_00
    assert world.open_minor_of(item) == 100_00
    with pytest.raises(RuleBroken, match="discount_used_up"):
        take_discount_of(world, item)


def test_a_payment_taken_back_earns_nothing(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    allocation = world.pay(item, minor=980_00, on=DAY_10)
    world.unapply(allocation)
    with pytest.raises(RuleBroken, match="discount_too_late"):
        take_discount_of(world, item)


def test_a_credit_note_lessens_what_the_discount_is_counted_on(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    note = world.credit_note(customer, number="CN-1", on=date(2026, 11, 5), minor=100_00)
    world.allocate(item, note, minor=100_00)
    world.pay(item, minor=882_00, on=DAY_10)  # 900.00 less 2 %
    assert take_discount_of(world, item).amount_minor == 18_00
    assert world.open_minor_of(item) == 0


def test_the_discount_bears_its_share_of_the_tax(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer, 1130_00, tax=130_00)
    world.pay(item, minor=1107_40, on=DAY_10)
    credit = take_discount_of(world, item)
    assert world.postings_of(credit.id) == {"receivables": -22_60, "discounts_allowed": 20_00, "output_tax": 2_60}
    assert world.open_item(item).cleared_on == DAY_10


@pytest.mark.parametrize(
    ("currency", "minor", "payment", "discount"), [("JPY", 1000, 980, 20), ("KWD", 1_001, 981, 20)]
)
def test_the_discount_has_the_decimals_of_its_currency(
    world: World, customer: UUID, currency: str, minor: int, payment: int, discount: int
) -> None:
    item = invoice_with_discount(world, customer, minor, currency=currency)
    receipt = world.receipt(customer, number="R-1", on=DAY_10, minor=payment, currency=currency)
    world.allocate(item, receipt, minor=payment)
    assert take_discount_of(world, item).amount_minor == discount


def test_two_who_take_the_discount_at_once_take_it_once(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    world.pay(item, minor=490_00, on=DAY_10)

    def take() -> str:
        try:
            take_discount_of(world, item)
        except RuleBroken as refused:
            return refused.code
        return "taken"

    with ThreadPoolExecutor(6) as pool:
        results = sorted(each.result() for each in [pool.submit(take) for _ in range(6)])
    assert results == ["discount_used_up"] * 5 + ["taken"]
    assert world.open_minor_of(item) == 500_00


def test_a_discount_is_taken_back_like_any_document(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    world.pay(item, minor=980_00, on=DAY_10)
    credit = take_discount_of(world, item)
    with world.transaction() as db, pytest.raises(Conflict, match="item_allocated"):
        reverse_item(db, world.actor(TODAY), credit.id)
    client = world.client()
    page = client.get(world.url(f"/receivables/{credit.id}")).text
    back = next(part.split('"')[0] for part in page.split('href="')[1:] if "/allocations/" in part.split('"')[0])
    assert client.post(back).status_code == 303
    reason = {"reason": "not agreed"}
    assert client.post(world.url(f"/receivables/{credit.id}/reversal"), data=reason).status_code == 303
    assert world.open_minor_of(item) == 20_00
    assert take_discount_of(world, item).document_no == "DS-2026-000002"


@pytest.mark.usefixtures("on_today")
def test_the_page_offers_the_discount_and_takes_it_once(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    client = world.client()
    world.pay(item, minor=980_00, on=DAY_10)
    page = client.get(world.url(f"/receivables/{item}")).text
    assert "That earns a discount of CN¥20.00." in page
    form = {"key": "k" * 32}
    for _ in range(2):
        assert client.post(world.url(f"/receivables/{item}/discount"), data=form).status_code == 303
    assert world.open_minor_of(item) == 0
    refused = client.post(world.url(f"/receivables/{item}/discount"), data={"key": "m" * 32})
    assert refused.status_code == 422
    assert "the earned discount has already been posted" in refused.text
    assert world.client("salesperson").post(world.url(f"/receivables/{item}/discount")).status_code == 403


@pytest.mark.usefixtures("on_today")
@pytest.mark.parametrize(("on", "status", "left"), [(DAY_10, 303, 0), (DAY_11, 422, 1000_00)])
def test_an_allocation_takes_the_discount_along_or_is_refused_with_it(
    world: World, customer: UUID, on: date, status: int, left: int
) -> None:
    item = invoice_with_discount(world, customer)
    receipt = world.receipt(customer, number="R-1", on=on, minor=980_00)
    client = world.client()
    assert 'name="take_discount"' in client.get(world.url(f"/receivables/{receipt}")).text
    form = {"other_id": str(item), "amount": "980.00", "take_discount": "1", "key": "k" * 32}
    answer = client.post(world.url(f"/receivables/{receipt}/allocations"), data=form)
    assert answer.status_code == status
    assert world.open_minor_of(item) == left
    if status == 422:
        assert 'id="e-take_discount"' in answer.text
        assert 'value="980.00"' in answer.text


def test_what_grants_no_discount_offers_none(world: World, customer: UUID) -> None:
    plain = world.invoice(customer, number="B-1", on=DAY_0, minor=1000_00)
    with world.reading() as db:
        assert discount_offer(db, world.tenant_id, plain) is None
    with pytest.raises(RuleBroken, match="discount_none"):
        take_discount_of(world, plain)


# Small differences


def short_paid_invoice(world: World, customer: UUID, rest: int, currency: str = "CNY") -> UUID:
    """Books an invoice of which `rest` is left after a short payment."""
    item = world.invoice(customer, number="S-1", on=DAY_0, minor=1000_00 + rest, currency=currency)
    receipt = world.receipt(customer, number="SR-1", on=DAY_10, minor=1000_00, currency=currency)
    world.allocate(item, receipt, minor=1000_00)
    return item


def write_off(
    world: World, item: UUID, *, on: date | None = None, reason: str = "bank_charges", key: str = "w" * 32
) -> tuple[UUID, bool]:
    """Writes off what is left of an item: (the credit, True), or (the approval that decides, False)."""
    data = WriteOffRemainder.model_validate({"reason": reason, "text": "手续费", "effective_on": on, "key": key})
    with world.transaction() as db:
        return write_off_remainder(db, world.actor(TODAY), item, data)


def lock_books(world: World, through: date) -> None:
    """Locks the books through a day."""
    with world.transaction() as db:
        b = BooksState
        db.execute(sa.update(b).where(b.tenant_id == world.tenant_id).values(locked_through=through))


def test_a_small_rest_is_written_off_at_once_and_seen(world: World, customer: UUID) -> None:
    """Testcase 15: 990 of 1,000 paid, 10 is not above the limit."""
    item = short_paid_invoice(world, customer, 10_00)
    credit_id, at_once = write_off(world, item)
    assert at_once
    credit = world.open_item(credit_id)
    assert (credit.document_no, credit.amount_minor, credit.document_on) == ("WO-2026-000001", 10_00, TODAY)
    assert world.postings_of(credit.id) == {"receivables": -10_00, "small_differences": 10_00}
    assert world.open_item(item).cleared_on == TODAY
    assert write_off(world, item) == (credit_id, True)  # the same form again
    client = world.client()
    assert "Bank charges: 手续费" in client.get(world.url(f"/receivables/{credit_id}")).text
    assert "WO-2026-000001" in client.get(world.url(f"/receivables/{item}")).text
    with pytest.raises(RuleBroken, match="write_off_nothing"):
        write_off(world, item, key="x" * 32)


def people_by_role(world: World, *roles: str) -> dict[str, UUID]:
    """Invites a person of each role; returns them by role."""
    from tenants.people.commands import invite_person
    from tenants.people.inputs import InvitePerson
    from tenants.permissions import Role

    with world.transaction() as db:
        return {
            role: invite_person(
                db,
                world.actor(),
                InvitePerson(email=f"{role}@{world.slug}.example", name=role, roles=[Role(role)]),
            )
            for role in roles
        }


def decide_as_role(world: World, approval: UUID, role: str, user_id: UUID, *, approve: bool = True) -> str:
    """Decides on an approval as a person of a role; returns the state it has then."""
    with world.transaction() as db:
        actor = world.actor(TODAY, roles=(role,), name=role, user_id=user_id)
        return decide(db, actor, approval, approve=approve, reason="查过")


@pytest.mark.usefixtures("on_today")
def test_above_the_limit_others_decide_and_the_item_says_so(world: World, customer: UUID) -> None:
    who = people_by_role(world, "finance_director", "general_manager")
    item = short_paid_invoice(world, customer, 10_01)
    approval, at_once = write_off(world, item)
    assert not at_once
    assert world.open_minor_of(item) == 10_01
    client = world.client()
    assert "The write-off of the remainder awaits approval" in client.get(world.url(f"/receivables/{item}")).text
    with pytest.raises(RuleBroken, match="approval_pending"):
        write_off(world, item, key="x" * 32)
    page = client.get(world.url(f"/receivables/{item}/write-off")).text
    assert "awaits approval" in page
    assert 'name="reason"' not in page
    assert write_off(world, item) == (approval, False)
    with pytest.raises(Forbidden):
        decide_as_role(world, approval, "accountant", world.owner_id)
    assert decide_as_role(world, approval, "finance_director", who["finance_director"]) == "approved"
    assert world.open_minor_of(item) == 0
    assert "awaits approval" not in client.get(world.url(f"/receivables/{item}")).text


def test_from_a_thousand_on_the_general_manager_decides_too(world: World, customer: UUID) -> None:
    who = people_by_role(world, "finance_director", "general_manager")
    item = short_paid_invoice(world, customer, 1000_00)
    approval, _at_once = write_off(world, item)
    assert decide_as_role(world, approval, "finance_director", who["finance_director"]) == "pending"
    assert world.open_minor_of(item) == 1000_00
    assert decide_as_role(world, approval, "general_manager", who["general_manager"]) == "approved"
    assert world.open_minor_of(item) == 0


def test_while_others_decide_nobody_writes_off_beside_them(world: World, customer: UUID) -> None:
    people_by_role(world, "finance_director", "general_manager")
    item = short_paid_invoice(world, customer, 50_00)
    write_off(world, item)
    world.pay(item, minor=45_00, on=TODAY, number="R-9")
    with pytest.raises(RuleBroken, match="approval_pending"):
        write_off(world, item, key="x" * 32)
    assert world.open_minor_of(item) == 5_00


def test_what_was_rejected_or_paid_meanwhile_is_not_written_off(world: World, customer: UUID) -> None:
    who = people_by_role(world, "finance_director", "general_manager")
    item = short_paid_invoice(world, customer, 50_00)
    approval, _at_once = write_off(world, item)
    assert decide_as_role(world, approval, "finance_director", who["finance_director"], approve=False) == "rejected"
    assert world.open_minor_of(item) == 50_00
    approval, _at_once = write_off(world, item, key="x" * 32)
    world.pay(item, minor=20_00, on=TODAY, number="R-9")
    with pytest.raises(Conflict, match="write_off_rest_changed"):
        decide_as_role(world, approval, "finance_director", who["finance_director"])
    assert world.open_minor_of(item) == 30_00


def test_a_foreign_rest_is_measured_at_the_rate_of_the_day(world: World, customer: UUID) -> None:
    people_by_role(world, "finance_director", "general_manager")
    item = short_paid_invoice(world, customer, 1_40, "USD")
    assert write_off(world, item)[1] is False  # without a rate nobody knows whether it is small
    with world.transaction() as db:
        colleague = world.actor(TODAY, name="周敏")
        record_rates(db, colleague, [NewRate("USD", date(2026, 11, 1), Decimal("7.1"), "中间价")])
    other = world.invoice(customer, number="S-2", on=DAY_0, minor=1_40, currency="USD")
    assert write_off(world, other, key="x" * 32)[1] is True  # 9.94
    third = world.invoice(customer, number="S-3", on=DAY_0, minor=1_41, currency="USD")
    assert write_off(world, third, key="y" * 32)[1] is False  # 10.01
    with world.transaction() as db:
        record_rates(db, world.actor(TODAY), [NewRate("USD", TODAY, Decimal("0.0000001"), "")])
    fourth = world.invoice(customer, number="S-4", on=DAY_0, minor=1_000_000_00, currency="USD")
    assert write_off(world, fourth, key="z" * 32)[1] is False  # measured by a rate that the same person typed


def test_what_no_figure_can_hold_waits_for_the_whole_chain(world: World, customer: UUID) -> None:
    people_by_role(world, "finance_director", "general_manager")
    with world.transaction() as db:
        colleague = world.actor(TODAY, name="周敏")
        record_rates(db, colleague, [NewRate("USD", TODAY, Decimal("9999999999"), "")])
    item = world.invoice(customer, number="S-9", on=DAY_0, minor=10**14, currency="USD")
    assert write_off(world, item)[1] is False


def test_a_write_off_is_dated_in_an_open_period(world: World, customer: UUID) -> None:
    item = short_paid_invoice(world, customer, 5_00)
    lock_books(world, date(2026, 11, 15))
    with pytest.raises(RuleBroken, match="period_locked"):
        write_off(world, item, on=date(2026, 11, 15))
    with pytest.raises(RuleBroken, match="effective_in_future"):
        write_off(world, item, on=date(2026, 11, 21))
    credit, _at_once = write_off(world, item, on=date(2026, 11, 16))
    assert world.open_item(credit).document_on == date(2026, 11, 16)


def test_a_credit_is_not_written_off(world: World, customer: UUID) -> None:
    receipt = world.receipt(customer, number="R-5", on=DAY_10, minor=1)
    with pytest.raises(RuleBroken, match="write_off_credit"):
        write_off(world, receipt)


@pytest.mark.usefixtures("on_today")
def test_the_page_asks_for_a_reason_and_keeps_what_was_typed(world: World, customer: UUID) -> None:
    item = short_paid_invoice(world, customer, 3_00)
    client = world.client()
    address = world.url(f"/receivables/{item}/write-off")
    assert address in client.get(world.url(f"/receivables/{item}")).text
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
    assert world.open_minor_of(item) == 0
    assert "Nothing is left here" in client.get(address).text
    seller = world.client("salesperson")
    assert seller.get(address).status_code == 403
    assert "/write-off" not in seller.get(world.url(f"/receivables/{item}")).text


@pytest.mark.usefixtures("on_today")
def test_the_limit_is_data_whose_versions_stay(world: World, customer: UUID) -> None:
    people_by_role(world, "finance_director", "general_manager")
    director = world.client("finance_director")
    address = world.url("/receivables/settings")
    assert 'value="10.00"' in director.get(address).text
    for amount, status in (("x", 422), ("-1", 422), ("2.50", 303), ("2.50", 303), ("3", 303)):
        assert director.post(address, data={"write_off_at_once": amount}).status_code == status
    with world.reading() as db:
        s = LedgerSettings
        rows = db.execute(
            sa.select(s.write_off_at_once_minor).where(s.tenant_id == world.tenant_id).order_by(s.id)
        ).scalars()
        assert list(rows) == [2_50, 3_00]
    assert write_off(world, short_paid_invoice(world, customer, 3_01))[1] is False
    assert world.client().get(address).status_code == 403
    assert "up to CN¥3.00 by one person" in director.get(world.url("/journal")).text


@pytest.mark.usefixtures("on_today")
def test_taking_an_allocation_back_is_asked_on_a_page_of_its_own(world: World, customer: UUID) -> None:
    item = world.invoice(customer, number="T-1", on=DAY_0, minor=100_00)
    allocation = world.pay(item, minor=100_00, on=DAY_10, number="R-1")
    client = world.client()
    shown = client.get(world.url(f"/receivables/{item}")).text
    address = world.url(f"/receivables/{item}/allocations/{allocation}/reversal")
    assert f'href="{address}"' in shown
    assert f'action="{address}"' not in shown
    page = client.get(address)
    assert "R-1" in page.text
    assert f'action="{address}"' in page.text
    assert world.open_minor_of(item) == 0  # looking changed nothing
    assert client.post(address, data={"effective_on": "2026-11-15"}).status_code == 303
    assert world.open_minor_of(item) == 100_00
    assert world.client("salesperson").get(address).status_code == 403
    assert client.get(world.url(f"/receivables/{item}/allocations/{item}/reversal")).status_code == 404


@pytest.mark.usefixtures("on_today")
def test_many_small_rests_of_a_document_are_one_large_one(world: World, customer: UUID) -> None:
    people_by_role(world, "finance_director", "general_manager")
    item = short_paid_invoice(world, customer, 6_00)
    credit, at_once = write_off(world, item)
    assert at_once
    receipt = world.item_numbered("SR-1").id
    unapply_credit(world, item, receipt)
    world.allocate(item, receipt, minor=994_00)
    assert world.open_minor_of(item) == 6_00
    page = world.client().get(world.url(f"/receivables/{item}/write-off")).text
    assert "approv" in page
    approval, at_once = write_off(world, item, key="x" * 32)
    assert not at_once  # 12.00 of this document in all
    with world.reading() as db:
        a = Approval
        found = sa.select(a.amount_minor, a.compare_minor).where(a.tenant_id == world.tenant_id, a.id == approval)
        assert tuple(db.execute(found).one()) == (6_00, 12_00)
    assert world.open_minor_of(credit) == 0


def test_what_was_granted_for_a_document_ends_no_other(world: World, customer: UUID) -> None:
    item, other = (
        short_paid_invoice(world, customer, 6_00),
        world.invoice(customer, number="T-1", on=DAY_0, minor=500_00),
    )
    credit, _at_once = write_off(world, item)
    unapply_credit(world, item, credit)
    with pytest.raises(RuleBroken, match="credit_bound"):
        world.allocate(other, credit, minor=6_00)
    world.allocate(item, credit, minor=6_00)
    assert (world.open_minor_of(item), world.open_minor_of(other)) == (0, 500_00)


def test_a_bad_debt_is_not_taken_back_behind_the_back_of_its_case(world: World, customer: UUID) -> None:
    credit = world.document(customer, kind="bad_debt", number="BD-1", on=DAY_10, minor=50_00, due_on=DAY_10)
    with pytest.raises(RuleBroken, match="reversed_with_case"), world.transaction() as db:
        reverse_document(db, world.actor(TODAY), credit, ReverseDocument(reason="by mistake"))
    item = world.invoice(customer, number="U-1", on=DAY_0, minor=50_00)
    allocation = world.allocate(item, credit, minor=50_00)
    for document in (item, credit):
        with pytest.raises(RuleBroken, match="reversed_with_case"), world.transaction() as db:
            unapply_allocation(db, world.actor(TODAY), document, allocation, UnapplyAllocation())


def unapply_credit(world: World, item: UUID, credit: UUID) -> None:
    """Takes back the allocation of a credit to an item."""
    a = Allocation
    with world.reading() as db:
        query = sa.select(a.id).where(
            a.tenant_id == world.tenant_id, a.debit_item_id == item, a.credit_item_id == credit
        )
        allocation = db.execute(query).scalar_one()
    world.unapply(allocation)


def test_a_discount_goes_with_the_payment_that_earned_it(world: World, customer: UUID) -> None:
    """Given 980.00 paid in time and 20.00 of discount, when the payment is unapplied by hand, 1,000.00 is open."""
    item = invoice_with_discount(world, customer, tax=130_00)
    allocation = world.pay(item, minor=980_00, on=DAY_10)
    take_discount_of(world, item)
    with world.transaction() as db:
        unapply_allocation(db, world.actor(TODAY), item, allocation, UnapplyAllocation())
    assert world.open_minor_of(item) == 1000_00
    assert world.balance_of("discounts_allowed") == 0
    assert not world.ledger_findings()


def test_what_the_other_payment_earned_stays(world: World, customer: UUID) -> None:
    """Given 490.00 twice in time and 20.00 of discount, when one is unapplied, 500.00 is open: 490.00 earns 10.00."""
    item = invoice_with_discount(world, customer)
    world.pay(item, minor=490_00, on=DAY_0, number="R-1")
    second = world.pay(item, minor=490_00, on=DAY_10, number="R-2")
    take_discount_of(world, item)
    with world.transaction() as db:
        unapply_allocation(db, world.actor(TODAY), item, second, UnapplyAllocation())
    assert (world.open_minor_of(item), world.balance_of("discounts_allowed")) == (500_00, 10_00)


def test_a_late_payment_unapplied_leaves_the_discount(world: World, customer: UUID) -> None:
    item = invoice_with_discount(world, customer)
    world.pay(item, minor=490_00, on=DAY_10, number="R-1")
    take_discount_of(world, item)
    late = world.pay(item, minor=500_00, on=DAY_11, number="R-2")
    with world.transaction() as db:
        unapply_allocation(db, world.actor(TODAY), item, late, UnapplyAllocation())
    assert (world.open_minor_of(item), world.balance_of("discounts_allowed")) == (500_00, 10_00)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payments=st.lists(st.tuples(st.integers(1, 700_00), st.booleans(), st.booleans()), min_size=1, max_size=4),
    tax=st.sampled_from([0, 115_04]),
)
def test_no_discount_outlives_its_payments_whatever_is_taken_off(
    world: World, payments: list[tuple[int, bool, bool]], tax: int
) -> None:
    """Each payment comes in time or late and stays or is taken off: what stays granted is what the rest earns."""
    customer = world.customer(fresh_key()[:12])
    item = world.document(
        customer,
        kind="invoice",
        number=fresh_key(),
        on=DAY_0,
        tax_minor=tax,
        discount_bps=200,
        discount_until_on=DAY_10,
    )
    made, in_time_minor = [], 0
    for minor, in_time, stays in payments:
        paid = min(minor, 975_00 - sum(each[1] for each in made))
        if paid > 0:
            allocation = world.pay(item, minor=paid, on=DAY_10 if in_time else DAY_11, number=fresh_key())
            made.append((allocation, paid, stays))
            in_time_minor += paid if in_time and stays else 0
    with suppress(RuleBroken), world.transaction() as db:
        take_discount(db, world.actor(TODAY), item)
    with world.transaction() as db:
        for allocation, _paid, stays in made:
            if not stays:
                unapply_allocation(db, world.actor(TODAY), item, allocation, UnapplyAllocation())
    with world.reading() as db:
        offer = discount_offer(db, world.tenant_id, item)
    assert offer is not None
    assert offer.paid_minor == in_time_minor
    assert offer.taken_minor <= offer.earned_minor
    assert offer.open_minor == 1000_00 - offer.taken_minor - sum(paid for _id, paid, stays in made if stays)
    if made and all(stays for _id, _paid, stays in made):
        assert offer.due_minor == 0
