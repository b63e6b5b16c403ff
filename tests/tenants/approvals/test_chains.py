"""Who may decide and what an amount requires: the pure rules as tables, and chains a company sets for itself."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from kernel.errors import Conflict, RuleBroken
from kernel.journal import JournalEvent
from tenants.approvals import kinds
from tenants.approvals.chains import Chain, chain_of, change_chain, required_steps
from tenants.approvals.holders import People, deciders, missing_role
from tenants.approvals.kinds import ChainStep, Kind, chain_fault
from tenants.recipients import Person
from tests.support.approvals import PROBE, approve_all, ask_probe, everybody, open_step, person
from tests.support.companies import TestCompany

CHAIN = (ChainStep("finance", 0), ChainStep("finance_director", 50_000_00), ChainStep("general_manager", 200_000_00))
ANN, BEN, CAI, DAN = (UUID(int=n) for n in range(1, 5))


@pytest.fixture(autouse=True)
def _probe() -> Iterator[None]:
    with kinds.installed_for_test(PROBE):
        yield


@pytest.mark.parametrize(
    ("minor", "roles"),
    [
        (0, ["finance"]),
        (49_999_99, ["finance"]),
        (50_000_00, ["finance", "finance_director"]),
        (199_999_99, ["finance", "finance_director"]),
        (200_000_00, ["finance", "finance_director", "general_manager"]),
        (-200_000_00, ["finance", "finance_director", "general_manager"]),
        (None, ["finance", "finance_director", "general_manager"]),
    ],
)
def test_an_amount_at_the_threshold_needs_the_step(minor: int | None, roles: list[str]) -> None:
    assert [step.role for step in required_steps(CHAIN, minor)] == roles


@pytest.mark.parametrize(
    ("chain", "fault"),
    [
        ((), "approval_chain_gap"),
        ((ChainStep("general_manager", 1),), "approval_chain_gap"),
        ((ChainStep("finance"), ChainStep("general_manager", -1)), "approval_chain_bad"),
        ((ChainStep("finance"),) * 7, "approval_chain_bad"),
        ((ChainStep("driver"),), "approval_chain_role"),
        ((ChainStep("emperor"),), "approval_chain_role"),
        ((ChainStep("general_manager", 5), ChainStep("finance")), None),
    ],
)
def test_a_chain_decides_on_every_amount_by_roles_that_can_read(
    chain: tuple[ChainStep, ...], fault: str | None
) -> None:
    assert chain_fault(chain) == fault
    if fault:
        with pytest.raises(ValueError, match=fault):
            Kind("x", "X", chain, approve=PROBE.approve)


def _people(stand_ins: list[tuple[UUID, UUID]], **roles: set[str]) -> People:
    ids = {"ann": ANN, "ben": BEN, "cai": CAI, "dan": DAN}
    members = {ids[n]: Person(ids[n], n, f"{n}@x.example", "en", frozenset(r)) for n, r in roles.items()}
    return People(members, stand_ins)


def test_a_step_is_held_by_its_role_and_by_substitutes_but_never_by_or_for_the_requester() -> None:
    people = _people([(ANN, BEN), (CAI, DAN)], ann={"gm"}, ben=set(), cai={"gm"}, dan=set())
    assert deciders(people, "gm", None, ()) == {ANN: None, CAI: None, BEN: ANN, DAN: CAI}
    assert deciders(people, "gm", ANN, ()) == {CAI: None, DAN: CAI}
    assert deciders(people, "gm", BEN, ()) == {ANN: None, CAI: None, DAN: CAI}
    assert deciders(people, "gm", None, {DAN, CAI}) == {ANN: None, BEN: ANN}


def test_somebody_who_holds_the_role_decides_in_their_own_right_and_a_substitute_of_a_substitute_does_not() -> None:
    people = _people([(ANN, BEN), (BEN, CAI)], ann={"gm"}, ben={"gm"}, cai=set())
    assert deciders(people, "gm", None, ()) == {ANN: None, BEN: None, CAI: BEN}
    people = _people([(ANN, BEN), (BEN, CAI)], ann={"gm"}, ben=set(), cai=set())
    assert deciders(people, "gm", None, ()) == {ANN: None, BEN: ANN}


@pytest.mark.parametrize(
    ("roles", "chain", "missing"),
    [
        ({"ann": {"fd"}, "ben": {"gm"}}, ["fd", "gm"], None),
        ({"ann": {"fd", "gm"}}, ["fd", "gm"], "gm"),
        ({"ann": {"fd", "gm"}, "ben": {"fd"}}, ["fd", "gm"], None),
        ({"ann": {"fd", "gm"}, "ben": {"gm"}, "cai": {"fd", "gm"}}, ["fd", "gm", "gm"], None),
        ({"dan": {"fd"}}, ["fd"], "fd"),
        ({}, ["fd"], "fd"),
    ],
)
def test_each_step_needs_a_person_of_its_own(roles: dict[str, set[str]], chain: list[str], missing: str | None) -> None:
    assert missing_role(_people([], **roles), chain, DAN) == missing


def test_a_company_sets_its_own_chain_and_what_is_open_goes_on_with_the_old_one(company: TestCompany) -> None:
    everybody(company, ("finance", "finance_director"))
    asker, setter = person(company, "accountant"), person(company, "admin")
    before = ask_probe(company, asker)
    new = (ChainStep("finance"), ChainStep("finance_director", 100_00))
    with company.transaction() as db:
        assert change_chain(db, setter, PROBE, new, 0) == 1
    after = ask_probe(company, asker)
    assert open_step(company, before) == ("pending", "finance_director", 0)
    assert open_step(company, after) == ("pending", "finance", 0)
    assert [sorted(actor.roles) for actor in approve_all(company, before)] == [["finance_director"]]
    assert [sorted(actor.roles) for actor in approve_all(company, after)] == [["finance"], ["finance_director"]]


def test_a_change_is_a_version_in_the_journal_and_two_changes_at_once_do_not_overwrite(company: TestCompany) -> None:
    setter, e = person(company, "admin"), JournalEvent
    with company.transaction() as db:
        change_chain(db, setter, PROBE, (ChainStep("finance"),), 0)
    with company.transaction() as db:
        assert change_chain(db, setter, PROBE, (ChainStep("finance"),), 0) == 1
    with pytest.raises(Conflict, match="approval_chain_moved_on"), company.transaction() as db:
        change_chain(db, setter, PROBE, (ChainStep("general_manager"),), 0)
    with pytest.raises(RuleBroken, match="approval_chain_gap"), company.transaction() as db:
        change_chain(db, setter, PROBE, (ChainStep("general_manager", 1),), 1)
    with company.reading() as db:
        assert chain_of(db, company.tenant_id, PROBE).steps == (ChainStep("finance"),)
        events = sa.select(e.data).where(e.tenant_id == company.tenant_id, e.kind == "approval_chain_changed")
        (data,) = db.execute(events).scalars()
    assert data["after"] == [{"role": "finance", "from_minor": 0}]
    assert data["before"][1] == {"role": "general_manager", "from_minor": 1_000_00}


def test_the_chain_of_another_company_is_not_ours(company: TestCompany, other_company: TestCompany) -> None:
    with other_company.transaction() as db:
        change_chain(db, person(other_company, "admin"), PROBE, (ChainStep("legal"),), 0)
    with company.reading() as db:
        assert chain_of(db, company.tenant_id, PROBE) == Chain(PROBE.chain, 0)
