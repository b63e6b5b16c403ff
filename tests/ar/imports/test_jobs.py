"""An upload on its way: checked and applied by jobs, once, whatever is killed or said twice."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.imports import commands, jobs
from ar.imports.inputs import ApplyImport, ImportFile
from kernel.counters import lock_counter
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.journal import JournalEvent
from kernel.outbox import ATTEMPTS_MAX, OutboxMessage
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tests.ar.imports.files import (
    BAD,
    GOOD,
    ITEM_HEADERS,
    csv_file,
    do_last_message,
    import_file,
    job_page,
    payloads_waiting,
    posted_documents,
    upload_file,
)
from tests.support.companies import TestCompany
from tests.support.database import as_owner
from tests.support.world import World

CONFIRMED = ApplyImport(totals_confirmed=True)


def confirm_totals(world: World, job_id: UUID) -> bool:
    with world.transaction() as db:
        return commands.request_application(db, world.actor(), job_id, CONFIRMED)


def test_a_file_is_checked_then_applied(world: World) -> None:
    job_id = upload_file(world)
    assert job_page(world, job_id).is_running
    do_last_message(world, "imports.check")
    seen = job_page(world, job_id)
    assert (seen.state, seen.report.created, seen.report.currency_totals()) == ("checked", 2, [("CNY", 3000)])
    assert posted_documents(world) == {}
    assert confirm_totals(world, job_id)
    do_last_message(world, "imports.apply")
    done = job_page(world, job_id)
    assert (done.state, done.report.created, done.rows_done) == ("applied", 2, 2)
    assert sorted(posted_documents(world)) == ["INV-1", "INV-2"]


def test_pressing_apply_twice_or_delivering_twice_applies_once(world: World) -> None:
    job_id = upload_file(world)
    do_last_message(world, "imports.check")
    assert confirm_totals(world, job_id)
    assert not confirm_totals(world, job_id)
    do_last_message(world, "imports.apply")
    before = job_page(world, job_id)
    do_last_message(world, "imports.apply")
    do_last_message(world, "imports.check")
    assert job_page(world, job_id) == before
    assert len(payloads_waiting(world, "imports.apply")) == 1


def test_a_worker_killed_between_leaves_nothing_and_the_second_try_does_it(world: World) -> None:
    job_id = upload_file(world)
    do_last_message(world, "imports.check")
    confirm_totals(world, job_id)

    class Killed(BaseException):
        pass

    payload = payloads_waiting(world, "imports.apply")[0]
    with pytest.raises(Killed), world.transaction() as db:
        jobs.apply(db, world.actor(), payload)
        raise Killed
    assert posted_documents(world) == {}
    assert job_page(world, job_id).state == "applying"
    do_last_message(world, "imports.apply")
    assert job_page(world, job_id).state == "applied"
    assert sorted(posted_documents(world)) == ["INV-1", "INV-2"]


def test_a_file_with_errors_cannot_be_applied(world: World) -> None:
    job_id = upload_file(world, BAD)
    do_last_message(world, "imports.check")
    seen = job_page(world, job_id)
    assert (seen.state, [error.code for error in seen.report.errors]) == ("refused", ["not_a_number"])
    with pytest.raises(Conflict, match="import_not_checked"):
        confirm_totals(world, job_id)


def test_what_became_wrong_since_the_check_is_found_when_applying(world: World) -> None:
    job_id = upload_file(world)
    do_last_message(world, "imports.check")
    confirm_totals(world, job_id)
    import_file(world, "open-items", csv_file(ITEM_HEADERS, "001,深圳华芯,INV-2,invoice,2026-10-01,,CNY,21"))
    do_last_message(world, "imports.apply")
    assert job_page(world, job_id).state == "refused"
    assert sorted(posted_documents(world)) == ["INV-2"]


def test_a_file_that_is_no_table_fails_with_its_reason(world: World) -> None:
    job_id = upload_file(world, b"%PDF-1.7")
    do_last_message(world, "imports.check")
    seen = job_page(world, job_id)
    assert seen.state == "failed"
    assert "table_kind" in (seen.error or "")


def test_an_empty_file_and_unconfirmed_totals_are_refused(world: World) -> None:
    with pytest.raises(RuleBroken, match="table_empty"):
        upload_file(world, b"")
    job_id = upload_file(world)
    do_last_message(world, "imports.check")
    with pytest.raises(RuleBroken, match="import_totals_unconfirmed"), world.transaction() as db:
        commands.request_application(db, world.actor(), job_id, ApplyImport())


def test_other_companies_imports_do_not_exist(world: World, other_company: TestCompany) -> None:
    job_id = upload_file(other_company)
    with pytest.raises(NotFound):
        job_page(world, job_id)
    with pytest.raises(NotFound):
        confirm_totals(world, job_id)


def set_tries(world: World, kind: str, times: int) -> None:
    """The last message of a kind as it stands when a worker begins on it for so many times."""
    o = OutboxMessage
    with world.transaction() as db:
        db.execute(sa.update(o).where(o.tenant_id == world.tenant_id, o.kind == kind).values(attempts=times))


def says_failed(world: World, job_id: UUID) -> bool:
    """Returns whether the page says that the import failed, with a sentence."""
    page = world.client().get(world.url(f"/imports/{job_id}")).text
    assert (job_page(world, job_id).state == "failed") == ("could not be processed" in page)
    return job_page(world, job_id).state == "failed"


def test_what_nobody_foresaw_ends_as_failed_at_once(world: World) -> None:
    job_id = upload_file(world)
    as_owner(world.tenant_id, "UPDATE import_job SET mapping = '{\"columns\": 1}' WHERE tenant_id = %s")
    do_last_message(world, "imports.check")
    assert says_failed(world, job_id)


@pytest.mark.parametrize(("times", "ends"), [(1, False), (ATTEMPTS_MAX, True)])
def test_a_database_that_is_busy_is_tried_again_until_the_tries_are_used_up(
    world: World, times: int, ends: bool
) -> None:
    job_id = upload_file(world)
    do_last_message(world, "imports.check")
    confirm_totals(world, job_id)
    set_tries(world, "imports.apply", times)
    (payload,) = payloads_waiting(world, "imports.apply")
    with world.transaction() as other:
        lock_counter(other, world.actor(), "imports")
        with world.transaction() as db:
            db.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            if ends:
                jobs.apply(db, world.actor(), payload)
            else:
                with pytest.raises(sa.exc.OperationalError):
                    jobs.apply(db, world.actor(), payload)
    assert says_failed(world, job_id) is ends
    assert posted_documents(world) == {}
    do_last_message(world, "imports.apply")
    assert job_page(world, job_id).state == ("failed" if ends else "applied")


def test_a_file_that_kills_every_worker_ends_as_failed(world: World) -> None:
    job_id = upload_file(world)
    with world.transaction() as db:
        commands.update_job(db, world.tenant_id, job_id, state="checking")
    set_tries(world, "imports.check", ATTEMPTS_MAX + 1)
    do_last_message(world, "imports.check")
    assert says_failed(world, job_id)


def test_the_books_name_who_had_the_file_applied_not_who_uploaded_it(world: World) -> None:
    people = {}
    with world.transaction() as db:
        for login, name in (("fang", "王芳"), ("qiang", "李强")):
            data = InvitePerson(email=f"{login}@{world.slug}.example", name=name, roles=[Role.ACCOUNTANT])
            people[name] = invite_person(db, world.actor(), data)
    with world.transaction() as db:
        actor = world.actor(name="王芳", user_id=people["王芳"])
        job_id = commands.upload(db, actor, ImportFile("open-items", "items.csv", GOOD))
    do_last_message(world, "imports.check")
    with world.transaction() as db:
        commands.request_application(db, world.actor(name="李强", user_id=people["李强"]), job_id, CONFIRMED)
    do_last_message(world, "imports.apply")
    e = JournalEvent
    asked = sa.select(e.actor_name, e.user_id).where(e.tenant_id == world.tenant_id, e.kind == "import_applied")
    with world.reading() as db:
        assert [tuple(row) for row in db.execute(asked)] == [("李强", people["李强"])]


def test_an_import_that_failed_is_tried_again_from_its_stored_file(world: World) -> None:
    job_id = upload_file(world)
    do_last_message(world, "imports.check")
    confirm_totals(world, job_id)
    set_tries(world, "imports.apply", ATTEMPTS_MAX + 1)
    do_last_message(world, "imports.apply")
    assert says_failed(world, job_id)
    client = world.client()
    for _pressed_twice in range(2):
        assert client.post(world.url(f"/imports/{job_id}/check")).status_code == 303
    assert len(payloads_waiting(world, "imports.check")) == 2
    do_last_message(world, "imports.check")
    confirm_totals(world, job_id)
    do_last_message(world, "imports.apply")
    assert (job_page(world, job_id).state, sorted(posted_documents(world))) == ("applied", ["INV-1", "INV-2"])


def test_an_undo_that_broke_leaves_the_import_applied_and_says_so(world: World) -> None:
    job_id = upload_file(world)
    do_last_message(world, "imports.check")
    confirm_totals(world, job_id)
    do_last_message(world, "imports.apply")
    with world.transaction() as db:
        assert commands.request_undo(db, world.actor(), job_id)
    set_tries(world, "imports.undo", ATTEMPTS_MAX + 1)
    do_last_message(world, "imports.undo")
    job = job_page(world, job_id)
    assert (job.state, job.rows_total) == ("applied", 2)
    assert all(open_minor for _kind, _due, _amount, open_minor, _cleared in posted_documents(world).values())
    assert "was not undone" in world.client().get(world.url(f"/imports/{job_id}")).text
