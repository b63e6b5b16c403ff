"""Dispatcher, Redis and worker together: what a command put into the outbox is done by a job, once."""

from __future__ import annotations

from rq import SimpleWorker

from app import dispatcher
from kernel import journal, outbox, queue
from kernel.clock import utc_now
from tests.support.companies import TestCompany
from tests.support.delivery import Post


def _work() -> None:
    """A worker that takes all queues in this process until they are empty."""
    connection = queue.redis_client()
    worker = SimpleWorker([queue.queue(name) for name in queue.QUEUES], connection=connection, serializer="json")
    worker.work(burst=True, logging_level="ERROR")


def test_what_was_put_is_claimed_queued_and_done_once(company: TestCompany, post: Post, redis_url: str) -> None:
    with company.transaction() as db:
        actor = company.actor()
        for number in range(3):
            journal.record(db, actor, "note_written", data={"number": number})
        outbox.put(db, actor, "journal.seal", {"period": "now"}, key="journal.seal:now")
    assert dispatcher.dispatch_once(utc_now()) >= 1
    assert dispatcher.dispatch_once(utc_now()) == 0
    _work()
    with company.reading() as db:
        found = journal.verify(db, company.tenant_id)
    assert found.ok
    assert found.unsealed == 0
    assert found.events >= 3


def test_two_dispatchers_hand_out_each_row_once(company: TestCompany, redis_url: str) -> None:
    with company.transaction() as db:
        for number in range(20):
            outbox.put(db, company.actor(), "journal.seal", {"period": str(number)})
    now = utc_now()
    handed = dispatcher.dispatch_once(now) + dispatcher.dispatch_once(now)
    jobs = sum(len(queue.queue(name).job_ids) for name in queue.QUEUES)
    assert handed == jobs >= 20
