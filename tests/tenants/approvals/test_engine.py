"""The engine on PostgreSQL: who decides what, in which order, once; and that an effect is all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, HuikuanError, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import JournalEvent
from kernel.storage import store
from tenants.approvals import kinds
from tenants.approvals.engine import Evidence, decide, withdraw
from tenants.approvals.holders import deciders, people_of
from tenants.approvals.inputs import NewSubstitute
from tenants.approvals.models import Approval, ApprovalDecision
from tenants.approvals.queries import approval_page, inbox
from tenants.approvals.substitutes import revoke_substitute, set_substitute
from tenants.people.commands import change_roles, remove_person
from tenants.people.inputs import ChangeRoles
from tenants.permissions import Role
from tests.support.approvals import PROBE, approve_all, ask_probe, decide_as, on, open_step, person
from tests.support.companies import TestCompany

FRIDAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _probe() -> Iterator[None]:
    with kinds.installed_for_test(PROBE):
        yield


def _done(company: TestCompany) -> list[str]:
    """What the effect left behind."""
    e = JournalEvent
    with company.reading() as db:
        found = sa.select(e.data).where(e.tenant_id == company.tenant_id, e.kind == "probe_done").order_by(e.id)
        return [data["state"] for data in db.execute(found).scalars()]


def _events(company: TestCompany) -> list[str]:
    e = JournalEvent
    with company.reading() as db:
        found = sa.select(e.kind).where(e.tenant_id == company.tenant_id, e.kind.startswith("approval")).order_by(e.id)
        return list(db.execute(found).scalars())


def _decisions(company: TestCompany) -> list[tuple[int, str, str, str | None, str]]:
    d = ApprovalDecision
    with company.reading() as db:
        found = sa.select(d.step, d.role, d.decided_by, d.on_behalf_of, d.reason).where(
            d.tenant_id == company.tenant_id
        )
        return [tuple(row) for row in db.execute(found.order_by(d.step))]


def _stand_in(company: TestCompany, actor: Actor, substitute: Actor, from_on: date, to_on: date) -> UUID:
    assert substitute.user_id is not None
    data = NewSubstitute(substitute_id=substitute.user_id, from_on=from_on, to_on=to_on, key=new_id().hex)
    with company.transaction() as db:
        return set_substitute(db, actor, data)


def test_a_small_amount_takes_one_step_and_the_effect_comes_with_it(company: TestCompany) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director", name="陈总监")
    approval = ask_probe(company, asker, 999_99)
    assert _done(company) == []
    assert decide_as(company, director, approval, reason="凭证齐全") == "approved"
    assert _done(company) == ["approved"]
    assert _decisions(company) == [(0, "finance_director", "陈总监", None, "凭证齐全")]
    assert _events(company) == ["approval_requested", "approval_step_approved", "approval_decided"]


def test_at_the_threshold_the_second_role_decides_too_and_only_then_it_is_done(company: TestCompany) -> None:
    asker = person(company, "accountant")
    director, manager = person(company, "finance_director"), person(company, "general_manager")
    approval = ask_probe(company, asker, 1_000_00)
    with pytest.raises(Forbidden, match="approval_not_yours"):
        decide_as(company, manager, approval)
    assert decide_as(company, director, approval) == "pending"
    assert (open_step(company, approval), _done(company)) == (("pending", "general_manager", 1), [])
    assert decide_as(company, manager, approval) == "approved"
    assert (open_step(company, approval), _done(company)) == (("approved", None, 2), ["approved"])


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ({"amount_minor": 1_00, "currency": "USD"}, 2),
        ({"amount_minor": 1_00, "currency": "USD", "compare_minor": 7_20}, 1),
        ({"amount_minor": 200_00, "currency": "USD", "compare_minor": 1_440_00}, 2),
        ({"amount_minor": None}, 2),
    ],
)
def test_thresholds_are_in_the_companys_currency(company: TestCompany, values: dict[str, object], steps: int) -> None:
    asker = person(company, "accountant")
    person(company, "general_manager")
    approval = ask_probe(company, asker, values.pop("amount_minor"), **values)  # type: ignore[arg-type]
    assert len(approve_all(company, approval)) == steps


def test_numbers_run_without_gaps(company: TestCompany) -> None:
    asker = person(company, "accountant", today=FRIDAY)
    person(company, "finance_director")
    made = [ask_probe(company, asker) for _ in range(2)]
    with pytest.raises(RuleBroken, match="approval_nobody"):
        ask_probe(company, asker, 1_000_00)
    made.append(ask_probe(company, asker))
    with company.reading() as db:
        numbers = [approval_page(db, asker, one).approval.number for one in made]
    assert numbers == ["APR-2026-000001", "APR-2026-000002", "APR-2026-000003"]


def test_one_request_at_a_time_for_a_subject(company: TestCompany) -> None:
    asker, subject = person(company, "accountant"), new_id()
    person(company, "finance_director")
    first = ask_probe(company, asker, subject_id=subject)
    with pytest.raises(RuleBroken, match="approval_pending"):
        ask_probe(company, asker, subject_id=subject)
    decide_as(company, person(company, "finance_director"), first, approve=False)
    assert ask_probe(company, asker, subject_id=subject) != first


def test_nobody_decides_on_their_own_request_whatever_their_roles(company: TestCompany) -> None:
    asker = person(company, "finance_director", "general_manager")
    approval = ask_probe(company, asker)
    with pytest.raises(Forbidden, match="approval_own"):
        decide_as(company, asker, approval)
    assert open_step(company, approval)[0] == "pending"


def test_one_person_decides_one_step_only(company: TestCompany) -> None:
    asker, both = person(company, "accountant"), person(company, "finance_director", "general_manager")
    with company.transaction() as db:
        remove_person(db, person(company, "admin"), company.owner_id)
    with pytest.raises(RuleBroken, match="approval_nobody") as refused:
        ask_probe(company, asker, 1_000_00)
    assert refused.value.params == {"role": "General manager"}
    person(company, "general_manager")
    approval = ask_probe(company, asker, 1_000_00)
    assert decide_as(company, both, approval) == "pending"
    with pytest.raises(Forbidden, match="approval_once"):
        decide_as(company, both, approval, approve=False)


def test_rejecting_needs_a_reason_and_ends_it_at_any_step(company: TestCompany) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director")
    manager = person(company, "general_manager")
    approval = ask_probe(company, asker, 1_000_00)
    decide_as(company, director, approval)
    with pytest.raises(RuleBroken, match="approval_reason_needed"):
        decide_as(company, manager, approval, approve=False, reason="  ")
    assert decide_as(company, manager, approval, approve=False, reason="依据不足") == "rejected"
    assert _done(company) == ["rejected"]
    with pytest.raises(Conflict, match="approval_closed"):
        decide_as(company, person(company, "general_manager"), approval)


def test_the_same_word_sent_twice_is_one_decision(company: TestCompany) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director")
    person(company, "general_manager")
    approval = ask_probe(company, asker, 1_000_00)
    for _ in range(2):
        with company.transaction() as db:
            assert decide(db, director, approval, approve=True, step=0) == "pending"
    assert len(_decisions(company)) == 1
    with pytest.raises(Conflict, match="approval_moved_on"), company.transaction() as db:
        decide(db, person(company, "finance_director"), approval, approve=True, step=0)


def test_an_effect_that_refuses_takes_everything_back(company: TestCompany) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director")
    approval = ask_probe(company, asker, facts={"refuse": True})
    with pytest.raises(RuleBroken, match="person_removed"):
        decide_as(company, director, approval)
    assert (open_step(company, approval), _decisions(company), _done(company)) == (
        ("pending", "finance_director", 0),
        [],
        [],
    )


@pytest.mark.parametrize(
    ("day", "may"),
    [
        (FRIDAY - timedelta(days=1), False),
        (FRIDAY, True),
        (FRIDAY + timedelta(days=3), True),
        (FRIDAY + timedelta(days=4), False),
    ],
)
def test_a_substitute_decides_from_the_first_day_to_the_last(company: TestCompany, day: date, may: bool) -> None:
    before = FRIDAY - timedelta(days=5)
    asker, director = person(company, "accountant"), person(company, "finance_director", name="陈总监", today=before)
    deputy = person(company, "legal", name="周代")
    approval = ask_probe(company, asker)
    _stand_in(company, director, deputy, FRIDAY, FRIDAY + timedelta(days=3))
    acting = on(deputy, company, day)
    with company.reading() as db:
        assert inbox(db, acting, tab="mine").total == int(may)
        assert approval_page(db, acting, approval).on_behalf_of == ("陈总监" if may else None)
    if not may:
        with pytest.raises(Forbidden, match="approval_not_yours"):
            decide_as(company, acting, approval)
        return
    decide_as(company, acting, approval, reason="代签")
    assert _decisions(company) == [(0, "finance_director", "周代", "陈总监", "代签")]


def test_a_revoked_substitute_decides_no_more(company: TestCompany) -> None:
    asker, director, deputy = (person(company, role) for role in ("accountant", "finance_director", "legal"))
    row = _stand_in(company, director, deputy, director.today, director.today)
    approval = ask_probe(company, asker)
    with pytest.raises(Forbidden, match="approval_substitute_not_yours"), company.transaction() as db:
        revoke_substitute(db, asker, row)
    for _ in range(2):
        with company.transaction() as db:
            revoke_substitute(db, person(company, "admin"), row)
    with pytest.raises(Forbidden, match="approval_not_yours"):
        decide_as(company, deputy, approval)
    assert _events(company).count("approval_substitute_revoked") == 1


def test_a_substitute_decides_neither_on_their_own_request_nor_on_that_of_whom_they_stand_in_for(
    company: TestCompany,
) -> None:
    director, deputy = person(company, "finance_director"), person(company, "accountant")
    _stand_in(company, director, deputy, director.today, director.today)
    own, theirs = ask_probe(company, deputy), ask_probe(company, director)
    with pytest.raises(Forbidden, match="approval_own"):
        decide_as(company, deputy, own)
    with pytest.raises(Forbidden, match="approval_not_yours"):
        decide_as(company, deputy, theirs)


def test_whoever_was_stood_in_for_has_had_their_word(company: TestCompany) -> None:
    asker, both = person(company, "accountant"), person(company, "finance_director", "general_manager")
    deputy = person(company, "legal")
    person(company, "general_manager")
    _stand_in(company, both, deputy, both.today, both.today)
    approval = ask_probe(company, asker, 1_000_00)
    decide_as(company, deputy, approval)
    with pytest.raises(Forbidden, match="approval_once"):
        decide_as(company, both, approval)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [(2, 1, "approval_substitute_days"), (-3, -1, "approval_substitute_past")],
)
def test_days_of_a_substitute_that_cannot_be_are_refused(
    company: TestCompany, first: int, last: int, code: str
) -> None:
    director, deputy = person(company, "finance_director", today=FRIDAY), person(company, "legal")
    with pytest.raises(RuleBroken, match=code):
        _stand_in(company, director, deputy, FRIDAY + timedelta(days=first), FRIDAY + timedelta(days=last))


def test_who_cannot_be_a_substitute(company: TestCompany, other_company: TestCompany) -> None:
    director = person(company, "finance_director", today=FRIDAY)
    for other, code in (
        (director, "approval_substitute_self"),
        (person(company, "driver"), "approval_substitute_cannot"),
        (person(other_company, "legal"), "person_not_found"),
    ):
        with pytest.raises(HuikuanError, match=code):
            _stand_in(company, director, other, FRIDAY, FRIDAY)


def test_withdrawing_is_for_the_requester_or_the_accountants_with_a_reason(company: TestCompany) -> None:
    asker, other = person(company, "sales_manager"), person(company, "salesperson")
    person(company, "finance_director")
    approval = ask_probe(company, asker)
    with pytest.raises(Forbidden, match="approval_not_yours_to_withdraw"), company.transaction() as db:
        withdraw(db, other, approval, "不要了")
    with pytest.raises(RuleBroken, match="approval_reason_needed"), company.transaction() as db:
        withdraw(db, asker, approval, " ")
    with company.transaction() as db:
        withdraw(db, asker, approval, "客户改主意了")
    assert (open_step(company, approval), _done(company)) == (("withdrawn", None, 0), ["withdrawn"])
    with pytest.raises(Conflict, match="approval_closed"), company.transaction() as db:
        withdraw(db, asker, approval, "再来")
    second = ask_probe(company, asker)
    with company.transaction() as db:
        withdraw(db, person(company, "accountant"), second, "重复申请")
    assert open_step(company, second)[0] == "withdrawn"


def test_when_the_last_holder_leaves_the_inbox_says_that_nobody_can_decide(company: TestCompany) -> None:
    asker, manager = person(company, "accountant"), person(company, "general_manager")
    admin = person(company, "admin")
    approval = ask_probe(company, asker, 1_000_00)
    decide_as(company, person(company, "finance_director"), approval)
    assert manager.user_id is not None
    with company.transaction() as db:
        change_roles(db, admin, manager.user_id, ChangeRoles(roles=[Role.LEGAL]))
    with pytest.raises(Forbidden, match="approval_not_yours"):
        decide_as(company, manager, approval)
    with company.reading() as db:
        page = inbox(db, admin, tab="stuck")
    assert (page.stuck, [row.stuck for row in page.rows]) == (1, [True])
    decide_as(company, person(company, "general_manager"), approval)
    assert open_step(company, approval)[0] == "approved"


def test_of_two_who_decide_at_once_one_is_told(company: TestCompany) -> None:
    asker = person(company, "accountant")
    directors = [person(company, "finance_director") for _ in range(2)]
    for _ in range(5):
        approval, said = ask_probe(company, asker), list[str]()
        start = threading.Barrier(2)

        def run(actor: Actor, wanted: UUID = approval, out: list[str] = said, gate: threading.Barrier = start) -> None:
            gate.wait()
            try:
                with company.transaction() as db:
                    out.append(decide(db, actor, wanted, approve=True, step=0))
            except Conflict as error:
                out.append(error.code)

        threads = [threading.Thread(target=run, args=(actor,)) for actor in directors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["approval_closed", "approved"]
    assert _done(company) == ["approved"] * 5


def test_of_two_who_ask_at_once_for_one_subject_one_is_told(company: TestCompany) -> None:
    askers, subject, said = [person(company, "accountant") for _ in range(2)], new_id(), list[str]()
    person(company, "finance_director")
    start = threading.Barrier(2)

    def run(actor: Actor) -> None:
        start.wait()
        try:
            ask_probe(company, actor, subject_id=subject)
            said.append("asked")
        except RuleBroken as error:
            said.append(error.code)

    threads = [threading.Thread(target=run, args=(actor,)) for actor in askers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["approval_pending", "asked"]


def test_what_was_decided_or_closed_is_never_changed(company: TestCompany) -> None:
    approval = ask_probe(company, person(company, "accountant"))
    decide_as(company, person(company, "finance_director"), approval)
    for statement in (
        "UPDATE approval_decision SET reason = 'x' WHERE tenant_id = :tenant",
        "UPDATE approval SET state = 'rejected' WHERE tenant_id = :tenant",
        "UPDATE approval SET amount_minor = 1 WHERE tenant_id = :tenant",
        "DELETE FROM approval WHERE tenant_id = :tenant",
    ):
        with pytest.raises((DBAPIError, IntegrityError)), company.transaction() as db:
            db.execute(sa.text(statement), {"tenant": company.tenant_id})


def test_evidence_must_be_stored_by_the_same_company(company: TestCompany, other_company: TestCompany) -> None:
    asker = person(company, "accountant")
    person(company, "finance_director")
    with other_company.transaction() as db:
        foreign = store(db, other_company.actor(), b"invoice", "application/pdf")
    with pytest.raises(NotFound, match="blob_not_found"):
        ask_probe(company, asker, evidence=(Evidence(foreign, "发票.pdf"),))


def test_another_companys_approval_does_not_exist(company: TestCompany, other_company: TestCompany) -> None:
    approval = ask_probe(company, person(company, "accountant"))
    stranger = person(other_company, "finance_director", "accountant")
    with pytest.raises(NotFound, match="approval_not_found"), other_company.transaction() as db:
        decide(db, stranger, approval, approve=True)
    with pytest.raises(NotFound, match="approval_not_found"), other_company.transaction() as db:
        withdraw(db, stranger, approval, "x")
    with other_company.reading() as db:
        assert inbox(db, stranger, tab="open").total == 0


def test_the_count_of_what_waits_and_the_engine_agree_on_everybody(company: TestCompany) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director")
    manager, both, deputy = (
        person(company, *roles) for roles in (["general_manager"], ["finance_director", "general_manager"], ["legal"])
    )
    _stand_in(company, director, deputy, director.today, director.today)
    _stand_in(company, both, manager, director.today, director.today)
    for who in (asker, director, both, deputy):
        ask_probe(company, who)
        decide_as(company, both if who is not both else director, ask_probe(company, who, 1_000_00))
        ask_probe(company, who, None)
    a = Approval
    with company.reading() as db:
        rows = db.execute(sa.select(a).where(a.tenant_id == company.tenant_id, a.state == "pending")).scalars().all()
        d = ApprovalDecision
        people = people_of(db, company.tenant_id, director.today)
        for who in (asker, director, manager, both, deputy):
            able = set()
            for row in rows:
                used = db.execute(
                    sa.select(d.decided_by_id).where(d.tenant_id == company.tenant_id, d.approval_id == row.id)
                ).scalars()
                if who.user_id in deciders(people, row.waits_for or "", row.requested_by_id, set(used)):
                    able.add(row.id)
            assert {row.id for row in inbox(db, who, tab="mine").rows} == able
            assert able or who in (asker,)
