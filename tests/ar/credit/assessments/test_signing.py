"""An assessment on its way: drafted, signed by four with figures of their own, in force, superseded, returned."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from ar.credit.assessments.drafting import discard_assessment
from ar.credit.assessments.inputs import ReturnAssessment
from ar.credit.assessments.signing import return_assessment, submit_assessment
from kernel.errors import Conflict, Forbidden, RuleBroken
from tests.support.approvals import decide_as, open_step, person
from tests.support.world import World


@pytest.fixture
def customer(world: World) -> UUID:
    customer_id = world.customer()
    world.complete_file(customer_id)
    return customer_id


def state(world: World, assessment_id: UUID) -> str:
    return str(world.assessment(assessment_id).state)


def test_four_write_limit_and_term_and_the_general_managers_figures_win(world: World, customer: UUID) -> None:
    assessment = world.approved_assessment(customer, "A", figures=[("45", 30), ("30", 60), ("40", 45)])
    assert world.opinions(assessment) == [
        (1, "author", 500_000_00, 30),
        (1, "sales_manager", 450_000_00, 30),
        (1, "finance", 300_000_00, 60),
        (1, "general_manager", 400_000_00, 45),
    ]
    row = world.assessment(assessment)
    assert (row.state, row.limit_minor, row.term_days, row.score, row.grade) == (
        "approved",
        400_000_00,
        45,
        100,
        "A",
    )
    assert row.valid_through_on == date(2027, 5, 20), "half a year from 20 November 2026"
    limit = world.credit_account(customer).limit
    assert (limit.regular_minor, limit.term_days, limit.grade) == (400_000_00, 45, "A")
    last_day = world.credit_account(customer, row.valid_through_on)
    assert last_day.limit.regular_minor == 400_000_00
    assert world.credit_account(customer, row.valid_through_on + timedelta(days=1)).limit.is_absent


def test_nobody_has_credit_before_the_last_sign_off(world: World, customer: UUID) -> None:
    assessment = world.submitted_assessment(customer)
    for role in ("sales_manager", "finance"):
        world.sign_assessment(assessment, person(world, role))
        assert world.credit_account(customer).limit.is_absent
    world.sign_assessment(assessment, person(world, "general_manager"))
    assert not world.credit_account(customer).limit.is_absent


def test_one_person_of_two_roles_signs_one_step_and_the_other_waits_for_a_figure_of_its_own(
    world: World, customer: UUID
) -> None:
    both = person(world, "sales_manager", "general_manager")
    assessment = world.submitted_assessment(customer)
    approval = world.assessment(assessment).approval_id
    world.sign_assessment(assessment, both, "20", 30)
    assert open_step(world, approval) == ("pending", "finance", 1), "step 4 is not signed along"
    with pytest.raises(Forbidden):
        world.sign_assessment(assessment, both, "20", 30)
    world.sign_assessment(assessment, person(world, "finance"), "20", 30)
    with pytest.raises(Forbidden, match="approval_once"):
        world.sign_assessment(assessment, both, "20", 30)
    assert len(world.opinions(assessment)) == 3, "a refused sign-off leaves nothing"
    world.sign_assessment(assessment, person(world, "general_manager"), "10", 15)
    assert world.credit_account(customer).limit.regular_minor == 100_000_00


def test_nobody_signs_their_own_assessment(world: World, customer: UUID) -> None:
    author = person(world, "salesperson", "sales_manager", today=world.today)
    assessment = world.submitted_assessment(customer, author=author, limit="0.000001", term_days=0)
    with pytest.raises(Forbidden, match="approval_own"):
        world.sign_assessment(assessment, author)


def test_the_page_of_approvals_signs_nothing_without_figures(world: World, customer: UUID) -> None:
    assessment = world.submitted_assessment(customer)
    approval, manager = world.assessment(assessment).approval_id, person(world, "sales_manager", today=world.today)
    with pytest.raises(RuleBroken, match="assessment_figures_needed"):
        decide_as(world, manager, approval)
    world.sign_assessment(assessment, manager)
    with pytest.raises(RuleBroken, match="assessment_figures_needed"):
        decide_as(world, person(world, "finance", today=world.today), approval)


def test_a_step_that_was_signed_meanwhile_is_not_signed_twice(world: World, customer: UUID) -> None:
    assessment = world.submitted_assessment(customer)
    world.sign_assessment(assessment, person(world, "sales_manager"))
    with pytest.raises(Conflict, match="approval_moved_on"):
        world.sign_assessment(assessment, person(world, "sales_manager"), step=0)


@pytest.mark.parametrize(
    ("grade", "limit", "term_days", "code"),
    [
        ("A", "50", 61, "assessment_term_cap"),
        ("B", "50", 31, "assessment_term_cap"),
        ("C", "0.01", 0, "assessment_no_credit"),
        ("D", "0", 1, "assessment_no_credit"),
    ],
)
def test_above_the_cap_of_the_grade_is_refused_at_every_step(
    world: World, customer: UUID, grade: str, limit: str, term_days: int, code: str
) -> None:
    with pytest.raises(RuleBroken, match=code):
        world.submitted_assessment(customer, grade, limit=limit, term_days=term_days)
    submitted = world.submitted_assessment(world.customer("00003"), grade)
    with pytest.raises(RuleBroken, match=code):
        world.sign_assessment(submitted, person(world, "sales_manager"), limit, term_days)


def test_an_incomplete_file_refuses_the_last_sign_off_above_zero(world: World) -> None:
    customer = world.customer()
    assessment = world.submitted_assessment(customer)
    world.sign_assessment(assessment, person(world, "sales_manager"))
    world.sign_assessment(assessment, person(world, "finance"))
    chief = person(world, "general_manager")
    with pytest.raises(RuleBroken, match="limit_file_gaps"):
        world.sign_assessment(assessment, chief)
    assert state(world, assessment) == "submitted"
    world.sign_assessment(assessment, chief, "0", 0)
    assert world.credit_account(customer).limit.regular_minor == 0


def test_a_returned_one_goes_back_to_its_author_with_the_reason_and_is_signed_by_all_again(
    world: World, customer: UUID
) -> None:
    author = person(world, "salesperson", today=world.today)
    assessment = world.submitted_assessment(customer, author=author)
    world.sign_assessment(assessment, person(world, "sales_manager"))
    with world.transaction() as db:
        finance = person(world, "finance", today=world.today)
        return_assessment(db, finance, assessment, ReturnAssessment(reason="附件不全", step=1))
    row = world.assessment(assessment)
    assert (row.state, row.reason) == ("rejected", "附件不全")
    with world.transaction() as db:
        submit_assessment(db, author, assessment, world.written("B", limit="30"))
    assert open_step(world, world.assessment(assessment).approval_id) == ("pending", "sales_manager", 0)
    for role in ("sales_manager", "finance", "general_manager"):
        world.sign_assessment(assessment, person(world, role), "30", 30)
    assert [(turn, role) for turn, role, _limit, _term in world.opinions(assessment)] == [
        (1, "author"),
        (1, "sales_manager"),
        (2, "author"),
        (2, "sales_manager"),
        (2, "finance"),
        (2, "general_manager"),
    ]
    assert (state(world, assessment), world.credit_account(customer).limit.grade) == ("approved", "B")


def test_a_new_assessment_supersedes_the_old_one_which_stays(world: World, customer: UUID) -> None:
    first = world.approved_assessment(customer, "A")
    later = world.on(world.today + timedelta(days=30))
    second = later.approved_assessment(customer, "C")
    assert (state(world, first), state(world, second)) == ("superseded", "approved")
    assert world.assessment(second).supersedes_id == first
    assert world.assessment(first).limit_minor == 500_000_00
    assert world.credit_account(customer).limit.regular_minor == 500_000_00
    assert later.credit_account(customer).limit.regular_minor == 0


def test_what_was_submitted_is_not_edited_and_one_is_open_at_a_time(world: World, customer: UUID) -> None:
    assessment = world.submitted_assessment(customer)
    with pytest.raises(RuleBroken, match="assessment_not_draft"):
        world.save_assessment(assessment, note="anders")
    with pytest.raises(RuleBroken, match="assessment_open"):
        world.draft_assessment(customer)


def test_an_incomplete_one_is_not_submitted_and_says_what_is_missing(world: World, customer: UUID) -> None:
    author = person(world, "salesperson", today=world.today)
    with pytest.raises(RuleBroken, match="assessment_incomplete"):
        world.submitted_assessment(customer, author=author, points=[None] + [8] * 11)
    draft = world.draft_assessment(world.customer("00009"), author)
    with pytest.raises(RuleBroken, match="assessment_no_opinion"), world.transaction() as db:
        submit_assessment(db, author, draft, world.written(limit=""))
    with world.transaction() as db:
        discard_assessment(db, author, draft)
    assert state(world, draft) == "withdrawn"
    world.draft_assessment(world.customer_id("00009"))


def test_a_score_out_of_its_band_is_refused_by_the_name_of_its_item(world: World, customer: UUID) -> None:
    draft = world.draft_assessment(customer)
    with pytest.raises(RuleBroken, match="score_band") as refused:
        world.save_assessment(draft, points=[8, 5] + [8] * 10)
    assert "item" in refused.value.params


def test_the_half_year_and_the_suggestion_come_from_the_ledger(world: World, customer: UUID) -> None:
    for month in range(5, 11):
        world.invoice(customer, number=f"S-{month}", on=date(2026, month, 10), minor=120_000_00)
    world.invoice(customer, number="S-11", on=date(2026, 11, 3), minor=999_000_00)
    world.credit_note(customer, number="CN-1", on=date(2026, 9, 12), minor=60_000_00)
    draft = world.draft_assessment(customer)
    row = world.assessment(draft)
    months = [each["sales_minor"] for each in row.trading["months"]]
    assert months == [120_000_00] * 4 + [60_000_00] + [120_000_00]
    world.save_assessment(draft, points=(8,) * 12, term_days=60)
    assert world.assessment(draft).suggestion["suggested_minor"] == 220_000_00
