"""The outbox: claimed once, fenced, put back with a delay, never done twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from kernel import outbox
from kernel.db import DISPATCH_ROLE, make_engine, open_session
from kernel.outbox import ATTEMPTS_MAX, LEASE
from tests.support.companies import TestCompany


def _put(company: TestCompany, key: str | None = None) -> None:
    with company.transaction() as db:
        outbox.put(db, company.actor(), "test.kind", {"n": 1}, key=key)


def _mine(claimed: list[outbox.Claimed]) -> list[outbox.Claimed]:
    return [c for c in claimed if c.kind == "test.kind"]


def test_the_same_key_is_put_once(company: TestCompany) -> None:
    _put(company, "a")
    _put(company, "a")
    with company.transaction() as db:
        assert len(_mine(outbox.claim(db, company.tenant_id, company.actor().now))) == 1


def test_two_claimers_get_disjoint_rows(company: TestCompany) -> None:
    for _ in range(4):
        _put(company)
    now = company.actor().now
    with company.transaction() as one, company.transaction() as two:
        first = _mine(outbox.claim(one, company.tenant_id, now, limit=2))
        second = _mine(outbox.claim(two, company.tenant_id, now, limit=10))
    assert not {c.id for c in first} & {c.id for c in second}
    assert len(first) + len(second) == 4


def test_a_claimer_locks_no_more_than_it_leases_whatever_the_plan(company: TestCompany) -> None:
    for _ in range(4):
        _put(company)
    now = company.actor().now
    with company.transaction() as one, company.transaction() as two:
        for name in ("hashjoin", "mergejoin", "hashagg", "material", "sort", "indexscan", "bitmapscan"):
            one.execute(sa.text(f"SET LOCAL enable_{name} = off"))
        first = outbox.claim(one, company.tenant_id, now, limit=2)
        second = outbox.claim(two, company.tenant_id, now, limit=100)
        waiting = two.scalar(
            sa.text("SELECT count(*) FROM outbox_message WHERE tenant_id = :t"), {"t": company.tenant_id}
        )
    assert len(first) == 2
    assert len(first) + len(second) == waiting


def test_a_lapsed_lease_is_claimed_again_and_the_old_holder_is_fenced_off(company: TestCompany) -> None:
    _put(company)
    now = company.actor().now
    with company.transaction() as db:
        old = _mine(outbox.claim(db, company.tenant_id, now))[0]
    later = now + LEASE + timedelta(seconds=1)
    with company.transaction() as db:
        new = _mine(outbox.claim(db, company.tenant_id, later))[0]
    assert new.id == old.id
    assert new.fence > old.fence
    with company.transaction() as db:
        assert outbox.reclaim(db, company.tenant_id, old.id, old.fence, later) is None
        assert not outbox.finish(db, old, later)
    with company.transaction() as db:
        assert outbox.finish(db, new, later)


def test_what_keeps_failing_is_dead_at_last(company: TestCompany) -> None:
    _put(company)
    now = company.actor().now
    for _ in range(ATTEMPTS_MAX):
        with company.transaction() as db:
            claimed = _mine(outbox.claim(db, company.tenant_id, now))
            assert claimed
            reclaimed = outbox.reclaim(db, company.tenant_id, claimed[0].id, claimed[0].fence, now)
            assert reclaimed
            outbox.fail(db, reclaimed, now, "no answer")
        now += timedelta(days=1)
    with company.reading() as db:
        state = db.execute(
            sa.text("SELECT state FROM outbox_message WHERE tenant_id = :t AND kind = 'test.kind'"),
            {"t": company.tenant_id},
        ).scalar_one()
    assert state == "dead"
    with company.transaction() as db:
        assert outbox.revive(db, company.tenant_id, now) == 1
        assert _mine(outbox.claim(db, company.tenant_id, now))


def test_waiting_for_a_worker_is_not_a_try(company: TestCompany) -> None:
    """Redis down for hours: leases lapse and nothing is used up."""
    _put(company)
    now = company.actor().now
    for _ in range(ATTEMPTS_MAX * 5):
        with company.transaction() as db:
            claimed = _mine(outbox.claim(db, company.tenant_id, now))
        now += LEASE + timedelta(seconds=1)
    with company.transaction() as db:
        reclaimed = outbox.reclaim(db, company.tenant_id, claimed[0].id, claimed[0].fence, now)
        assert reclaimed
        assert not outbox.fail(db, reclaimed, now, "first real try")


def test_the_dispatch_role_sees_which_tenants_have_work_and_nothing_else(
    company: TestCompany, other_company: TestCompany, database_url: str
) -> None:
    _put(company)
    engine = make_engine(database_url, role=DISPATCH_ROLE, pool_size=1)
    with open_session(None, bind=engine) as db:
        assert company.tenant_id in {work.tenant_id for work in outbox.due_work(db, company.actor().now)}
        for statement in ("SELECT payload FROM outbox_message", "SELECT count(*) FROM customer"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                db.execute(sa.text(statement))
            db.rollback()
    engine.dispose()
