"""The journal: sealed in batches that verify, and break where somebody tampered."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kernel import journal
from tests.support.companies import TestCompany


def _record(company: TestCompany, count: int) -> None:
    with company.transaction() as db:
        for number in range(count):
            journal.record(db, company.actor(), "note_written", data={"number": number, "text": "你好"})


def _seal_all(company: TestCompany) -> int:
    batches = 0
    with company.transaction() as db:
        while journal.seal(db, company.tenant_id, company.actor().now):
            batches += 1
    return batches


def test_sealed_batches_verify_and_a_second_sealing_finds_nothing(company: TestCompany) -> None:
    _record(company, 1_500)
    assert _seal_all(company) >= 2
    assert _seal_all(company) == 0
    with company.reading() as db:
        found = journal.verify(db, company.tenant_id)
    assert found.ok
    assert found.events >= 1_500
    assert found.unsealed == 0


def test_an_event_cannot_be_edited_or_deleted_by_the_app(company: TestCompany) -> None:
    _record(company, 1)
    for statement in (
        "UPDATE journal_event SET kind = 'forged' WHERE tenant_id = :tenant",
        "DELETE FROM journal_event WHERE tenant_id = :tenant",
        "UPDATE journal_batch SET hash = 'x' WHERE tenant_id = :tenant",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), company.transaction() as db:
            db.execute(sa.text(statement), {"tenant": company.tenant_id})


def test_a_sealed_event_is_never_sealed_again(company: TestCompany) -> None:
    _record(company, 1)
    _seal_all(company)
    with pytest.raises(DBAPIError, match="sealed once"), company.transaction() as db:
        db.execute(
            sa.text("UPDATE journal_event SET sealed_in = NULL WHERE tenant_id = :tenant"),
            {"tenant": company.tenant_id},
        )


def test_an_anchor_is_found_again_however_far_the_chain_has_grown(company: TestCompany) -> None:
    heads = [journal.GENESIS]
    for _ in range(3):
        _record(company, 2)
        _seal_all(company)
        with company.reading() as db:
            heads.append(journal.verify(db, company.tenant_id).head)
    with company.reading() as db:
        for head in heads:
            assert journal.verify(db, company.tenant_id, anchor=head).ok, "each head was once the last"
        stranger = journal.verify(db, company.tenant_id, anchor="f" * 64)
    assert (stranger.ok, stranger.anchor_found, stranger.broken_at) == (False, False, None)
    assert len(set(heads)) == 4
