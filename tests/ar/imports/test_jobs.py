"""An upload on its way: checked and applied by jobs, once, whatever is killed or said twice."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from app.handlers import HANDLERS
from ar.imports import commands, jobs, queries
from ar.imports.inputs import ApplyImport, ImportFile
from kernel.counters import lock_counter
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.journal import JournalEvent
from kernel.outbox import ATTEMPTS_MAX, OutboxMessage
from tenants.commands import invite_person
from tenants.inputs import InvitePerson
from tenants.permissions import Role
from tests.ar.imports.files import ITEM_HEADERS, csv, posted, run
from tests.support.companies import TestCompany
from tests.support.database import as_owner

GOOD = csv(ITEM_HEADERS, "001,深圳华芯,INV-1,invoice,2026-10-01,,CNY,10", "001,,INV-2,invoice,2026-10-01,,CNY,20")
BAD = csv(ITEM_HEADERS, "001,深圳华芯,INV-1,bill,2026-10-01,,CNY,10")
CONFIRMED = ApplyImport(totals_confirmed=True)


def uploaded(company: TestCompany, content: bytes = GOOD) -> UUID:
    with company.transaction() as db:
        return commands.upload(db, company.actor(), ImportFile("open-items", "items.csv", content))


def waiting(company: TestCompany, kind: str) -> list[dict[str, str]]:
    o = OutboxMessage
    with company.reading() as db:
        return list(db.execute(sa.select(o.payload).where(o.tenant_id == company.tenant_id, o.kind == kind)).scalars())


def work(company: TestCompany, kind: str) -> None:
    """What the worker does with the last message of a kind."""
    payload = waiting(company, kind)[-1]
    with company.transaction() as db:
        HANDLERS[kind](db, company.actor(), payload)


def job(company: TestCompany, job_id: UUID) -> queries.JobPage:
    with company.reading() as db:
        return queries.job(db, company.tenant_id, job_id)


def confirm(company: TestCompany, job_id: UUID) -> bool:
    with company.transaction() as db:
        return commands.request_apply(db, company.actor(), job_id, CONFIRMED)


def test_a_file_is_checked_then_applied(company: TestCompany) -> None:
    job_id = uploaded(company)
    assert job(company, job_id).working
    work(company, "imports.check")
    seen = job(company, job_id)
    assert (seen.state, seen.report.created, seen.report.currency_totals()) == ("checked", 2, [("CNY", 3000)])
    assert posted(company) == {}
    assert confirm(company, job_id)
    work(company, "imports.apply")
    done = job(company, job_id)
    assert (done.state, done.report.created, done.rows_done) == ("applied", 2, 2)
    assert sorted(posted(company)) == ["INV-1", "INV-2"]


def test_pressing_apply_twice_or_delivering_twice_applies_once(company: TestCompany) -> None:
    job_id = uploaded(company)
    work(company, "imports.check")
    assert confirm(company, job_id)
    assert not confirm(company, job_id)
    work(company, "imports.apply")
    before = job(company, job_id)
    work(company, "imports.apply")
    work(company, "imports.check")
    assert job(company, job_id) == before
    assert len(waiting(company, "imports.apply")) == 1


def test_a_worker_killed_between_leaves_nothing_and_the_second_try_does_it(company: TestCompany) -> None:
    job_id = uploaded(company)
    work(company, "imports.check")
    confirm(company, job_id)

    class Killed(BaseException):
        pass

    payload = waiting(company, "imports.apply")[0]
    with pytest.raises(Killed), company.transaction() as db:
        jobs.apply(db, company.actor(), payload)
        raise Killed
    assert posted(company) == {}
    assert job(company, job_id).state == "applying"
    work(company, "imports.apply")
    assert job(company, job_id).state == "applied"
    assert sorted(posted(company)) == ["INV-1", "INV-2"]


def test_a_file_with_errors_cannot_be_applied(company: TestCompany) -> None:
    job_id = uploaded(company, BAD)
    work(company, "imports.check")
    seen = job(company, job_id)
    assert (seen.state, [error.code for error in seen.report.errors]) == ("refused", ["unknown_kind"])
    with pytest.raises(Conflict, match="import_not_checked"):
        confirm(company, job_id)


def test_what_became_wrong_since_the_check_is_found_when_applying(company: TestCompany) -> None:
    job_id = uploaded(company)
    work(company, "imports.check")
    confirm(company, job_id)
    run(company, "open-items", csv(ITEM_HEADERS, "001,深圳华芯,INV-2,invoice,2026-10-01,,CNY,21"))
    work(company, "imports.apply")
    assert job(company, job_id).state == "refused"
    assert sorted(posted(company)) == ["INV-2"]


def test_a_file_that_is_no_table_fails_with_its_reason(company: TestCompany) -> None:
    job_id = uploaded(company, b"%PDF-1.7")
    work(company, "imports.check")
    seen = job(company, job_id)
    assert seen.state == "failed"
    assert "table_kind" in (seen.error or "")


def test_an_empty_file_and_unconfirmed_totals_are_refused(company: TestCompany) -> None:
    with pytest.raises(RuleBroken, match="table_empty"):
        uploaded(company, b"")
    job_id = uploaded(company)
    work(company, "imports.check")
    with pytest.raises(RuleBroken, match="import_totals_unconfirmed"), company.transaction() as db:
        commands.request_apply(db, company.actor(), job_id, ApplyImport())


def test_other_companies_imports_do_not_exist(company: TestCompany, other_company: TestCompany) -> None:
    job_id = uploaded(other_company)
    with pytest.raises(NotFound):
        job(company, job_id)
    with pytest.raises(NotFound):
        confirm(company, job_id)


def tried(company: TestCompany, kind: str, times: int) -> None:
    """The last message of a kind as it stands when a worker begins on it for so many times."""
    o = OutboxMessage
    with company.transaction() as db:
        db.execute(sa.update(o).where(o.tenant_id == company.tenant_id, o.kind == kind).values(attempts=times))


def broke(company: TestCompany, job_id: UUID) -> bool:
    """Whether the page says that the import failed, with a sentence."""
    page = company.client().get(company.url(f"/imports/{job_id}")).text
    assert (job(company, job_id).state == "failed") == ("could not be worked on" in page)
    return job(company, job_id).state == "failed"


def test_what_nobody_foresaw_ends_as_failed_at_once(company: TestCompany) -> None:
    job_id = uploaded(company)
    as_owner(company.tenant_id, "UPDATE import_job SET mapping = '{\"columns\": 1}' WHERE tenant_id = %s")
    work(company, "imports.check")
    assert broke(company, job_id)


@pytest.mark.parametrize(("times", "ends"), [(1, False), (ATTEMPTS_MAX, True)])
def test_a_database_that_is_busy_is_tried_again_until_the_tries_are_used_up(
    company: TestCompany, times: int, ends: bool
) -> None:
    job_id = uploaded(company)
    work(company, "imports.check")
    confirm(company, job_id)
    tried(company, "imports.apply", times)
    (payload,) = waiting(company, "imports.apply")
    with company.transaction() as other:
        lock_counter(other, company.tenant_id, "imports")
        with company.transaction() as db:
            db.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            if ends:
                jobs.apply(db, company.actor(), payload)
            else:
                with pytest.raises(sa.exc.OperationalError):
                    jobs.apply(db, company.actor(), payload)
    assert broke(company, job_id) is ends
    assert posted(company) == {}
    work(company, "imports.apply")
    assert job(company, job_id).state == ("failed" if ends else "applied")


def test_a_file_that_kills_every_worker_ends_as_failed(company: TestCompany) -> None:
    job_id = uploaded(company)
    with company.transaction() as db:
        commands.note(db, company.tenant_id, job_id, state="checking")
    tried(company, "imports.check", ATTEMPTS_MAX + 1)
    work(company, "imports.check")
    assert broke(company, job_id)


def test_the_books_name_who_had_the_file_applied_not_who_uploaded_it(company: TestCompany) -> None:
    people = {}
    with company.transaction() as db:
        for login, name in (("fang", "王芳"), ("qiang", "李强")):
            data = InvitePerson(email=f"{login}@{company.slug}.example", name=name, roles=[Role.ACCOUNTANT])
            people[name] = invite_person(db, company.actor(), data)
    with company.transaction() as db:
        actor = company.actor(name="王芳", user_id=people["王芳"])
        job_id = commands.upload(db, actor, ImportFile("open-items", "items.csv", GOOD))
    work(company, "imports.check")
    with company.transaction() as db:
        commands.request_apply(db, company.actor(name="李强", user_id=people["李强"]), job_id, CONFIRMED)
    work(company, "imports.apply")
    e = JournalEvent
    asked = sa.select(e.actor_name, e.user_id).where(e.tenant_id == company.tenant_id, e.kind == "import_applied")
    with company.reading() as db:
        assert [tuple(row) for row in db.execute(asked)] == [("李强", people["李强"])]
