"""A review of limits tells those it waits for: on its opening and every seven days, and nobody for what is done."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from ar.credit.reviews.mails import recheck_review, remind
from kernel.mail import MailMessage
from tests.support.approvals import decide_as, person
from tests.support.world import World


def mails(world: World) -> list[MailMessage]:
    mail = MailMessage
    with world.reading() as db:
        found = sa.select(mail).where(mail.tenant_id == world.tenant_id, mail.purpose == "review_waiting")
        return list(db.execute(found.order_by(mail.created_at, mail.to_address)).scalars())


def told(world: World, since: int = 0) -> dict[str, str]:
    """Returns the role of each reader → the text of the mail, of those queued after the first `since`."""
    return {each.to_name: each.body_text for each in mails(world)[since:]}


def reminded(world: World, days: int) -> int:
    """Runs the reminder so many days later; returns how many mails it queued."""
    before, later = len(mails(world)), world.on(world.today + timedelta(days=days))
    with later.transaction() as db:
        remind(db, later.actor(), {})
    return len(mails(world)) - before


def owned(world: World, number: str, owner: UUID | None) -> UUID:
    """A customer whose limit is hardly used, which a review flags."""
    customer = world.creditor(100_000_00, number)
    if owner is not None:
        world.own(customer, owner)
    return customer


def test_owners_are_asked_to_explain_theirs_managers_the_ownerless_and_finance_to_decide(world: World) -> None:
    seller, manager = person(world, "salesperson"), person(world, "sales_manager")
    finance, general = person(world, "finance"), person(world, "general_manager")
    owned(world, "A", seller.user_id)
    owned(world, "B", None)
    owned(world, "C", None)
    world.open_review()
    found = told(world)
    assert "有 1 家客户待您说明。" in found[seller.name]
    assert "待决定" not in found[seller.name]
    assert "有 2 家客户待您说明。" in found[manager.name]
    assert "有 3 个额度待决定。" in found[finance.name]
    assert general.name not in found, "the general manager is asked by the approval"


def test_a_week_later_those_are_reminded_for_whom_it_still_waits_once(world: World) -> None:
    seller, finance = person(world, "salesperson"), person(world, "finance")
    customer = owned(world, "A", seller.user_id)
    review = world.open_review()
    first = len(mails(world))
    assert (reminded(world, 6), reminded(world, 7), reminded(world, 8)) == (0, first, 0)
    world.explain_line(review, customer)
    assert reminded(world, 15) == first - 1, "a day missed is made up for, and what is explained asks nobody"
    (letter,) = [each for each in mails(world)[:first] if each.to_name == seller.name]
    with world.transaction() as db:
        assert recheck_review(db, world.actor(), letter) == "withdrawn"
    world.decide_line(review, customer, "keep")
    assert reminded(world, 22) == 0
    (letter,) = [each for each in mails(world)[:first] if each.to_name == finance.name]
    with world.transaction() as db:
        assert recheck_review(db, world.actor(), letter) == "withdrawn"


def test_the_general_manager_is_reminded_weekly_of_a_review_that_waits_for_the_signature(world: World) -> None:
    general, customer = person(world, "general_manager"), owned(world, "A", None)
    review = world.open_review()
    submitted = world.on(world.today + timedelta(days=3))
    submitted.explain_line(review, customer)
    submitted.decide_line(review, customer, "keep")
    approval = submitted.submit_review(review)
    assert reminded_to_sign(submitted, 0) == [general.name], "asked when it was submitted"
    found = [len(reminded_to_sign(submitted, days)) for days in (6, 7, 8, 15)]
    assert found == [1, 2, 2, 3]
    decide_as(submitted, general, approval)
    assert len(reminded_to_sign(submitted, 22)) == 3


def reminded_to_sign(world: World, days: int) -> list[str]:
    """Runs the reminder so many days later; returns who was asked to sign so far."""
    later, mail = world.on(world.today + timedelta(days=days)), MailMessage
    with later.transaction() as db:
        remind(db, later.actor(), {})
        found = sa.select(mail.to_name).where(mail.tenant_id == world.tenant_id, mail.purpose == "approval_request")
        return list(db.execute(found).scalars())
