"""A review of every limit: its figures, what has to be explained, who decides, what the signature does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.models import CreditLimit, ReviewCampaign, ShippingHold
from ar.credit.reviews.opening import open_due_review
from ar.credit.rules.commitment import OrderAmounts
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tests.support.approvals import decide_as, everybody
from tests.support.world import World

REVIEW_DAY = date(2026, 12, 1)


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company on whose pages it is 1 December."""
    with fixed_clock(moment_on(REVIEW_DAY, "Asia/Shanghai")):
        yield world.on(REVIEW_DAY)


def customer_with_limit(world: World, number: str, minor: int | None = 1_000_00, **values: Any) -> UUID:
    customer = world.customer(number)
    world.complete_file(customer)
    world.limit(customer, minor, **values)
    return customer


def limits(world: World, customer: UUID) -> list[tuple[int | None, int | None, date, date | None, str]]:
    limit = CreditLimit.__table__
    query = (
        sa.select(limit.c.amount_minor, limit.c.term_days, limit.c.valid_from, limit.c.valid_to, limit.c.source)
        .where(limit.c.tenant_id == world.tenant_id, limit.c.customer_id == customer)
        .order_by(limit.c.valid_from)
    )
    with world.reading() as db:
        return [tuple(row) for row in db.execute(query)]  # type: ignore[misc]


def stopped(world: World) -> list[tuple[UUID, str]]:
    hold = ShippingHold.__table__
    query = sa.select(hold.c.customer_id, hold.c.kind).where(hold.c.tenant_id == world.tenant_id)
    with world.reading() as db:
        return [tuple(row) for row in db.execute(query)]  # type: ignore[misc]


def reviews(world: World) -> int:
    return world.count_rows(ReviewCampaign)


def test_the_pack_shows_half_a_year_of_sales_what_is_owed_and_how_long_the_limit_was_used(world: World) -> None:
    customer = customer_with_limit(world, "00001", 1_000_00, term_days=30, grade="B", end=date(2026, 12, 31))
    for month in range(5, 12):  # May is outside of the half year
        item = world.invoice(customer, number=f"INV-{month}", on=date(2026, month, 10), minor=month * 10_00)
        if month < 10:
            world.pay(item, minor=month * 10_00, on=date(2026, month, 30), number=f"R-{month}")
    world.credit_note(customer, number="CN-1", minor=5_00, on=date(2026, 11, 20))
    world.commit_order(customer, new_id(), OrderAmounts(600_00, 0, 0, 0))
    review = world.open_review()
    line = world.review_line(review, customer)
    pack = line.pack
    assert pack["sales"][0] == ["2026-06-01", 60_00]
    assert pack["sales"][-1] == ["2026-11-01", 105_00]
    assert len(pack["sales"]) == 6
    assert pack["average_minor"] == (60_00 + 70_00 + 80_00 + 90_00 + 100_00 + 105_00) // 6
    assert pack["exposure_minor"] == 100_00 + 110_00 - 5_00 + 600_00
    assert (pack["limit_minor"], pack["term_days"], pack["grade"], pack["valid_to"]) == (1_000_00, 30, "B", "2026-12-31")
    assert (pack["overdue_minor"], pack["past_due_items"]) == (100_00, 1)
    assert pack["days_to_pay"] == "20.0"
    assert pack["used_days"] == 1, "the order of today"
    assert line.flags == ["low_use"]


def test_the_days_of_high_use_are_those_of_the_exposure_as_it_was(world: World) -> None:
    customer = customer_with_limit(world, "00001", 1_000_00, term_days=30)
    item = world.invoice(customer, number="INV-1", on=date(2026, 6, 20), minor=900_00)
    world.pay(item, minor=900_00, on=date(2026, 9, 30), number="R-1")
    review = world.open_review()
    used = world.review_line(review, customer).pack["used_days"]
    assert used == (date(2026, 9, 30) - date(2026, 6, 20)).days
    days = [date(2026, 6, 19), date(2026, 6, 20), date(2026, 9, 29), date(2026, 9, 30)]
    exposures = [world.credit_account(customer, day).exposure_minor for day in days]
    assert exposures == [0, 900_00, 900_00, 0], "the same days as the exposure page says"
    assert world.review_line(review, customer).flags == ["low_use", "long_use"]


