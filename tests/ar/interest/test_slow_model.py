"""Interest against a slow model, day by day, by the day each payment that still stands came; charged and corrected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest

from ar.interest.checks import interest_checks
from ar.interest.correcting import correct_interest, propose
from ar.interest.inputs import CorrectInterest
from tests.support.world import World
from tests.support.world.base import fresh_key

DUE, START = date(2026, 9, 30), date(2026, 10, 1)
#: Amounts are multiples of 10.00, so that a day at 36.5 % bears a whole number of cents and nothing is rounded.
UNIT = 10_00


@dataclass
class Model:
    """What stands applied to each invoice: (day the money came, minor units) by allocation."""

    owed: dict[UUID, int]
    applied: dict[UUID, tuple[UUID, date, int]] = field(default_factory=dict)

    def interest_minor(self, through: date) -> int:
        """Returns the interest through a day, counted day by day."""
        total, day = 0, DUE + timedelta(days=1)
        while day <= through:
            for item, owed in self.owed.items():
                paid = sum(minor for debit, came, minor in self.applied.values() if debit == item and came < day)
                total += max(0, owed - paid) // 1_000
            day += timedelta(days=1)
        return total


def correct_all(world: World) -> None:
    with world.reading() as db:
        shown = propose(db, world.actor())
    lines = [line.line_id for group in shown.groups for line in group.lines]
    if not lines:
        return
    data = CorrectInterest(
        lines=lines, document_on=world.today, reason="model", fingerprint=shown.fingerprint, key=fresh_key()
    )
    with world.transaction() as db:
        correct_interest(db, world.actor(), data)


@pytest.mark.parametrize("seed", range(4))
def test_charged_corrected_and_still_to_charge_is_what_the_slow_model_counts(world: World, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same steps every time
    world.interest_terms(None, kind="contract", annual_percent="36.5")
    world = world.on(START)
    items = [
        world.invoice("00001", number=f"INV-{number}", minor=random.randint(3, 9) * UNIT * 10, due_on=DUE)
        for number in (1, 2)
    ]
    model = Model({item: world.open_minor_of(item) for item in items})
    money: dict[UUID, date] = {}
    for step in range(10):
        world = world.on(world.today + timedelta(days=random.randint(1, 6)))
        action = random.choice(["pay", "pay", "move", "return", "charge", "correct"])
        if action == "pay":
            came = world.today - timedelta(days=random.randint(0, (world.today - START).days))
            credit = world.receipt("00001", number=f"R-{step}", minor=random.randint(1, 20) * UNIT, on=came)
            money[credit] = came
        elif action in ("move", "return") and model.applied:
            allocation = random.choice(sorted(model.applied))
            world.unapply(allocation)
            del model.applied[allocation]
        elif action == "charge" and world.interest_preview().groups:
            world.post_interest()
        elif action == "correct":
            correct_all(world)
        if action in ("pay", "move"):
            for credit, came in money.items():
                debit = random.choice(items)
                minor = min(world.open_minor_of(credit), world.open_minor_of(debit))
                if minor:
                    model.applied[world.allocate(debit, credit, minor=minor)] = (debit, came, minor)
    correct_all(world)
    to_charge = world.interest_preview().totals.get("CNY", 0)
    assert -world.balance_of("interest_income") + to_charge == model.interest_minor(world.today)
    with world.reading() as db:
        assert [each for each in interest_checks(db, world.tenant_id) if not each.ok] == []
        assert propose(db, world.actor()).groups == ()
    assert world.ledger_findings() == []
