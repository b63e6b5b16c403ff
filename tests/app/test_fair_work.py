"""Fair work: each queue has room of its own, each company a share, and companies take turns."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from uuid import UUID

import sqlalchemy as sa

from app import dispatcher, lane
from app.jobs import deliver
from app.lane import LANES, Order
from kernel import outbox, queue
from kernel.clock import utc_now
from kernel.mail import SEND_MAIL, OutgoingMail, queue_mail
from kernel.queue import DOCUMENTS, IMPORTS, MAIL, RUNS
from tests.support.companies import TestCompany, new_company
from tests.support.database import as_owner
from tests.support.delivery import Post
from tests.support.statements import counted

_keys = count(1)
MANY = """
    INSERT INTO outbox_message (tenant_id, id, kind, payload, state, due_at, fence, attempts, created_at)
    SELECT %s, gen_random_uuid(), %s, %s::jsonb, 'ready', %s, 0, 0, %s FROM generate_series(1, %s)
"""


def _put_many(company: TestCompany, number: int, kind: str = SEND_MAIL, **payload: str) -> None:
    an_hour_ago = utc_now() - timedelta(hours=1)
    as_owner(company.tenant_id, MANY, kind, json.dumps(payload), an_hour_ago, an_hour_ago, number)


def _mail(company: TestCompany) -> UUID:
    with company.transaction() as db:
        outgoing = OutgoingMail(to_address="lina@xinsheng.example", to_name="李娜", subject="账", body_text="请查收")
        return queue_mail(db, company.actor(), outgoing, purpose="test")


def _put(company: TestCompany, kind: str) -> None:
    with company.transaction() as db:
        outbox.put(db, company.actor(), kind, {"period": "now"}, key=f"{kind}:{next(_keys)}")


def _line(name: str) -> list[UUID]:
    """The companies of the jobs that wait in a queue, the next one first."""
    keys = [queue.read_job_id(job_id) for job_id in queue.waiting_jobs()[name]]
    return [key.tenant_id for key in keys if key]


def _work(name: str, number: int) -> list[tuple[UUID, str]]:
    """Works on that many jobs of a queue; returns their companies and outcomes."""
    done = []
    for _ in range(number):
        taken = queue.take([name], 1)
        key = taken and queue.read_job_id(taken[1])
        if not key:
            break
        done.append((key.tenant_id, deliver(str(key.tenant_id), str(key.message_id), str(key.fence))))
    return done


def test_20000_mails_of_one_company_delay_anothers_one_mail_by_at_most_two_jobs(
    company: TestCompany, other_company: TestCompany, post: Post, redis_url: str
) -> None:
    turns = dispatcher.Turns()
    one = _mail(company)
    dispatcher.dispatch_once(utc_now(), turns)
    _work(MAIL, 1)
    _put_many(company, 20_000, mail_id=str(one))
    for _ in range(3):  # it is amid its mails
        assert dispatcher.dispatch_once(utc_now(), turns)
        _work(MAIL, 2)
    _mail(other_company)
    dispatcher.dispatch_once(utc_now(), turns)
    assert _line(MAIL).index(other_company.tenant_id) <= 2
    assert (other_company.tenant_id, "sent") in _work(MAIL, 3)
    # The rest goes on, a share at a time.
    assert len(_line(MAIL)) >= dispatcher.SHARE - 3
    assert dispatcher.dispatch_once(utc_now(), turns) > 0
    assert len(_line(MAIL)) == dispatcher.SHARE


def test_mails_of_one_company_stop_no_other_kind_of_work_of_anybody(
    company: TestCompany, other_company: TestCompany, redis_url: str
) -> None:
    turns = dispatcher.Turns()
    _put_many(company, 2_000)
    dispatcher.dispatch_once(utc_now(), turns)
    _put(company, "imports.check")
    _put(other_company, "journal.seal")
    dispatcher.dispatch_once(utc_now(), turns)
    assert _line(IMPORTS) == [company.tenant_id]
    assert other_company.tenant_id in _line(RUNS)


def test_companies_share_a_full_line_by_whose_turn_is_longest_ago(redis_url: str, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(dispatcher, "ROOM", 10)
    monkeypatch.setattr(dispatcher, "SHARE", 4)
    companies = [new_company(lambda: None) for _ in range(5)]  # type: ignore[arg-type,return-value]
    turns = dispatcher.Turns()
    for each in companies:
        _put_many(each, 20, "journal.seal")
    served: set[UUID] = set()
    for _ in range(4):
        dispatcher.dispatch_once(utc_now(), turns)
        served |= set(_line(RUNS))
        for _ in range(5):
            queue.take([RUNS], 1)
    assert served == {each.tenant_id for each in companies}


def test_in_turn_each_company_has_one_before_any_has_its_second() -> None:
    assert queue.in_turn(["a-1-1", "a-2-1", "a-3-1", "b-1-1", "c-1-1", "b-2-1"]) == [
        "a-1-1",
        "b-1-1",
        "c-1-1",
        "a-2-1",
        "b-2-1",
        "a-3-1",
    ]


def test_a_queue_that_was_served_goes_to_the_end_and_imports_wait_for_no_run() -> None:
    everything, short = LANES
    order = Order(everything)
    assert order.names == [MAIL, IMPORTS, DOCUMENTS, RUNS]
    order.took(MAIL)
    assert order.names == [IMPORTS, DOCUMENTS, RUNS, MAIL]
    order.took(RUNS)  # nothing waited in the first two
    assert order.names == [MAIL, IMPORTS, DOCUMENTS, RUNS]
    order = Order(short)
    for name in (MAIL, IMPORTS, MAIL):
        order.took(name)
        assert order.names[0] == IMPORTS
        assert RUNS not in order.names


def test_what_stood_in_a_lost_queue_is_handed_out_again_within_a_minute(
    company: TestCompany, post: Post, redis_url: str
) -> None:
    _mail(company)
    now = utc_now()
    assert dispatcher.dispatch_once(now) == 1
    queue.redis_client().flushall()
    assert dispatcher.dispatch_once(now + timedelta(seconds=5)) == 0
    assert dispatcher.dispatch_once(now + outbox.WAITING_LEASE + timedelta(seconds=1)) == 1
    assert _work(MAIL, 1) == [(company.tenant_id, "sent")]
    assert len(post.all()) == 1


def test_what_still_stands_in_its_queue_is_not_handed_out_twice(company: TestCompany, redis_url: str) -> None:
    for _ in range(5):
        _mail(company)
    now = utc_now()
    assert dispatcher.dispatch_once(now) == 5
    for minutes in range(1, 4):
        assert dispatcher.dispatch_once(now + timedelta(minutes=minutes)) == 0
    assert len(_line(MAIL)) == 5


def test_a_job_taken_by_a_worker_that_died_before_it_began_is_handed_out_again(
    company: TestCompany, redis_url: str
) -> None:
    _mail(company)
    now = utc_now()
    dispatcher.dispatch_once(now)
    assert queue.take([MAIL], 1)
    assert dispatcher.dispatch_once(now + outbox.WAITING_LEASE + timedelta(seconds=1)) == 1


def test_jobs_of_an_older_release_in_the_queue_stop_nobody(company: TestCompany, redis_url: str) -> None:
    queue.redis_client().rpush(queue.queue(MAIL).key, "0192f0c2a7c87b2e8d9e3b5a8f0c1d2e-3")
    _mail(company)
    now = utc_now()
    assert dispatcher.dispatch_once(now) == 1
    assert dispatcher.dispatch_once(now + timedelta(minutes=1)) == 0
    assert queue.read_job_id(queue.waiting_jobs()[MAIL][0]) is None


def test_the_clocks_first_tick_is_one_statement_a_company(
    company: TestCompany, redis_url: str, engine: sa.Engine
) -> None:
    with counted(engine) as statements:
        put = dispatcher.Clock().tick(utc_now())
    with counted(engine) as again:
        dispatcher.Clock().tick(utc_now())
    companies = sum("enter_tenant" in each for each in statements)
    assert put >= 8
    assert len(statements) <= 1 + 2 * companies
    assert len(again) <= 1 + 2 * companies


def test_waiting_for_a_job_ends_without_one_and_without_an_error(redis_url: str) -> None:
    """Longer than redis-py waits for an answer by default."""
    assert queue.redis_client().connection_pool.connection_kwargs["socket_timeout"] > 2 * lane.TAKE_S
    assert queue.take([MAIL], 1) is None


def test_a_second_dispatcher_stands_by_until_the_first_gives_up_its_office(redis_url: str) -> None:
    assert queue.lead("dispatcher", "one", 15)
    assert not queue.lead("dispatcher", "two", 15)
    assert queue.lead("dispatcher", "one", 15)
    queue.resign("dispatcher", "two")  # not its to give
    assert not queue.lead("dispatcher", "two", 15)
    queue.resign("dispatcher", "one")
    assert queue.lead("dispatcher", "two", 15)