def test_who_has_no_limit_in_force_is_not_reviewed(world: World) -> None:
    world.customer("00001")
    lapsed = customer_with_limit(world, "00002", end=date(2026, 11, 30))
    zero, unlimited = customer_with_limit(world, "00003", 0), customer_with_limit(world, "00004", None)
    review = world.open_review()
    assert {world.review_line(review, each).pack["unlimited"] for each in (zero, unlimited)} == {False, True}
    with pytest.raises(sa.exc.NoResultFound):
        world.review_line(review, lapsed)


def test_it_is_submitted_when_what_was_flagged_is_explained_and_all_is_decided(world: World) -> None:
    everybody(world)
    flagged = customer_with_limit(world, "00001")
    review = world.open_review()
    with pytest.raises(RuleBroken, match="review_unexplained"):
        world.submit_review(review)
    world.explain_line(review, flagged)
    with pytest.raises(RuleBroken, match="review_undecided"):
        world.submit_review(review)
    world.decide_line(review, flagged, "keep")
    world.submit_review(review)
    assert world.review(review).state == "submitted"
    with pytest.raises(Conflict, match="review_not_open"):
        world.decide_line(review, flagged, "cut", limit="1")


def test_the_signature_grants_all_new_limits_for_half_a_year(world: World) -> None:
    people = everybody(world)
    keep, cut, rise, freeze = (customer_with_limit(world, f"0000{at}", end=date(2026, 12, 31)) for at in range(1, 5))
    review = world.open_review()
    for each in (keep, cut, rise, freeze):
        world.explain_line(review, each)
    world.decide_lines(review, [keep], "keep")
    world.decide_line(review, cut, "cut", limit="400", term_days=15)
    world.decide_lines(review, [rise], "raise", 25)
    world.decide_line(review, freeze, "freeze")
    approval = world.submit_review(review)
    with pytest.raises(Exception, match="approval_not_yours"):
        decide_as(world, people["finance_director"], approval)
    assert decide_as(world, people["general_manager"], approval) == "approved"
    half_a_year = date(2027, 6, 1)
    assert limits(world, keep)[-1] == (1_000_00, 30, REVIEW_DAY, half_a_year, "review")
    assert limits(world, keep)[0][3] == date(2026, 11, 30), "the limit before ends on the day before"
    assert limits(world, cut)[-1][:2] == (400_00, 15)
    assert limits(world, rise)[-1][:2] == (1_250_00, 30)
    assert limits(world, freeze) == [(1_000_00, 30, date(2026, 1, 1), date(2026, 12, 31), "change")]
    assert stopped(world) == [(freeze, "review")]
    outcomes = [world.review_line(review, each).outcome for each in (keep, cut, rise, freeze)]
    assert outcomes == ["granted", "granted", "granted", "stopped"]
    assert world.review(review).state == "signed"


def test_a_review_that_is_not_signed_is_open_again_and_nothing_changed(world: World) -> None:
    people = everybody(world)
    customer = customer_with_limit(world, "00001")
    review = world.open_review()
    world.explain_line(review, customer)
    world.decide_line(review, customer, "cut", limit="0")
    decide_as(world, people["general_manager"], world.submit_review(review), approve=False)
    assert (world.review(review).state, len(limits(world, customer))) == ("open", 1)
    world.decide_line(review, customer, "keep")
    assert decide_as(world, people["general_manager"], world.submit_review(review)) == "approved"


