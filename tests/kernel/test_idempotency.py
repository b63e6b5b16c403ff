"""`once`: the first request runs, the same one again returns its result, another one under the key is refused."""

from __future__ import annotations

import pytest

from kernel import idempotency
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tests.support.companies import TestCompany


def test_the_same_request_returns_the_first_result(company: TestCompany) -> None:
    actor, result = company.actor(), new_id()
    with company.transaction() as db:
        assert idempotency.once(db, actor, "key", {"amount": 1}, lambda: result) == result
    with company.transaction() as db:
        assert idempotency.once(db, actor, "key", {"amount": 1}, new_id) == result


def test_another_request_under_the_same_key_is_refused(company: TestCompany) -> None:
    actor = company.actor()
    with company.transaction() as db:
        idempotency.once(db, actor, "key", {"amount": 1}, new_id)
    with pytest.raises(Conflict, match="idempotency_key_reused"), company.transaction() as db:
        idempotency.once(db, actor, "key", {"amount": 2}, new_id)


def test_a_command_without_a_result_runs_once(company: TestCompany) -> None:
    actor, runs = company.actor(), []
    for _ in range(2):
        with company.transaction() as db:
            assert idempotency.once(db, actor, "key", {}, lambda: runs.append("run")) is None
    assert runs == ["run"]


def test_a_refused_command_leaves_its_key_free(company: TestCompany) -> None:
    actor, result = company.actor(), new_id()

    def refuse() -> None:
        raise RuleBroken("amount_not_positive")

    with pytest.raises(RuleBroken), company.transaction() as db:
        idempotency.once(db, actor, "key", {}, refuse)
    with company.transaction() as db:
        assert idempotency.once(db, actor, "key", {}, lambda: result) == result
