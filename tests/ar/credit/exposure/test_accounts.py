"""Exposure against limits: each amount once on its way from order to invoice, in the currency of the limit."""

from __future__ import annotations

from datetime import date

import pytest

from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import OrderFacts
from ar.credit.rules.policy import CheckCode
from kernel.ids import new_id
from tests.support.world import World


def test_sixty_stays_sixty_from_order_to_sign_off(world: World) -> None:
    customer, order_id = world.customer(), new_id()
    world.limit(customer, 100_00)
    for amounts, parts in (
        (OrderAmounts(60_00, 0, 0, 0), (60_00, 0, 0)),
        (OrderAmounts(60_00, 60_00, 0, 0), (0, 60_00, 0)),
        (OrderAmounts(60_00, 60_00, 60_00, 0), (0, 0, 60_00)),
    ):
        world.commit_order(customer, order_id, amounts)
        for account in (world.credit_account(customer), world.credit_account(customer, world.today)):
            assert account.parts is not None
            assert account.exposure_minor == 60_00
            assert (
                account.parts.released_orders_minor,
                account.parts.shipped_not_signed_minor,
                account.parts.signed_not_invoiced_minor,
            ) == parts
            assert account.available_minor == 40_00


@pytest.mark.parametrize(("minor", "codes"), [(40_00, []), (40_01, [CheckCode.LIMIT])])
def test_an_order_up_to_the_limit_passes_and_a_cent_more_is_held(
    world: World, minor: int, codes: list[CheckCode]
) -> None:
    customer = world.creditor(100_00)
    world.invoice(customer, number=f"CR-{minor}", on=world.today, minor=60_00)
    decision = world.check_order(customer, OrderFacts(new_id(), "SO-1", "CNY", minor, minor, term_days=30))
    assert [reason.code for reason in decision.reasons] == codes


def test_what_may_be_used_from_day_to_day_with_a_temporary_limit_and_a_new_regular_one(world: World) -> None:
    customer = world.customer()
    world.limit(customer, 1_000_00, start=date(2026, 3, 1), end=date(2026, 3, 14))
    world.limit(customer, 500_00, kind="temporary", start=date(2026, 3, 10), end=date(2026, 3, 20))
    world.limit(customer, 800_00, start=date(2026, 3, 15))
    days = {9: 1_000_00, 14: 1_500_00, 15: 1_300_00, 20: 1_300_00, 21: 800_00}
    found = {day: world.credit_account(customer, date(2026, 3, day)).limit.total_minor for day in days}
    assert found == days
