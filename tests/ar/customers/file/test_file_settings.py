"""What files must hold as data of the company; the questionnaire; reminders (R024, R026)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.customers.file import reminders
from ar.customers.file.models import FileReminder
from ar.customers.file.queries import file_policy
from ar.customers.file.settings import ASKABLE, SetRequirements, requirement_values, set_requirements, settings_versions
from ar.customers.file.survey.commands import answer_questionnaire, questionnaires
from ar.customers.file.survey.inputs import AnswerQuestionnaire
from ar.customers.inputs import HandOver
from ar.customers.lookups import file_gaps
from ar.customers.register.owners import hand_over
from ar.customers.rules.customer_file import DEFAULT_FILE_POLICY
from kernel.errors import RuleBroken
from kernel.mail import MailMessage
from tests.support.approvals import person
from tests.support.world import TODAY, World


def _form(entity_type: str, **changes: Any) -> SetRequirements:
    return SetRequirements.model_validate(requirement_values(DEFAULT_FILE_POLICY, entity_type) | changes)


def _gaps(world: World, customer: UUID, today: date = TODAY) -> list[str]:
    with world.reading() as db:
        return file_gaps(db, world.tenant_id, [customer], today).get(customer, [])


@pytest.mark.parametrize("form", sorted(DEFAULT_FILE_POLICY.requirements))
def test_the_form_says_what_the_preset_says(form: str) -> None:
    assert set(_form(form).requirements()) == set(DEFAULT_FILE_POLICY.requirements_of(form))


def test_a_company_says_anew_what_a_legal_form_owes_and_every_file_follows(world: World) -> None:
    customer = world.customer("1", entity_type="person")
    asked = ["required" if kind == "vat_payer" else "" for kind in ASKABLE]
    with world.transaction() as db:
        assert set_requirements(db, world.actor(), _form("person", asked=asked)) == 1
        assert set_requirements(db, world.actor(), _form("person", asked=asked)) == 1
    assert _gaps(world, customer) == ["missing:vat_payer"]
    with world.reading() as db:
        assert [each.version for each in settings_versions(db, world.tenant_id)] == [1]
        assert file_policy(db, world.tenant_id).requirements_of("company") == DEFAULT_FILE_POLICY.requirements_of(
            "company"
        )


@pytest.mark.parametrize(
    "window", [("05-01", "", ""), ("06-30", "05-01", "01-01"), ("02-30", "05-01", "06-30"), ("x", "y", "z")]
)
def test_a_window_that_is_none_is_refused(window: tuple[str, str, str]) -> None:
    blank = [""] * (len(ASKABLE) - 1)
    with pytest.raises(ValueError, match="three days of the year"):
        _form("company", counts_from=[window[0], *blank], opens=[window[1], *blank], due=[window[2], *blank])


def test_each_answer_of_the_questionnaire_is_a_version_and_the_last_one_counts(world: World) -> None:
    customer = world.customer("1")
    for answers in ({"debts": "无"}, {"debts": "无"}, {"debts": "银行贷款 200 万元", "channels": ""}):
        with world.transaction() as db:
            answer_questionnaire(db, world.actor(), customer, AnswerQuestionnaire(answers=answers))
    with world.reading() as db:
        versions = questionnaires(db, world.tenant_id, customer)
    assert [each.answers for each in versions] == [{"debts": "银行贷款 200 万元"}, {"debts": "无"}]
    with pytest.raises(RuleBroken, match="questionnaire_empty"), world.transaction() as db:
        answer_questionnaire(db, world.actor(), customer, AnswerQuestionnaire(answers={"debts": " "}))


def test_nothing_is_asked_of_the_principals_family_or_habits() -> None:
    with pytest.raises(ValueError, match="no such question"):
        AnswerQuestionnaire(answers={"marital_status": "已婚"})


def test_the_owner_is_reminded_once_per_document_and_deadline(world: World) -> None:
    seller = person(world, "salesperson", name="李雪")
    assert seller.user_id is not None
    owned, nobodys = world.customer("1"), world.customer("2")
    for customer in (owned, nobodys):
        world.complete_file(customer, on=date(2025, 7, 1))
    with world.transaction() as db:
        data = HandOver(customer_ids=[owned], to_id=seller.user_id, changed_on=TODAY, reason="开户")
        hand_over(db, world.actor(), data)
    for day, mails in ((date(2026, 4, 30), 0), (date(2026, 5, 1), 1), (date(2026, 5, 2), 1), (date(2026, 7, 1), 1)):
        with world.transaction() as db:
            reminders.remind(db, world.actor(day), {})
        with world.reading() as db:
            queued = (
                db.execute(
                    sa.select(MailMessage).where(
                        MailMessage.tenant_id == world.tenant_id, MailMessage.purpose == reminders.PURPOSE
                    )
                )
                .scalars()
                .all()
            )
        assert len(queued) == mails, day
    (mail,) = queued
    assert "2026-06-30" in mail.body_text
    assert world.count_rows(FileReminder) == 1
