"""Guarantees: the time to claim follows from the dates alone, and people hear of it 30 and 7 days ahead, once each."""

from __future__ import annotations

from datetime import date

import pytest

from ar.credit.limits.guarantees.commands import register_guarantee
from ar.credit.limits.guarantees.jobs import remind
from ar.credit.limits.inputs import RegisterGuarantee
from ar.credit.rules.guarantees import claim_by, reminder_due
from tests.support.approvals import person
from tests.support.world import World
from tests.support.world.base import fresh_key


@pytest.mark.parametrize(
    ("kind", "until", "expected"),
    [
        ("guarantee", date(2026, 8, 31), date(2027, 2, 28)),
        ("guarantee", date(2027, 8, 31), date(2028, 2, 29)),
        ("guarantee", None, None),
        ("mortgage", date(2026, 8, 31), None),
    ],
)
def test_six_months_to_claim_end_with_the_month(kind: str, until: date | None, expected: date | None) -> None:
    assert claim_by(kind, until) == expected


@pytest.mark.parametrize(("today", "due"), [(1, None), (2, 30), (24, 30), (25, 7), (31, 7)])
def test_which_reminder_is_due(today: int, due: int | None) -> None:
    assert reminder_due(date(2027, 2, 1), date(2027, 1, today)) == due
    assert reminder_due(date(2027, 2, 1), date(2027, 2, 2)) is None


def test_people_hear_of_an_end_30_and_7_days_ahead_once_each(world: World) -> None:
    person(world, "finance")
    customer = world.customer()
    data = RegisterGuarantee(
        kind="insurance",
        provider="某保险公司",
        currency="CNY",
        amount="1000",
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 20),
        key=fresh_key(),
    )
    with world.transaction() as db:
        register_guarantee(db, world.actor(), customer, data)
    sent = []
    for day in (date(2026, 11, 20), date(2026, 11, 21), date(2026, 12, 13), date(2026, 12, 14), date(2026, 12, 21)):
        with world.transaction() as db:
            remind(db, world.actor(day), {})
        sent.append(len(world.mails("guarantee_reminder")))
    readers = sent[0]
    assert (readers > 0, sent) == (True, [readers, readers, 2 * readers, 2 * readers, 2 * readers])
    assert "2026-12-20" in world.mails("guarantee_reminder")[0].body_text
