"""Mails of approvals through real SMTP: whoever is next, their substitutes, and whoever asked."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel.actor import Actor
from kernel.db import transaction
from kernel.ids import new_id
from kernel.mail import MailMessage
from tenants.approvals import kinds
from tenants.approvals.engine import withdraw
from tenants.approvals.inputs import NewSubstitute
from tenants.approvals.substitutes import set_substitute
from tenants.people.commands import remove_person
from tenants.sign_in.commands import set_language
from tests.support.approvals import PROBE, ask_probe, decide_as, person
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain
from tests.support.world import world_of


@pytest.fixture(autouse=True)
def _probe() -> Iterator[None]:
    with kinds.installed_for_test(PROBE):
        yield


def _address(company: TestCompany, actor: Actor) -> str:
    with company.reading() as db:
        return str(db.execute(sa.text("SELECT email FROM app_user WHERE id = :id"), {"id": actor.user_id}).scalar_one())


def _speaks(company: TestCompany, actor: Actor, language: str) -> Actor:
    assert actor.user_id is not None
    with transaction(None) as db:
        set_language(db, actor.user_id, language)
    return actor


def _states(company: TestCompany, approval: UUID) -> list[tuple[str, str, str | None]]:
    m = MailMessage
    with company.reading() as db:
        found = sa.select(m.purpose, m.state, m.reason).where(m.tenant_id == company.tenant_id)
        return sorted(tuple(row) for row in db.execute(found.where(m.subject_id == approval)))


def test_everybody_who_can_decide_is_told_in_their_language_and_the_requester_at_the_end(
    company: TestCompany, post: Post
) -> None:
    customer = world_of(company).customer("00007", "深圳鑫晟电子")
    with transaction(None) as db:
        set_language(db, company.owner_id, "en")
    asker = _speaks(company, person(company, "accountant", name="林晓"), "en")
    director = _speaks(company, person(company, "finance_director", name="Dana"), "en")
    deputy = _speaks(company, person(company, "legal", name="Sub"), "en")
    manager = _speaks(company, person(company, "general_manager"), "zh_CN")
    assert deputy.user_id is not None
    with company.transaction() as db:
        days = {"from_on": director.today, "to_on": director.today}
        set_substitute(db, director, NewSubstitute(substitute_id=deputy.user_id, key=new_id().hex, **days))
    approval = ask_probe(company, asker, 1_234_50, customer_id=customer, reason="重复付款")
    drain(company.tenant_id)
    for who in (director, deputy):
        (mail,) = post.to(_address(company, who))
        assert mail.subject.startswith("To decide: Refund APR-")
        for word in ("1,234.50", "深圳鑫晟电子", "重复付款", f"/approvals/{approval}", "林晓"):
            assert word in mail.text, word
    assert "in place of Dana" in post.to(_address(company, deputy))[0].text
    assert (post.to(_address(company, asker)), post.to(_address(company, manager))) == ([], [])
    decide_as(company, director, approval)
    drain(company.tenant_id)
    assert len(post.to(_address(company, manager))) == 1
    decide_as(company, manager, approval, reason="同意退款")
    drain(company.tenant_id)
    (end,) = post.to(_address(company, asker))
    assert end.subject.startswith("Approved: Refund APR-")
    assert "同意退款" in end.text


def test_what_need_not_be_decided_any_more_is_not_sent(company: TestCompany, post: Post) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director")
    leaver = person(company, "finance_director")
    first, second = ask_probe(company, asker), ask_probe(company, asker)
    assert leaver.user_id is not None
    with company.transaction() as db:
        withdraw(db, asker, first, "不需要了")
        remove_person(db, person(company, "admin"), leaver.user_id)
    drain(company.tenant_id)
    assert {state for _purpose, state, _why in _states(company, first)} == {"suppressed"}
    assert ("approval_request", "suppressed", "approval_not_theirs") in _states(company, second)
    assert len(post.to(_address(company, director))) == 1
    assert post.to(_address(company, leaver)) == []


def test_whoever_withdraws_their_own_request_is_not_told_but_of_anothers_withdrawal(
    company: TestCompany, post: Post
) -> None:
    asker, other = person(company, "accountant"), person(company, "accountant")
    person(company, "finance_director")
    first, second = ask_probe(company, asker), ask_probe(company, asker)
    with company.transaction() as db:
        withdraw(db, asker, first, "不需要了")
        withdraw(db, other, second, "重复")
    drain(company.tenant_id)
    (mail,) = post.to(_address(company, asker))
    assert "重复" in mail.text