def test_a_limit_that_was_cut_meanwhile_is_not_raised_back_by_the_signature(world: World) -> None:
    people = everybody(world)
    customer = customer_with_limit(world, "00001")
    review = world.open_review()
    world.explain_line(review, customer)
    world.decide_line(review, customer, "keep")
    approval = world.submit_review(review)
    signal = world.note_signal(customer)
    world.decide_signal(signal, "cut", people["general_manager"], limit="100")
    decide_as(world, people["general_manager"], approval)
    assert limits(world, customer)[-1][0] == 100_00
    assert world.review_line(review, customer).outcome == "changed"


def test_a_limit_is_not_renewed_for_a_file_with_gaps_but_it_may_be_cut(world: World) -> None:
    people = everybody(world)
    kept, cut, zero = (world.customer(f"0000{at}") for at in (1, 2, 3))
    for each in (kept, cut):
        world.limit(each, 1_000_00)
    world.limit(zero, 0)
    review = world.open_review()
    for each in (kept, cut):
        world.explain_line(review, each)
    world.decide_lines(review, [kept, zero], "keep")
    world.decide_line(review, cut, "cut", limit="900")
    decide_as(world, people["general_manager"], world.submit_review(review))
    outcomes = [world.review_line(review, each).outcome for each in (kept, cut, zero)]
    assert outcomes == ["file_gaps", "granted", "granted"]
    assert [each[4] for each in limits(world, kept)] == ["change"]


@pytest.mark.parametrize(
    ("decision", "values", "code"),
    [
        ("cut", {"limit": "1000"}, "review_not_lower"),
        ("cut", {"limit": "999", "term_days": 31}, "review_not_lower"),
        ("raise", {"limit": "1000"}, "review_not_higher"),
        ("raise", {"limit": "2000", "term_days": 29}, "review_not_higher"),
        ("cut", {}, "review_limit_needed"),
        ("cut", {"limit": "a few"}, "amount_unreadable"),
    ],
)
def test_a_decision_means_what_it_says(world: World, decision: str, values: dict[str, Any], code: str) -> None:
    customer = customer_with_limit(world, "00001", term_days=30)
    review = world.open_review()
    with pytest.raises(RuleBroken, match=code):
        world.decide_line(review, customer, decision, **values)
    assert world.review_line(review, customer).decision is None


def test_two_reviews_never_run_at_once_and_one_day_has_one(world: World) -> None:
    people = everybody(world)
    customer = customer_with_limit(world, "00001")
    review = world.open_review()
    with pytest.raises(Conflict, match="review_running"):
        world.on(date(2026, 12, 5)).open_review()
    world.explain_line(review, customer)
    world.decide_line(review, customer, "keep")
    decide_as(world, people["general_manager"], world.submit_review(review))
    with pytest.raises(Conflict, match="review_of_day"):
        world.open_review()
    assert world.on(date(2026, 12, 2)).open_review()


def test_the_clock_opens_it_on_the_first_working_day_of_june_and_december(world: World) -> None:
    customer_with_limit(world, "00001", start=date(2025, 1, 1))

    def opens(on: date) -> bool:
        with world.transaction() as db:
            found = open_due_review(db, world.actor(on)) is not None
            db.rollback()
            return found

    days = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 20), date(2026, 7, 30), date(2026, 11, 30)]
    assert [opens(day) for day in days] == [False, True, True, False, False]
    assert (opens(date(2025, 6, 1)), opens(date(2025, 6, 2)), opens(date(2025, 6, 3))) == (False, False, True)
    with world.transaction() as db:
        assert open_due_review(db, world.actor(REVIEW_DAY)) is not None
    with world.transaction() as db:
        assert open_due_review(db, world.actor(date(2026, 12, 2))) is None
    assert reviews(world) == 1


def test_a_company_without_limits_has_nothing_to_review(world: World) -> None:
    with pytest.raises(RuleBroken, match="review_nothing"):
        world.open_review()
    with world.transaction() as db:
        assert open_due_review(db, world.actor(REVIEW_DAY)) is None
    assert reviews(world) == 0
