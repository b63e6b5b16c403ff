"""What is owed in the limit's own currency is never converted; a bill is owed once until it is honoured."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import OrderFacts
from kernel.ids import new_id
from tests.support.world import World


def test_an_invoice_in_the_limits_currency_is_owed_as_it_was_written(world: World) -> None:
    customer = world.creditor(1_000_00, currency="USD")
    world.rate("USD", "0.92", on=world.today - timedelta(days=9))
    world.invoice(customer, number="U-1", on=world.today - timedelta(days=5), minor=1_000_00, currency="USD")
    world.rate("USD", "0.80", on=world.today)
    for day in (None, world.today - timedelta(days=5), world.today):
        account = world.credit_account(customer, day)
        assert (account.currency, account.exposure_minor, account.is_over) == ("USD", 1_000_00, False), day


def test_orders_in_the_limits_currency_need_no_rate(world: World) -> None:
    customer, yen = world.creditor(1_000_00, currency="EUR"), new_id()
    world.commit_order(customer, new_id(), OrderAmounts(400_00, 100_00, 50_00, 0), currency="EUR")
    asked = OrderFacts(new_id(), "SO-1", "EUR", 600_00, 600_00, term_days=30)
    assert world.check_order(customer, asked).passes, "one to one, though no rate of the euro is known"
    more = OrderFacts(new_id(), "SO-2", "EUR", 600_01, 600_01, term_days=30)
    assert [reason.code for reason in world.check_order(customer, more).reasons] == ["limit"]
    world.commit_order(customer, yen, OrderAmounts(1, 0, 0, 0), currency="JPY")
    held = world.check_order(customer, asked).reasons
    assert [(reason.code, reason.params) for reason in held] == [("no_rate", {"currencies": ["JPY"]})]


@pytest.mark.parametrize("honoured", [True, False], ids=["honoured", "dishonoured"])
def test_a_discounted_bill_is_owed_once_until_it_is_honoured(world: World, honoured: bool) -> None:
    customer = world.creditor(500_00)
    world.invoice(customer, number="INV-B", on=date(2026, 5, 31), minor=500_00)
    bill = world.bill(
        kind="commercial", amount="500.00", issued_on=date(2026, 6, 10), tenor_months=3, received_on=date(2026, 6, 10)
    )

    def exposure(day: date) -> int | None:
        return world.credit_account(customer, day).exposure_minor

    assert exposure(date(2026, 6, 11)) == 500_00
    world.take_bill_step(bill, "discount", on=date(2026, 7, 10), counterparty="宁波银行", rate="1.8", recourse="with")
    assert [exposure(date(2026, 7, 11)), exposure(date(2026, 9, 9))] == [500_00, 500_00]
    world.take_bill_step(bill, "payment" if honoured else "dishonour", on=date(2026, 9, 10))
    account = world.credit_account(customer)
    found = (account.exposure_minor, account.past_due_items, account.oldest_due_on)
    assert found == ((0, 0, None) if honoured else (500_00, 1, date(2026, 6, 30)))
