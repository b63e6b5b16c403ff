"""Exposure of random books equals a slow model at any date; interleaved shipments never pass the limit."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.commands import CommitOrder, check_order, commit_order, lock_credit
from ar.credit.models import Commitment, CommitmentChange
from ar.credit.rules.commitment import OrderAmounts, stages_of
from ar.credit.rules.decision import OrderFacts
from kernel.ids import new_id
from tests.support.world import TODAY, World

FIRST = date(2026, 10, 1)
DAYS = 14
RATES = {"CNY": Decimal(1), "USD": Decimal("7.1"), "EUR": Decimal("8.03")}


class SlowModel:
    """What a customer owes and commits, as lists of what happened on which day (minor units)."""

    def __init__(self) -> None:
        self.debits: list[tuple[date, str, int]] = []
        self.credits: list[tuple[date, str, int]] = []
        self.applied: list[tuple[date, str, int]] = []
        self.orders: dict[UUID, list[tuple[date, str, OrderAmounts]]] = defaultdict(list)

    def exposure(self, on: date) -> int:
        """Returns the exposure in CNY minor units at the end of a day, each part converted by itself."""
        total = 0
        for currency, rate in RATES.items():
            applied = sum(minor for day, code, minor in self.applied if code == currency and day <= on)
            owed = sum(minor for day, code, minor in self.debits if code == currency and day <= on) - applied
            unapplied = sum(minor for day, code, minor in self.credits if code == currency and day <= on) - applied
            stages = [0, 0, 0]
            for happened in self.orders.values():
                past = [amounts for day, code, amounts in happened if code == currency and day <= on]
                if past:
                    found = stages_of(past[-1])
                    assert min(found.released_minor, found.shipped_minor, found.signed_minor) >= 0
                    for at, minor in enumerate((found.released_minor, found.shipped_minor, found.signed_minor)):
                        stages[at] += minor
            for part in (owed, *stages):
                total += _round(part * rate)
            total -= _round(unapplied * rate)
        return total


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_exposure_of_random_books_is_that_of_a_slow_model_at_any_date(world: World, seed: int) -> None:
    random, model = Random(seed), SlowModel()  # noqa: S311
    customer = world.customer()
    world.limit(customer, 10**9)
    for currency in ("USD", "EUR"):
        world.rate(currency, str(RATES[currency]), on=FIRST)
    orders = {currency: new_id() for currency in RATES}
    amounts = {currency: OrderAmounts(0, 0, 0, 0) for currency in RATES}
    open_debits: list[tuple[UUID, str, int]] = []
    for step in range(24):
        day, currency = FIRST + timedelta(days=step * DAYS // 24), random.choice(list(RATES))
        minor = random.randint(1, 900_00)
        match random.choice(["invoice", "receipt", "apply", "order", "order"]):
            case "invoice":
                item = world.invoice(customer, number=f"I-{step}", on=day, minor=minor, currency=currency)
                model.debits.append((day, currency, minor))
                open_debits.append((item, currency, minor))
            case "receipt":
                world.receipt(customer, number=f"R-{step}", on=day, minor=minor, currency=currency)
                model.credits.append((day, currency, minor))
            case "apply" if open_debits:
                item, currency, owed = open_debits.pop()
                part = random.randint(1, owed)
                receipt = world.receipt(customer, number=f"R-{step}", on=day, minor=part, currency=currency)
                world.allocate(item, receipt, minor=part, on=day)
                model.credits.append((day, currency, part))
                model.applied.append((day, currency, part))
            case _:
                before = amounts[currency]
                ordered = max(before.ordered_minor, minor)
                shipped = random.randint(before.shipped_minor, ordered)
                signed = random.randint(before.signed_minor, shipped)
                invoiced = random.randint(before.invoiced_minor, ordered)
                amounts[currency] = OrderAmounts(ordered, shipped, signed, invoiced)
                world.on(day).commit_order(customer, orders[currency], amounts[currency], currency=currency)
                model.orders[orders[currency]].append((day, currency, amounts[currency]))
    for offset in range(-1, DAYS + 1):
        on = FIRST + timedelta(days=offset)
        account = world.credit_account(customer, on)
        if account.exposure_minor is not None:
            assert account.exposure_minor == model.exposure(on), on
    assert world.credit_account(customer).exposure_minor == model.exposure(TODAY)
    with world.reading() as db:
        now, changes = Commitment, CommitmentChange
        kept = db.execute(
            sa.select(sa.func.sum(now.released_minor + now.shipped_minor + now.signed_minor)).where(
                now.tenant_id == world.tenant_id
            )
        ).scalar_one()
        summed = db.execute(
            sa.select(sa.func.sum(changes.released_minor + changes.shipped_minor + changes.signed_minor)).where(
                changes.tenant_id == world.tenant_id
            )
        ).scalar_one()
    assert kept == summed


def test_interleaved_shipments_never_pass_the_limit(world: World) -> None:
    customer = world.creditor(100_00)

    def ship(_number: int) -> bool:
        order = OrderFacts(new_id(), "SO", "CNY", 9_00, 9_00, term_days=30)
        with world.transaction() as db:
            actor = lock_credit(db, world.actor(), [customer])
            passes = check_order(db, actor, customer, order).passes
            if passes:
                amounts = OrderAmounts(9_00, 9_00, 0, 0)
                data = CommitOrder(
                    order_id=order.order_id,
                    customer_id=customer,
                    currency="CNY",
                    amounts=amounts,
                    effective_on=world.today,
                )
                commit_order(db, actor, data)
            return passes

    with ThreadPoolExecutor(8) as pool:
        passed = list(pool.map(ship, range(24)))
    assert sum(passed) == 11
    account = world.credit_account(customer)
    assert (account.exposure_minor, account.is_over) == (99_00, False)
