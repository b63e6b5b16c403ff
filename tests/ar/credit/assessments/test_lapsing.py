"""Owners are reminded once of an assessment that lapses soon."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from ar.credit.assessments.lapsing import remind
from kernel.mail import MailMessage
from tests.support.approvals import person
from tests.support.world import World


def reminded(world: World) -> list[tuple[str, str]]:
    """Returns (address, text) of the reminders queued, in order, after the job ran."""
    with world.transaction() as db:
        remind(db, world.actor(), {})
    mail = MailMessage
    with world.reading() as db:
        rows = db.execute(
            sa.select(mail.to_address, mail.body_text)
            .where(mail.tenant_id == world.tenant_id, mail.purpose == "assessment_lapsing")
            .order_by(mail.id)
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_the_owner_is_reminded_once_and_without_an_owner_the_sales_managers(world: World) -> None:
    owner = person(world, "salesperson")
    assert owner.user_id is not None
    theirs, nobodys = world.customer("00001", "甲公司"), world.customer("00002", "乙公司")
    world.own(theirs, owner.user_id)
    for customer in (theirs, nobodys):
        world.approved_assessment(customer, "C")
    assert reminded(world.on(world.today + timedelta(days=150))) == [], "more than a month is left"
    later = world.on(world.today + timedelta(days=152))
    found = reminded(later)
    assert [("甲公司" in text, "乙公司" in text) for _to, text in found].count((True, False)) == 1
    assert all(("甲公司" in text) != ("乙公司" in text) for _to, text in found)
    assert len(found) >= 2
    assert reminded(later.on(later.today + timedelta(days=1))) == found
